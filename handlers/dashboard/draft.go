package dashboard

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"picloud/engine/fault"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// SourceBody is the limit in bytes of a request with a source and a request to try it
// with: 1 MiB of text may take six times that as JSON and three times that as a form.
const SourceBody = 8 << 20

// savedDraft is the answer to a save, and the event "saved" of a run.
type savedDraft struct {
	Revision int64     `json:"revision"`
	SavedAt  time.Time `json:"saved_at"`
	Differs  differs   `json:"differs"`
}

// differs are the lines by which the draft differs from the live version.
type differs struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
}

// otherDraft is the draft as somebody else saved it.
type otherDraft struct {
	Source   string    `json:"source"`
	Revision int64     `json:"revision"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// PutDraft saves what one types.
func (d *Dashboard) PutDraft(w http.ResponseWriter, r *http.Request) error {
	source, revision, err := readDraft(r)
	if err != nil {
		return err
	}
	draft, err := d.keep(r, source, revision)
	if stale, ok := errors.AsType[*script.StaleDraft](err); ok {
		return d.json(w, http.StatusConflict, otherOf(stale.Current))
	}
	if err != nil {
		return err
	}
	saved, err := d.saved(r, draft)
	if err != nil {
		return err
	}
	return d.json(w, http.StatusOK, saved)
}

func readDraft(r *http.Request) (source string, revision int64, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return "", 0, fault.New(fault.Unsupported, "Send the draft as Content-Type: application/json.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", 0, err
	}
	var sent struct {
		Source   *string `json:"source"`
		Revision *int64  `json:"revision"`
	}
	if err := json.Unmarshal(body, &sent); err != nil || sent.Source == nil || sent.Revision == nil || !utf8.Valid(body) {
		return "", 0, fault.New(fault.Malformed, "A draft is {\"source\": text, \"revision\": number}.").Because(err)
	}
	if err := web.WholeText(body); err != nil {
		return "", 0, err
	}
	return *sent.Source, *sent.Revision, nil
}

func (d *Dashboard) json(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader went away: nobody to tell
	return nil
}

// keep stores a source over a revision; the draft's own source changes nothing.
func (d *Dashboard) keep(r *http.Request, source string, revision int64) (script.Draft, error) {
	draft, err := d.draft(r)
	if err != nil || draft.Source == source {
		return draft, err
	}
	return d.Scripts.SaveDraft(r.Context(), web.Of(r).Grant, web.Of(r).Script.ID, source, revision)
}

// draft is the one of the request's script.
func (d *Dashboard) draft(r *http.Request) (script.Draft, error) {
	return d.Scripts.Draft(r.Context(), web.Of(r).Grant, web.Of(r).Script.ID)
}

func otherOf(draft script.Draft) otherDraft {
	return otherDraft{Source: draft.Source, Revision: draft.Revision, By: draft.SavedBy, At: draft.SavedAt.UTC()}
}

func (d *Dashboard) saved(r *http.Request, draft script.Draft) (savedDraft, error) {
	found, err := d.differs(r, draft.Source)
	return savedDraft{Revision: draft.Revision, SavedAt: draft.SavedAt.UTC(), Differs: found}, err
}

// differs counts the lines between the live version and a source.
func (d *Dashboard) differs(r *http.Request, source string) (differs, error) {
	state := web.Of(r)
	if state.Script.LiveVersion == 0 {
		return differs{}, nil
	}
	live, err := d.Scripts.Version(r.Context(), state.Grant, state.Script.ID, state.Script.LiveVersion)
	if err != nil {
		return differs{}, err
	}
	found := script.Compare(live.Source, source)
	return differs{Added: found.Added, Removed: found.Removed}, nil
}

// PostDraft saves the editor's form; then=publish goes on to the publish page, then=discard
// to the one that takes the live version.
func (d *Dashboard) PostDraft(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	_, err = d.keepForm(r, values)
	if err != nil {
		return d.notKept(w, r, values.Get("source"), runForm(values), err)
	}
	state := web.Of(r)
	switch live := state.Script.LiveVersion; {
	case values.Get("then") == "publish":
		return web.Redirect(w, r, paths.Publish(state.App.Slug, state.Script.Name))
	case values.Get("then") == "discard" && live > 0:
		return web.Redirect(w, r, paths.TakeVersion(state.App.Slug, state.Script.Name, live))
	}
	return d.done(w, r, "Saved. Nothing went live.", paths.Script(state.App.Slug, state.Script.Name))
}

func (d *Dashboard) keepForm(r *http.Request, values url.Values) (script.Draft, error) {
	revision, err := strconv.ParseInt(values.Get("revision"), 10, 64)
	if err != nil || !values.Has("source") {
		return script.Draft{}, fault.New(fault.Malformed, "The form has no source or no revision.").Because(err)
	}
	return d.keep(r, values.Get("source"), revision)
}

// notKept answers a form whose draft was not stored: both drafts side by side, or the
// editor with what was typed.
func (d *Dashboard) notKept(w http.ResponseWriter, r *http.Request, source string, typed views.RunForm, err error) error {
	if stale, ok := errors.AsType[*script.StaleDraft](err); ok {
		web.Of(r).Err = err
		return d.conflict(w, r, source, stale.Current)
	}
	status, faults, ok := refusal(w, r, err)
	if !ok {
		return err
	}
	draft, err := d.draft(r)
	if err != nil {
		return err
	}
	return d.editor(w, r, status, draft, views.ScriptProps{Source: source, Request: typed, Faults: faults})
}

// conflict shows mine against theirs, and lets the person choose.
func (d *Dashboard) conflict(w http.ResponseWriter, r *http.Request, mine string, theirs script.Draft) error {
	f, head, err := d.scriptFrame(r, &theirs)
	if err != nil {
		return err
	}
	by := theirs.SavedBy
	if by == "" {
		by = "Somebody"
	}
	return d.page(w, r, http.StatusConflict, views.Conflict(f, views.ConflictProps{
		Script: head, By: by, At: theirs.SavedAt, Revision: theirs.Revision, Mine: mine,
		Diff: diffProps(script.Compare(theirs.Source, mine)),
	}))
}
