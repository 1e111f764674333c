package handlers_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
	v1 "picloud/handlers/api/v1"
)

// ran leaves the rows of runs, as a worker that has ended does.
func (in *installation) ran(t *testing.T, records ...execution.Record) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	file, err := journal.Create(path, 16, 1<<20)
	must(t, err)
	for _, r := range records {
		file.Begin(&journal.Entry{Identity: r.Identity}).Finish(&r)
	}
	must(t, file.Close())
	must(t, archive.Recover(t.Context(), in.pool, path, 0, func(execution.Running) archive.Verdict {
		return archive.Verdict{Outcome: call.Crashed}
	}))
}

func TestAPIExecutions(t *testing.T) {
	t.Parallel()
	in := install(t)
	must(t, archive.EnsurePartitions(t.Context(), in.pool))
	client := v1.Client{Base: in.url, Key: in.keys["write"]}
	published, err := client.Publish(t.Context(), "other", "hello", v1.PutScript{Source: new("export default () => 1")})
	must(t, err)
	app, err := in.apps.Find(t.Context(), in.may(t, actor.ListApps, id.App{}), "other")
	must(t, err)
	script, err := id.Parse[id.Script](published.Script.ID)
	must(t, err)
	var records []execution.Record
	for i := range 5 {
		r := execution.Record{
			Identity: execution.Identity{
				Execution: id.New[id.Execution](), App: app.ID, Script: script, ScriptName: "hello", Version: 1, Started: time.Now(),
				Cause: call.Cause{Kind: call.HTTP}, Event: call.Fetch, Subject: fmt.Sprintf("GET /%d<script>", i),
			},
			Status: 200, Outcome: call.OK,
			Wall: 1500 * time.Microsecond, Executing: time.Millisecond,
			Lines: []call.Line{{At: time.Now(), Level: call.Info, Message: fmt.Sprintf("line of %d", i), Fields: `{"n":1}`}},
		}
		if i == 4 {
			r.Status, r.Outcome, r.Limit = 507, call.CPU, execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}
			r.Failure = &call.Failure{Message: "It used its time.", Stack: []call.Frame{{File: "hello.ts", Line: 3, Column: 7}}}
		}
		records = append(records, r)
	}
	in.ran(t, records...)

	page, err := client.Executions(t.Context(), "other", v1.Runs{Limit: 2})
	if err != nil || len(page.Executions) != 2 || page.Executions[0].ID != records[4].Execution.String() || page.Next == "" {
		t.Fatalf("newest: %+v, %v", page, err)
	}
	page, err = client.Executions(t.Context(), "other", v1.Runs{Script: "hello", Before: page.Next, Limit: 3})
	if err != nil || len(page.Executions) != 3 || page.Executions[2].Path != "/0<script>" || page.Executions[2].Wall != 1500 || page.Executions[2].CPU != 1000 {
		t.Errorf("older: %+v, %v", page, err)
	}
	page, err = client.Executions(t.Context(), "other", v1.Runs{Outcome: "cpu"})
	if err != nil || len(page.Executions) != 1 {
		t.Fatalf("filtered: %+v, %v", page, err)
	}
	failure := page.Executions[0].Error
	if failure == nil || failure.Limit == nil || failure.Limit.Value != 2000 || len(failure.Stack) != 1 || failure.Stack[0].Line != 3 {
		t.Errorf("failure: %+v", failure)
	}
	one, err := client.Execution(t.Context(), records[0].Execution.String())
	if err != nil || one.App != "other" || len(one.Log) != 1 || one.Log[0].Message != "line of 0" || string(one.Log[0].Fields) != `{"n":1}` {
		t.Errorf("one: %+v, %v", one, err)
	}
	bound := v1.Client{Base: in.url, Key: in.keys["bound"]}
	_, foreign := bound.Execution(t.Context(), records[0].Execution.String())
	_, missing := bound.Execution(t.Context(), id.New[id.Execution]().String())
	if foreign == nil || missing == nil || foreign.Error() != missing.Error() || foreign.(*v1.Problem).Status != 404 {
		t.Errorf("a foreign run says %v, a missing one %v", foreign, missing)
	}
	if answer := in.request(t, "GET", "/api/v1/executions/"+strings.Repeat("0", 36), map[string][]string{"Authorization": {"Bearer " + in.keys["write"]}}, ""); answer.status != 404 {
		t.Errorf("zeros: %d", answer.status)
	}
}

// A run's timeline comes with the run and not with lists, to the microsecond, and says nothing of what
// was not.
func TestAPITimeline(t *testing.T) {
	t.Parallel()
	in := install(t)
	must(t, archive.EnsurePartitions(t.Context(), in.pool))
	app, err := in.apps.Find(t.Context(), in.may(t, actor.ListApps, id.App{}), "other")
	must(t, err)
	child := id.New[id.Execution]()
	spans := []call.Span{
		{Kind: call.Waiting, Start: 1500 * time.Microsecond, Took: 50 * time.Millisecond},
		{Kind: call.Fetching, Subject: "GET https://api.example.com/<b>", Start: 2 * time.Millisecond, Took: 35125 * time.Microsecond, Status: 404, Sent: 12, Received: 3 << 10, Note: "the list has *.example.com"},
		{Kind: call.Fetching, Subject: "POST https://gone.example", Start: 60 * time.Millisecond, Took: time.Millisecond, Failure: "Nobody answers there.", Child: child},
	}
	kept := executiontest.Record(executiontest.Identity())
	kept.App, kept.Spans = app.ID, spans
	bare := executiontest.Record(executiontest.Identity())
	bare.App, bare.Spans, bare.Policy = app.ID, spans, execution.CaptureOff
	in.ran(t, *kept, *bare)
	header := http.Header{"Authorization": {"Bearer " + in.keys["read"]}}
	for run, want := range map[id.Execution]string{
		kept.Execution: `"timeline":[{"kind":"wait","start_us":1500,"took_us":50000},` +
			`{"kind":"fetch","subject":"GET https://api.example.com/\u003cb\u003e","start_us":2000,"took_us":35125,"status":404,"sent":12,"received":3072,"note":"the list has *.example.com"},` +
			`{"kind":"fetch","subject":"POST https://gone.example","start_us":60000,"took_us":1000,"failure":"Nobody answers there.","execution":"` + child.String() + `"}]`,
		bare.Execution: "",
	} {
		answer := in.request(t, "GET", "/api/v1/executions/"+run.String(), header, "")
		_, got, there := strings.Cut(answer.body, `"timeline":`)
		if answer.status != 200 || there != (want != "") || want != "" && !strings.HasPrefix(`"timeline":`+got, want) {
			t.Errorf("%d %s\nwithout %s", answer.status, answer.body, want)
		}
	}
	if list := in.request(t, "GET", "/api/v1/apps/other/executions", header, ""); list.status != 200 || strings.Contains(list.body, "timeline") || !strings.Contains(list.body, kept.Execution.String()) {
		t.Errorf("the list is %d %s", list.status, list.body)
	}
}

// What cannot be asked of a list is refused, in words.
func TestRefusedQueryOfAList(t *testing.T) {
	t.Parallel()
	in := install(t)
	for query, want := range map[string]string{"limit=x": "limit", "outcome=bogus": "there are failed, error, "} {
		answer := in.request(t, "GET", "/api/v1/apps/shop/executions?"+query, http.Header{"Authorization": {"Bearer " + in.keys["read"]}}, "")
		if answer.status != 422 || !strings.Contains(answer.body, want) {
			t.Errorf("%s: %d %s", query, answer.status, answer.body)
		}
	}
}
