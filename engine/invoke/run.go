package invoke

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/js"
	"picloud/engine/sdk/handler"
)

// run is one run under way: its limits, its clock and its way out. It is the sandbox's
// js.Slot, so the clock counts exactly what executes.
type run struct {
	Job
	invoker  *Invoker
	who      execution.Identity
	slot     journal.Slot
	program  *handler.Program
	handler  *handler.Run
	began    time.Time
	started  int64         // as sinceStart
	loaded   time.Duration // after which it had its program
	turn     turn
	place    place
	answered atomic.Bool
	answer   call.Result   // once answered
	done     chan struct{} // takes one: the answer is there
	since    atomic.Int64  // when the present stretch of executing began, 0: waiting
	spent    atomic.Int64  // executing, before that
	halted   atomic.Int64  // when it had to stop, 0: not; a caller who went away sets no such moment
	given    atomic.Int64  // processorTime at that moment
	long     atomic.Bool   // it gave its turn away since the watcher's last look
	lost     atomic.Bool   // it did not stop; its place is given to others
	away     atomic.Bool   // it hears nothing for a while, which is no fault of its
	from     int64         // processorTime then

	resting bool // it waits for something outside; of its own goroutine

	holds atomic.Pointer[holding] // made when it holds something

	// The memory's, in its looks.
	look         int64       // the last one that saw it
	seen, worked int64       // nanoseconds executed, in all and since the last look
	hungry       atomic.Bool // it waits while the heap is full
	recent       float64     // bytes allocated while it executed, since the last collection
	known        int64       // bytes that it held at the last look
	guessed      int64       // bytes that the heap has of it, beside those

	mu      sync.Mutex
	over    bool          // its slot may belong to another run
	stopped bool          // it was told to stop
	ending  js.Ending     // why
	stop    chan struct{} // made when the run waits for its turn, closed when it was told to stop
}

var errHalted = errors.New("halted")

// processorTime is what this process has had of the processors, in nanoseconds.
func processorTime() int64 {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return used.Utime.Nano() + used.Stime.Nano()
}

var killed = &call.Failure{Message: "The run ignored its deadline and was killed with its process."}

// Acquire waits for the run's turn to execute.
func (r *run) Acquire() error {
	if r.resting {
		r.resting = false
		r.invoker.gate.wake(&r.place)
	}
	if !r.invoker.processor.acquire(&r.turn, r.stopping) {
		return errHalted
	}
	r.since.Store(sinceStart())
	r.slot.Executing()
	return nil
}

// Release gives the turn back.
func (r *run) Release() {
	r.spent.Add(sinceStart() - r.since.Swap(0))
	r.slot.Waiting()
	r.invoker.processor.release(&r.turn)
}

// Rest gives the turn back, and the run's place to others, until something comes from outside.
func (r *run) Rest() {
	r.Release()
	r.resting = true
	r.invoker.gate.sleep(&r.place)
}

// tick is called while the run executes, every hundred instructions or so: a run that has
// held on for long while others wait gives them its turn and waits for the next one.
func (r *run) tick() {
	if r.invoker.watcher.memory.full.Load() && r.hungry.Load() {
		r.makesRoom()
		return
	}
	if r.invoker.processor.crowd.Load() == 0 || r.stretch(sinceStart()) < int64(turnLength) {
		return
	}
	r.long.Store(true)
	r.pause(func() {})
}

// pause gives the turn to others while the wait lasts.
func (r *run) pause(wait func()) {
	r.Release()
	wait()
	if r.Acquire() != nil { // it was told to stop, and has nothing left to do but to end
		r.since.Store(sinceStart())
		r.slot.Executing()
	}
}

func (r *run) stopping() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		r.stop = make(chan struct{})
		if r.stopped {
			close(r.stop)
		}
	}
	return r.stop
}

// stretch is how long the run has been executing in one go, in nanoseconds.
func (r *run) stretch(now int64) int64 {
	if since := r.since.Load(); since != 0 {
		return now - since
	}
	return 0
}

func (r *run) executing() time.Duration {
	return time.Duration(r.spent.Load() + r.stretch(sinceStart()))
}

// check is the watcher's look at the run; given is the present processorTime.
func (r *run) check(now, spent, stretch, given int64) {
	if halted := r.halted.Load(); halted != 0 {
		if !r.away.Load() && r.deaf(now-halted, given) && r.lost.CompareAndSwap(false, true) {
			r.giveUp()
		}
		return
	}
	switch {
	case now-r.started > int64(r.Limits.Wall):
		r.halt(call.Timeout, fmt.Sprintf("The run took longer than its limit of %v from start to end. The limit is set by --wall-limit.", r.Limits.Wall))
	case spent+stretch > int64(r.Limits.CPU) && given-r.from > int64(r.Limits.CPU): // else it had no processor
		r.halt(call.CPU, fmt.Sprintf("The run executed longer than its limit of %v; waiting is not counted. The limit is set by --cpu-limit.", r.Limits.CPU))
	case stretch > int64(longRun):
		r.invoker.processor.demote(&r.turn, false)
	}
}

// deaf tells whether a run that was told to stop so long ago does not hear. On a machine
// so busy that the process had no time to hear it, it gets more.
func (r *run) deaf(since, given int64) bool {
	return since > int64(killAfter) && (given-r.given.Load() > int64(killAfter) || since > int64(killLast))
}

// halt tells the run to stop; the first reason stays. It tells whether the run is still
// under way. A run whose caller went away keeps its deadline: a moment of deafness must
// not cost the others the process.
func (r *run) halt(outcome call.Outcome, message string) (underWay bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	if !r.stopped {
		r.stopped, r.ending = true, js.Ending{Outcome: outcome, Failure: call.Failure{Message: message}}
		if r.handler != nil {
			r.handler.Stop(outcome, message)
		}
		if r.stop != nil {
			close(r.stop)
		}
	}
	if outcome != call.Cancelled && r.halted.Load() == 0 {
		r.given.Store(processorTime())
		r.halted.Store(sinceStart())
		if !r.away.Load() {
			r.slot.Expire(time.Now().Add(killLast))
		}
	}
	return true
}

// awayLimit is how long what cannot be interrupted may take before the process is given up on.
const awayLimit = time.Minute

// goAway does what cannot be interrupted and is no fault of the run: it is not taken for deaf
// meanwhile.
func (r *run) goAway(do func()) {
	r.mu.Lock()
	r.away.Store(true)
	r.slot.Expire(time.Now().Add(awayLimit))
	r.mu.Unlock()
	do()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.halted.Load() != 0 { // it hears of it from now on
		r.given.Store(processorTime())
		r.halted.Store(sinceStart())
		r.slot.Expire(time.Now().Add(killLast))
	} else {
		r.slot.Expire(r.deadline())
	}
	r.away.Store(false)
}

func (r *run) isStopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// begin gives the run its sandbox. One that was told to stop while its program was made stops.
func (r *run) begin(with *handler.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handler = with; r.stopped {
		with.Stop(r.ending.Outcome, r.ending.Failure.Message)
	}
}

// end says that nothing may touch the run's slot any more, and lets go of its sandbox.
func (r *run) end() {
	r.mu.Lock()
	r.over, r.handler = true, nil
	r.mu.Unlock()
}

func (r *run) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// giveUp answers for a run that does not stop and gives its places away. It goes on in
// the journal until the process is replaced, which makes its row.
func (r *run) giveUp() {
	r.mu.Lock()
	if !r.over {
		r.slot.Expire(r.began)
	}
	r.mu.Unlock()
	r.invoker.processor.demote(&r.turn, true)
	r.invoker.gate.leave(&r.place)
	r.respond(call.Result{Outcome: call.Killed, Failure: killed})
}

// line is where the run's log lines go while it runs.
func (r *run) line(line call.Line) {
	if r.Code.Draft != nil && len(line.Stack) > 0 {
		line = r.Code.Draft.places().Line(line)
	}
	if r.OnLine != nil {
		r.OnLine(line)
	}
	r.charge(len(line.Message) + len(line.Fields))
	r.invoker.live.Line(&r.who, line)
}

// locate gives the places of a stack that the function reads itself. Others execute while its
// source map is read.
func (r *run) locate(stack []call.Frame) string {
	if r.Code.Draft != nil {
		return r.Code.Draft.places().Text(stack)
	}
	maps := r.invoker.maps
	read, there := maps.known(r.Code.Version)
	if !there {
		r.pause(func() {
			got := make(chan keptMap, 1)
			go func() {
				places, err := maps.of(r.Code.Version)
				got <- keptMap{places: places, err: err}
			}()
			select {
			case read = <-got:
			case <-r.stopping():
				read.err = errHalted
			}
		})
	}
	if read.err != nil {
		return ""
	}
	return read.places.Text(stack)
}

// let says that nothing of the event is held any more.
func (r *run) let() {
	if r.Done != nil {
		r.Done()
	}
}

func (r *run) deadline() time.Time { return r.began.Add(r.Limits.Wall) }

// respond gives the caller its answer, once.
func (r *run) respond(result call.Result) {
	if r.answered.CompareAndSwap(false, true) {
		result = r.clean(result)
		result.Spans = r.placed(result.Spans)
		result.Execution, result.Began, result.Executing = r.Execution, r.began, r.executing()
		result.Wall = time.Duration(sinceStart() - r.started)
		r.answer = result
		r.done <- struct{}{}
	}
}
