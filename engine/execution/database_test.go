package execution

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/call"
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

// flush runs a flusher until the ring is empty.
func flush(t testing.TB, pool *pgxpool.Pool, j *Journal) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // write what is there, then end
	if err := NewFlusher(pool, j).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if !j.ring.empty() {
		t.Fatalf("%d bytes left in the ring", j.Pending())
	}
}

func finish(j *Journal, change func(r *Record)) *Record {
	entry := testEntry()
	record := testRecord(entry)
	if change != nil {
		change(record)
	}
	j.Begin(entry).Finish(record)
	return record
}

func TestRunThereAndBack(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newTestJournal(t, 8, 1<<20)
	want := fullRecord()
	finish(j, func(r *Record) { *r = *want })
	plain := finish(j, func(r *Record) { r.Policy = CaptureOff })
	flush(t, dbtest.WorkerPool(t, pool), j)

	store := NewStore(pool)
	got, err := store.Get(t.Context(), want.App, want.Execution)
	if err != nil {
		t.Fatal(err)
	}
	if got.Script != want.Script || got.ScriptName != "hello" || got.Version != 3 || got.Trigger != call.HTTP || got.Method != "GET" ||
		got.Path != "/anna" || got.Status != 507 || got.Outcome != call.CPU || !got.Started.Equal(want.Started) || got.Wall != want.Wall || got.Executing != want.Executing {
		t.Errorf("row %+v", got.Row)
	}
	if f := got.Failure; f == nil || f.Name != "TypeError" || f.Message != want.Failure.Message || len(f.Stack) != 2 || f.Stack[0] != want.Failure.Stack[0] || *f.Limit != want.Limit {
		t.Errorf("failure %+v", got.Failure)
	}
	if len(got.Lines) != 2 || got.MoreLines || got.Lines[1].Seq != 2 || got.Lines[1].Fields != `{"a":1}` || !got.Lines[0].At.Equal(want.Lines[0].At) {
		t.Errorf("lines %+v", got.Lines)
	}
	if got.Capture == nil || got.Capture.Request.Header[3].Value != Redacted || string(got.Capture.Response.Body) != "Hello" {
		t.Errorf("capture %+v", got.Capture)
	}
	if lines, err := store.Lines(t.Context(), want.App, want.Execution, 1, 10); err != nil || len(lines) != 1 || lines[0].Message != "two" {
		t.Errorf("lines after 1: %+v %v", lines, err)
	}
	if got, err := store.Get(t.Context(), plain.App, plain.Execution); err != nil || got.Failure != nil || got.Capture != nil || got.Lines != nil {
		t.Errorf("plain run %+v %v", got, err)
	}
	full := finish(j, func(r *Record) {
		for i := range 1001 { // the last says that there were more
			r.Lines = append(r.Lines, call.Line{At: r.Started, Level: call.Info, Message: fmt.Sprint("line ", i)})
		}
	})
	flush(t, dbtest.WorkerPool(t, pool), j)
	if got, err := store.Get(t.Context(), full.App, full.Execution); err != nil || len(got.Lines) != 1001 || got.MoreLines || got.Lines[1000].Message != "line 1000" {
		t.Errorf("a full log: %d lines, more %v, %v", len(got.Lines), got.MoreLines, err)
	}
	if _, err := store.Get(t.Context(), plain.App, want.Execution); err == nil {
		t.Error("another app's run was shown")
	}
	if n := countRows(t, pool, "executions_default"); n != 0 {
		t.Errorf("%d runs in the default partition", n)
	}
}

func TestNastyTexts(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newTestJournal(t, 8, 1<<20)
	nasty := "\x00\xff\xed\xa0\x80\u2028</script>\\u0000"
	for range 3 {
		finish(j, func(r *Record) {
			r.ScriptName, r.Path, r.Method, r.Policy = nasty, nasty, nasty, CaptureAll
			r.Failure = &call.Failure{Name: nasty, Message: nasty, Stack: []call.Frame{{Function: nasty, File: nasty}}}
			r.Lines = []call.Line{{Message: nasty, Fields: nasty, Level: call.Level(nasty)}}
			r.Request.URL, r.Request.Body, r.Response.Body = nasty, []byte(nasty), []byte(nasty)
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

// A row the database does not take is alone in its loss.
func TestRefusedRowIsIsolated(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	if _, err := pool.Exec(t.Context(), "ALTER TABLE executions ADD CHECK (version <> 666)"); err != nil {
		t.Fatal(err)
	}
	j := newTestJournal(t, 8, 1<<20)
	for i := range 300 {
		finish(j, func(r *Record) {
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
		t.Errorf("%d rows, want 298", n)
	}
	if _, refused := j.Lost(); refused != 3 {
		t.Errorf("%d refused, want 3", refused)
	}
	if losses, err := NewStore(pool).Losses(t.Context(), time.Now().Add(-time.Hour)); err != nil || losses.Refused != 3 || losses.Full != 0 {
		t.Errorf("losses %+v %v", losses, err)
	}
}

// An earlier try may have committed without our knowing.
func TestBatchWrittenTwiceIsOne(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newTestJournal(t, 8, 1<<20)
	record := finish(j, func(r *Record) { *r = *fullRecord() })
	finish(j, nil)
	f := NewFlusher(dbtest.WorkerPool(t, pool), j)
	f.read(j.ring.tail.Load())
	if err := f.batch.write(t.Context(), f.batch.views[:1], false); err != nil {
		t.Fatal(err)
	}
	flush(t, pool, j)
	for table, want := range map[string]int{"executions": 2, "captures": 2, "log_lines": 2} {
		if n := countRows(t, pool, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	activity, err := NewStore(pool).Recent(t.Context(), record.App)
	if a := activity[record.Script]; err != nil || a == nil || a.Runs != 1 || a.Failures != 1 || a.Hours[23].Runs+a.Hours[22].Runs != 1 {
		t.Errorf("activity %+v %v", a, err)
	}
}

func TestFlusherSleepsAndWakes(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j := newTestJournal(t, 64, 1<<20)
	f := NewFlusher(pool, j)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	for round := 1; round <= 3; round++ {
		for range 50 {
			finish(j, nil)
		}
		waitFor(t, func() bool { return countRows(t, pool, "executions") == 50*round })
		waitFor(t, func() bool { return j.ring.sleeping.Load() && j.ring.empty() })
	}
	for range 500 {
		finish(j, nil)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := countRows(t, pool, "executions"); n != 650 {
		t.Errorf("%d rows after the end, want 650", n)
	}
}

func waitFor(t testing.TB, condition func() bool) {
	t.Helper()
	for tick, end := time.NewTicker(5*time.Millisecond), time.After(20*time.Second); !condition(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("waited for 20 s")
		}
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	j, err := CreateJournal(t.TempDir()+"/j", 16, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	path := j.file.Name()
	var finished []*Record
	for range 5 {
		finished = append(finished, finish(j, nil))
	}
	// The COPY of the first two had committed when the process died.
	f := NewFlusher(pool, j)
	f.read(0)
	if err := f.batch.write(t.Context(), f.batch.views[:2], false); err != nil {
		t.Fatal(err)
	}
	// One died between its record and its slot.
	both := testEntry()
	j.Begin(both)
	j.append(testRecord(both))
	guilty, innocent := testEntry(), testEntry()
	slot := j.Begin(guilty)
	slot.Executing()
	j.Begin(innocent)
	j.pages.int(atFull).Add(7)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	judge := func(run Running) Verdict {
		if run.Slot == slot.Index() {
			return Verdict{Outcome: call.Killed, Failure: &call.Failure{Message: "It did it."}, Limit: Limit{"wall", 30000, "ms"}, Ended: time.Now().Add(time.Second)}
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
		if err := Recover(t.Context(), worker, path, judge); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file is still there: %v", err)
		}
		if n := countRows(t, pool, "executions"); n != 8 {
			t.Errorf("%d rows, want 8", n)
		}
		if n := countRows(t, pool, "captures"); n != 6 {
			t.Errorf("%d captures, want 6", n)
		}
	}
	if err := Recover(t.Context(), worker, path, judge); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
	store := NewStore(pool)
	for entry, want := range map[*Entry]string{guilty: "killed 504 It did it.", innocent: "crashed 503 The process that ran the function died because of another run.", both: "ok 200 "} {
		run, err := store.Get(t.Context(), entry.App, entry.Execution)
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
		if run.Outcome == call.Killed && (run.Wall < time.Second || run.Executing < 900*time.Millisecond || *run.Failure.Limit != (Limit{"wall", 30000, "ms"})) {
			t.Errorf("killed run %+v %+v", run.Row, run.Failure)
		}
	}
	if losses, err := store.Losses(t.Context(), time.Now().Add(-time.Hour)); err != nil || losses.Full < 7 {
		t.Errorf("losses %+v %v", losses, err)
	}
	for _, record := range finished {
		if run, err := store.Get(t.Context(), record.App, record.Execution); err != nil || run.Outcome != call.OK {
			t.Errorf("finished run %+v %v", run.Row, err)
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
	if err := Recover(t.Context(), pool, path, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file is still there")
	}
}
