package journal

import (
	"fmt"
	"sync"
	"time"

	"picloud/engine/execution"
	"picloud/engine/id"
)

// Refusals writes down calls that were refused before they could begin. Of a script's calls
// in a second the first have a row each, the others one together that says how many they
// are. While the ring fills they are only counted, so that a flood costs little memory and
// loses nothing, however long the database is away.
type Refusals struct {
	journal *Journal

	mu      sync.Mutex
	closed  bool
	tallies map[id.Script]*tally
}

type tally struct {
	rows int
	more int64
	last execution.Record // of those that are only counted
}

const (
	tallyTime = time.Second
	ownRows   = 10 // of a script in that time
)

// NewRefusals makes it over a journal that this process made and nobody else writes.
func NewRefusals(journal *Journal) *Refusals {
	return &Refusals{journal: journal, tallies: make(map[id.Script]*tally)}
}

// Add writes a refused call down, or counts it; it tells whether the call has a row of its own.
func (r *Refusals) Add(record *execution.Record) (own bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if len(r.tallies) == 0 {
		time.AfterFunc(tallyTime, func() { r.settle(false) })
	}
	t := r.tallies[record.Script]
	if t == nil {
		t = &tally{}
		r.tallies[record.Script] = t
	}
	if t.rows == ownRows || r.filled(2) {
		t.more, t.last = t.more+1, *record
		return false
	}
	t.rows++
	r.journal.NoSlot().Finish(record)
	return true
}

// Close writes down what was counted. What is added later leaves no row.
func (r *Refusals) Close() { r.settle(true) }

// settle begins anew, with those counts for which there is no room yet.
func (r *Refusals) settle(last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = r.closed || last
	for script, t := range r.tallies {
		t.rows = 0
		if t.more > 0 && (last || !r.filled(3)) {
			r.journal.NoSlot().Finish(t.together())
			t.more = 0
		}
		if t.more == 0 {
			delete(r.tallies, script)
		}
	}
	if len(r.tallies) > 0 && !last {
		time.AfterFunc(tallyTime, func() { r.settle(false) })
	}
}

// filled tells whether so many fifths of the ring wait for the database.
func (r *Refusals) filled(fifths int64) bool {
	return r.journal.Pending() > r.journal.Room()*fifths/5
}

// together is the row of those that were counted: the last of them, and how many more.
func (t *tally) together() *execution.Record {
	if t.more > 1 && t.last.Failure != nil {
		why := *t.last.Failure
		why.Message += fmt.Sprintf(" And %d more like it.", t.more-1)
		t.last.Failure = &why
	}
	return &t.last
}
