package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"picloud/engine/fault"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// TakeVersionPage tells what the draft would lose to a version.
func (d *Dashboard) TakeVersionPage(w http.ResponseWriter, r *http.Request) error {
	return d.takeVersion(w, r, http.StatusOK, nil)
}

func (d *Dashboard) takeVersion(w http.ResponseWriter, r *http.Request, status int, faults views.Faults) error {
	number, err := versionNumber(r.PathValue("version"))
	if err != nil {
		return err
	}
	state := web.Of(r)
	draft, err := d.Scripts.Draft(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return err
	}
	version, err := d.Scripts.Version(r.Context(), state.Grant, state.Script.ID, number)
	if err != nil {
		return err
	}
	f, head, err := d.scriptFrame(r, &draft)
	if err != nil {
		return err
	}
	return d.page(w, r, status, views.TakeVersion(f, views.TakeVersionProps{
		Script: head, Version: versionRow(version, state.Script), Revision: draft.Revision, Aside: draft.Replaced, Faults: faults,
		Diff: diffProps(script.Compare(draft.Source, version.Source)),
	}))
}

// TakeVersion makes a version's source the draft.
func (d *Dashboard) TakeVersion(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	number, err := versionNumber(r.PathValue("version"))
	if err != nil {
		return err
	}
	revision, err := revisionOf(values)
	if err != nil {
		return err
	}
	state := web.Of(r)
	_, err = d.Scripts.TakeVersion(r.Context(), state.Grant, state.Script.ID, number, revision)
	if stale, ok := errors.AsType[*script.StaleDraft](err); ok {
		web.Of(r).Err = stale
		return d.takeVersion(w, r, http.StatusConflict, views.Faults{"": "The draft was saved again since this page was drawn. Look at the difference once more."})
	}
	if err != nil {
		return err
	}
	return d.done(w, r, fmt.Sprintf("The draft is as v%d now. Nothing went live.", number), paths.Script(state.App.Slug, state.Script.Name))
}

// TakeBack makes the draft what was set aside. What is in the editor's form is saved
// before, so that it is set aside in turn.
func (d *Dashboard) TakeBack(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	revision, err := revisionOf(values)
	if err != nil {
		return err
	}
	if values.Has("source") {
		kept, err := d.keepForm(r, values)
		if err != nil {
			return d.notKept(w, r, values.Get("source"), runForm(values), err)
		}
		revision = kept.Revision
	}
	state := web.Of(r)
	if _, err := d.Scripts.TakeBack(r.Context(), state.Grant, state.Script.ID, revision); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.versions(w, r, status, 0, faults)
	}
	return d.done(w, r, "The draft is what was set aside. Nothing went live.", paths.Script(state.App.Slug, state.Script.Name))
}

// revisionOf is the draft's revision that a form was drawn over.
func revisionOf(values url.Values) (int64, error) {
	revision, err := strconv.ParseInt(values.Get("revision"), 10, 64)
	if err != nil {
		return 0, fault.New(fault.Malformed, "The form has no revision.").Because(err)
	}
	return revision, nil
}
