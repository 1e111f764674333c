package dashboard

import (
	"net/http"
	"net/url"
	"strings"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/history"
	"picloud/engine/execution/redact"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// shownLines bounds the log lines on a run's page, in lines and in bytes.
const (
	shownLines     = 1000
	shownLineBytes = 48 << 10
)

// RunPage is everything known about one run.
func (d *Dashboard) RunPage(w http.ResponseWriter, r *http.Request) error {
	run, err := id.Parse[id.Execution](r.PathValue("execution"))
	if err != nil {
		return noRun(err)
	}
	app := web.Of(r).App
	found, err := d.Executions.Get(r.Context(), web.Of(r).Grant, run)
	if err != nil {
		return err
	}
	f, err := d.appFrame(r)
	if err != nil {
		return err
	}
	props, current, err := d.runProps(r, found)
	if err != nil {
		return err
	}
	if found.Outcome == call.Running {
		props.LiveURL = paths.With(paths.AppRunsLive(app.Slug), "run", run.String())
	} else if props.Failure, err = d.runFailure(r, found, current); err != nil {
		return err
	}
	return d.page(w, r, http.StatusOK, views.Run(f, props))
}

// runProps are the parts of the page that every run has; current is its script as it is
// now, which may be gone.
func (d *Dashboard) runProps(r *http.Request, run history.Run) (views.RunProps, script.Script, error) {
	current, err := d.Scripts.Get(r.Context(), web.Of(r).Grant, run.Script)
	if fault.Is(err, fault.NotFound) {
		current, err = script.Script{Name: run.ScriptName}, nil
	}
	if err != nil {
		return views.RunProps{}, current, err
	}
	props := views.RunProps{
		ID: run.Execution.String(), Script: current.Name, Deleted: current.ID.IsZero(), Version: run.Version, Trigger: string(run.Cause.Kind),
		Module: current.Kind == script.Module,
		Method: run.Method, Subject: run.About(), Outcome: string(run.Outcome), Status: run.Status, Others: int(run.Others),
		At: run.Started, Wall: run.Wall, Executing: run.Executing, Capture: string(current.Capture), Curl: d.curl(r, run, current.Name), Lacks: lacks(run),
	}
	if len(run.Path) > len(props.Subject) { // which is cut
		props.Subject = run.Path
	}
	size, lines, spans := int64(-1), run.LineCount, []call.Span(nil)
	if run.Outcome == call.Running {
		lines = -1
	}
	if c := run.Capture; c != nil {
		if u, err := url.Parse(c.URL); err == nil && u.RawQuery != "" { // whole
			props.Subject = run.Path + "?" + u.RawQuery
		}
		props.Request, props.Response, size, spans = message(c.URL, c.Request), message("", c.Response), c.Response.Size, c.Spans
		if run.Outcome != call.OK && len(c.Response.Header) == 0 {
			props.Response = nil
		}
	}
	if source := run.Cause.Source; run.Cause.Kind == call.Draft && source != "" {
		props.DraftOf = source
		if of, err := d.Scripts.Find(r.Context(), web.Of(r).Grant, source); err == nil && of.Kind == script.Module {
			props.DraftOf, props.DraftURL = of.Name, paths.Script(web.Of(r).App.Slug, of.Name)
		}
	}
	if parent := run.Cause.Parent; !parent.IsZero() {
		if props.ParentURL, err = d.runURL(r, parent); err != nil {
			return props, current, err
		}
	}
	if run.Outcome != "" {
		props.Limits = limits(used{wall: run.Wall, executing: run.Executing, lines: lines, requests: requests(spans), body: size}, d.Limits)
	}
	props.Lines = runLines(run)
	logged := make([]call.Line, len(run.Lines))
	for i, line := range run.Lines {
		logged[i] = call.Line{At: line.At, Level: line.Level}
	}
	props.Timeline = timeline(web.Of(r).App.Slug, ui.TimelineProps{Wall: run.Wall, Executing: run.Executing, Told: run.Capture != nil, Ticks: ticks(logged, run.Started)}, spans)
	if run.LeftOut > execution.NothingLeftOut {
		props.OverShare = "this app was over " + d.share() + "."
	}
	if run.LeftOut >= execution.LogLeftOut {
		props.LinesLeftOut = run.LineCount
	}
	return props, current, nil
}

// runLines are the log lines as far as they fit on the page.
func runLines(run history.Run) []views.LogLineProps {
	var lines []views.LogLineProps
	bytes := 0
	for i, line := range run.Lines {
		props := lineProps(call.Line{At: line.At, Level: line.Level, Message: line.Message, Fields: line.Fields})
		if bytes += len(props.Message) + len(props.Fields); i >= shownLines || bytes > shownLineBytes && i > 0 {
			return append(lines, views.LogLineProps{At: line.At, Level: string(call.Info), Message: "More was logged than this page shows."})
		}
		props.Message = clip(props.Message, 16<<10)
		lines = append(lines, props)
	}
	return lines
}

// message is one side of what was kept of a run.
func message(address string, m execution.Message) *views.Message {
	props := &views.Message{URL: address, Headers: headerRows(m.Header), BodyKept: m.BodyKept, Size: max(0, m.Size)}
	if m.BodyKept {
		props.Body, props.Binary, props.Truncated = shown(contentType(m.Header), m.Body, m.BodyTruncated)
	}
	return props
}

// runFailure is the card of a run that did not end well, with the source it ran.
func (d *Dashboard) runFailure(r *http.Request, run history.Run, current script.Script) (*views.FailureProps, error) {
	if run.Outcome == call.OK {
		return nil, nil
	}
	stored := execution.Failure{}
	if run.Failure != nil {
		stored = *run.Failure
	}
	limit := execution.Limit{}
	if stored.Limit != nil {
		limit = *stored.Limit
	}
	of, err := d.runSource(r, run.Identity, stored.Stack, current)
	if err != nil {
		return nil, err
	}
	props := failureProps(run.Outcome, call.Failure{Name: stored.Name, Message: stored.Message, Stack: stored.Stack}, limit, of)
	return &props, nil
}

// requestFrom fills the run panel from a run.
func (d *Dashboard) requestFrom(r *http.Request, from string) (views.RunForm, error) {
	run, err := id.Parse[id.Execution](from)
	if err != nil {
		return views.RunForm{}, noRun(err)
	}
	found, err := d.Executions.Get(r.Context(), web.Of(r).Grant, run)
	if err != nil {
		return views.RunForm{}, err
	}
	typed := views.RunForm{Method: found.Method, Path: strings.TrimSuffix(found.Path, "/"), Lacks: lacks(found), OfRun: true}
	if found.Path != "/" {
		typed.Path = found.Path
	}
	if typed.Query, _ = keptQuery(found); web.Of(r).Script.Kind == script.Module {
		typed.In = found.ScriptName
		if of, err := d.Scripts.Get(r.Context(), web.Of(r).Grant, found.Script); err == nil {
			typed.In = of.Name // now; of one that is gone the old name is refused
		}
	}
	if c := found.Capture; c != nil {
		typed.Headers = headerText(c.Request.Header)
		if body, binary, _ := shown("", c.Request.Body, c.Request.BodyTruncated); !binary {
			typed.Body = body
		}
	}
	return typed, nil
}

// headerText are the fields that a caller chose, one a line.
func headerText(fields []call.Field) string {
	var b strings.Builder
	for _, field := range fields {
		if !byItself(field.Name) && field.Value != redact.Mark {
			b.WriteString(field.Name + ": " + field.Value + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// byItself are fields that browsers and proxies add.
func byItself(name string) bool {
	name = strings.ToLower(name)
	if ownHeader(name) || strings.HasPrefix(name, "sec-") || strings.HasPrefix(name, "x-forwarded-") {
		return true
	}
	switch name {
	case "accept-encoding", "forwarded", "priority", "upgrade-insecure-requests", "x-real-ip", "via", "dnt":
		return true
	}
	return false
}

// runURL is where a run of the app is shown; "": it is another app's, or was not kept.
func (d *Dashboard) runURL(r *http.Request, run id.Execution) (string, error) {
	switch _, err := d.Executions.Get(r.Context(), web.Of(r).Grant, run); {
	case fault.Is(err, fault.NotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return paths.Run(web.Of(r).App.Slug, run.String()), nil
}
