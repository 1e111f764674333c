package invoke

import (
	"math"
	"testing"
	"time"
)

// executed says how long a run has executed, in a process that had no processor for it, so
// that it is over no other limit; much was allocated since it began.
func (r *run) executed(spent time.Duration) {
	r.spent.Store(int64(spent))
	r.allocated, r.from = 1, math.MaxInt64
}

// lookUntil looks again and again, as the watcher does.
func lookUntil(t *testing.T, w *watcher, what string, done func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !done(); w.look() {
		if time.Now().After(until) {
			t.Fatalf("not %s", what)
		}
	}
}

// collections looks until the heap was collected and judged so many times.
func collections(t *testing.T, w *watcher, times int) {
	t.Helper()
	for range times {
		lookUntil(t, w, "collecting", func() bool { return w.memory.asked != 0 })
		lookUntil(t, w, "collected", func() bool { return w.memory.asked == 0 })
	}
}

// What is stopped for memory is what has executed longest in all, also if it waits just now.
func TestMemoryOfWaitingRun(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1)
	hog, other := begun(t, i), begun(t, i)
	hog.executed(time.Hour)
	other.executed(0)
	other.since.Store(sinceStart() - int64(10*time.Millisecond))
	lookUntil(t, i.watcher, "stopped", func() bool { return hog.halted.Load() != 0 })
	if other.halted.Load() != 0 {
		t.Error("the other was stopped too")
	}
}

// While the stopped run is under way nobody else pays for its memory, even when it is deaf
// and was given up; when it has ended, the next one does.
func TestOneAtATimeForMemory(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1)
	hog, other := begun(t, i), begun(t, i)
	hog.executed(time.Hour)
	other.executed(10 * time.Millisecond)
	lookUntil(t, i.watcher, "stopped", func() bool { return hog.halted.Load() != 0 })
	hog.check(sinceStart()+int64(killLast+time.Second), 0, 0)
	if !hog.lost.Load() {
		t.Fatal("not given up")
	}
	collections(t, i.watcher, 2)
	if other.halted.Load() != 0 {
		t.Fatal("another run was stopped for the memory of the first")
	}
	i.watcher.remove(hog)
	hog.end()
	lookUntil(t, i.watcher, "stopped", func() bool { return other.halted.Load() != 0 })
}

// Garbage is nobody's fault: what a run has left that ended by itself is collected, and a
// neighbour that executes just then is not stopped for it (mem/concat-doubling had it so).
func TestNobodyIsStoppedForGarbage(t *testing.T) {
	const budget = 64 << 20
	i := invoker(t, budget)
	neighbour := begun(t, i)
	neighbour.executed(time.Hour)
	for looked := 0; looked < 3; {
		garbage = make([]byte, 2*budget)
		garbage = nil
		if i.watcher.look(); i.watcher.memory.asked != 0 { // not collected by itself just then
			lookUntil(t, i.watcher, "collected", func() bool { return i.watcher.memory.asked == 0 })
			looked++
		}
	}
	if neighbour.halted.Load() != 0 {
		t.Error("the neighbour was stopped for garbage")
	}
}

// A run during which hardly anything was allocated did not fill the heap.
func TestWhoAllocatesNothingIsNoSuspect(t *testing.T) {
	const budget = 64 << 20
	i := invoker(t, budget)
	garbage = make([]byte, 2*budget)
	defer func() { garbage = nil }()
	late := begun(t, i)
	late.spent.Store(int64(time.Second))
	collections(t, i.watcher, 2)
	if late.halted.Load() != 0 {
		t.Error("stopped for what was allocated before it began")
	}
}

// garbage escapes to the heap.
var garbage []byte
