package workerapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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

// A draft goes on after its answer; what it logs then is not written to a response that is
// finished, and may be somebody else's by then.
func TestLinesAfterTheAnswer(t *testing.T) {
	t.Parallel()
	file, err := journal.Create(filepath.Join(t.TempDir(), "journal"), 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	invoker := invoke.New(invoke.Config{
		Journal: file, Live: live.NewHub(file), Globals: js.NewGlobals(webapi.Globals(), log.Globals()),
		MaxRunning: 8, MaxWaiting: 64, MemoryBudget: 1 << 40, SlotLabel: worker.SlotLabel,
	})
	api := &workerapi.API{Table: script.NewTable(nil, nil, nil), Invoker: invoker, Limits: call.DefaultLimits}
	server := httptest.NewServer(api.Handler())
	defer server.Close()
	program := `((request, env, ctx) => {
		console.log("before");
		ctx.waitUntil(new Promise((done) => { let n = 0; const t = setInterval(() => { console.log("after", n); if (++n === 20) { clearInterval(t); done(); } }, 1); }));
		return "answer";
	});`
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
	var said []string
	for events := json.NewDecoder(response.Body); events.More(); {
		var event worker.DraftEvent
		if err := events.Decode(&event); err != nil {
			t.Fatal(err)
		}
		if event.Line != nil {
			said = append(said, event.Line.Message)
		} else {
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
