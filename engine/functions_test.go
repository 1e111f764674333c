package engine

import (
	"context"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"picloud/db/dbtest"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/journal"
	"picloud/engine/worker"
)

// While functions wait for the database with all the connections that they can have, routes
// are read and records are written.
func TestRecordsAndRoutesDoNotWaitForFunctions(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	if err := archive.EnsurePartitions(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWorker(t.Context(), worker.Config{
		DatabaseURL: dbtest.WorkerURL(t, pool), Journal: filepath.Join(t.TempDir(), "journal"), JournalSlots: 68, RingSize: journal.MinRing,
		MaxRunning: 4, MaxWaiting: 64, MemoryBudget: 1 << 30,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for range functionConns {
		conn, err := w.functions.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	var background sync.WaitGroup
	background.Go(func() { _ = w.Run(ctx) })
	defer background.Wait()
	defer stop()
	if err := w.Table.Refresh(ctx); err != nil {
		t.Errorf("routes: %v", err)
	}
	w.journal.NoSlot().Finish(executiontest.Record(executiontest.Identity()))
	for w.journal.Pending() > 0 && ctx.Err() == nil {
		runtime.Gosched()
	}
	if ctx.Err() != nil {
		t.Error("the record was not written")
	}
}
