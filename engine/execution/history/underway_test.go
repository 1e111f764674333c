package history

import (
	"path/filepath"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
)

// What runs stands before what has ended, once, where a filter lets it.
func TestListBeginsWithWhatRuns(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	w := executiontest.NewWorld(2)
	seed(t, pool, w, 300, time.Now().Add(-time.Hour), time.Now())
	underWay, err := journal.Create(filepath.Join(t.TempDir(), "journal"), 64, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { underWay.Close() })
	s := NewStore(pool)
	s.Running = func(match func(*execution.Running) bool) (found []execution.Running) {
		for run := range underWay.Running() {
			if match(&run) {
				found = append(found, run)
			}
		}
		return found
	}
	page, err := s.List(t.Context(), executiontest.Reading(t, w.App), Query{})
	if err != nil {
		t.Fatal(err)
	}
	begin := func(run id.Execution, app id.App, script id.Script, path string) {
		who := execution.Identity{Execution: run, App: app, Script: script, Version: 3, Event: call.Fetch, Subject: "GET " + path, Started: time.Now()}
		underWay.Begin(&journal.Entry{Identity: who, Deadline: who.Started.Add(time.Minute)})
	}
	first, second := id.New[id.Execution](), id.New[id.Execution]()
	begin(first, w.App, w.Scripts[0], "/first")
	begin(second, w.App, w.Scripts[1], "/second")
	begin(page.Rows[0].Execution, w.App, page.Rows[0].Script, "/recorded") // its row came in between
	begin(id.New[id.Execution](), id.New[id.App](), w.Scripts[0], "/first")
	version := 2
	for name, c := range map[string]struct {
		query Query
		want  []id.Execution
	}{
		"all":     {Query{}, []id.Execution{second, first}},
		"script":  {Query{Script: w.Scripts[0]}, []id.Execution{first}},
		"path":    {Query{Path: "/sec"}, []id.Execution{second}},
		"part":    {Query{Path: "irst"}, []id.Execution{first}},
		"version": {Query{Version: &version}, nil},
		"outcome": {Query{Outcomes: []call.Outcome{call.OK}}, nil},
		"running": {Query{Outcomes: []call.Outcome{call.Running}}, []id.Execution{second, first}},
		"status":  {Query{StatusClass: 2}, nil},
		"text":    {Query{Text: "FIRST"}, []id.Execution{first}},
		"log":     {Query{Text: "not in the address"}, nil},
		"older":   {Query{Before: page.Rows[3].Execution}, nil},
		"later":   {Query{Since: time.Now().Add(time.Hour)}, nil},
	} {
		got, err := s.List(t.Context(), executiontest.Reading(t, w.App), c.query)
		if err != nil {
			t.Fatal(name, err)
		}
		var running []id.Execution
		for _, row := range got.Rows {
			if row.Outcome == call.Running && row.Path != "/recorded" {
				running = append(running, row.Execution)
			}
		}
		if len(running) != len(c.want) {
			t.Errorf("%s: %d run", name, len(running))
			continue
		}
		for i := range c.want {
			if running[i] != c.want[i] || got.Rows[i].Outcome != call.Running && name != "running" {
				t.Errorf("%s: in place %d is %+v", name, i, got.Rows[i])
			}
		}
	}
	got, err := s.List(t.Context(), executiontest.Reading(t, w.App), Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range got.Rows {
		if row.Path == "/recorded" {
			t.Error("a run stands twice")
		}
	}
}

// A run that is under way can be read, also by who knows only the run.
func TestGetOfARunUnderWay(t *testing.T) {
	t.Parallel()
	s := NewStore(newDatabase(t))
	run, app := id.New[id.Execution](), id.New[id.App]()
	s.Running = func(match func(*execution.Running) bool) []execution.Running {
		one := execution.Running{Identity: execution.Identity{Execution: run, App: app, ScriptName: "slow", Started: time.Now().Add(-time.Second)}}
		if !match(&one) {
			return nil
		}
		return []execution.Running{one}
	}
	got, err := s.Get(t.Context(), executiontest.Reading(t, app), run)
	if err != nil || got.Outcome != call.Running || got.ScriptName != "slow" || got.Wall < time.Second {
		t.Errorf("%+v %v", got.Row, err)
	}
	if of, err := s.AppOf(t.Context(), executiontest.Reading(t, id.New[id.App]()), run); err != nil || of != app {
		t.Errorf("of %s, %v", of, err)
	}
	if _, err := s.Get(t.Context(), executiontest.Reading(t, id.New[id.App]()), run); err == nil {
		t.Error("another app's run was given")
	}
}
