package execution

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/call"
	"picloud/engine/id"
)

// Verdict is what is known of a run that was in the journal when its process died.
type Verdict struct {
	Outcome call.Outcome  // Killed: it ignored its deadline; Crashed: the process died
	Failure *call.Failure // nil: a text that fits the outcome
	Limit   Limit
	Ended   time.Time // zero: the last moment of which there is a trace
}

// Judge gives the verdict on a run.
type Judge func(run Running) Verdict

// Recover writes what the journal of a dead process still owes, then removes the file:
// the records that were not yet in the tables, and a row for every run that was under
// way, as judged. While the database is away, and while the process still lives, it waits
// and tries again until ctx ends. It may be run again at any time, also twice at once; a
// file that is not there is done.
func Recover(ctx context.Context, pool *pgxpool.Pool, path string, judge Judge) error {
	for backoff := firstBackoff; ; backoff = min(backoff*2, lastBackoff) {
		err := recoverOnce(ctx, pool, path, judge)
		if err == nil {
			return nil
		}
		slog.Warn("runs of a dead worker cannot be written yet", "error", err)
		pause := time.NewTimer(backoff/2 + rand.N(backoff))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("recover: %w", errors.Join(ctx.Err(), err))
		}
	}
}

func recoverOnce(ctx context.Context, pool *pgxpool.Pool, path string, judge Judge) error {
	j, err := OpenJournal(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, ErrNoJournal): // its process died while making it, before any run
		return remove(path)
	case err != nil:
		return err
	}
	defer j.Close()
	if err := j.ownerGone(); err != nil {
		return fmt.Errorf("journal %s: %w", path, err)
	}
	rest := remains{journal: j, batch: newBatch(pool), finished: make(map[id.Execution]bool)}
	if err := rest.writeRecords(ctx); err != nil {
		return err
	}
	if err := rest.writeRunning(ctx, judge); err != nil {
		return err
	}
	return remove(path)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove journal: %w", err)
	}
	return nil
}

// remains is a dead journal that is being written down.
type remains struct {
	journal  *Journal
	batch    *batch
	finished map[id.Execution]bool // those of the runs in slots that have a record
	refused  int64
	losses   []loss
}

func (r *remains) writeRecords(ctx context.Context) error {
	slots := make(map[id.Execution]bool)
	for run := range r.journal.Running() {
		slots[run.Execution] = true
	}
	r.losses = r.journal.untold()
	ring := r.journal.ring
	for at, head := ring.tail.Load(), ring.head.Load(); at < head; {
		views, bytes, next := r.batch.views[:0], 0, head
		ring.walk(at, true, func(payload []byte, after uint64) bool {
			v, err := parse(payload)
			if err != nil {
				r.refused++
				return true
			}
			if slots[v.execution] {
				r.finished[v.execution] = true
			}
			views = append(views, v)
			bytes += len(payload)
			next = after
			return len(views) < batchRows && bytes < batchBytes
		}, func(uint64) { r.refused++ })
		if len(views) < batchRows && bytes < batchBytes {
			next = head
		}
		r.batch.views = views
		if err := r.settle(ctx, views); err != nil {
			return err
		}
		at = next
	}
	return nil
}

func (r *remains) writeRunning(ctx context.Context, judge Judge) error {
	var encoded [][]byte
	for run := range r.journal.Running() {
		if !r.finished[run.Execution] {
			encoded = append(encoded, AppendRecord(nil, r.record(&run, judge(run))))
		}
	}
	views := make([]view, 0, len(encoded))
	for _, data := range encoded {
		v, err := parse(data)
		if err != nil {
			r.refused++
			continue
		}
		views = append(views, v)
	}
	if err := r.settle(ctx, views); err != nil {
		return err
	}
	if r.refused > 0 {
		r.losses = append(r.losses, loss{LostRefused, r.refused})
	}
	return r.batch.note(ctx, r.losses)
}

func (r *remains) settle(ctx context.Context, views []view) error {
	if len(views) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	refused, err := r.batch.settle(ctx, views, true)
	r.refused += refused
	return err
}

// record is the row of a run that never ended.
func (r *remains) record(run *Running, verdict Verdict) *Record {
	ended := verdict.Ended
	if ended.IsZero() {
		ended = r.journal.lastSeen(run.Slot)
	}
	failure := verdict.Failure
	if failure == nil {
		failure = &call.Failure{Message: "The process that ran the function died because of another run."}
		if verdict.Outcome == call.Killed {
			failure.Message = "The run ignored its deadline and was killed with its process."
		}
	}
	executing := time.Duration(r.journal.pages.int(slotAt(run.Slot) + inExecuted).Load())
	if !run.Waiting {
		executing += max(ended.Sub(r.journal.lastSeen(run.Slot)), 0)
	}
	return &Record{
		Execution: run.Execution, App: run.App, Script: run.Script, ScriptName: run.ScriptName, Version: run.Version,
		Trigger: run.Trigger, Method: run.Method, Path: run.Path, Status: verdict.Outcome.Status(), Outcome: verdict.Outcome,
		Started: run.Started, Wall: max(ended.Sub(run.Started), 0), Executing: executing, Failure: failure, Limit: verdict.Limit,
	}
}
