package jobs

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"picloud/db/dbtest"
	"picloud/engine/execution/archive"
)

func TestUpkeepRunsAtStart(t *testing.T) {
	pool := dbtest.New(t)
	for range 2 {
		if err := Migrate(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	before := goleak.IgnoreCurrent()
	jobs, err := Open(pool, archive.Retention{}, func(context.Context) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- jobs.Run(ctx) }()
	partitions := func() (n int) {
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_inherits WHERE inhparent = 'executions'::regclass").Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	for tick, end := time.NewTicker(20*time.Millisecond), time.After(30*time.Second); partitions() < 5; {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%d partitions after 30 s", partitions())
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	pool.Reset()
	goleak.VerifyNone(t, before)
}
