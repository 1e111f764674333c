package history

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/journal"
	"picloud/engine/execution/redact"
)

func newDatabase(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.New(t)
	if err := archive.EnsurePartitions(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

// write brings records into the tables on the way that all runs go.
func write(t testing.TB, pool *pgxpool.Pool, records ...*execution.Record) {
	t.Helper()
	j, err := journal.Create(filepath.Join(t.TempDir(), "journal"), 8, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, record := range records {
		j.NoSlot().Finish(record)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // write what is there, then end
	if err := archive.NewFlusher(pool, j, 0).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if full, refused := j.Lost(); full+refused+j.Pending() > 0 {
		t.Fatalf("%d dropped, %d refused, %d bytes left", full, refused, j.Pending())
	}
}

// seed writes n runs of a world, evenly over a time.
func seed(t testing.TB, pool *pgxpool.Pool, w executiontest.World, n int, from, to time.Time) {
	t.Helper()
	for chunk := range slices.Chunk(slices.Collect(w.Runs(n, from, to)), 20_000) {
		write(t, pool, chunk...)
	}
	if _, err := archive.NewUpkeep(pool, archive.Retention{Bytes: 1 << 40}).Do(t.Context()); err != nil { // each day its partition
		t.Fatal(err)
	}
}

func TestRunThereAndBack(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	want, plain := executiontest.FullRecord(), executiontest.Record(executiontest.Identity())
	plain.Policy = execution.CaptureOff
	write(t, dbtest.WorkerPool(t, pool), want, plain)

	store := NewStore(pool)
	got, err := store.Get(t.Context(), executiontest.Reading(t, want.App), want.Execution)
	if err != nil {
		t.Fatal(err)
	}
	if got.Script != want.Script || got.ScriptName != "hello" || got.Version != 3 || got.Cause != want.Cause || got.Subject != "GET /anna" || got.Event != call.Fetch || got.Method != "GET" ||
		got.Path != "/anna" || got.Status != 507 || got.Outcome != call.CPU || !got.Started.Equal(want.Started) || got.Wall != want.Wall || got.Executing != want.Executing {
		t.Errorf("row %+v", got.Row)
	}
	if f := got.Failure; f == nil || f.Name != "TypeError" || f.Message != want.Failure.Message || len(f.Stack) != 2 || f.Stack[0] != want.Failure.Stack[0] || *f.Limit != want.Limit {
		t.Errorf("failure %+v", got.Failure)
	}
	if len(got.Lines) != 2 || got.MoreLines || got.Lines[1].Seq != 2 || got.Lines[1].Fields != `{"a":1}` || !got.Lines[0].At.Equal(want.Lines[0].At) {
		t.Errorf("lines %+v", got.Lines)
	}
	if got.Capture == nil || got.Capture.Request.Header[3].Value != redact.Mark || string(got.Capture.Response.Body) != "Hello" {
		t.Errorf("capture %+v", got.Capture)
	}
	if lines, err := store.Lines(t.Context(), executiontest.Reading(t, want.App), want.Execution, 1, 10); err != nil || len(lines) != 1 || lines[0].Message != "two" {
		t.Errorf("lines after 1: %+v %v", lines, err)
	}
	if got, err := store.Get(t.Context(), executiontest.Reading(t, plain.App), plain.Execution); err != nil || got.Failure != nil || got.Capture != nil || got.Lines != nil {
		t.Errorf("plain run %+v %v", got, err)
	}
	full := executiontest.Record(executiontest.Identity())
	for i := range 1001 { // the last says that there were more
		full.Lines = append(full.Lines, call.Line{At: full.Started, Level: call.Info, Message: fmt.Sprint("line ", i)})
	}
	write(t, dbtest.WorkerPool(t, pool), full)
	if got, err := store.Get(t.Context(), executiontest.Reading(t, full.App), full.Execution); err != nil || len(got.Lines) != 1001 || got.MoreLines || got.Lines[1000].Message != "line 1000" {
		t.Errorf("a full log: %d lines, more %v, %v", len(got.Lines), got.MoreLines, err)
	}
	if _, err := store.Get(t.Context(), executiontest.Reading(t, plain.App), want.Execution); err == nil {
		t.Error("another app's run was shown")
	}
	var stray int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM executions_default").Scan(&stray); err != nil || stray != 0 {
		t.Errorf("%d runs in the default partition, %v", stray, err)
	}
}
