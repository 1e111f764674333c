package dashboard

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// deployments is how many switches of the live version the history shows.
const deployments = 30

// Versions is the history: what persons published, and with ?builds what was built anew since, too.
func (d *Dashboard) Versions(w http.ResponseWriter, r *http.Request) error {
	before, err := strconv.Atoi(r.URL.Query().Get("before"))
	if err != nil {
		before = 0
	}
	return d.versions(w, r, http.StatusOK, before, nil)
}

func (d *Dashboard) versions(w http.ResponseWriter, r *http.Request, status, before int, faults views.Faults) error {
	state := web.Of(r)
	draft, err := d.Scripts.Draft(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return err
	}
	f, head, err := d.scriptFrame(r, &draft)
	if err != nil {
		return err
	}
	address, list := paths.Versions(state.App.Slug, state.Script.Name), d.Scripts.OwnVersions
	all := r.URL.Query().Has("builds")
	if all {
		address, list = paths.AllVersions(state.App.Slug, state.Script.Name), d.Scripts.Versions
	}
	versions, more, err := list(r.Context(), state.Grant, state.Script.ID, before, 0)
	if err != nil {
		return err
	}
	switches, _, err := d.Scripts.Deployments(r.Context(), state.Grant, state.Script.ID, id.Deployment{}, deployments)
	if err != nil {
		return err
	}
	props := views.VersionsProps{Script: head, Revision: draft.Revision, Aside: draft.Replaced, All: all, Faults: faults}
	for _, v := range versions {
		props.Versions = append(props.Versions, versionRow(v, state.Script))
	}
	for _, s := range switches {
		props.Deployments = append(props.Deployments, views.DeploymentRow{At: s.At, Author: s.Author, Note: s.Note, From: s.From, To: s.To})
	}
	if more {
		last := versions[len(versions)-1].Number
		props.Older = paths.With(address, "before", strconv.Itoa(last))
	}
	return d.page(w, r, status, views.Versions(f, props))
}

func versionRow(v script.Version, of script.Script) views.VersionRow {
	row := views.VersionRow{
		Number: v.Number, At: v.CreatedAt, Author: v.Author, Note: v.Note, Size: int64(v.Size), Live: v.Live,
		Builds: v.Builds, LastBuild: v.LastBuild, Asks: of.Kind == script.Module,
	}
	if v.Origin != v.Number {
		row.Origin = v.Origin
	}
	if v.Kind != of.Kind {
		row.Was = string(v.Kind)
	}
	return row
}

// MakeLivePage asks before an older version goes live; of a module, who follows it.
func (d *Dashboard) MakeLivePage(w http.ResponseWriter, r *http.Request) error {
	number, err := versionNumber(r.PathValue("version"))
	if err != nil {
		return err
	}
	return d.askToMakeLive(w, r, http.StatusOK, number, views.MakeLiveProps{}, nil)
}

// askToMakeLive draws the page. chosen is the form that was refused.
func (d *Dashboard) askToMakeLive(w http.ResponseWriter, r *http.Request, status, number int, props views.MakeLiveProps, chosen url.Values) error {
	state := web.Of(r)
	version, err := d.Scripts.Version(r.Context(), state.Grant, state.Script.ID, number)
	if err != nil {
		return err
	}
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	props.Script, props.Version = head, versionRow(version, state.Script)
	if !version.Live && props.Version.Was == "" {
		q := question{version: number, next: number, chosen: chosen, unbuilt: len(props.Problems) > 0}
		if props.Followers, err = d.followers(r, head, q); err != nil {
			return err
		}
	}
	if found := props.Followers; found != nil && len(props.Problems) == 0 { // they are of the version, and not of the draft
		props.Problems, found.Problems = found.Problems, nil
	}
	return d.page(w, r, status, views.MakeLive(f, props))
}

// MakeLive makes an earlier version live again.
func (d *Dashboard) MakeLive(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	number, err := versionNumber(r.PathValue("version"))
	if err != nil {
		return err
	}
	state := web.Of(r)
	done, err := d.Scripts.MakeLive(r.Context(), state.Grant, state.Script.ID, number, values.Get("note"), followOf(values))
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		switch {
		case !ok:
			return err
		case state.Script.Kind == script.Module:
			faults[""] = cmp.Or(faults[""], faults["follow"])
			return d.askToMakeLive(w, r, status, number, views.MakeLiveProps{Note: values.Get("note"), Faults: faults, Problems: problemsOf(err)}, values)
		}
		return d.versions(w, r, status, 0, faults)
	}
	words := fmt.Sprintf("v%d is live.", number)
	if state.Script.Kind == script.Module {
		words = liveWords(done, number, leftOut(values))
	}
	return d.done(w, r, words+" The draft is as it was.", paths.Versions(state.App.Slug, state.Script.Name))
}

// Unpublish makes nothing live.
func (d *Dashboard) Unpublish(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	if _, err := d.Scripts.Unpublish(r.Context(), state.Grant, state.Script.ID, values.Get("note")); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.versions(w, r, status, 0, faults)
	}
	what := "its URL answers 404"
	if state.Script.Kind == script.Module {
		what = "nothing can import it now"
	}
	return d.done(w, r, fmt.Sprintf("%s is unpublished: %s. Publish it, or make a version live, to bring it back.", state.Script.Name, what),
		paths.Script(state.App.Slug, state.Script.Name))
}

// versionNumber reads a version's number in its one spelling.
func versionNumber(text string) (int, error) {
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || strconv.Itoa(number) != text {
		return 0, fault.New(fault.NotFound, "The script has no version %.20q.", text)
	}
	return number, nil
}

// Version is one version's source.
func (d *Dashboard) Version(w http.ResponseWriter, r *http.Request) error {
	number, err := versionNumber(r.PathValue("version"))
	if err != nil {
		return err
	}
	state := web.Of(r)
	version, err := d.Scripts.Version(r.Context(), state.Grant, state.Script.ID, number)
	if err != nil {
		return err
	}
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	modules, err := d.Scripts.Modules(r.Context(), state.Grant, state.Script.ID, number)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(version.Source, "\n"), "\n")
	props := views.VersionProps{Script: head, Version: versionRow(version, state.Script), File: state.Script.Name + version.Language.Extension(), Source: version.Source}
	for i, line := range lines {
		props.Lines = append(props.Lines, ui.CodeLine{Number: i + 1, Text: strings.TrimSuffix(line, "\r")})
	}
	for _, m := range modules {
		props.Modules = append(props.Modules, views.ModuleRow{Name: m.Name, File: m.File, Version: m.Version, Follows: m.Follows, Direct: m.Direct, Through: m.Through, Gone: m.Gone})
	}
	return d.page(w, r, http.StatusOK, views.Version(f, props))
}
