package execution

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Flusher moves finished runs from a journal's ring into the tables. While the database
// is away they stay in the ring.
type Flusher struct {
	journal *Journal
	batch   *batch
}

const (
	flushPause   = 40 * time.Millisecond // between the first record and its batch, for others to join it
	flushTimeout = 30 * time.Second      // of one transaction
	drainTimeout = 5 * time.Second       // for what is left when the process ends
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Second
	forgetAfter  = 10 * time.Second
)

// NewFlusher makes the one consumer of a journal that this process created.
func NewFlusher(pool *pgxpool.Pool, journal *Journal) *Flusher {
	return &Flusher{journal: journal, batch: newBatch(pool)}
}

// Run works until ctx ends, then writes what is left, for up to five seconds. It does
// nothing while there is nothing to do.
func (f *Flusher) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ending := context.AfterFunc(ctx, func() { time.AfterFunc(drainTimeout, stop) })
	defer ending()
	for f.sleep(ctx) {
		f.drain(ctx, work)
	}
	for !f.journal.ring.empty() && work.Err() == nil {
		if !f.drain(ctx, work) {
			break
		}
	}
	return nil
}

// sleep waits for records; false when ctx has ended.
func (f *Flusher) sleep(ctx context.Context) bool {
	ring := f.journal.ring
	ring.crowd.Store(0)
	ring.sleeping.Store(true)
	if ring.empty() {
		long := time.NewTimer(forgetAfter)
		defer long.Stop()
		for waiting := true; waiting; {
			select {
			case <-ring.wake:
				waiting = ring.empty() // a wake-up may be left over from an earlier batch
			case <-long.C:
				f.batch.forget()
			case <-ctx.Done():
				waiting = false
			}
		}
	}
	ring.sleeping.Store(false)
	pause := time.NewTimer(flushPause)
	defer pause.Stop()
	for ring.crowd.Load() < ring.urgent {
		select {
		case <-pause.C:
			return true
		case <-ctx.Done():
			return false
		case <-ring.wake:
		}
	}
	return true
}

// drain writes whole batches, and what is there when it begins; false when it gave up.
func (f *Flusher) drain(ctx, work context.Context) bool {
	ring := f.journal.ring
	until := ring.head.Load()
	for ring.tail.Load() < until {
		from := ring.tail.Load()
		next := f.read(from)
		if next == from {
			return false // a producer is still copying
		}
		if !f.write(ctx, work) {
			return false
		}
		ring.advance(next)
	}
	return true
}

// read fills the batch with views of the next records and tells where they end.
func (f *Flusher) read(from uint64) (next uint64) {
	next = from
	bytes := 0
	f.batch.views = f.batch.views[:0]
	f.journal.ring.walk(from, false, func(payload []byte, after uint64) bool {
		next = after
		v, err := parse(payload)
		if err != nil {
			f.journal.pages.int(atRefused).Add(1)
			return true
		}
		f.batch.views = append(f.batch.views, v)
		bytes += len(payload)
		return len(f.batch.views) < batchRows && bytes < batchBytes
	}, func(after uint64) {
		next = after
		f.journal.pages.int(atRefused).Add(1)
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
		losses := f.journal.untold()
		attempt, cancel := context.WithTimeout(work, flushTimeout)
		refused, err := f.batch.settle(attempt, f.batch.views, check)
		if err == nil {
			err = f.batch.note(attempt, losses)
		}
		cancel()
		if err == nil {
			f.told(losses)
			f.journal.pages.int(atRefused).Add(refused)
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

func (f *Flusher) told(losses []loss) {
	for _, l := range losses {
		f.journal.pages.int(toldAt[l.reason]).Add(l.count)
	}
}

var toldAt = map[string]int{LostFull: atFullTold, LostRefused: atRefusedTold}

// untold are the losses that have no row in run_losses yet.
func (j *Journal) untold() []loss {
	var losses []loss
	full, refused := j.Lost()
	if n := full - j.pages.int(atFullTold).Load(); n > 0 {
		losses = append(losses, loss{LostFull, n})
	}
	if n := refused - j.pages.int(atRefusedTold).Load(); n > 0 {
		losses = append(losses, loss{LostRefused, n})
	}
	return losses
}
