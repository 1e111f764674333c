package invoke

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
)

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

func halted(r *run) bool { return r.halted.Load() != 0 }

// The tests that say what a run has are not parallel: others would move the heap.

// Who pays for a heap over its budget is the app that has most of it, and of its runs the one
// that has most, also if it waits just now.
func TestWhoPaysForTheHeap(t *testing.T) {
	runtime.GC() // what others left is no part of it
	runtime.GC()
	i := invoker(t, 1)
	hog, small, innocent := begun(t, i), begun(t, i), begun(t, i)
	small.Script.App = hog.Script.App
	i.watcher.look()
	hog.guessed, small.guessed, innocent.guessed = 50<<20, 40<<20, 60<<20
	i.watcher.memory.base -= 150 << 20
	lookUntil(t, i.watcher, "stopped", func() bool { return halted(hog) })
	if halted(small) || halted(innocent) {
		t.Error("another run was stopped too")
	}
}

// While the stopped run is under way nobody else pays for its memory, even when it is deaf
// and was given up; when it has ended, the next one does.
func TestOneAtATimeForMemory(t *testing.T) {
	i := invoker(t, 1)
	hog, other := begun(t, i), begun(t, i)
	i.watcher.look()
	hog.guessed, i.watcher.memory.base = 1<<40, -1<<40
	lookUntil(t, i.watcher, "stopped", func() bool { return halted(hog) })
	hog.check(sinceStart()+int64(killLast+time.Second), hog.spent.Load(), 0, 0)
	if !hog.lost.Load() {
		t.Fatal("not given up")
	}
	collections(t, i.watcher, 2)
	if halted(other) {
		t.Fatal("another run was stopped for the memory of the first")
	}
	hog.end()
	i.watcher.remove(hog)
	lookUntil(t, i.watcher, "stopped", func() bool { return halted(other) })
}

// Nobody is stopped for answers that are on their way to their callers.
func TestNobodyIsStoppedForAnswers(t *testing.T) {
	t.Parallel()
	const most = 64 << 30
	i := invoker(t, 1)
	i.Aside(most)
	hog := begun(t, i)
	for range 100 {
		i.watcher.look()
	}
	if hog.halted.Load() != 0 || i.watcher.memory.asked != 0 {
		t.Error("stopped for an answer")
	}
	i.Aside(-most)
	lookUntil(t, i.watcher, "stopped", func() bool { return hog.halted.Load() != 0 })
}

// Garbage is nobody's fault: what a run has left that ended by itself is collected, and a
// neighbour that executes just then is not stopped for it (mem/concat-doubling had it so).
func TestNobodyIsStoppedForGarbage(t *testing.T) {
	const budget = 64 << 20
	i := invoker(t, budget)
	neighbour := begun(t, i)
	for looked := 0; looked < 3; {
		neighbour.spent.Add(int64(time.Microsecond))
		garbage = make([]byte, 2*budget)
		garbage = nil
		if i.watcher.look(); i.watcher.memory.asked != 0 { // not collected by itself just then
			lookUntil(t, i.watcher, "collected", func() bool { return i.watcher.memory.asked == 0 })
			looked++
		}
	}
	if halted(neighbour) {
		t.Error("the neighbour was stopped for garbage")
	}
}

// What the heap grows by is shared among those who executed meanwhile, by how long, and what
// it shrinks by had first those that ended.
func TestSharesOfTheHeap(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	m := i.watcher.memory
	one, three, asleep, other := begun(t, i), begun(t, i), begun(t, i), begun(t, i)
	look := func(live, allocated, cycle uint64, runs ...*run) {
		m.shares.begin()
		for _, r := range runs {
			m.see(r, r.spent.Load())
		}
		m.shares.end(heap{cycles: cycle, live: live << 20, allocated: allocated << 20})
	}
	guessed := func(what string, mib ...int64) {
		t.Helper()
		for i, r := range []*run{one, three, asleep, other} {
			if r.guessed != mib[i]<<20 {
				t.Errorf("%s: run %d has %d MiB, want %d", what, i, r.guessed>>20, mib[i])
			}
		}
	}
	look(7, 0, 0, one, three, asleep, other)
	one.spent.Add(1000)
	three.spent.Add(2000)
	other.spent.Add(1000)
	look(7, 400, 0, one, three, asleep, other)
	look(207, 400, 1, one, three, asleep, other)
	guessed("shared", 50, 100, 0, 50)
	other.end()
	look(207, 400, 1, one, three, asleep)
	if m.left() != 50<<20 {
		t.Errorf("%d MiB are left of the one that ended", m.left()>>20)
	}
	look(207, 400, 2, one, three, asleep)
	look(157, 400, 3, one, three, asleep)
	guessed("after the end of another", 50, 100, 0, 50)
	look(82, 400, 4, one, three, asleep)
	guessed("after half was given back", 25, 50, 0, 50)
	one.end()
	look(82, 400, 4, three, asleep)
	look(82, 400, 5, three, asleep)
	look(82, 400, 6, three, asleep)
	guessed("what stays longer than who had it is of nobody", 25, 50, 0, 50)
	if m.left() != 0 || m.base != 32<<20 {
		t.Errorf("%d MiB are left, %d of nobody", m.left()>>20, m.base>>20)
	}
	three.end()
	last := begun(t, i)
	look(82, 400, 6, last, asleep)
	look(82, 400, 7, last, asleep)
	last.spent.Add(1000)
	look(82, 450, 7, last, asleep)
	look(82, 450, 8, last, asleep)
	if last.guessed != 50<<20 || m.base != 32<<20 {
		t.Errorf("who filled the place of another has %d MiB, %d are of nobody", last.guessed>>20, m.base>>20)
	}
	buffers := last.holding()
	for cycle, dead := range []int64{128, 40, 128, 40} { // found by no collection, given back later
		buffers.take(dead<<20 - last.held())
		look(82, 450, uint64(9+cycle), last, asleep)
	}
	if last.guessed < 10<<20 {
		t.Errorf("dead buffers took what others have: %d MiB are left", last.guessed>>20)
	}
}

// Buffers that nobody uses any more are not charged: only who keeps them ends, asleep or not.
func TestBuffersAreCharged(t *testing.T) {
	t.Parallel()
	i := invoker(t, 384<<20)
	ctx, cancel := context.WithCancel(t.Context())
	if result := <-drafted(ctx, i, `for (let n = 0; n < 100; n++) new Uint8Array(10e6); return "done";`); result.Outcome != call.OK {
		t.Errorf("a gigabyte of throw-away buffers: %s %+v", result.Outcome, result.Failure)
	}
	result := <-drafted(ctx, i, `const kept = []; for (;;) kept.push(new ArrayBuffer(10e6));`)
	if result.Outcome != call.Memory || !strings.Contains(result.Failure.Message, "a run may hold 128 MiB") {
		t.Errorf("kept buffers: %s %+v", result.Outcome, result.Failure)
	}
	app := testCall().Script
	sleeper := func() chan call.Result {
		job := Job{Call: testCall(), Code: Code{Draft: &Draft{Program: `(() => { const kept = new Float64Array(60e6 / 8); return new Promise((done) => setTimeout(() => done(kept.length), 60_000)); });`}}}
		job.Script = app
		ended := make(chan call.Result, 1)
		go func() { ended <- i.Run(ctx, job) }()
		return ended
	}
	sleepers := []chan call.Result{sleeper(), sleeper()}
	await(t, i, "asleep with its buffer", func(r *run) bool { return r.Script == app && i.gate.held(app.App).Load() >= 120e6 })
	third := sleeper()
	select {
	case result = <-sleepers[0]:
	case result = <-sleepers[1]:
	case result = <-third:
	}
	if result.Outcome != call.Memory || !strings.Contains(result.Failure.Message, "The runs of this app held") {
		t.Errorf("sleeping buffers: %s %+v", result.Outcome, result.Failure)
	}
	cancel()
	if err := i.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

// garbage escapes to the heap.
var garbage []byte
