package execution

import (
	"iter"
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
)

// Running is a call in a slot of the journal, as it was at one instant.
type Running struct {
	Entry
	Slot           int
	Waiting        bool          // holds no processor
	Executing      time.Duration // all its stretches together
	ExecutingSince time.Time     // when the present stretch began; zero when Waiting
}

// Running goes over the calls that run now, or ran when their process died. While none
// runs it costs one atomic load. Started is as the worker's wall clock had it; Deadline
// and ExecutingSince are moved to the clock of the process that asks.
func (j *Journal) Running() iter.Seq[Running] {
	return func(yield func(Running) bool) {
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

const slotWords = slotSize / 8

// read takes a copy that is whole: the word is the same before and after. All loads are
// atomic, which keeps them in order.
func (j *Journal) read(index int, now int64, mine time.Time) (Running, bool) {
	at := slotAt(index)
	word := j.pages.word(at + inWord)
	for range 100 {
		before := word.Load()
		if state(before) == free || state(before) == claimed {
			return Running{}, false
		}
		var copied [slotSize]byte
		for i := range slotWords {
			putInt(copied[:], i*8, int64(j.pages.word(at+i*8).Load()))
		}
		if word.Load() == before {
			return decodeSlot(copied[:], index, state(before), now, mine)
		}
	}
	return Running{}, false
}

func decodeSlot(slot []byte, index int, s state, now int64, mine time.Time) (Running, bool) {
	here := func(at int64) time.Time { return mine.Add(time.Duration(at - now)) }
	run := Running{Slot: index, Waiting: s != executing, Executing: time.Duration(getInt(slot, inExecuted))}
	run.Execution = id.Execution(slot[inExecution : inExecution+16])
	run.App = id.App(slot[inApp : inApp+16])
	run.Script = id.Script(slot[inScript : inScript+16])
	run.Started = time.Unix(0, getInt(slot, inStarted)).UTC()
	run.Deadline = here(getInt(slot, inDeadline))
	run.Version = int(getInt32(slot, inVersion))
	if s == executing {
		since := getInt(slot, inSince)
		run.ExecutingSince = here(since)
		run.Executing += time.Duration(max(now-since, 0))
	}
	var texts [4]string
	from := inText
	for i := range texts {
		to := from + int(slot[inLengths+i])
		if to > slotSize {
			return Running{}, false
		}
		texts[i] = strings.ToValidUTF8(string(slot[from:to]), "")
		from = to
	}
	run.Trigger, run.Method, run.ScriptName, run.Path = call.Trigger(texts[0]), texts[1], texts[2], texts[3]
	return run, true
}

// lastSeen is the last moment of which a dead process left a trace in a slot, by the
// journal's clock.
func (j *Journal) lastSeen(index int) time.Time {
	return time.Unix(0, j.pages.int(slotAt(index)+inSince).Load()).UTC()
}
