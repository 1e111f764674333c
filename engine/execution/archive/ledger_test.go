package archive

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/history"
	"picloud/engine/id"
)

// writes puts records into the tables as one batch and gives the newest one's row.
func (b *batch) writes(t *testing.T, records ...*execution.Record) {
	t.Helper()
	var views []execution.View
	for _, record := range records {
		v, err := execution.Parse(execution.AppendRecord(nil, record))
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, v)
	}
	if err := b.write(t.Context(), views, false); err != nil {
		t.Fatal(err)
	}
}

// ofApp is a run of an app with a log and messages, which failed or not.
func ofApp(app id.App, script id.Script, failed bool) *execution.Record {
	record := executiontest.FullRecord()
	record.Execution, record.App, record.Script = id.New[id.Execution](), app, script
	record.Failure.Message = strings.Repeat("long ", 2000)
	if !failed {
		record.Outcome, record.Status, record.Failure, record.Limit = call.OK, 200, nil, execution.Limit{}
	}
	return record
}

// The further an app is over its share of the rolling day, the less is kept of its runs; those
// of others are whole, and all of them are counted.
func TestShareOfHistory(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	const share = 1 << 20
	greedy, modest := executiontest.NewWorld(1), executiontest.NewWorld(1)
	store := history.NewStore(pool)
	store.AppShare = share
	for n, c := range []struct {
		used            int64
		log, capture    bool
		succeeds, fails int // rows of 100
		left            execution.LeftOut
	}{
		{share - 1, true, true, 100, 100, execution.NothingLeftOut},
		{share, true, false, 100, 100, execution.MessagesLeftOut},
		{share / 4 * 5, false, false, 100, 100, execution.LogLeftOut},
		{share / 2 * 3, false, false, 0, 100, execution.LogLeftOut},
		{share * 2, false, false, 0, ownFailures, execution.LogLeftOut},
	} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			setUsed(t, pool, greedy, c.used)
			b := newBatch(dbtest.WorkerPool(t, pool), share) // as a worker that has just started
			b.ledger.minute = time.Now().Truncate(time.Minute)
			before, counted := countRows(t, pool, "executions"), runsOf(t, store, greedy)
			var good, bad []*execution.Record
			for range 100 {
				good, bad = append(good, ofApp(greedy.App, greedy.Scripts[0], false)), append(bad, ofApp(greedy.App, greedy.Scripts[0], true))
			}
			b.writes(t, good...)
			b.ledger.used[greedy.App] = c.used
			if rows := countRows(t, pool, "executions") - before; rows != c.succeeds {
				t.Errorf("%d rows of runs that succeed, want %d", rows, c.succeeds)
			}
			b.writes(t, bad...)
			if rows := countRows(t, pool, "executions") - before - c.succeeds; rows != c.fails && rows != min(2*c.fails, 100) { // the minute may turn
				t.Errorf("%d rows of runs that fail, want %d", rows, c.fails)
			}
			other := ofApp(modest.App, modest.Scripts[0], false)
			b.writes(t, other)
			if got := runsOf(t, store, greedy) - counted; got != 200 {
				t.Errorf("%d runs are counted, want 200", got)
			}
			run, err := store.Get(t.Context(), executiontest.Reading(t, greedy.App), bad[0].Execution)
			if err != nil {
				t.Fatalf("lost row: %v", err)
			}
			if len(run.Lines) > 0 != c.log || run.Capture != nil != c.capture || run.LeftOut != c.left || run.LineCount != 2 {
				t.Errorf("kept: %d lines, messages %v; %v left out", len(run.Lines), run.Capture != nil, run.LeftOut)
			}
			if long := len(run.Failure.Message) > 1<<10; long != (c.used < share/2*3) || run.Failure.Limit == nil {
				t.Errorf("a failure of %d bytes, %v", len(run.Failure.Message), run.Failure.Limit)
			}
			if run, err = store.Get(t.Context(), executiontest.Reading(t, modest.App), other.Execution); err != nil || len(run.Lines) != 2 || run.Capture == nil {
				t.Errorf("of another app's run is kept: %+v %v", run, err)
			}
		})
	}
}

// What an app is said to have added is about what its rows take on disk.
func TestFootprintIsTrue(t *testing.T) {
	t.Parallel()
	pool := newDatabase(t)
	for name, record := range map[string]func(w executiontest.World) *execution.Record{
		"plain": func(w executiontest.World) *execution.Record {
			record := executiontest.Record(executiontest.Identity())
			record.App, record.Script = w.App, w.Scripts[0]
			return record
		},
		"full": func(w executiontest.World) *execution.Record {
			record := ofApp(w.App, w.Scripts[0], true)
			record.Failure.Message = "cannot read property 7 of undefined" // a long one is compressed there
			return record
		},
		"chatty": func(w executiontest.World) *execution.Record {
			record := ofApp(w.App, w.Scripts[0], false)
			for range 20 {
				record.Lines = append(record.Lines, call.Line{At: time.Now(), Level: call.Info, Message: strings.Repeat("word ", 20)})
			}
			return record
		},
	} {
		w := executiontest.NewWorld(1)
		before := sizeOf(t, pool)
		b := newBatch(pool, 1<<40)
		for range 4 {
			var records []*execution.Record
			for range 500 {
				records = append(records, record(w))
			}
			b.writes(t, records...)
		}
		said, is := b.ledger.used[w.App], sizeOf(t, pool)-before
		if ratio := float64(said) / float64(is); ratio < 0.6 || ratio > 1.7 {
			t.Errorf("%s: said to take %d bytes, takes %d", name, said, is)
		}
	}
}

func sizeOf(t *testing.T, pool *pgxpool.Pool) (size int64) {
	t.Helper()
	spans, defaults, err := listSpans(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	size = defaults
	for _, s := range spans {
		size += s.size
	}
	return size
}

// setUsed makes an app have added so much in the hours of today.
func setUsed(t *testing.T, pool *pgxpool.Pool, w executiontest.World, used int64) {
	t.Helper()
	hour := time.Now().UTC().Truncate(time.Hour)
	_, err := pool.Exec(t.Context(), `DELETE FROM run_counts WHERE app_id = $1 AND script_id = $1`, w.App)
	if err == nil {
		_, err = pool.Exec(t.Context(), `UPDATE run_counts SET bytes = 0 WHERE app_id = $1`, w.App)
	}
	for ago, bytes := range map[time.Duration]int64{0: used / 2, 22 * time.Hour: used - used/2, 30 * time.Hour: 1 << 40} {
		if err == nil {
			_, err = pool.Exec(t.Context(), `INSERT INTO run_counts (app_id, script_id, hour, runs, failures, wall_us, cpu_us, wall_us_max, bytes)
				VALUES ($1, $1, $2, 0, 0, 0, 0, 0, $3)`, w.App, hour.Add(-ago), bytes)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func runsOf(t *testing.T, store *history.Store, w executiontest.World) int64 {
	t.Helper()
	recent, err := store.Recent(t.Context(), executiontest.Reading(t, w.App))
	if err != nil {
		t.Fatal(err)
	}
	if did := recent[w.Scripts[0]]; did != nil {
		return did.Runs
	}
	return 0
}
