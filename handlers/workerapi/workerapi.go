// Package workerapi is what a worker answers on its private Unix socket: draft runs, the
// live feed, re-reading of routes. None of it is a route of the public listener.
package workerapi

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/live"
	"picloud/engine/invoke"
	"picloud/engine/script"
	"picloud/engine/worker"
)

// API answers for one worker.
type API struct {
	Table   *script.Table
	Invoker *invoke.Invoker
	Limits  call.Limits // of a draft's run
	Live    *live.Hub
}

// Handler is the private socket's handler.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+worker.DraftPath, a.draft)
	mux.HandleFunc("GET "+worker.LivePath, a.live)
	mux.HandleFunc("POST "+worker.RefreshPath, a.refresh)
	mux.HandleFunc("GET "+worker.PingPath, a.ping)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile) // for go tool pprof, through the socket
	mux.Handle("GET /debug/pprof/heap", pprof.Handler("heap"))
	mux.Handle("GET /debug/pprof/goroutine", pprof.Handler("goroutine"))
	return mux
}

func (a *API) ping(w http.ResponseWriter, _ *http.Request) {
	if a.Table.Restored() {
		_, _ = io.WriteString(w, worker.Restored)
	}
}

func (a *API) refresh(w http.ResponseWriter, r *http.Request) {
	if err := a.Table.Refresh(r.Context()); err != nil {
		http.Error(w, "routes could not be read", http.StatusServiceUnavailable)
	}
}

// draft runs a draft and streams its log lines and spans, then its answer.
func (a *API) draft(w http.ResponseWriter, r *http.Request) {
	var in worker.Draft
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "not a draft", http.StatusBadRequest)
		return
	}
	out := &draftStream{stream: newStream(w)}
	in.Call.Limits = a.Limits
	program := sha256.Sum256([]byte(in.Program))
	result := a.Invoker.Run(r.Context(), invoke.Job{
		Call: in.Call, Capture: execution.Policy(in.Capture),
		Code:   invoke.Code{Hash: program, Draft: &invoke.Draft{Program: in.Program, SourceMap: in.SourceMap}},
		Paused: a.Table.Paused(in.Call.Script.App, program),
		Env:    a.Table.Env(in.Call.Script.App, in.Call.Script.ID), Outbound: a.Table.Outbound(in.Call.Script.App),
		OnLine: out.line, OnSpan: out.span,
	})
	answer := worker.DraftAnswer{
		Outcome: result.Outcome, Status: statusOf(result), Header: result.Response.Header, Body: bodyOf(result.Response),
		Failure: result.Failure, Wall: result.Wall, Executing: result.Executing, Began: result.Began,
	}
	answer.Lines, answer.Spans = out.told()
	if len(result.Spans) > len(answer.Spans) { // some were under way when the run was stopped
		answer.Spans = result.Spans
	}
	out.last(worker.DraftEvent{Answer: &answer})
}

func statusOf(result call.Result) int {
	if result.Outcome == call.OK {
		return result.Response.Status
	}
	return result.Outcome.Status()
}

func bodyOf(response call.Response) []byte {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	return body
}

// live streams events until the reader goes away.
func (a *API) live(w http.ResponseWriter, r *http.Request) {
	filter, err := live.ParseFilter(r.URL.Query().Get("filter"))
	if err != nil {
		http.Error(w, "not a filter", http.StatusBadRequest)
		return
	}
	events, leave := a.Live.Subscribe(filter)
	defer leave()
	out := newStream(w)
	out.flush()
	for {
		select {
		case event, open := <-events:
			if !open || !out.send(event) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// stream writes one JSON value a line, each at once.
type stream struct {
	mu      sync.Mutex
	encoder *json.Encoder
	control *http.ResponseController
	ended   bool
}

func newStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{})
	return &stream{encoder: json.NewEncoder(w), control: control}
}

func (s *stream) send(value any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ended && s.encoder.Encode(value) == nil && s.control.Flush() == nil
}

// last sends a value and drops what comes after it: a run may go on behind its answer, and
// the response is then somebody else's.
func (s *stream) last(value any) {
	s.send(value)
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
}

func (s *stream) flush() { _ = s.control.Flush() }
