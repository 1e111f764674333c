package archive

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/execution"
	"picloud/engine/execution/journal"
)

// Flusher moves finished runs from a journal's ring into the tables. While the database
// is away they stay in the ring.
type Flusher struct {
	journal *journal.Journal
	batch   *batch
}

const (
	flushTimeout = 30 * time.Second // of one transaction
	drainTimeout = 5 * time.Second  // for what is left when the process ends
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Second
)

// NewFlusher makes the one consumer of a journal that this process created. An app has a share
// of the history, in bytes of a rolling day; 0: no limit.
func NewFlusher(pool *pgxpool.Pool, journal *journal.Journal, share int64) *Flusher {
	return &Flusher{journal: journal, batch: newBatch(pool, share)}
}

// Run works until ctx ends, then writes what is left, for up to five seconds. It does
// nothing while there is nothing to do.
func (f *Flusher) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ending := context.AfterFunc(ctx, func() { time.AfterFunc(drainTimeout, stop) })
	defer ending()
	for f.journal.Await(ctx, f.batch.forget) {
		f.drain(ctx, work)
	}
	for f.journal.Pending() > 0 && work.Err() == nil {
		if !f.drain(ctx, work) {
			break
		}
	}
	return nil
}

// drain writes whole batches, and what is there when it begins; false when it gave up.
func (f *Flusher) drain(ctx, work context.Context) bool {
	for from, until := f.journal.Unwritten(); from < until; from, _ = f.journal.Unwritten() {
		next := f.read(from)
		if next == from {
			return false // a producer is still copying
		}
		if !f.write(ctx, work) {
			return false
		}
		f.journal.Advance(next)
	}
	return true
}

// read fills the batch with views of the next records and tells where they end.
func (f *Flusher) read(from uint64) (next uint64) {
	next = from
	bytes := 0
	f.batch.views = f.batch.views[:0]
	f.journal.Walk(from, false, func(payload []byte, after uint64) bool {
		next = after
		v, err := execution.Parse(payload)
		if err != nil {
			f.journal.Refused(1)
			return true
		}
		f.batch.views = append(f.batch.views, v)
		bytes += len(payload)
		return len(f.batch.views) < batchRows && bytes < batchBytes
	}, func(after uint64) {
		next = after
		f.journal.Refused(1)
	})
	return next
}

// write tries until the batch is in the database. It gives up once ctx has ended and
// the database is away: what is in the ring is recovered after the process's end.
func (f *Flusher) write(ctx, work context.Context) bool {
	if len(f.batch.views) == 0 {
		return true
	}
	backoff := firstBackoff
	for check := false; ; check = true {
		losses := f.journal.Untold()
		attempt, cancel := context.WithTimeout(work, flushTimeout)
		refused, err := f.batch.settle(attempt, f.batch.views, check)
		if err == nil {
			err = f.batch.note(attempt, losses)
		}
		cancel()
		if err == nil {
			f.journal.Told(losses)
			f.journal.Refused(refused)
			if check {
				slog.Info("runs are written again")
			}
			return true
		}
		slog.Warn("runs cannot be written; they wait", "runs", len(f.batch.views), "waiting", f.journal.Pending(), "error", err)
		if ctx.Err() != nil {
			return false
		}
		pause := time.NewTimer(backoff/2 + rand.N(backoff))
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
		backoff = min(backoff*2, lastBackoff)
	}
}
