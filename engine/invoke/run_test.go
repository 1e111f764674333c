package invoke

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/execution/live"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

var globals = sync.OnceValue(func() *js.Globals { return js.NewGlobals(webapi.Globals(), log.Globals()) })

// invoker is a door to drafts: without a table and without a watcher that runs.
func invoker(t *testing.T, budget int64) *Invoker {
	t.Helper()
	file, err := journal.Create(filepath.Join(t.TempDir(), "journal"), 256, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return New(Config{
		Journal: file, Live: live.NewHub(file), Globals: globals(),
		MaxRunning: 64, MaxWaiting: 64, MemoryBudget: budget, SlotLabel: "slot",
	})
}

func testCall() call.Call {
	return call.Call{
		Execution: id.New[id.Execution](), Script: call.Script{App: id.New[id.App](), ID: id.New[id.Script](), Name: "x"},
		Event: call.Event{Request: &call.Request{Method: "GET", URL: "http://localhost/x", Path: "/"}}, Limits: call.DefaultLimits,
	}
}

// begun is a run in the watcher's table whose code has not been started.
func begun(t *testing.T, i *Invoker) *run {
	t.Helper()
	program, err := handler.Compile("(() => 1);")
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Job: Job{Call: testCall()}, invoker: i, began: time.Now(), started: sinceStart(), done: make(chan struct{}, 1)}
	r.who = execution.IdentityOf(&r.Call, r.Capture, nil, r.began)
	r.slot = i.journal.Begin(&journal.Entry{Identity: r.who, Deadline: r.deadline()})
	r.turn.app = id.New[id.App]()
	r.handler = handler.New(handler.Input{Call: r.Call, Program: program, Globals: i.globals})
	r.place.app = r.turn.app
	i.gate.enter(t.Context(), &r.place)
	i.watcher.add(r)
	return r
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
		i.gate.leave(&r.place)
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
	r.check(now+int64(time.Second), r.spent.Load(), 0, processorTime())
	if r.lost.Load() {
		t.Error("given up a second after its caller went away")
	}
	for running := range i.journal.Running() {
		if left := time.Until(running.Deadline); left < call.DefaultLimits.Wall-10*time.Second {
			t.Errorf("the manager takes it for hung in %v", left)
		}
	}
	r.check(now+int64(call.DefaultLimits.Wall+time.Second), r.spent.Load(), 0, processorTime())
	r.check(now+int64(call.DefaultLimits.Wall+time.Second+2*killLast), r.spent.Load(), 0, processorTime())
	if !r.lost.Load() {
		t.Error("never given up")
	}
}

// A run that was told to stop while its process had no processor is not taken for deaf: on
// a busy machine that would cost everybody the worker.
func TestStarvedRunIsNotDeaf(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	r := begun(t, i)
	r.began = time.Now().Add(-time.Minute)
	r.halt(call.CPU, "limit")
	now, given := r.halted.Load(), r.given.Load() // and nothing since
	if r.check(now+int64(killLast), r.spent.Load(), 0, given); r.lost.Load() {
		t.Error("given up while it could not hear")
	}
	for running := range i.journal.Running() {
		if time.Until(running.Deadline) < killLast-time.Second {
			t.Error("the manager takes it for hung already")
		}
	}
	if r.check(now+int64(killLast)+1, r.spent.Load(), 0, given); !r.lost.Load() {
		t.Error("never given up")
	}
	for running := range i.journal.Running() {
		if time.Until(running.Deadline) > 0 {
			t.Error("the manager does not take it for hung")
		}
	}

	deaf := begun(t, i)
	deaf.halt(call.CPU, "limit")
	if deaf.check(deaf.halted.Load()+int64(killAfter)+1, deaf.spent.Load(), 0, deaf.given.Load()+int64(killAfter)+1); !deaf.lost.Load() {
		t.Error("one that executed all the while was not given up")
	}
}

// A run that held on for long while its process had no processor has not executed so long.
func TestStarvedRunHasNotExecuted(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	r := begun(t, i)
	r.spent.Store(int64(2 * r.Limits.CPU))
	if r.check(sinceStart(), r.spent.Load(), 0, r.from+int64(r.Limits.CPU)/2); r.halted.Load() != 0 {
		t.Error("stopped for time that it did not have")
	}
	if r.check(sinceStart(), r.spent.Load(), 0, r.from+int64(r.Limits.CPU)+1); r.halted.Load() == 0 {
		t.Error("not stopped for time that it may have had")
	}
}

// Compiling waits for a turn like executing, counts as that and is stopped with the run.
func TestCompilingIsOfTheRun(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	others := make([]turn, i.processor.most)
	for n := range others {
		i.processor.acquire(&others[n], func() <-chan struct{} { return nil })
	}
	job := Job{Call: testCall(), Code: Code{Draft: &Draft{Program: "(() => 1);" + strings.Repeat("(() => [1, 2, 3]);\n", 20_000)}}}
	job.Limits.CPU = time.Nanosecond
	answer := make(chan call.Result, 1)
	go func() { answer <- i.Run(t.Context(), job) }()
	for i.processor.crowd.Load() == 0 { // it waits for its turn, and has compiled nothing
		runtime.Gosched()
	}
	for n := range others {
		i.processor.release(&others[n])
	}
	var result call.Result
	for result.Outcome == "" {
		select {
		case result = <-answer:
		default:
			i.watcher.look()
		}
	}
	if result.Outcome != call.CPU || result.Executing < time.Millisecond {
		t.Errorf("%s after %v", result.Outcome, result.Executing)
	}
}

// A call whose program is still being loaded is in the journal: were the process killed
// meanwhile, it would have its row.
func TestLoadingCallIsInTheJournal(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	live := script.Live{App: id.New[id.App](), Script: id.New[id.Script](), Hash: [32]byte{1}}
	job := Published(live)
	job.Event, job.Limits = testCall().Event, call.DefaultLimits
	loading, loaded := make(chan struct{}), make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = i.programs.get(t.Context(), live.Hash, func(context.Context) (string, error) {
			close(loading)
			<-loaded
			return "(() => 1);", nil
		}, handler.Compile)
	})
	<-loading
	both.Go(func() {
		if result := i.Run(t.Context(), job); result.Outcome == call.Busy || result.Outcome == call.Unavailable {
			t.Errorf("%+v", result)
		}
	})
	for until := time.Now().Add(30 * time.Second); ; runtime.Gosched() {
		waiting := 0
		for run := range i.journal.Running() {
			if run.Script == live.Script && run.Waiting {
				waiting++
			}
		}
		if waiting == 1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("not in the journal")
		}
	}
	close(loaded)
	both.Wait()
	if err := i.Drain(t.Context()); err != nil { // the answer comes before the record
		t.Error(err)
	}
}
