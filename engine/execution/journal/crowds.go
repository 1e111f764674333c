package journal

import (
	"sync"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// ownRows is how many refused calls of a script have a row of their own in a minute, for each
// outcome. The others share one, so that a flood on one URL does not fill the history of all.
const ownRows = 60

// Crowds counts the refused calls that share a row. The row is written when the minute is over.
type Crowds struct {
	journal *Journal
	written func(*execution.Record)

	mu     sync.Mutex
	minute time.Time
	met    map[crowdKey]*crowd
	over   *time.Timer // runs while there is a row to write
	closed bool
}

type crowdKey struct {
	script  id.Script
	version int
	outcome call.Outcome
}

type crowd struct {
	own    int               // rows of their own
	record *execution.Record // that the others share; nil: none yet
	slot   Slot
}

// NewCrowds makes it over a journal that this process made; written hears of each shared row.
func NewCrowds(journal *Journal, written func(*execution.Record)) *Crowds {
	return &Crowds{journal: journal, written: written, met: make(map[crowdKey]*crowd)}
}

// Join counts a refused call in the row that it shares with others and gives that row's run;
// false: it has a row of its own, as a person's draft always has.
func (c *Crowds) Join(record *execution.Record) (shared id.Execution, joined bool) {
	if record.Cause.Kind == call.Draft {
		return id.Execution{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if minute := now.Truncate(time.Minute); !minute.Equal(c.minute) {
		c.write()
		c.minute = minute
	}
	key := crowdKey{record.Script, record.Version, record.Outcome}
	of := c.met[key]
	if of == nil {
		of = &crowd{}
		c.met[key] = of
	}
	switch {
	case of.record != nil:
		of.slot.Join()
	case of.own < ownRows || c.closed:
		of.own++
		return id.Execution{}, false
	default:
		slot, ok := c.journal.BeginCrowd(&record.Identity, record.Outcome)
		if !ok {
			return id.Execution{}, false
		}
		first := *record
		first.Request = nil // its caller may have it back
		of.record, of.slot = &first, slot
		if c.over == nil {
			c.over = time.AfterFunc(c.minute.Add(time.Minute).Sub(now), c.end)
		}
	}
	return of.record.Execution, true
}

// end writes the rows of a minute that is over.
func (c *Crowds) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write()
}

// Close writes what there is to write. Nothing is counted together afterwards.
func (c *Crowds) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.write()
}

func (c *Crowds) write() {
	for _, of := range c.met {
		if of.record != nil {
			of.record.Others = of.slot.Others()
			of.slot.Finish(of.record)
			c.written(of.record)
		}
	}
	clear(c.met)
	if c.over != nil {
		c.over.Stop()
		c.over = nil
	}
}
