package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/history"
	"picloud/engine/execution/journal"
)

func newDatabase(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.New(t)
	if err := EnsurePartitions(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

func countRows(t testing.TB, pool *pgxpool.Pool, table string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func newJournal(t testing.TB, slots, ring int) *journal.Journal {
	t.Helper()
	j, err := journal.Create(filepath.Join(t.TempDir(), "worker.journal"), slots, ring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func testEntry() *journal.Entry {
	who := executiontest.Identity()
	return &journal.Entry{Identity: who, Deadline: who.Started.Add(30 * time.Second)}
}

func testRecord(e *journal.Entry) *execution.Record { return executiontest.Record(e.Identity) }

// flush runs a flusher until the ring is empty.
func flush(t testing.TB, pool *pgxpool.Pool, j *journal.Journal) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // write what is there, then end
	if err := NewFlusher(pool, j, 0).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if j.Pending() > 0 {
		t.Fatalf("%d bytes left in the ring", j.Pending())
	}
}

func finish(j *journal.Journal, change func(r *execution.Record)) *execution.Record {
	entry := testEntry()
	record := testRecord(entry)
	if change != nil {
		change(record)
	}
	j.Begin(entry).Finish(record)
	return record
}

// seed writes n runs of a world, evenly over a time.
func seed(t testing.TB, pool *pgxpool.Pool, w executiontest.World, n int, from, to time.Time) {
	t.Helper()
	if err := ensureDays(t.Context(), pool, from, int(to.Sub(from)/(24*time.Hour))+2); err != nil {
		t.Fatal(err)
	}
	b := newBatch(pool, 0)
	var views []execution.View
	write := func() {
		if err := b.write(t.Context(), views, false); err != nil {
			t.Fatal(err)
		}
		views = views[:0]
	}
	for record := range w.Runs(n, from, to) {
		v, err := execution.Parse(execution.AppendRecord(nil, record))
		if err != nil {
			t.Fatal(err)
		}
		if views = append(views, v); len(views) == batchRows {
			write()
		}
	}
	write()
}

// A row the database does not take is alone in its loss.
func TestRefusedRowIsIsolated(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	if _, err := pool.Exec(t.Context(), "ALTER TABLE executions ADD CHECK (version <> 666)"); err != nil {
		t.Fatal(err)
	}
	j := newJournal(t, 8, 1<<20)
	for i := range 300 {
		finish(j, func(r *execution.Record) {
			if i == 0 || i == 77 || i == 299 {
				r.Version = 666
			}
		})
	}
	worker := dbtest.WorkerPool(t, pool)
	flush(t, worker, j)
	finish(j, nil)
	flush(t, worker, j)
	if n := countRows(t, pool, "executions"); n != 298 {
		t.Errorf("lost row: %d rows, want 298", n)
	}
	if _, refused := j.Lost(); refused != 3 {
		t.Errorf("%d refused, want 3", refused)
	}
	if losses, err := history.NewStore(pool).LossesAcrossApps(t.Context(), time.Now().Add(-time.Hour)); err != nil || losses.Refused != 3 || losses.Full != 0 {
		t.Errorf("losses %+v %v", losses, err)
	}
}

// An earlier try may have committed without our knowing.
func TestBatchWrittenTwiceIsOne(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newJournal(t, 8, 1<<20)
	record := finish(j, func(r *execution.Record) { *r = *executiontest.FullRecord() })
	finish(j, nil)
	f := NewFlusher(dbtest.WorkerPool(t, pool), j, 0)
	f.read(0)
	if err := f.batch.write(t.Context(), f.batch.views[:1], false); err != nil {
		t.Fatal(err)
	}
	flush(t, pool, j)
	for table, want := range map[string]int{"executions": 2, "captures": 2, "log_lines": 2} {
		if n := countRows(t, pool, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	activity, err := history.NewStore(pool).Recent(t.Context(), executiontest.Reading(t, record.App))
	if a := activity[record.Script]; err != nil || a == nil || a.Runs != 1 || a.Failures != 1 || a.Hours[23].Runs+a.Hours[22].Runs != 1 {
		t.Errorf("activity %+v %v", a, err)
	}
}

func TestFlusherSleepsAndWakes(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newJournal(t, 64, 1<<20)
	f := NewFlusher(pool, j, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	for round := 1; round <= 3; round++ {
		for range 50 {
			finish(j, nil)
		}
		waitFor(t, "lost row", func() bool { return countRows(t, pool, "executions") == 50*round })
		waitFor(t, "not advanced", func() bool { return j.Pending() == 0 })
	}
	for range 500 {
		finish(j, nil)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := countRows(t, pool, "executions"); n != 650 {
		t.Errorf("lost row: %d rows after the end, want 650", n)
	}
}

// waitFor fails with what it means that the condition never held.
func waitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for tick, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second); !condition(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: waited for 20 s", what)
		}
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	path := t.TempDir() + "/j"
	j, err := journal.Create(path, 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var finished []*execution.Record
	for range 5 {
		finished = append(finished, finish(j, nil))
	}
	// The COPY of the first two had committed when the process died.
	f := NewFlusher(pool, j, 0)
	f.read(0)
	if err := f.batch.write(t.Context(), f.batch.views[:2], false); err != nil {
		t.Fatal(err)
	}
	// One died between its record and its slot.
	both := testEntry()
	j.Begin(both)
	j.NoSlot().Finish(testRecord(both))
	guilty, innocent := testEntry(), testEntry()
	slot := j.Begin(guilty)
	slot.Executing()
	j.Begin(innocent)
	j.Refused(7)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	judge := func(run execution.Running) Verdict {
		if run.Slot == slot.Index() {
			return Verdict{Outcome: call.Killed, Failure: &call.Failure{Message: "It did it."}, Limit: execution.Limit{Name: "wall", Value: 30000, Unit: "ms"}, Ended: time.Now().Add(time.Second)}
		}
		return Verdict{Outcome: call.Crashed}
	}
	worker := dbtest.WorkerPool(t, pool)
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is all there already
		if err := os.WriteFile(path, copied, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Recover(t.Context(), worker, path, 0, judge); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file is still there: %v", err)
		}
		if n := countRows(t, pool, "executions"); n != 8 {
			t.Errorf("lost row: %d rows, want 8", n)
		}
		if n := countRows(t, pool, "captures"); n != 6 {
			t.Errorf("%d captures, want 6", n)
		}
	}
	if err := Recover(t.Context(), worker, path, 0, judge); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
	store := history.NewStore(pool)
	for entry, want := range map[*journal.Entry]string{guilty: "killed 504 It did it.", innocent: "crashed 503 The process that ran the function died because of another run.", both: "ok 200 "} {
		run, err := store.Get(t.Context(), executiontest.Reading(t, entry.App), entry.Execution)
		if err != nil {
			t.Fatal(err)
		}
		message := ""
		if run.Failure != nil {
			message = run.Failure.Message
		}
		if got := fmt.Sprintf("%s %d %s", run.Outcome, run.Status, message); got != want || run.Path != "/anna" {
			t.Errorf("%s, want %s", got, want)
		}
		if run.Outcome == call.Killed && (run.Wall < time.Second || run.Executing < 900*time.Millisecond || *run.Failure.Limit != (execution.Limit{Name: "wall", Value: 30000, Unit: "ms"})) {
			t.Errorf("killed run %+v %+v", run.Row, run.Failure)
		}
	}
	if losses, err := store.LossesAcrossApps(t.Context(), time.Now().Add(-time.Hour)); err != nil || losses.Refused < 7 {
		t.Errorf("losses %+v %v", losses, err)
	}
	for _, record := range finished {
		if run, err := store.Get(t.Context(), executiontest.Reading(t, record.App), record.Execution); err != nil || run.Outcome != call.OK {
			t.Errorf("lost row: finished run %+v %v", run.Row, err)
		}
	}
}

func TestRecoverHalfMadeJournal(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	path := t.TempDir() + "/j"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Recover(t.Context(), pool, path, 0, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file is still there")
	}
}

func TestNastyTexts(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newJournal(t, 8, 1<<20)
	nasty := "\x00\xff\xed\xa0\x80\u2028</script>\\u0000"
	for range 3 {
		finish(j, func(r *execution.Record) {
			r.ScriptName, r.Subject, r.Cause.Source, r.Cause.Kind, r.Policy = nasty, nasty, nasty, call.Kind(nasty), execution.CaptureAll
			r.Failure = &call.Failure{Name: nasty, Message: nasty, Stack: []call.Frame{{Function: nasty, File: nasty}}}
			r.Lines = []call.Line{{Message: nasty, Fields: nasty, Level: call.Level(nasty)}}
			r.Request.URL, r.Request.Body, r.Response.Body = nasty, body.Text(nasty), []byte(nasty)
			r.Request.Header = []call.Field{{Name: nasty, Value: nasty}}
		})
	}
	flush(t, pool, j)
	if n := countRows(t, pool, "executions"); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
	if full, refused := j.Lost(); full+refused != 0 {
		t.Errorf("%d dropped, %d refused", full, refused)
	}
}

// Refused calls that shared a row are known when their worker dies before it is written.
func TestRecoverCountsCrowds(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	path := t.TempDir() + "/j"
	j, err := journal.Create(path, 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	first := executiontest.Identity()
	slot, ok := j.BeginCrowd(&first, call.Busy)
	if !ok {
		t.Fatal("no room for a crowd")
	}
	for range 12 {
		slot.Join()
	}
	both := executiontest.Identity() // died between its record and its slot
	if _, ok := j.BeginCrowd(&both, call.Busy); !ok {
		t.Fatal("no room for another crowd")
	}
	if _, ok := j.BeginCrowd(&both, call.Busy); ok {
		t.Error("crowds may take more than their part of the slots")
	}
	record := executiontest.Record(both)
	record.Others = 30
	j.NoSlot().Finish(record)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Recover(t.Context(), dbtest.WorkerPool(t, pool), path, 0, func(execution.Running) Verdict {
		t.Error("a crowd is judged like a run")
		return Verdict{}
	}); err != nil {
		t.Fatal(err)
	}
	store := history.NewStore(pool)
	for who, want := range map[*execution.Identity]int64{&first: 12, &both: 30} {
		grant := executiontest.Reading(t, who.App)
		run, err := store.Get(t.Context(), grant, who.Execution)
		if err != nil {
			t.Fatalf("lost row: %v", err)
		}
		if run.Others != want || run.Path != "/anna" {
			t.Errorf("%d others, want %d: %+v", run.Others, want, run.Row)
		}
		recent, err := store.Recent(t.Context(), grant)
		if err != nil {
			t.Fatal(err)
		}
		if did := recent[who.Script]; did == nil || did.Runs != 1+want {
			t.Errorf("counts: %+v, want %d runs", did, 1+want)
		}
	}
	if run, _ := store.Get(t.Context(), executiontest.Reading(t, first.App), first.Execution); run.Outcome != call.Busy || run.Status != 503 {
		t.Errorf("the row of the crowd: %+v", run.Row)
	}
}
