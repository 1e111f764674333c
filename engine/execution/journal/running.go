package journal

import (
	"iter"
	"time"

	"picloud/engine/execution"
)

// Running goes over the calls that run now, or ran when their process died. While none
// runs it costs one atomic load. Started is as the worker's wall clock had it; Deadline
// and ExecutingSince are moved to the clock of the process that asks.
func (j *Journal) Running() iter.Seq[execution.Running] {
	return func(yield func(execution.Running) bool) {
		left := j.pages.int(atRunning).Load()
		if left <= 0 {
			return
		}
		now, mine := j.clock.now(), time.Now()
		for i := range j.slots {
			run, ok := j.read(i, now, mine)
			if ok && !yield(run) {
				return
			}
		}
	}
}

func (j *Journal) read(index int, now int64, mine time.Time) (execution.Running, bool) {
	copied, in, ok := j.copySlot(index)
	if !ok || in == counting {
		return execution.Running{}, false
	}
	v, ok := j.form.decode(copied[:j.form.slotSize])
	return v.running(index, in, now, mine), ok
}

// copySlot takes a copy of a slot in use that is whole: the word is the same before and
// after. All loads are atomic, which keeps them in order.
func (j *Journal) copySlot(index int) (copied [slotSize]byte, in state, ok bool) {
	at := j.form.slotAt(index)
	word := j.pages.word(at + inWord)
	for range 100 {
		before := word.Load()
		if state(before) == free || state(before) == claimed {
			return copied, free, false
		}
		for i := 0; i < j.form.slotSize; i += 8 {
			putInt(copied[:], i, int64(j.pages.word(at+i).Load()))
		}
		if word.Load() == before {
			return copied, state(before), true
		}
	}
	return copied, free, false
}

// slotView is what a slot says, in nanoseconds by the journal's clock.
type slotView struct {
	execution.Identity
	program                            [32]byte
	started, deadline, since, executed int64
}

func decodeSlot(slot []byte) (v slotView, ok bool) {
	who, _, err := execution.DecodeIdentity(slot[inIdentity:])
	return slotView{
		Identity: who, program: [32]byte(slot[inProgram:inIdentity]),
		started: getInt(slot, inStarted), deadline: getInt(slot, inDeadline), since: getInt(slot, inSince), executed: getInt(slot, inExecuted),
	}, err == nil
}

func (v *slotView) running(index int, s state, now int64, mine time.Time) execution.Running {
	here := func(at int64) time.Time { return mine.Add(time.Duration(at - now)) }
	run := execution.Running{
		Identity: v.Identity, Program: v.program, Slot: index, Waiting: s != executing,
		Executing: time.Duration(v.executed), Deadline: here(v.deadline),
	}
	run.Started = time.Unix(0, v.started).UTC()
	if s == executing {
		run.ExecutingSince = here(v.since)
		run.Executing += time.Duration(max(now-v.since, 0))
	}
	return run
}

// Seen is the last moment of which a dead process left a trace in a slot, by the journal's
// clock, and how long the run had executed before.
func (j *Journal) Seen(index int) (last time.Time, executed time.Duration) {
	at := j.form.slotAt(index)
	return time.Unix(0, j.pages.int(at+j.form.inSince).Load()).UTC(), time.Duration(j.pages.int(at + j.form.inExecuted).Load())
}
