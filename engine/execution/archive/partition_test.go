package archive

import (
	"testing"
	"time"

	"picloud/db/dbtest"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/history"
	"picloud/engine/id"
)

func TestPartitionsAhead(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	for range 2 {
		if err := EnsurePartitions(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
		spans, _, err := listSpans(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if len(spans) != 4 {
			t.Fatalf("%d ranges, want today and three more", len(spans))
		}
		day := time.Now().UTC().Truncate(24 * time.Hour)
		for i, s := range spans {
			if len(s.names) != 3 || !s.from.Time().Equal(day.AddDate(0, 0, i)) || !s.to.Time().Equal(day.AddDate(0, 0, i+1)) {
				t.Errorf("range %d: %v to %v, %v", i, s.from.Time(), s.to.Time(), s.names)
			}
		}
	}
}

// Rows that came while no partition was there move into theirs, or go with their age.
func TestDefaultPartitionIsTidied(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	now := time.Now()
	w := executiontest.NewWorld(2)
	b := newBatch(pool, 0)
	for i, age := range []int{0, 0, 1, 5, 20, 40} {
		record := executiontest.FullRecord()
		record.App, record.Script = w.App, w.Scripts[0]
		record.Started = now.AddDate(0, 0, -age)
		record.Execution = executiontest.At(record.Started.Add(-time.Duration(i) * time.Millisecond))
		v, err := execution.Parse(execution.AppendRecord(nil, record))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.write(t.Context(), []execution.View{v}, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := countRows(t, pool, "executions_default"); n != 6 {
		t.Fatalf("%d rows in the default", n)
	}
	if _, err := NewUpkeep(pool, Retention{}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{
		"executions_default": 0, "log_lines_default": 0, "captures_default": 0, "executions": 4, "log_lines": 8, "captures": 4,
	} {
		if n := countRows(t, pool, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	page, err := history.NewStore(pool).List(t.Context(), executiontest.Reading(t, w.App), history.Query{})
	if err != nil || len(page.Rows) != 4 {
		t.Fatalf("%d rows %v", len(page.Rows), err)
	}
	if run, err := history.NewStore(pool).Get(t.Context(), executiontest.Reading(t, w.App), page.Rows[3].Execution); err != nil || len(run.Lines) != 2 || run.Capture == nil {
		t.Errorf("moved run %+v %v", run, err)
	}
}

func TestOldPartitionsAreDropped(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	now := time.Now()
	w := executiontest.NewWorld(2)
	seed(t, pool, w, 2_000, now.AddDate(0, 0, -20), now)
	if _, err := NewUpkeep(pool, Retention{Days: 7}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := countRows(t, pool, "executions")
	if n < 700 || n > 800 {
		t.Errorf("%d rows, want those of 7 days and the rest of the day before", n)
	}
	spans, _, err := listSpans(t.Context(), pool)
	if err != nil || len(spans) != 12 && len(spans) != 11 {
		t.Errorf("%d ranges: %v", len(spans), err)
	}
}

// The size stays near the budget while much is written in one day; what goes is the
// oldest, and what came last is there.
func TestSizeBudget(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	worker := dbtest.WorkerPool(t, pool)
	j := newJournal(t, 8, 8<<20)
	const budget = 24 << 20
	u := NewUpkeep(pool, Retention{Bytes: budget})
	var last *execution.Record
	written, left, largest := 0, 0, int64(0)
	now := time.Now().UTC().Truncate(24 * time.Hour).Add(time.Hour)
	for range 100 {
		now = now.Add(10 * time.Second)
		for range 1500 {
			last = finish(j, func(r *execution.Record) { r.Execution = executiontest.At(now) })
			written++
		}
		flush(t, worker, j)
		if _, err := u.do(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		largest = max(largest, u.lastSize)
		if left = countRows(t, pool, "executions"); left < written/2 {
			break
		}
	}
	if left >= written || largest > budget*9/8 || u.lastSize < budget*2/3 {
		t.Errorf("%d of %d rows left in %d bytes, %d at most; the budget is %d", left, written, u.lastSize, largest, budget)
	}
	// A burst that is larger than the budget.
	now = now.Add(10 * time.Second)
	for range 40 {
		for range 2000 {
			last = finish(j, func(r *execution.Record) { r.Execution = executiontest.At(now) })
		}
		flush(t, worker, j)
	}
	for range 3 {
		now = now.Add(10 * time.Second)
		if _, err := u.do(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if n := countRows(t, pool, "executions"); n != 80_000 {
		t.Errorf("%d rows after a burst of 80000", n)
	}
	if _, err := history.NewStore(pool).Get(t.Context(), executiontest.Reading(t, last.App), last.Execution); err != nil {
		t.Errorf("the newest run: %v", err)
	}
	if n := countRows(t, pool, "executions_default"); n != 0 {
		t.Errorf("%d rows fell beside the partitions", n)
	}
}

func TestHoles(t *testing.T) {
	t.Parallel()
	at := func(n byte) id.Execution { return id.Execution{n} }
	spans := []span{{from: at(2), to: at(4)}, {from: at(4), to: at(5)}, {from: at(7), to: at(8)}}
	for _, c := range []struct {
		from, to byte
		want     int
	}{{2, 5, 0}, {3, 4, 0}, {0, 2, 1}, {0, 3, 1}, {0, 9, 3}, {5, 7, 1}, {4, 8, 1}, {8, 9, 1}} {
		if got := holes(spans, at(c.from), at(c.to)); len(got) != c.want {
			t.Errorf("%d to %d: %v", c.from, c.to, got)
		}
	}
}

func TestUpkeepForesees(t *testing.T) {
	t.Parallel()
	u := NewUpkeep(nil, Retention{Bytes: 800})
	now := time.Now()
	for _, c := range []struct {
		after time.Duration
		size  int64
		want  time.Duration
	}{{0, 100, time.Minute}, {time.Minute, 100, time.Minute}, {time.Minute, 101, time.Minute}, {time.Minute, 201, 30 * time.Second}, {time.Minute, 90000, upkeepBusy}} {
		now = now.Add(c.after)
		if got := u.next(now, c.size); got != c.want {
			t.Errorf("size %d: again after %v, want %v", c.size, got, c.want)
		}
	}
}
