package archive

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/execution/executiontest"
	"picloud/engine/id"
)

// Who writes never waits for a range to be read: what proves that it may be cut is read
// beside them.
func TestCutReadsNothingUnderItsLock(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	var mu sync.Mutex
	var notices []string
	config := pool.Config()
	config.ConnConfig.RuntimeParams["client_min_messages"] = "debug1"
	config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		mu.Lock()
		defer mu.Unlock()
		notices = append(notices, n.Message)
	}
	telling, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer telling.Close()
	now := time.Now().UTC().Truncate(24 * time.Hour).Add(time.Hour)
	w := executiontest.NewWorld(2)
	seed(t, pool, w, 1000, now.Add(-30*time.Minute), now)
	spans, _, err := listSpans(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	at := id.Earliest[id.Execution](now.Add(time.Minute))
	if err := cutSpan(t.Context(), telling, spans[current(spans, now)], at); err != nil {
		t.Fatal(err)
	}
	for _, t2 := range tables {
		implied := false
		for _, notice := range notices {
			implied = implied || strings.Contains(notice, t2.name+"_2") && strings.Contains(notice, "is implied by existing constraints")
		}
		if !implied {
			t.Errorf("%s was read while it was locked: %q", t2.name, notices)
		}
	}
	if n := countRows(t, pool, "executions"); n != 1000 {
		t.Errorf("lost row: %d of 1000", n)
	}
	after, _, err := listSpans(t.Context(), pool)
	if err != nil || len(after) != len(spans)+1 {
		t.Errorf("%d ranges of %d: %v", len(after), len(spans), err)
	}
	if n := countRows(t, pool, "pg_constraint WHERE conname = 'ending'"); n != 0 {
		t.Errorf("%d constraints are left", n)
	}
}

// A row behind the end of a cut that never was finished waits in its ring until the upkeep has
// taken the cut back.
func TestUnfinishedCutKeepsRows(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	spans, _, err := listSpans(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range spans[current(spans, time.Now())].names {
		if strings.HasPrefix(name, "executions_") {
			if _, err := pool.Exec(t.Context(), "ALTER TABLE "+name+" ADD CONSTRAINT ending CHECK (id < '00000000-0000-7000-8000-000000000000') NOT VALID"); err != nil {
				t.Fatal(err)
			}
		}
	}
	j := newJournal(t, 8, 1<<20)
	record := finish(j, nil)
	f := NewFlusher(dbtest.WorkerPool(t, pool), j, 0)
	f.read(0)
	if refused, err := f.batch.settle(t.Context(), f.batch.views, false); err == nil || refused > 0 {
		t.Fatalf("lost row: refused %d, %v", refused, err)
	}
	if _, err := NewUpkeep(pool, Retention{}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, dbtest.WorkerPool(t, pool), j)
	if n := countRows(t, pool, "executions WHERE id = '"+record.Execution.String()+"'"); n != 1 {
		t.Error("lost row: it is not there when the cut is taken back")
	}
}
