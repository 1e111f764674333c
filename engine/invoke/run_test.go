package invoke

import (
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

var globals = sync.OnceValue(func() *js.Globals { return js.NewGlobals(webapi.Globals(), log.Globals()) })

// invoker is a door to drafts: without a table and without a watcher that runs.
func invoker(t *testing.T, budget int64) *Invoker {
	t.Helper()
	journal, err := execution.CreateJournal(filepath.Join(t.TempDir(), "journal"), 256, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { journal.Close() })
	return New(Config{
		Journal: journal, Live: execution.NewLive(journal), Globals: globals(), Limits: call.DefaultLimits,
		MaxRunning: 64, MemoryBudget: budget, SlotLabel: "slot",
	})
}

// begun is a run in the watcher's table whose code has not been started.
func begun(t *testing.T, i *Invoker) *run {
	t.Helper()
	program, err := js.Compile("(() => 1);", 0)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{invoker: i, execution: id.New[id.Execution](), limits: i.limits, started: sinceStart(), done: make(chan struct{}, 1)}
	now := time.Now()
	r.slot = i.journal.Begin(&execution.Entry{Execution: r.execution, Started: now, Deadline: now.Add(i.limits.Wall)})
	r.turn.app = id.New[id.App]()
	r.handler = handler.New(handler.Input{Program: program, Globals: i.globals, Limits: i.limits})
	i.gate.enter(t.Context(), r.turn.app)
	i.watcher.add(r)
	return r
}

// pretend says how long the run has executed; the heap has grown since it began.
func (r *run) pretend(spent time.Duration) {
	r.spent.Store(int64(spent))
	r.heap = 1
}

// A run is told to stop in the instant in which it begins to wait for its turn.
func TestHaltWhileBeginningToWait(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	for range 50 {
		r := begun(t, i)
		var both sync.WaitGroup
		r.mu.Lock()
		both.Go(func() { <-r.stopping() })
		runtime.Gosched()
		both.Go(func() { r.halt(call.CPU, "") })
		for range 1000 {
			runtime.Gosched()
		}
		r.mu.Unlock()
		both.Wait()
		i.watcher.remove(r)
		r.end()
		r.slot.Discard()
		i.gate.leave(r.turn.app)
	}
}

// A caller who goes away must not make a run that is deaf for a moment cost everybody the
// worker: its deadline stays where it was.
func TestCancelledRunKeepsItsDeadline(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	r := begun(t, i)
	r.halt(call.Cancelled, "gone")
	now := sinceStart()
	r.check(now+int64(time.Second), 0)
	if r.lost.Load() {
		t.Error("given up a second after its caller went away")
	}
	for running := range i.journal.Running() {
		if left := time.Until(running.Deadline); left < i.limits.Wall-10*time.Second {
			t.Errorf("the manager takes it for hung in %v", left)
		}
	}
	r.check(now+int64(i.limits.Wall+time.Second), 0)
	r.check(now+int64(i.limits.Wall+2*time.Second), 0)
	if !r.lost.Load() {
		t.Error("never given up")
	}
}

// What is stopped for memory is what has executed longest in all, also if it waits just now.
func TestMemoryOfWaitingRun(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1)
	hog, other := begun(t, i), begun(t, i)
	hog.pretend(300 * time.Millisecond)
	other.pretend(0)
	other.since.Store(sinceStart() - int64(10*time.Millisecond))
	i.watcher.look()
	if hog.halted.Load() == 0 || other.halted.Load() != 0 {
		t.Errorf("hog stopped: %v, the other: %v", hog.halted.Load() != 0, other.halted.Load() != 0)
	}
}

// While the memory of a stopped run is not given back yet, nobody else pays for it.
func TestOneAtATimeForMemory(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1)
	hog, other := begun(t, i), begun(t, i)
	hog.pretend(300 * time.Millisecond)
	other.pretend(10 * time.Millisecond)
	i.watcher.look()
	i.watcher.remove(hog)
	hog.end()
	i.watcher.look()
	if other.halted.Load() != 0 {
		t.Fatal("another run was stopped before the memory was collected")
	}
	i.watcher.afterMemory(hog)
	for until := time.Now().Add(10 * time.Second); other.halted.Load() == 0; i.watcher.look() {
		if time.Now().After(until) {
			t.Fatal("the watch over memory was not taken up again")
		}
	}
}

// A run that does not stop must not end the watch over memory.
func TestMemoryAfterLostRun(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1)
	deaf, other := begun(t, i), begun(t, i)
	deaf.pretend(300 * time.Millisecond)
	other.pretend(10 * time.Millisecond)
	i.watcher.look()
	i.watcher.look()
	if other.halted.Load() != 0 {
		t.Fatal("two were stopped at once")
	}
	deaf.check(sinceStart()+int64(time.Second), 0)
	if !deaf.lost.Load() {
		t.Fatal("not given up")
	}
	i.watcher.look()
	if other.halted.Load() == 0 {
		t.Error("nobody is stopped for memory any more")
	}
}
