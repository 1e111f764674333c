package workerapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution/journal"
	"picloud/engine/execution/live"
	"picloud/engine/id"
	"picloud/engine/invoke"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
	"picloud/engine/worker"
	"picloud/handlers/workerapi"
)

// serve is the private socket of a worker, and the journal of its runs.
func serve(t *testing.T) (*httptest.Server, *journal.Journal) {
	t.Helper()
	file, err := journal.Create(filepath.Join(t.TempDir(), "journal"), 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	invoker := invoke.New(invoke.Config{
		Journal: file, Live: live.NewHub(file), Globals: js.NewGlobals(webapi.Globals(), log.Globals()),
		MaxRunning: 8, MaxWaiting: 64, MemoryBudget: 1 << 40, SlotLabel: worker.SlotLabel,
	})
	api := &workerapi.API{Table: script.NewTable(nil, nil, nil), Invoker: invoker, Limits: call.DefaultLimits}
	server := httptest.NewServer(api.Handler())
	t.Cleanup(server.Close)
	return server, file
}

// draft runs a program and gives all events of its stream.
func draft(t *testing.T, server *httptest.Server, program string) (events []worker.DraftEvent) {
	t.Helper()
	body, err := json.Marshal(worker.Draft{
		Call: call.Call{
			Script: call.Script{App: id.New[id.App](), ID: id.New[id.Script](), Name: "x"},
			Event:  call.Event{Request: &call.Request{Method: "GET", URL: "http://localhost/x", Path: "/"}},
		},
		Program: program,
	})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(server.URL+worker.DraftPath, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for stream := json.NewDecoder(response.Body); stream.More(); {
		var event worker.DraftEvent
		if err := stream.Decode(&event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// What a draft waited for comes when it has ended, and all of it with the answer, counted from the
// beginning of the run and not from when its program was there.
func TestSpansOfADraft(t *testing.T) {
	t.Parallel()
	server, _ := serve(t)
	events := draft(t, server, `(async () => {
		await new Promise((done) => setTimeout(done, 20));
		console.log("between");
		await new Promise((done) => setTimeout(done, 10));
		return "answer";
	});`)
	if len(events) != 4 || events[0].Span == nil || events[1].Line == nil || events[2].Span == nil || events[3].Answer == nil {
		t.Fatalf("events: %+v", events)
	}
	first, second, line, answer := *events[0].Span, *events[2].Span, events[1].Line, events[3].Answer
	if !slices.Equal(answer.Spans, []call.Span{first, second}) || answer.Lines != 1 {
		t.Errorf("the answer has %+v and %d lines", answer.Spans, answer.Lines)
	}
	if first.Kind != call.Waiting || first.Took < 19*time.Millisecond || second.Start < first.Start+first.Took || second.Start+second.Took > answer.Wall {
		t.Errorf("of %v it waited %+v and %+v", answer.Wall, first, second)
	}
	if at := line.At.Sub(answer.Began); at < first.Start+first.Took-time.Millisecond {
		t.Errorf("it logged after %v, having waited %+v", at, first)
	}
}

// A draft goes on after its answer; what it logs then is not written to a response that is
// finished, and may be somebody else's by then.
func TestLinesAfterTheAnswer(t *testing.T) {
	t.Parallel()
	server, file := serve(t)
	program := `((request, env, ctx) => {
		console.log("before");
		ctx.waitUntil(new Promise((done) => { let n = 0; const t = setInterval(() => { console.log("after", n); if (++n === 20) { clearInterval(t); done(); } }, 1); }));
		return "answer";
	});`
	var said []string
	for _, event := range draft(t, server, program) {
		switch {
		case event.Line != nil:
			said = append(said, event.Line.Message)
		case event.Answer != nil:
			said = append(said, string(event.Answer.Body))
		}
	}
	if got := strings.Join(said, " "); !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, "answer") {
		t.Errorf("said %q", got)
	}
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		running := 0
		for range file.Running() {
			running++
		}
		if running == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatal("the run does not end")
		}
	}
}
