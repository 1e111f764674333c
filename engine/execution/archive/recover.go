package archive

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
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
)

// Verdict is what is known of a run that was in the journal when its process died.
type Verdict struct {
	Outcome call.Outcome  // Killed: it ignored its deadline; Crashed: the process died
	Failure *call.Failure // nil: a text that fits the outcome
	Limit   execution.Limit
	Ended   time.Time // zero: the last moment of which there is a trace
}

// Judge gives the verdict on a run.
type Judge func(run execution.Running) Verdict

// Recover writes what the journal of a dead process still owes, then removes the file:
// the records that were not yet in the tables, and a row for every run that was under
// way, as judged. While the database is away, and while the process still lives, it waits
// and tries again until ctx ends. It may be run again at any time, also twice at once; a
// file that is not there is done.
func Recover(ctx context.Context, pool *pgxpool.Pool, path string, share int64, judge Judge) error {
	for backoff := firstBackoff; ; backoff = min(backoff*2, lastBackoff) {
		err := recoverOnce(ctx, pool, path, share, judge)
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

func recoverOnce(ctx context.Context, pool *pgxpool.Pool, path string, share int64, judge Judge) error {
	j, err := journal.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, journal.ErrNone): // its process died while making it, before any run
		return remove(path)
	case errors.Is(err, journal.ErrUnreadable):
		return setAside(path)
	case err != nil:
		return err
	}
	defer j.Close()
	if err := j.OwnerGone(); err != nil {
		return fmt.Errorf("journal %s: %w", path, err)
	}
	rest := remains{journal: j, batch: newBatch(pool, share), finished: make(map[id.Execution]bool)}
	if err := rest.writeRecords(ctx); err != nil {
		return err
	}
	if err := rest.writeRunning(ctx, judge); err != nil {
		return err
	}
	return remove(path)
}

// setAside keeps a journal that cannot be read here, perhaps of a newer version, for who can.
func setAside(path string) error {
	kept := path + ".unread"
	if err := os.Rename(path, kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set journal aside: %w", err)
	}
	slog.Error("a worker's journal is of another version of PiCloud, or damaged; its runs are in no list until a version that can read it starts with its old name", "kept", kept)
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove journal: %w", err)
	}
	return nil
}

// remains is a dead journal that is being written down.
type remains struct {
	journal  *journal.Journal
	batch    *batch
	finished map[id.Execution]bool // those of the runs in slots that have a record
	refused  int64
	losses   []journal.Loss
}

func (r *remains) writeRecords(ctx context.Context) error {
	slots := make(map[id.Execution]bool)
	for run := range r.journal.Running() {
		slots[run.Execution] = true
	}
	for crowd := range r.journal.Crowds() {
		slots[crowd.Execution] = true
	}
	r.losses = r.journal.Untold()
	for at, head := r.journal.Unwritten(); at < head; {
		views, bytes, next := r.batch.views[:0], 0, head
		r.journal.Walk(at, true, func(payload []byte, after uint64) bool {
			v, err := execution.Parse(payload)
			if err != nil {
				r.refused++
				return true
			}
			if slots[v.Execution] {
				r.finished[v.Execution] = true
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
			encoded = append(encoded, execution.AppendRecord(nil, r.record(&run, judge(run))))
		}
	}
	for crowd := range r.journal.Crowds() {
		if !r.finished[crowd.Execution] {
			encoded = append(encoded, execution.AppendRecord(nil, crowdRecord(&crowd)))
		}
	}
	views := make([]execution.View, 0, len(encoded))
	for _, data := range encoded {
		v, err := execution.Parse(data)
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
		r.losses = append(r.losses, journal.Loss{Reason: journal.LostRefused, Count: r.refused})
	}
	return r.batch.note(ctx, r.losses)
}

func (r *remains) settle(ctx context.Context, views []execution.View) error {
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
func (r *remains) record(run *execution.Running, verdict Verdict) *execution.Record {
	seen, executing := r.journal.Seen(run.Slot)
	ended := verdict.Ended
	if ended.IsZero() {
		ended = seen
	}
	failure := verdict.Failure
	if failure == nil {
		failure = &call.Failure{Message: "The process that ran the function died because of another run."}
		if verdict.Outcome == call.Killed {
			failure.Message = "The run ignored its deadline and was killed with its process."
		}
	}
	if !run.Waiting {
		executing += max(ended.Sub(seen), 0)
	}
	return &execution.Record{
		Identity: run.Identity, Status: verdict.Outcome.Status(), Outcome: verdict.Outcome,
		Wall: max(ended.Sub(run.Started), 0), Executing: executing, Failure: failure, Limit: verdict.Limit,
	}
}

// crowdRecord is the row that calls share whose worker died before it was written.
func crowdRecord(crowd *journal.Crowd) *execution.Record {
	return &execution.Record{
		Identity: crowd.Identity, Status: crowd.Outcome.Status(), Outcome: crowd.Outcome, Others: crowd.Others,
		Failure: &call.Failure{Message: "The call did not get to the function; why not is lost with the worker's process."},
	}
}
