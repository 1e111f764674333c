package dashboard

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// PublishPage is the dialog: what would change, who follows a module, and a note. It opens before
// it is known who builds, and asks for that with ?builds.
func (d *Dashboard) PublishPage(w http.ResponseWriter, r *http.Request) error {
	return d.publish(w, r, http.StatusOK, views.PublishProps{}, nil)
}

// publish draws the dialog over the draft and the live version as they are now. chosen is the form
// that was refused.
func (d *Dashboard) publish(w http.ResponseWriter, r *http.Request, status int, props views.PublishProps, chosen url.Values) error {
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
	builds := r.URL.Query().Has("builds")
	q := question{source: &draft.Source, next: props.Next, chosen: chosen, unbuilt: len(props.Problems) > 0}
	if props.Dialog && !builds && r.Method == http.MethodGet {
		q.later = paths.Builds(state.App.Slug, state.Script.Name)
	}
	if props.Followers, err = d.followers(r, head, q); err != nil {
		return err
	}
	if props.Dialog && builds && props.Followers != nil {
		return d.page(w, r, status, views.FollowersPart(*props.Followers, props.Button()))
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
	published, err := d.publishDraft(r, values)
	if err != nil {
		return d.notPublished(w, r, values, err)
	}
	words := publishedWords(published, values)
	if web.ByHTMX(r) {
		return d.published(w, r, published, words)
	}
	return d.done(w, r, words, paths.Script(web.Of(r).App.Slug, web.Of(r).Script.Name))
}

func publishedWords(published script.Published, values url.Values) string {
	words := fmt.Sprintf("Published v%d. It answers its URL now.", published.Version)
	switch {
	case published.Unchanged && len(published.Followed)+len(published.Failed) == 0:
		words = fmt.Sprintf("The draft is the same as the live v%d: nothing to publish.", published.Version)
	case published.Script.Kind == script.Module:
		words = liveWords(published, 0, leftOut(values))
	}
	if warnings := published.Warnings; len(warnings) > 0 {
		words += fmt.Sprintf(" %s: line %d: %s", ui.Plural(len(warnings), "warning"), warnings[0].Line, warnings[0].Message)
	}
	return words
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
func (d *Dashboard) notPublished(w http.ResponseWriter, r *http.Request, values url.Values, err error) error {
	status, faults, ok := refusal(w, r, err)
	if !ok {
		return err
	}
	props := views.PublishProps{Note: values.Get("note"), Faults: faults, Problems: problemsOf(err)}
	if faults["source"] != "" && len(props.Problems) == 0 { // of the draft itself: there is no such input here
		faults[""] = faults["source"]
	}
	state := web.Of(r)
	faults[""] = cmp.Or(faults[""], faults["follow"])
	if state.Script, err = d.Scripts.Get(r.Context(), state.Grant, state.Script.ID); err != nil {
		return err
	}
	return d.publish(w, r, status, props, values)
}

// publishDraft publishes the draft of the revision that was looked at, over the version
// it was compared with.
func (d *Dashboard) publishDraft(r *http.Request, values url.Values) (script.Published, error) {
	state := web.Of(r)
	seen, err := strconv.ParseInt(values.Get("revision"), 10, 64)
	live, err2 := strconv.Atoi(values.Get("if_version"))
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
		Source: &draft.Source, Note: values.Get("note"), IfVersion: &live, Follow: followOf(values),
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
