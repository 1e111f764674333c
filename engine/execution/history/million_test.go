package history

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution/executiontest"
	"picloud/engine/id"
)

// BenchmarkMillion measures every read on 1,000,000 runs of one app over 13 days, beside
// as many of another. Run it with -benchtime 1x.
func BenchmarkMillion(b *testing.B) {
	pool := newDatabase(b)
	now := time.Now()
	w, other := executiontest.NewWorld(20), executiontest.NewWorld(3)
	began := time.Now()
	seed(b, pool, w, 1_000_000, now.AddDate(0, 0, -13), now)
	fmt.Printf("1,000,000 runs written in %v\n", time.Since(began))
	if os.Getenv("PICLOUD_BENCH_OTHER") != "" {
		seed(b, pool, other, 1_000_000, now.AddDate(0, 0, -13), now)
	}
	s, grant := NewStore(pool), executiontest.Reading(b, w.App)
	rare := w.Scripts[len(w.Scripts)-1]
	version := 1
	middle := id.Earliest[id.Execution](now.AddDate(0, 0, -6))
	for name, q := range map[string]Query{
		"newest":           {},
		"middle":           {Before: middle},
		"script":           {Script: w.Scripts[0]},
		"rare script":      {Script: rare},
		"errors":           {Outcomes: []call.Outcome{call.Error}},
		"no such outcome":  {Outcomes: []call.Outcome{call.Memory}},
		"ok":               {Outcomes: []call.Outcome{call.OK}},
		"5xx of a script":  {Script: w.Scripts[1], StatusClass: 5},
		"no 3xx":           {StatusClass: 3},
		"no 3xx of script": {Script: w.Scripts[1], StatusClass: 3},
		"old version":      {Version: &version},
		"path":             {Path: "/item/77"},
		"part of path":     {Path: "nowhere"},
		"an hour":          {Since: now.AddDate(0, 0, -3), Until: now.AddDate(0, 0, -3).Add(time.Hour)},
		"text":             {Text: "needle 999"},
		"no text":          {Text: "nothing has this"},
		"text in script":   {Script: w.Scripts[1], Text: "nothing has this"},
	} {
		var rows int
		took := times(b, 60, func() {
			page, err := s.List(b.Context(), grant, q)
			if err != nil {
				b.Fatal(err)
			}
			rows = len(page.Rows)
		})
		fmt.Printf("%-18s %3d rows  p50 %8v  p99 %8v\n", name, rows, took[len(took)/2], took[len(took)*99/100])
	}
	page, err := s.List(b.Context(), grant, Query{Before: middle})
	if err != nil {
		b.Fatal(err)
	}
	report := func(name string, do func() error) {
		took := times(b, 60, func() {
			if err := do(); err != nil {
				b.Fatal(err)
			}
		})
		fmt.Printf("%-18s           p50 %8v  p99 %8v\n", name, took[len(took)/2], took[len(took)*99/100])
	}
	report("run", func() error { _, err := s.Get(b.Context(), grant, page.Rows[0].Execution); return err })
	report("app of run", func() error { _, err := s.AppOf(b.Context(), grant, page.Rows[0].Execution); return ignoreFault(err) })
	report("scatter of app", func() error { _, err := s.Scatter(b.Context(), grant, Query{}, 100); return err })
	report("scatter of script", func() error {
		_, err := s.Scatter(b.Context(), grant, Query{Script: w.Scripts[0]}, 100)
		return err
	})
	report("recent", func() error { _, err := s.Recent(b.Context(), grant); return err })
}

func ignoreFault(error) error { return nil }

func times(b *testing.B, n int, do func()) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		do()
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took
}
