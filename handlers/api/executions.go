package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"picloud/engine/call"
	"picloud/engine/execution/history"
	"picloud/engine/fault"
	"picloud/engine/id"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/web"
)

// ListAppExecutions answers GET /apps/{app}/executions?limit&before&outcome.
func (a *API) ListAppExecutions(w http.ResponseWriter, r *http.Request) error {
	return a.listExecutions(w, r, id.Script{})
}

// ListExecutions answers GET /apps/{app}/scripts/{script}/executions?limit&before&outcome.
func (a *API) ListExecutions(w http.ResponseWriter, r *http.Request) error {
	return a.listExecutions(w, r, web.Of(r).Script.ID)
}

func (a *API) listExecutions(w http.ResponseWriter, r *http.Request, script id.Script) error {
	wanted, err := wantedRuns(r)
	if err != nil {
		return err
	}
	app := web.Of(r).App
	wanted.Script = script
	page, err := a.Executions.List(r.Context(), web.Of(r).Grant, wanted)
	if err != nil {
		return err
	}
	answer := v1.Executions{Executions: make([]v1.Execution, len(page.Rows))}
	for i, row := range page.Rows {
		answer.Executions[i] = fromRun(app.Slug, row)
	}
	if !page.Next.IsZero() {
		answer.Next = page.Next.String()
	}
	if !page.SearchedTo.IsZero() {
		searched := page.SearchedTo.UTC()
		answer.SearchedTo = &searched
	}
	return write(w, http.StatusOK, answer)
}

func wantedRuns(r *http.Request) (history.Query, error) {
	values, err := query(r, "limit", "before", "outcome")
	if err != nil {
		return history.Query{}, err
	}
	wanted := history.Query{}
	var faults []fault.Field
	if wanted.Limit, err = limit(values); err != nil {
		faults = append(faults, fault.Of(err).Fields...)
	}
	if text := values["before"]; text != "" {
		if wanted.Before, err = id.Parse[id.Execution](text); err != nil {
			faults = append(faults, fault.Field{Name: "before", Message: fmt.Sprintf("Before is the id of a run, not %.40q.", text)})
		}
	}
	switch text := values["outcome"]; {
	case text == "":
	case text == "failed":
		wanted.Failed = true
	default:
		if !slices.Contains(call.Outcomes(), call.Outcome(text)) {
			faults = append(faults, fault.Field{Name: "outcome", Message: fmt.Sprintf("There is no outcome %.20q; there are failed, %s.", text, words(call.Outcomes()))})
		}
		wanted.Outcomes = []call.Outcome{call.Outcome(text)}
	}
	return wanted, fault.AtFields(faults)
}

func words(outcomes []call.Outcome) string {
	list := make([]string, len(outcomes))
	for i, outcome := range outcomes {
		list[i] = string(outcome)
	}
	return strings.Join(list, ", ")
}

// ReadExecution answers GET /executions/{execution}, with the log and the timeline.
func (a *API) ReadExecution(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	got, err := a.Executions.Get(r.Context(), state.Grant, state.Run)
	if err != nil {
		return err
	}
	answer := fromRun(state.App.Slug, got.Row)
	answer.Log = make([]v1.Line, len(got.Lines))
	for i, line := range got.Lines {
		answer.Log[i] = v1.Line{At: line.At.UTC(), Level: string(line.Level), Message: line.Message}
		if json.Valid([]byte(line.Fields)) {
			answer.Log[i].Fields = json.RawMessage(line.Fields)
		}
	}
	if got.Capture != nil {
		answer.Timeline = fromSpans(got.Capture.Spans)
	}
	return write(w, http.StatusOK, answer)
}

func fromSpans(spans []call.Span) []v1.Span {
	out := make([]v1.Span, len(spans))
	for i, span := range spans {
		out[i] = v1.Span{
			Kind: string(span.Kind), Subject: span.Subject, Start: span.Start.Microseconds(), Took: span.Took.Microseconds(),
			Status: span.Status, Sent: span.Sent, Received: span.Received, Failure: span.Failure, Note: span.Note,
		}
		if !span.Child.IsZero() {
			out[i].Execution = span.Child.String()
		}
	}
	return out
}

func fromRun(app string, row history.Row) v1.Execution {
	out := v1.Execution{
		ID: row.Execution.String(), App: app, Script: row.ScriptName, ScriptID: row.Script.String(), Version: row.Version,
		Trigger: string(row.Cause.Kind), Subject: row.Subject, Method: row.Method, Path: row.Path, Status: row.Status, Outcome: string(row.Outcome),
		StartedAt: row.Started.UTC(), Wall: row.Wall.Microseconds(), CPU: row.Executing.Microseconds(), LogLines: row.LineCount,
		Others: row.Others, LeftOut: row.LeftOut.String(),
	}
	if cause := row.Cause; !cause.Parent.IsZero() {
		out.Parent, out.Root, out.Depth = cause.Parent.String(), cause.Root.String(), cause.Depth
	}
	if row.Failure == nil {
		return out
	}
	out.Error = &v1.Failure{Name: row.Failure.Name, Message: row.Failure.Message}
	if limit := row.Failure.Limit; limit != nil {
		out.Error.Limit = &v1.Limit{Name: limit.Name, Value: limit.Value, Unit: limit.Unit}
	}
	for _, frame := range row.Failure.Stack {
		out.Error.Stack = append(out.Error.Stack, v1.Frame{Function: frame.Function, File: frame.File, Line: frame.Line, Column: frame.Column})
	}
	return out
}
