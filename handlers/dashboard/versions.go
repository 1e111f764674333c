package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// PublishPage is the dialog: what would change, and a note.
func (d *Dashboard) PublishPage(w http.ResponseWriter, r *http.Request) error {
	return d.publish(w, r, http.StatusOK, views.PublishProps{})
}

// publish draws the dialog over the draft and the live version as they are now.
func (d *Dashboard) publish(w http.ResponseWriter, r *http.Request, status int, props views.PublishProps) error {
	state := web.Of(r)
	draft, err := d.Scripts.Draft(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return err
	}
	f, head, err := d.scriptFrame(r, &draft)
	if err != nil {
		return err
	}
	newest, _, err := d.Scripts.Versions(r.Context(), state.Grant, state.Script.ID, 0, 1)
	if err != nil {
		return err
	}
	props.Dialog = web.ByHTMX(r)
	props.Script, props.Next, props.Revision, props.IfVersion = head, 1, draft.Revision, state.Script.LiveVersion
	if len(newest) > 0 {
		props.Next = newest[0].Number + 1
	}
	if props.IfVersion > 0 {
		found, err := d.Scripts.Diff(r.Context(), state.Grant, state.Script.ID, props.IfVersion, 0)
		if err != nil {
			return err
		}
		props.Diff = diffProps(found)
	}
	return d.page(w, r, status, views.Publish(f, props))
}

// Publish makes the draft a version and that version live, at once.
func (d *Dashboard) Publish(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	published, err := d.publishDraft(r, values.Get("revision"), values.Get("if_version"), values.Get("note"))
	if err != nil {
		return d.notPublished(w, r, values.Get("note"), err)
	}
	words := fmt.Sprintf("Published v%d. It answers its URL now.", published.Version)
	if published.Unchanged {
		words = fmt.Sprintf("The draft is the same as the live v%d: nothing to publish.", published.Version)
	}
	if warnings := published.Warnings; len(warnings) > 0 {
		words += fmt.Sprintf(" %s: line %d: %s", ui.Plural(len(warnings), "warning"), warnings[0].Line, warnings[0].Message)
	}
	if web.ByHTMX(r) {
		return d.published(w, r, published, words)
	}
	return d.done(w, r, words, paths.Script(web.Of(r).App.Slug, web.Of(r).Script.Name))
}

// published answers the dialog with what changes on the editor's page around it.
func (d *Dashboard) published(w http.ResponseWriter, r *http.Request, published script.Published, notice string) error {
	web.Of(r).Script = published.Script
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	event, err := json.Marshal(map[string]any{"published": map[string]any{"version": published.Version, "notice": notice}})
	if err != nil {
		return err
	}
	w.Header().Set("HX-Trigger", ascii(event))
	return d.page(w, r, http.StatusOK, views.Published(f, head))
}

// ascii escapes what a header cannot carry (RFC 9110, section 5.5) in a JSON text.
func ascii(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "\\u%04x", unit)
		}
	}
	return b.String()
}

// notPublished draws the dialog again over what is live and drafted by now.
func (d *Dashboard) notPublished(w http.ResponseWriter, r *http.Request, note string, err error) error {
	status, faults, ok := refusal(w, r, err)
	if !ok {
		return err
	}
	props := views.PublishProps{Note: note, Faults: faults, Problems: problemsOf(err)}
	if faults["source"] != "" && len(props.Problems) == 0 { // of the draft itself: there is no such input here
		faults[""] = faults["source"]
	}
	state := web.Of(r)
	if state.Script, err = d.Scripts.Get(r.Context(), state.Grant, state.Script.ID); err != nil {
		return err
	}
	return d.publish(w, r, status, props)
}

// publishDraft publishes the draft of the revision that was looked at, over the version
// it was compared with.
func (d *Dashboard) publishDraft(r *http.Request, revision, ifVersion, note string) (script.Published, error) {
	state := web.Of(r)
	seen, err := strconv.ParseInt(revision, 10, 64)
	live, err2 := strconv.Atoi(ifVersion)
	if err := errors.Join(err, err2); err != nil {
		return script.Published{}, fault.New(fault.Malformed, "The form has no revision or no version.").Because(err)
	}
	draft, err := d.Scripts.Draft(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return script.Published{}, err
	}
	if draft.Revision != seen {
		return script.Published{}, fault.New(fault.Conflict, "The draft was saved again since this page was drawn. Look at the difference once more.")
	}
	return d.Scripts.Publish(r.Context(), state.Grant, state.Script.ID, script.Publishing{
		Source: &draft.Source, Note: note, IfVersion: &live,
	})
}

// problemsOf are the places of a source that keep it from building.
func problemsOf(err error) []views.Problem {
	found, ok := errors.AsType[bundle.Problems](err)
	if !ok {
		return nil
	}
	return places(found, false)
}

// warningsOf are the places of a source that will probably fail when it runs.
func warningsOf(found bundle.Problems) []views.Problem { return places(found, true) }

func places(found bundle.Problems, warning bool) []views.Problem {
	problems := make([]views.Problem, len(found))
	for i, p := range found {
		problems[i] = views.Problem{Line: p.Line, Column: p.Column, Message: p.Message, Warning: warning}
	}
	return problems
}

// deployments is how many switches of the live version the history shows.
const deployments = 30

// Versions is the history.
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
	versions, more, err := d.Scripts.Versions(r.Context(), state.Grant, state.Script.ID, before, 0)
	if err != nil {
		return err
	}
	switches, _, err := d.Scripts.Deployments(r.Context(), state.Grant, state.Script.ID, id.Deployment{}, deployments)
	if err != nil {
		return err
	}
	props := views.VersionsProps{Script: head, Revision: draft.Revision, Aside: draft.Replaced, Faults: faults}
	for _, v := range versions {
		props.Versions = append(props.Versions, versionRow(v))
	}
	for _, s := range switches {
		props.Deployments = append(props.Deployments, views.DeploymentRow{At: s.At, Author: s.Author, Note: s.Note, From: s.From, To: s.To})
	}
	if more {
		last := versions[len(versions)-1].Number
		props.Older = paths.With(paths.Versions(state.App.Slug, state.Script.Name), "before", strconv.Itoa(last))
	}
	return d.page(w, r, status, views.Versions(f, props))
}

func versionRow(v script.Version) views.VersionRow {
	return views.VersionRow{Number: v.Number, At: v.CreatedAt, Author: v.Author, Note: v.Note, Size: int64(v.Size), Live: v.Live}
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
	if _, err := d.Scripts.MakeLive(r.Context(), state.Grant, state.Script.ID, number, values.Get("note"), script.Follow{}); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.versions(w, r, status, 0, faults)
	}
	return d.done(w, r, fmt.Sprintf("v%d is live. The draft is as it was.", number), paths.Versions(state.App.Slug, state.Script.Name))
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
	return d.done(w, r, state.Script.Name+" is unpublished: its URL answers 404. Publish it, or make a version live, to bring it back.",
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
	lines := strings.Split(strings.TrimSuffix(version.Source, "\n"), "\n")
	props := views.VersionProps{Script: head, Version: versionRow(version), File: state.Script.Name + version.Language.Extension(), Source: version.Source}
	for i, line := range lines {
		props.Lines = append(props.Lines, ui.CodeLine{Number: i + 1, Text: strings.TrimSuffix(line, "\r")})
	}
	return d.page(w, r, http.StatusOK, views.Version(f, props))
}

// Diff compares two sides, each a version's number, "draft" or "live".
func (d *Dashboard) Diff(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	versions, _, err := d.Scripts.Versions(r.Context(), state.Grant, state.Script.ID, 0, 0)
	if err != nil {
		return err
	}
	from, err := d.side(r, "from", state.Script.LiveVersion)
	if err != nil {
		return err
	}
	to, err := d.side(r, "to", 0)
	if err != nil {
		return err
	}
	found, err := d.Scripts.Diff(r.Context(), state.Grant, state.Script.ID, from, to)
	if err != nil {
		return err
	}
	live := state.Script.LiveVersion
	return d.page(w, r, http.StatusOK, views.Diff(f, views.DiffPageProps{
		Script: head, From: side(from, live), To: side(to, live), Sides: sides(versions, live, from, to), Diff: diffProps(found),
	}))
}

// side reads one side of a comparison as a version's number; 0 is the draft.
func (d *Dashboard) side(r *http.Request, name string, fallback int) (int, error) {
	switch text := r.URL.Query().Get(name); text {
	case "":
		return fallback, nil
	case paths.Draft:
		return 0, nil
	case paths.Live:
		if live := web.Of(r).Script.LiveVersion; live > 0 {
			return live, nil
		}
		return 0, fault.New(fault.NotFound, "Nothing is live.")
	default:
		return versionNumber(text)
	}
}

func side(number, live int) views.DiffSide {
	switch number {
	case 0:
		return views.DiffSide{Key: paths.Draft, Label: "Draft"}
	case live:
		return views.DiffSide{Key: strconv.Itoa(number), Label: fmt.Sprintf("v%d, live", number)}
	}
	return views.DiffSide{Key: strconv.Itoa(number), Label: fmt.Sprintf("v%d", number)}
}

// sides are all to choose from: the draft, the newest versions, and the chosen ones.
func sides(versions []script.Version, live int, chosen ...int) []views.DiffSide {
	list, seen := []views.DiffSide{side(0, live)}, map[int]bool{0: true}
	for _, v := range versions {
		seen[v.Number] = true
		list = append(list, side(v.Number, live))
	}
	for _, number := range append(chosen, live) {
		if !seen[number] {
			seen[number] = true
			list = append(list, side(number, live))
		}
	}
	return list
}

// diffProps is a difference as the page draws it.
func diffProps(found script.Difference) ui.DiffProps {
	props := ui.DiffProps{Added: found.Added, Removed: found.Removed}
	for _, hunk := range found.Hunks {
		lines := make([]ui.DiffLine, len(hunk))
		for i, line := range hunk {
			lines[i] = ui.DiffLine{Kind: lineKind(line.Kind), Old: line.Old, New: line.New, Text: line.Text}
		}
		props.Hunks = append(props.Hunks, ui.Hunk{Lines: lines})
	}
	return props
}

func lineKind(kind script.LineKind) byte {
	switch kind {
	case script.Added:
		return '+'
	case script.Removed:
		return '-'
	}
	return ' '
}
