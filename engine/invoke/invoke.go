// Package invoke is the one door through which functions run: gate, fresh sandbox,
// record. It guarantees that a call that was admitted ends with an answer within its
// limits and half a second, and leaves a record whatever happens to it.
package invoke

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"

	"picloud/engine/call"
	"picloud/engine/egress"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/execution/live"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/env"
	"picloud/engine/sdk/handler"
	"picloud/engine/variable"
)

// Config is what an Invoker needs.
type Config struct {
	Programs     *script.Programs
	Journal      *journal.Journal
	Live         *live.Hub
	Globals      *js.Globals
	Network      *egress.Client                  // nil: functions reach nothing
	Reached      func(id.App, id.Script, string) // nil, or is told the hosts that apps which learn have reached
	MaxRunning   int                             // runs that execute or are ready to
	MaxWaiting   int                             // runs that wait for something outside
	MemoryBudget int64                           // bytes of live heap
	SlotLabel    string                          // pprof label that names a run's journal slot
}

// Invoker runs functions.
type Invoker struct {
	stored    *script.Programs
	journal   *journal.Journal
	live      *live.Hub
	globals   *js.Globals
	network   *egress.Client
	learnt    func(id.App, id.Script, string)
	gate      *gate
	processor *processor
	programs  *programs
	maps      *maps
	watcher   *watcher
	runners   *runners
	crowds    *journal.Crowds
	labels    []context.Context // by journal slot; made once, set in nanoseconds
}

// programShare is the part of the memory budget that compiled programs may fill.
const programShare = 6

// New makes an Invoker; Watch must run while it is used.
func New(config Config) *Invoker {
	i := &Invoker{
		stored: config.Programs, journal: config.Journal, live: config.Live, globals: config.Globals,
		network: config.Network, learnt: config.Reached,
		gate:      newGate(config.MaxRunning, config.MaxWaiting),
		processor: newProcessor(runtime.GOMAXPROCS(0)),
		programs:  newPrograms(config.MemoryBudget / programShare),
		maps:      newMaps(config.Programs.LoadSourceMap),
		watcher:   newWatcher(config.Journal.Slots(), config.MemoryBudget),
		runners:   newRunners(),
		crowds:    journal.NewCrowds(config.Journal, config.Live.End),
		labels:    make([]context.Context, config.Journal.Slots()),
	}
	for slot := range i.labels {
		i.labels[slot] = pprof.WithLabels(context.Background(), pprof.Labels(config.SlotLabel, strconv.Itoa(slot)))
	}
	return i
}

// Watch watches over the runs until ctx ends.
func (i *Invoker) Watch(ctx context.Context) error {
	defer close(i.runners.done)
	i.watcher.run(ctx.Done())
	return nil
}

// Aside says by how much those bytes of the heap changed that no run under way is to blame
// for: answers on their way to their callers. Whoever says so has a bound of its own.
func (i *Invoker) Aside(difference int64) { i.watcher.memory.aside.Add(difference) }

// Job is a call with the code that it runs and what else its caller wants of it.
type Job struct {
	call.Call
	Code     Code
	Outbound egress.Policy // what it may reach
	Env      *variable.Env // what the function gets; nil: nothing
	Capture  execution.Policy
	Paused   script.Paused   // it is refused
	OnLine   func(call.Line) // nil, or gets each log line, on the run's goroutine; must not block
	OnSpan   func(call.Span) // the same of each span that has ended
	Done     func()          // nil, or called once when nothing of the event is held any more

	kin *family // of the run that asked for this one; nil: nobody did, or none is made yet
}

// Run is the one door: it runs a function and returns its answer. When ctx ends first the run
// is stopped with outcome cancelled. Work that outlives the answer (waitUntil) goes on. The
// result of a draft has its places in the source.
func (i *Invoker) Run(ctx context.Context, job Job) call.Result {
	if job.Execution.IsZero() {
		job.Execution = id.New[id.Execution]()
	}
	r, refused := i.admit(ctx, job)
	if r == nil {
		return refused
	}
	if outcome, failure := i.load(ctx, r); failure != nil {
		defer i.gate.leave(&r.place)
		return i.refuse(r, outcome, failure)
	}
	i.start(r)
	result := i.await(ctx, r)
	if draft := job.Code.Draft; draft != nil && hasPlaces(result) {
		result = located(result, draft.places())
	}
	return result
}

// admit takes the call through the gate and into the journal, before anything is loaded
// for it: were the process killed meanwhile, its row would say so. A call that is not
// admitted gets its answer.
func (i *Invoker) admit(ctx context.Context, job Job) (r *run, refused call.Result) {
	r = &run{Job: job, invoker: i, done: make(chan struct{}, 1)}
	r.turn.app, r.place.app = job.Script.App, job.Script.App
	said, waited := i.enter(ctx, r)
	r.began, r.started = time.Now(), sinceStart()
	if said == closed {
		r.let()
		return nil, call.Result{Outcome: call.Busy}
	}
	r.who = execution.IdentityOf(&r.Call, r.Capture, job.Env.Secrets(), r.began.Add(-waited))
	if said == admitted {
		r.who.Started = r.began
		if r.slot = i.journal.Begin(&journal.Entry{Identity: r.who, Deadline: r.deadline(), Program: job.Code.Hash}); r.slot.Index() >= 0 {
			return r, call.Result{}
		}
		defer i.gate.leave(&r.place)
		if r.slot.Full() { // nothing runs that could leave no row; the journal counts it
			r.let()
			return nil, call.Result{Outcome: call.Unavailable}
		}
		return nil, i.refuse(r, call.Busy, &call.Failure{Message: tooMany})
	}
	defer i.gate.told()
	r.slot, r.began = i.journal.NoSlot(), r.who.Started
	switch {
	case said == gone:
		return nil, i.refuse(r, call.Cancelled, &call.Failure{Message: "The caller went away while the call waited for its turn."})
	case job.Paused == script.AppPaused:
		return nil, i.refuse(r, call.Paused, &call.Failure{Message: "The app is paused: several of its functions have ended the worker process again and again."})
	case job.Paused == script.ProgramPaused:
		return nil, i.refuse(r, call.Paused, &call.Failure{Message: "The function is paused: it has ended the worker process again and again."})
	}
	return nil, i.refuse(r, call.Busy, &call.Failure{Message: tooMany})
}

func (i *Invoker) enter(ctx context.Context, r *run) (said verdict, waited time.Duration) {
	if r.Paused != script.NotPaused {
		return i.gate.turnAway(), 0
	}
	return i.gate.enter(ctx, &r.place)
}

const tooMany = "Too many calls were under way, of this app or in all. The limits are set by --max-running and --max-waiting."

// Slots is how many slots a journal needs: of the runs that can be under way, of those that take
// their places while others do not hear that they were stopped, and of what shares a row.
func Slots(running, waiting int) int {
	return running + waiting + queueOf(running, waiting) + spareSlots
}

const spareSlots = 512

// refuse records and answers a call that did not get to its code. Of its messages nothing
// is kept, and many of a minute share a row, so that a flood does not fill the disk with what
// nobody ran.
func (i *Invoker) refuse(r *run, outcome call.Outcome, why *call.Failure) call.Result {
	r.Capture = execution.CaptureOff
	r.who = execution.IdentityOf(&r.Call, r.Capture, r.Env.Secrets(), r.who.Started)
	result := call.Result{Execution: r.Execution, Outcome: outcome, Wall: time.Since(r.began), Executing: r.executing(), Failure: why}
	record := recordOf(r, result)
	if shared, joined := i.crowds.Join(&record); joined {
		r.slot.Discard()
		result.Execution = shared
	} else {
		r.slot.Finish(&record)
		i.live.End(&record)
	}
	r.let()
	return result
}

// start runs an admitted call.
func (i *Invoker) start(r *run) {
	r.charge(int(r.Event.Request.Body.Size()))
	r.loaded = time.Duration(sinceStart() - r.started)
	r.begin(handler.New(handler.Input{
		Call: r.Call, Program: r.program, Globals: i.globals, Deadline: r.deadline(), Slot: r, OnLine: r.line, OnSpan: r.onSpan(), Tick: r.tick, Hold: r.hold, Locate: r.locate,
		Given: (*given)(r), Env: env.Object, Clean: r.cleaner(),
	}))
	i.watcher.add(r)
	i.live.Start(&r.who)
	i.runners.run(r)
}

func (i *Invoker) await(ctx context.Context, r *run) call.Result {
	select {
	case <-r.done:
	case <-ctx.Done():
		r.halt(call.Cancelled, "The caller went away before the function had answered.")
		<-r.done
	}
	answer := r.answer
	r.answer = call.Result{} // a queue may know the run for longer than the caller needs its answer
	return answer
}

// execute owns the run's goroutine from its first instruction to its record.
func (i *Invoker) execute(r *run) {
	pprof.SetGoroutineLabels(i.labels[r.slot.Index()])
	result := r.clean(r.handler.Do(r.respond))
	result.Executing = r.executing()
	result.Wall = time.Duration(sinceStart() - r.started)
	r.end()
	i.watcher.remove(r)
	r.endHolding()
	if r.lost.CompareAndSwap(false, true) {
		r.respond(result)
		i.gate.leave(&r.place)
	} else if result.Outcome = call.Killed; result.Failure == nil {
		result.Failure = killed
	}
	i.record(r, result)
	r.let()
}

// record finishes the run's slot with everything there is to remember of it.
func (i *Invoker) record(r *run, result call.Result) {
	if hasPlaces(result) {
		r.slot.Expire(time.Now().Add(loadLimit)) // a slow database does not make it a run that hangs
		if places, err := i.placesOf(r.Code); err == nil {
			result = located(result, places)
		} else {
			slog.Warn("stack not mapped", "execution", r.Execution, "error", fmt.Errorf("source map: %w", err))
		}
	}
	record := recordOf(r, result)
	r.slot.Finish(&record)
	i.live.End(&record)
}

// reached tells that a run has asked a host.
func (i *Invoker) reached(r *run, host string) {
	if i.learnt != nil && r.Outbound.Mode == egress.Learn {
		i.learnt(r.Script.App, r.Script.ID, host)
	}
}

// Drain refuses new runs and waits until none is under way, work after answers included.
// Afterwards nobody touches the journal.
func (i *Invoker) Drain(ctx context.Context) error {
	i.gate.close()
	defer i.crowds.Close()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		running := i.gate.count()
		for range i.journal.Running() {
			running++
		}
		if running == 0 {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%d runs still under way: %w", running, ctx.Err())
		}
	}
}
