package journal

import (
	"bytes"
	"iter"
	"sync/atomic"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
)

// A crowd is calls that share one row: a slot counts them, so that they are known also when
// the process dies. It has the row's identity and, at its end, the outcome of all of them.
const inCrowdOutcome = slotSize - 32

// crowdPart is the part of the slots that may be crowds.
const crowdPart = 8

// Crowd is calls that share a row, as they are in a slot.
type Crowd struct {
	execution.Identity // of the first of them
	Outcome            call.Outcome
	Others             int64 // beside the first
}

// BeginCrowd enters the first of some calls that share a row, which Finish makes. False:
// there is no room for it.
func (j *Journal) BeginCrowd(who *execution.Identity, outcome call.Outcome) (Slot, bool) {
	if int(j.crowds.Add(1)) > j.slots/crowdPart || !j.ring.promise() {
		j.crowds.Add(-1)
		return Slot{}, false
	}
	slot := j.enter(counting, func(slot []byte) {
		clear(slot[inCrowdOutcome:])
		copy(slot[inCrowdOutcome:], outcome)
		j.fill(slot[:inCrowdOutcome], &Entry{Identity: *who, Deadline: who.Started})
	})
	if slot.index < 0 {
		j.crowds.Add(-1)
		return Slot{}, false
	}
	return slot, true
}

// Join counts one more call in a crowd.
func (s Slot) Join() { s.others().Add(1) }

// Others is how many calls there are in a crowd beside the first.
func (s Slot) Others() int64 { return s.others().Load() }

func (s Slot) others() *atomic.Int64 {
	return s.journal.pages.int(s.journal.form.slotAt(int(s.index)) + inExecuted)
}

// Crowds goes over those that are not finished.
func (j *Journal) Crowds() iter.Seq[Crowd] {
	return func(yield func(Crowd) bool) {
		if j.pages.int(atRunning).Load() <= 0 {
			return
		}
		for i := range j.slots {
			copied, s, ok := j.copySlot(i)
			if !ok || s != counting {
				continue
			}
			v, ok := j.form.decode(copied[:inCrowdOutcome])
			if !ok {
				continue
			}
			v.Started = time.Unix(0, v.started).UTC()
			crowd := Crowd{
				Identity: v.Identity, Others: v.executed,
				Outcome: call.Outcome(bytes.TrimRight(copied[inCrowdOutcome:slotSize], "\x00")),
			}
			if !yield(crowd) {
				return
			}
		}
	}
}
