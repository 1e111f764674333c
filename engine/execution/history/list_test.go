package history

import (
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/id"
)

func TestList(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	now := time.Now()
	w, other := executiontest.NewWorld(5), executiontest.NewWorld(2)
	seed(t, pool, w, 30_000, now.Add(-40*time.Hour), now)
	seed(t, pool, other, 2_000, now.Add(-40*time.Hour), now)
	s := NewStore(pool)
	list := func(q Query) Page {
		t.Helper()
		page, err := s.List(t.Context(), executiontest.Reading(t, w.App), q)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range page.Rows {
			if row.App != w.App || i > 0 && string(row.Execution[:]) >= string(page.Rows[i-1].Execution[:]) {
				t.Fatalf("row %d is out of order or another app's", i)
			}
		}
		return page
	}
	version := 2
	for name, c := range map[string]struct {
		query Query
		want  func(r Row) bool
		total int // -1: not known
	}{
		"all":              {Query{Limit: 200}, func(Row) bool { return true }, 30_000},
		"script":           {Query{Script: w.Scripts[2], Limit: 200}, func(r Row) bool { return r.Script == w.Scripts[2] }, -1},
		"rare script":      {Query{Script: w.Scripts[4]}, func(r Row) bool { return r.Script == w.Scripts[4] }, 3},
		"errors":           {Query{Outcomes: []call.Outcome{call.Error, call.Memory}}, func(r Row) bool { return r.Outcome == call.Error && r.Failure != nil }, 600},
		"errors of script": {Query{Script: w.Scripts[0], StatusClass: 5}, func(r Row) bool { return r.Script == w.Scripts[0] && r.Status == 500 }, -1},
		"ok":               {Query{Outcomes: []call.Outcome{call.OK}, Limit: 200}, func(r Row) bool { return r.Outcome == call.OK }, 29_400},
		"version":          {Query{Version: &version, Limit: 200}, func(r Row) bool { return r.Version == 2 }, 6_000},
		"path":             {Query{Path: "/item/77"}, func(r Row) bool { return r.Path == "/item/77" || len(r.Path) == 9 && r.Path[:8] == "/item/77" }, 30 * 11},
		"part of path":     {Query{Path: "m/999"}, func(r Row) bool { return r.Path == "/item/999" }, 30},
		"nothing":          {Query{StatusClass: 3}, func(Row) bool { return false }, 0},
		"time":             {Query{Since: now.Add(-30 * time.Hour), Until: now.Add(-10 * time.Hour), Limit: 200}, func(r Row) bool { return true }, 15_000},
		"log text":         {Query{Text: "NEEDLE 1"}, func(r Row) bool { return r.LineCount == 1 }, -1},
		"error text":       {Query{Text: "typeerror: cannot read property 2"}, func(r Row) bool { return r.Outcome == call.Error }, -1},
		"path text":        {Query{Text: "ITEM/999"}, func(r Row) bool { return r.Path == "/item/999" }, 30},
	} {
		t.Run(name, func(t *testing.T) {
			total, pages := 0, 0
			for q := c.query; ; pages++ {
				page := list(q)
				for _, row := range page.Rows {
					if !c.want(row) {
						t.Fatalf("page %d has %+v", pages, row)
					}
				}
				total += len(page.Rows)
				if page.Next.IsZero() {
					break
				}
				if len(page.Rows) == 0 && page.SearchedTo.IsZero() {
					t.Fatal("a next page for no reason")
				}
				q.Before = page.Next
			}
			if c.total >= 0 && total != c.total || c.total < 0 && total == 0 {
				t.Errorf("%d rows on %d pages, want %d", total, pages, c.total)
			}
		})
	}
	if page := list(Query{StatusClass: 3}); page.SearchedTo.IsZero() || page.SearchedTo.After(now.Add(-10*time.Hour)) || page.SearchedTo.Before(now.Add(-15*time.Hour)) {
		t.Errorf("searched back to %v, want a third of 40 hours ago", page.SearchedTo)
	}
}

func TestScatterAndRecent(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	now := time.Now()
	w := executiontest.NewWorld(3)
	seed(t, pool, w, 20_000, now.Add(-10*time.Hour), now)
	s := NewStore(pool)
	for _, q := range []Query{{}, {Script: w.Scripts[0]}, {Since: now.Add(-time.Hour), Until: now.Add(-time.Minute)}} {
		cloud, err := s.Scatter(t.Context(), executiontest.Reading(t, w.App), q, 100)
		if err != nil {
			t.Fatal(err)
		}
		var hours [10]int
		failures := 0
		for _, p := range cloud.Points {
			if p.Started.Before(cloud.From.Add(-time.Second)) || p.Started.After(cloud.To) {
				t.Errorf("point at %v outside %v to %v", p.Started, cloud.From, cloud.To)
			}
			hours[min(int(10*p.Started.Sub(cloud.From)/cloud.To.Sub(cloud.From)), 9)]++
			if p.Outcome != call.OK {
				failures++
			}
		}
		if len(cloud.Points) < 200 || len(cloud.Points) > 500 || failures < 20 {
			t.Errorf("%d points, %d failures", len(cloud.Points), failures)
		}
		for i, n := range hours {
			if n < 10 {
				t.Errorf("tenth %d has %d points", i, n)
			}
		}
	}
	if cloud, err := s.Scatter(t.Context(), executiontest.Reading(t, id.New[id.App]()), Query{}, 100); err != nil || len(cloud.Points) != 0 {
		t.Errorf("empty app: %v %v", cloud, err)
	}
	recent, err := s.Recent(t.Context(), executiontest.Reading(t, w.App))
	if err != nil {
		t.Fatal(err)
	}
	var runs, failures, hours int64
	for _, a := range recent {
		runs += a.Runs
		failures += a.Failures
		if a.Longest > 20*time.Millisecond || a.Wall < a.Executing {
			t.Errorf("%+v", a)
		}
		for _, h := range a.Hours {
			hours += h.Runs
		}
	}
	if runs != 20_000 || hours != 20_000 || failures != 400 {
		t.Errorf("%d runs, %d in hours, %d failures", runs, hours, failures)
	}
}

func TestAppOf(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	app := id.New[id.App]()
	if _, err := pool.Exec(t.Context(), "INSERT INTO apps (id, slug, name) VALUES ($1, 'shop', 'Shop')", app); err != nil {
		t.Fatal(err)
	}
	record := executiontest.Record(executiontest.Identity())
	record.App = app
	write(t, pool, record)
	s := NewStore(pool)
	if got, err := s.AppOf(t.Context(), executiontest.Reading(t, id.New[id.App]()), record.Execution); err != nil || got != app {
		t.Errorf("%v %v", got, err)
	}
	if _, err := s.AppOf(t.Context(), executiontest.Reading(t, id.New[id.App]()), id.New[id.Execution]()); err == nil {
		t.Error("an unknown run has an app")
	}
}

// What counts as a failure is one thing: in the program, in a list, in the counts.
func TestFailedIsOneThing(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	app, script := id.New[id.App](), id.New[id.Script]()
	var records []*execution.Record
	failed := map[id.Execution]bool{}
	for _, outcome := range call.Outcomes() {
		for _, status := range []int{0, 200, 404, 500, 599} {
			r := executiontest.Record(executiontest.Identity())
			r.App, r.Script, r.Outcome, r.Status = app, script, outcome, status
			if outcome == call.Running {
				continue
			}
			records = append(records, r)
			if outcome.Failed(status) {
				failed[r.Execution] = true
			}
		}
	}
	write(t, pool, records...)
	s := NewStore(pool)
	for _, q := range []Query{{Failed: true, Limit: 200}, {Script: script, Failed: true, Limit: 200}} {
		page, err := s.List(t.Context(), executiontest.Reading(t, app), q)
		if err != nil || len(page.Rows) != len(failed) {
			t.Errorf("%d rows of %d, %v", len(page.Rows), len(failed), err)
		}
		for _, row := range page.Rows {
			if !failed[row.Execution] || !q.MatchesEnd(row.Outcome, row.Status) {
				t.Errorf("%s %d is listed", row.Outcome, row.Status)
			}
		}
	}
	recent, err := s.Recent(t.Context(), executiontest.Reading(t, app))
	if err != nil || recent[script] == nil || recent[script].Failures != int64(len(failed)) || recent[script].Runs != int64(len(records)) {
		t.Errorf("%+v of %d runs and %d failures, %v", recent[script], len(records), len(failed), err)
	}
}

// The query of a request is found as the path is; the method is not, for it is in all of them.
func TestTextIsFoundInTheQuery(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	record, other := executiontest.Record(executiontest.Identity()), executiontest.Record(executiontest.Identity())
	record.Subject, other.App = "GET /anna?name=Ada&token=[redacted]", record.App
	write(t, pool, record, other)
	if _, err := pool.Exec(t.Context(), "UPDATE executions SET subject = NULL WHERE id = $1", other.Execution); err != nil { // as rows had it before
		t.Fatal(err)
	}
	s := NewStore(pool)
	for text, want := range map[string]int{"name=ada": 1, "anna?name": 1, "/ANNA": 2, "get": 0, "GET /anna": 0, "abc": 0} {
		for _, script := range []id.Script{{}, record.Script} {
			page, err := s.List(t.Context(), executiontest.Reading(t, record.App), Query{Text: text, Script: script})
			if !script.IsZero() {
				want = min(want, 1)
			}
			if err != nil || len(page.Rows) != want {
				t.Errorf("%q: %d rows, want %d, %v", text, len(page.Rows), want, err)
			}
		}
	}
	for path, want := range map[string]int{"/anna": 2, "name": 0} {
		if page, err := s.List(t.Context(), executiontest.Reading(t, record.App), Query{Path: path}); err != nil || len(page.Rows) != want {
			t.Errorf("path %q: %d rows, %v", path, len(page.Rows), err)
		}
	}
	got, err := s.Get(t.Context(), executiontest.Reading(t, record.App), record.Execution)
	if err != nil || got.Path != "/anna" || got.Subject != record.Subject {
		t.Errorf("%+v, %v", got.Row, err)
	}
}
