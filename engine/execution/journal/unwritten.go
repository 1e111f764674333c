package journal

import (
	"context"
	"time"
)

// The ring's other end: what the one who writes records into the database does with them.

// Loss is a number of runs that have no row.
type Loss struct {
	Reason string
	Count  int64
}

// The reasons of a loss, as the table run_losses has them.
const (
	LostFull    = "full"    // no room in the ring
	LostRefused = "refused" // the database did not take it, or it could not be read
)

const (
	joinPause = 40 * time.Millisecond // between the first record and its batch, for others to join it
	idleAfter = 10 * time.Second
)

// Await waits until there are records and gives others a moment to join them, unless many
// have. After a while without any it calls idle. False: ctx has ended.
func (j *Journal) Await(ctx context.Context, idle func()) bool {
	ring := j.ring
	ring.crowd.Store(0)
	ring.sleeping.Store(true)
	if ring.empty() {
		long := time.NewTimer(idleAfter)
		defer long.Stop()
		for waiting := true; waiting; {
			select {
			case <-ring.wake:
				waiting = ring.empty() // a wake-up may be left over from an earlier batch
			case <-long.C:
				idle()
			case <-ctx.Done():
				waiting = false
			}
		}
	}
	ring.sleeping.Store(false)
	pause := time.NewTimer(joinPause)
	defer pause.Stop()
	for ring.crowd.Load() < manyRecords {
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

// Unwritten are the positions of the first record that is not yet in the database and of
// the end of the last.
func (j *Journal) Unwritten() (from, to uint64) { return j.ring.tail.Load(), j.ring.head.Load() }

// Walk gives the encoded records from a position on, each with the position after it, until
// take returns false. At a record that is not committed it stops, or, when its producer is
// dead, steps over it; damaged tells of what cannot be trusted, and the position after it.
func (j *Journal) Walk(from uint64, dead bool, take func(record []byte, next uint64) bool, damaged func(next uint64)) {
	j.ring.walk(from, dead, take, damaged)
}

// Advance says that all before a position are in the database.
func (j *Journal) Advance(to uint64) { j.ring.advance(to) }

// Pending is the number of bytes in the ring that are not yet in the database.
func (j *Journal) Pending() int64 { return int64(j.ring.head.Load() - j.ring.tail.Load()) }

// Room is the size of the ring in bytes.
func (j *Journal) Room() int64 { return int64(j.ring.size) }

// Lost tells how many finished runs have no row: for want of room, and because the
// database did not take them. It may be called in any process.
func (j *Journal) Lost() (full, refused int64) {
	return j.pages.int(atFull).Load(), j.pages.int(atRefused).Load()
}

// Refused counts records that the database did not take, or that could not be read.
func (j *Journal) Refused(n int64) { j.pages.int(atRefused).Add(n) }

// Untold are the losses that have no row in run_losses yet.
func (j *Journal) Untold() []Loss {
	var losses []Loss
	full, refused := j.Lost()
	if n := full - j.pages.int(atFullTold).Load(); n > 0 {
		losses = append(losses, Loss{LostFull, n})
	}
	if n := refused - j.pages.int(atRefusedTold).Load(); n > 0 {
		losses = append(losses, Loss{LostRefused, n})
	}
	return losses
}

// Told says that losses have their row.
func (j *Journal) Told(losses []Loss) {
	for _, l := range losses {
		at := atRefusedTold
		if l.Reason == LostFull {
			at = atFullTold
		}
		j.pages.int(at).Add(l.Count)
	}
}
