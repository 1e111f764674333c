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
	"slices"
	"strconv"
	"sync"
	"time"

	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/handler"
)

// Config is what an Invoker needs.
type Config struct {
	Table        *script.Table
	Journal      *execution.Journal
	Live         *execution.Live
	Globals      *js.Globals
	Limits       call.Limits
	MaxRunning   int
	MemoryBudget int64  // bytes of live heap
	SlotLabel    string // pprof label that names a run's journal slot
}

// Invoker runs functions.
type Invoker struct {
	table     *script.Table
	journal   *execution.Journal
	live      *execution.Live
	globals   *js.Globals
	limits    call.Limits
	gate      *gate
	processor *processor
	programs  *programs
	watcher   *watcher
	runners   *runners
	labels    []context.Context // by journal slot; made once, set in nanoseconds
}

// programShare is the part of the memory budget that compiled programs may fill.
const programShare = 6

// New makes an Invoker; Run must run while it is used.
func New(config Config) *Invoker {
	i := &Invoker{
		table: config.Table, journal: config.Journal, live: config.Live, globals: config.Globals, limits: config.Limits,
		gate:      newGate(config.MaxRunning),
		processor: newProcessor(runtime.GOMAXPROCS(0)),
		programs:  newPrograms(config.MemoryBudget / programShare),
		watcher:   newWatcher(config.Journal.Slots(), config.MemoryBudget),
		runners:   newRunners(),
		labels:    make([]context.Context, config.Journal.Slots()),
	}
	for slot := range i.labels {
		i.labels[slot] = pprof.WithLabels(context.Background(), pprof.Labels(config.SlotLabel, strconv.Itoa(slot)))
	}
	return i
}

// Run watches over the runs until ctx ends.
func (i *Invoker) Run(ctx context.Context) error {
	defer close(i.runners.done)
	i.watcher.run(ctx.Done())
	return nil
}

// Input is one call of a published function.
type Input struct {
	Live    script.Live
	Path    string // raw, below the script
	Request call.Request
	Done    func() // nil, or called once when nothing of the request is held any more
}

// Do runs a published function and returns its answer. When ctx ends first the run is
// stopped with outcome cancelled. Work that outlives the answer (waitUntil) goes on.
func (i *Invoker) Do(ctx context.Context, in Input) call.Result {
	live := in.Live
	t := task{
		script:  call.Script{App: live.App, AppSlug: live.AppSlug, ID: live.Script, Name: live.Name, Version: live.Version},
		trigger: call.HTTP, path: in.Path, request: in.Request, capture: live.Capture, version: live.VersionID, let: in.Done,
	}
	if t.let == nil {
		t.let = func() {}
	}
	r, refused := i.admit(ctx, t, id.New[id.Execution]())
	if r == nil {
		return refused
	}
	if r.program = i.programs.known(live.Hash); r.program == nil {
		r.slot.Expire(time.Now().Add(loadLimit + i.limits.Wall)) // a slow database does not make it a run that hangs
		var err error
		if r.program, err = i.load(ctx, live.Hash, live.VersionID); err != nil {
			slog.Error("program not loaded", "script", live.Script, "version", live.Version, "error", err)
			defer i.gate.leave(live.App)
			return i.refuse(r, call.Unavailable)
		}
		r.slot.Expire(time.Now().Add(i.limits.Wall))
	}
	i.start(r)
	return i.await(ctx, r)
}

func (i *Invoker) load(ctx context.Context, hash [32]byte, version id.Version) (*js.Program, error) {
	return i.programs.get(ctx, hash, func(ctx context.Context) (string, js.Caps, error) {
		return i.table.LoadProgram(ctx, version)
	})
}

// Draft is one call of a program that is not published.
type Draft struct {
	Execution id.Execution
	Script    call.Script
	Capture   execution.Policy
	Program   string
	SourceMap string
	Caps      js.Caps
	Path      string // below the script, raw, without the query
	Request   call.Request
	OnLine    func(call.Line) // on the run's goroutine; must not block
}

// DoDraft runs a draft. Its result carries the failure with positions in the source.
func (i *Invoker) DoDraft(ctx context.Context, in Draft) call.Result {
	t := task{
		script: in.Script, trigger: call.Draft, path: in.Path, request: in.Request,
		capture: in.Capture, onLine: in.OnLine, let: func() {},
		places: sync.OnceValue(func() bundle.SourceMap { return bundle.ReadMap(in.SourceMap) }),
	}
	r, refused := i.admit(ctx, t, in.Execution)
	if r == nil {
		return refused
	}
	var err error
	if r.program, err = js.Compile(in.Program, in.Caps); err != nil {
		r.slot.Discard()
		i.gate.leave(in.Script.App)
		return call.Result{Outcome: call.Error, Failure: &call.Failure{Message: err.Error()}}
	}
	i.start(r)
	result := i.await(ctx, r)
	if hasPlaces(result) {
		result = located(result, t.places())
	}
	return result
}

// task is what a run is about.
type task struct {
	script  call.Script
	trigger call.Trigger
	path    string
	request call.Request
	program *js.Program
	capture execution.Policy
	version id.Version              // whose source map is read when it is needed
	places  func() bundle.SourceMap // of a draft
	onLine  func(call.Line)
	let     func() // lets go of what the request holds
}

// admit takes the call through the gate and into the journal, before anything is loaded
// for it: were the process killed meanwhile, its row would say so. A call that is not
// admitted gets its answer.
func (i *Invoker) admit(ctx context.Context, t task, execution id.Execution) (r *run, refused call.Result) {
	said, waited := i.gate.enter(ctx, t.script.App)
	r = &run{
		task: t, invoker: i, execution: execution, limits: i.limits, began: time.Now(), started: sinceStart(), done: make(chan struct{}, 1),
	}
	if said == admitted {
		entry := entryOf(r)
		if r.slot = i.journal.Begin(&entry); r.slot.Index() >= 0 {
			return r, call.Result{}
		}
		defer i.gate.leave(t.script.App)
		return nil, i.refuse(r, call.Busy)
	}
	if said == closed {
		t.let()
		return nil, call.Result{Outcome: call.Busy}
	}
	defer i.gate.told()
	r.slot, r.began = i.journal.NoSlot(), r.began.Add(-waited)
	if said == gone {
		return nil, i.refuse(r, call.Cancelled)
	}
	return nil, i.refuse(r, call.Busy)
}

// refuse records and answers a call that did not get to its code. Of its messages nothing
// is kept, so that a flood does not fill the disk with what nobody ran.
func (i *Invoker) refuse(r *run, outcome call.Outcome) call.Result {
	r.capture = execution.CaptureOff
	result := call.Result{
		Execution: r.execution, Outcome: outcome, Wall: time.Since(r.began), Failure: &call.Failure{Message: whyRefused(outcome)},
	}
	record := recordOf(r, result)
	r.slot.Finish(&record)
	i.live.End(&record)
	r.let()
	return result
}

func whyRefused(outcome call.Outcome) string {
	switch outcome {
	case call.Cancelled:
		return "The caller went away while the call waited for its turn."
	case call.Unavailable:
		return "The program could not be loaded from the database."
	}
	return "Too many calls were under way, of this app or in all. The limit is set by --max-running."
}

// start runs an admitted call.
func (i *Invoker) start(r *run) {
	entry := entryOf(r)
	r.turn.app = r.script.App
	r.handler = handler.New(handler.Input{
		Program: r.program, Globals: i.globals, Script: r.script, Execution: r.execution, Request: r.request,
		Limits: i.limits, Deadline: entry.Deadline, Slot: r, OnLine: r.line,
	})
	i.watcher.add(r)
	i.live.Start(&entry)
	i.runners.run(r)
}

func (i *Invoker) await(ctx context.Context, r *run) call.Result {
	select {
	case <-r.done:
	case <-ctx.Done():
		r.halt(call.Cancelled, "The caller went away before the function had answered.")
		<-r.done
	}
	return r.answer
}

// execute owns the run's goroutine from its first instruction to its record.
func (i *Invoker) execute(r *run) {
	pprof.SetGoroutineLabels(i.labels[r.slot.Index()])
	result := r.handler.Do(r.respond)
	result.Executing = r.executing()
	result.Wall = time.Duration(sinceStart() - r.started)
	i.watcher.remove(r)
	r.end()
	if r.lost.CompareAndSwap(false, true) {
		r.respond(result)
		i.gate.leave(r.script.App)
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
		if places, err := i.placesOf(r); err == nil {
			result = located(result, places)
		} else {
			slog.Warn("stack not mapped", "execution", r.execution, "error", fmt.Errorf("source map: %w", err))
		}
	}
	record := recordOf(r, result)
	r.slot.Finish(&record)
	i.live.End(&record)
}

// hasPlaces tells whether a result has places in the program.
func hasPlaces(result call.Result) bool {
	return result.Failure != nil && len(result.Failure.Stack) > 0 ||
		slices.ContainsFunc(result.Lines, func(line call.Line) bool { return len(line.Stack) > 0 })
}

// located is a result with its places in the person's own file. The caller has the other one.
func located(result call.Result, places bundle.SourceMap) call.Result {
	if result.Failure != nil {
		own := *result.Failure
		own.Stack = places.Stack(own.Stack)
		result.Failure = &own
	}
	result.Lines = slices.Clone(result.Lines)
	for n, line := range result.Lines {
		result.Lines[n] = places.Line(line)
	}
	return result
}

func (i *Invoker) placesOf(r *run) (bundle.SourceMap, error) {
	if r.places != nil {
		return r.places(), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), loadLimit)
	defer cancel()
	text, err := i.table.LoadSourceMap(ctx, r.version)
	return bundle.ReadMap(text), err
}

// Drain refuses new runs and waits until none is under way, work after answers included.
// Afterwards nobody touches the journal.
func (i *Invoker) Drain(ctx context.Context) error {
	i.gate.close()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		running := i.gate.inside()
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
