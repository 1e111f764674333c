package dashboard

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/engine/worker"
	"picloud/handlers/web"
	"picloud/views"
)

// Bounds of the request that the run panel makes.
const (
	maxRunPath    = 8 << 10
	maxRunHeaders = 32 << 10
	maxRunBody    = 1 << 20
)

// draftRun is one run of a draft: what was typed and what comes of it.
type draftRun struct {
	typed   views.RunForm
	draft   script.Draft
	in      script.Script // whose function runs; of a module without an id: none, it is only built
	request call.Request
	built   bool
	trial   script.Trial
	run     id.Execution
	logged  []call.Line // when, and of which level
}

// Run saves the draft and runs it: as a stream for the editor, as a page otherwise. With
// from=<run> it is the draft as it is, with that run's request.
func (d *Dashboard) Run(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	a, keep := &draftRun{typed: runForm(values), run: id.New[id.Execution]()}, d.keepForm
	if from := values.Get("from"); from != "" {
		keep = func(r *http.Request, _ url.Values) (script.Draft, error) { return d.draft(r) }
		if a.typed, err = d.requestFrom(r, from); err != nil {
			return err
		}
	}
	streaming := strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	if a.in, err = d.runsIn(r, a.typed.In); err == nil && !a.in.ID.IsZero() {
		a.request, err = d.request(r, a.typed, a.in.Name)
	}
	if err == nil {
		a.draft, err = keep(r, values)
	}
	if err != nil {
		if stale, ok := errors.AsType[*script.StaleDraft](err); ok && streaming {
			return d.json(w, http.StatusConflict, otherOf(stale.Current))
		}
		if streaming {
			return err
		}
		return d.notKept(w, r, values.Get("source"), a.typed, err)
	}
	if streaming {
		return d.runStream(w, r, a)
	}
	return d.runPage(w, r, a)
}

// runsIn is the script whose function the draft runs in: its own, or of a module's the one that was
// chosen, if any.
func (d *Dashboard) runsIn(r *http.Request, chosen string) (script.Script, error) {
	state := web.Of(r)
	switch {
	case state.Script.Kind != script.Module:
		return state.Script, nil
	case chosen == "":
		return script.Script{}, nil
	}
	dependents, err := d.Scripts.Dependents(r.Context(), state.Grant, state.Script.ID)
	if err != nil {
		return script.Script{}, err
	}
	if !slices.Contains(runners(dependents), chosen) {
		return script.Script{}, fault.AtField("dependent", "No function %.80q follows %s in what is live. Choose another one.", chosen, state.Script.Name)
	}
	return d.Scripts.Find(r.Context(), state.Grant, chosen)
}

// build makes the program of the draft. Problems of the source are no error; with warnings alone it
// is built.
func (d *Dashboard) build(r *http.Request, a *draftRun) (problems []views.Problem, err error) {
	state, in := web.Of(r), a.in.ID
	if in.IsZero() {
		in = state.Script.ID
	}
	a.trial, err = d.Scripts.BuildWith(r.Context(), state.Grant, state.Script.ID, &a.draft.Source, in)
	if problems = problemsOf(err); len(problems) > 0 {
		return problems, nil
	}
	if fault.Is(err, fault.NotFound) && in != state.Script.ID { // since it was chosen
		err = fault.AtField("dependent", "%s", fault.Of(err).Public)
	}
	a.built = err == nil
	return warningsOf(a.trial.Output.Warnings), err
}

// runStream sends what was saved, then problems, or lines and the answer. What the run waited for is
// told in lines too.
func (d *Dashboard) runStream(w http.ResponseWriter, r *http.Request, a *draftRun) error {
	kept, err := d.saved(r, a.draft)
	if err != nil {
		return err
	}
	problems, err := d.build(r, a)
	if err != nil {
		return err
	}
	s, err := begin(w, r)
	if err != nil {
		return err
	}
	if err := s.value("saved", kept); err != nil {
		return err
	}
	if len(problems) > 0 {
		if err := s.value("problems", problems); err != nil || !a.built {
			return err
		}
	}
	if a.in.ID.IsZero() {
		return s.draw("answer", views.CheckedPart(checkedProps(a)))
	}
	draw := func(line views.LogLineProps) {
		_ = s.draw("line", views.LogLine(line)) // the reader went away: the run ends with the request
	}
	answer := d.runDraft(r, a, func(line call.Line) { draw(lineProps(line)) }, func(span call.Span) {
		if line, told := spanLine(span); told {
			draw(line)
		}
	})
	return s.draw("answer", views.AnswerPart(answer))
}

// runPage draws the editor with the answer, or with what keeps the draft from building.
func (d *Dashboard) runPage(w http.ResponseWriter, r *http.Request, a *draftRun) error {
	props := views.ScriptProps{Request: a.typed}
	problems, err := d.build(r, a)
	if err != nil {
		return d.notKept(w, r, a.draft.Source, a.typed, err)
	}
	props.Problems = problems
	if !a.built {
		return d.editor(w, r, http.StatusUnprocessableEntity, a.draft, props)
	}
	if a.in.ID.IsZero() {
		checked := checkedProps(a)
		props.Checked = &checked
		return d.editor(w, r, http.StatusOK, a.draft, props)
	}
	var lines []views.LogLineProps
	answer := d.runDraft(r, a, func(line call.Line) { lines = append(lines, lineProps(line)) }, func(call.Span) {})
	answer.Lines = lines
	props.Answer = &answer
	return d.editor(w, r, http.StatusOK, a.draft, props)
}

func checkedProps(a *draftRun) views.CheckedProps {
	return views.CheckedProps{Exports: exportRows(a.trial.Output.Exports)}
}

// runDraft runs the built draft in the worker, that of a module in the name of the function it runs in. That the worker died, or that there is none,
// is an answer too.
func (d *Dashboard) runDraft(r *http.Request, a *draftRun, onLine func(call.Line), onSpan func(call.Span)) views.Answer {
	state, ran := web.Of(r), a.trial.Script
	cause := call.Cause{Kind: call.Draft}
	if ran.ID != state.Script.ID {
		cause.Source = state.Script.Name
	}
	done, err := d.Worker.RunDraft(r.Context(), state.Grant, worker.Draft{
		Call: call.Call{
			Execution: a.run, Cause: cause, Event: call.Event{Request: &a.request},
			Script: call.Script{AppSlug: state.App.Slug, ID: ran.ID, Name: ran.Name},
		},
		Capture: string(ran.Capture), Program: a.trial.Output.Program, SourceMap: a.trial.Output.SourceMap,
	}, func(event worker.DraftEvent) {
		if event.Line != nil {
			a.logged = append(a.logged, call.Line{At: event.Line.At, Level: event.Line.Level})
			onLine(*event.Line)
		}
		if event.Span != nil {
			onSpan(*event.Span)
		}
	})
	if err != nil {
		if r.Context().Err() == nil {
			state.Err = err
		}
		f := fault.Of(err)
		return views.Answer{Outcome: string(call.Crashed), Status: call.Crashed.Status(), Failure: &views.FailureProps{Title: "No answer", Message: f.Public}}
	}
	return d.answer(r, a, done)
}

// runForm are the values of the run panel. "?" ends the path, as in an address.
func runForm(values url.Values) views.RunForm {
	typed := views.RunForm{In: values.Get("dependent"), Method: values.Get("method"), Query: strings.TrimPrefix(values.Get("query"), "?"), Headers: values.Get("headers"), Body: values.Get("body")}
	path, query, _ := strings.Cut(values.Get("path"), "?")
	if typed.Path = path; query != "" && typed.Query != "" {
		query += "&"
	}
	typed.Query = query + typed.Query
	return typed
}

// request is the call that the run panel describes, as it would reach the function of a name at its
// public address.
func (d *Dashboard) request(r *http.Request, typed views.RunForm, name string) (call.Request, error) {
	var faults []fault.Field
	refuse := func(name, message string) { faults = append(faults, fault.Field{Name: name, Message: message}) }
	method := typed.Method
	if method == "" {
		method = http.MethodGet
	}
	if !token(method) || method != strings.ToUpper(method) || len(method) > 20 || method == http.MethodConnect || method == http.MethodTrace {
		refuse("method", "Choose one of the methods.")
	}
	path, query := strings.TrimSpace(typed.Path), strings.TrimPrefix(strings.TrimSpace(typed.Query), "?")
	if path != "" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	shared, _ := d.urls(r, web.Of(r).App.Slug)
	address := shared + "/" + name + escaped(path)
	if query != "" {
		address += "?" + escaped(query)
	}
	if len(path)+len(query) > maxRunPath || strings.Contains(path, "#") || strings.Contains(query, "#") {
		refuse("path", "A path and its query have at most 8 KiB; \"#\" is not part of them.")
	} else if _, err := url.Parse(address); err != nil {
		refuse("path", "This is no path: a \"%\" stands before two digits of 0-9 and a-f.")
	}
	header, why := headerFields(typed.Headers)
	if why != "" {
		refuse("headers", why)
	}
	content := []byte(typed.Body)
	if method == http.MethodGet || method == http.MethodHead {
		content = nil // what stands there is for when another method is chosen
	}
	if len(content) > maxRunBody {
		refuse("body", "The body has more than 1 MiB.")
	}
	if len(faults) > 0 {
		f := fault.New(fault.Invalid, "%s", faults[0].Message)
		f.Fields = faults
		return call.Request{}, f
	}
	if u, err := url.Parse(shared); err == nil {
		header = append([]call.Field{{Name: "host", Value: u.Host}}, header...)
	}
	return call.Request{Method: method, URL: address, Path: escaped(cmp.Or(path, "/")), Header: typedAs(header, content), Body: body.Bytes(content)}, nil
}

// escaped writes what may not stand in an address as bytes in hexadecimal, and leaves
// everything else, as a browser's address bar does.
func escaped(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>`{}\\^|", c) >= 0 {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// headerFields reads "name: value" lines; why says what is wrong with one.
func headerFields(text string) (fields []call.Field, why string) {
	if len(text) > maxRunHeaders {
		return nil, "The headers have more than 32 KiB."
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); !found || !token(name) {
			return nil, "Write one \"name: value\" a line; \"" + clip(line, 60) + "\" is none."
		}
		if value = strings.TrimSpace(value); !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, "The value of \"" + clip(name, 60) + "\" has characters that no header may have."
		}
		if !ownHeader(name) {
			fields = append(fields, call.Field{Name: name, Value: value})
		}
	}
	return fields, ""
}

// ownHeader are fields that come with the connection and that a caller does not choose.
func ownHeader(name string) bool {
	switch name {
	case "host", "content-length", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// token tells whether the text is a token (RFC 9110, section 5.6.2).
func token(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return text != ""
}

func clip(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

// typedAs says what the body is, where the person did not.
func typedAs(header []call.Field, body []byte) []call.Field {
	if len(body) == 0 {
		return header
	}
	if slices.ContainsFunc(header, func(field call.Field) bool { return field.Name == "content-type" }) {
		return header
	}
	kind := "text/plain;charset=UTF-8"
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && strings.IndexByte("{[\"", trimmed[0]) >= 0 && json.Valid(trimmed) {
		kind = "application/json"
	}
	return append(header, call.Field{Name: "content-type", Value: kind})
}
