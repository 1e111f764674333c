package js

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
)

// Lane is a sort of host work that takes time, with its bounds in one run.
type Lane struct {
	Kind   call.SpanKind
	Most   int // in the whole run
	AtOnce int // under way at a time; others wait for them
}

// Work is done outside the loop, on a goroutine of its own, and touches nothing of the sandbox.
// Its context ends with the run, or when the script gives it up. It gives what happens on the
// loop then: to make the value of the promise, or an error that rejects it as in [Sandbox.Throw].
// In the span it tells what is to be known of it.
type Work func(ctx context.Context, span *call.Span) (settle func() (goja.Value, error))

// Async starts host work and gives the promise of its result, and what gives it up: the promise is
// then rejected with the reason. The loop lives until the work has settled. more is false where
// the lane has had all that it may; nothing is started then.
func (s *Sandbox) Async(lane *Lane, subject string, work Work) (promise *goja.Promise, giveUp func(reason goja.Value), more bool) {
	if s.outside == nil {
		s.outside = &outside{arrival: make(chan struct{}, 1)}
		s.outside.ctx, s.outside.cancel = context.WithCancel(context.Background())
	}
	o := s.outside
	if o.started(lane) >= lane.Most {
		return nil, nil, false
	}
	promise, resolve, reject := s.vm.NewPromise()
	e := &errand{lane: lane, work: work, resolve: resolve, reject: reject}
	e.span = s.trace.begin(lane.Kind, subject)
	e.ctx, e.cancel = context.WithCancel(o.ctx)
	o.errands = append(o.errands, e)
	o.pending++
	o.startNext(lane)
	return promise, func(reason goja.Value) { s.giveUp(e, reason) }, true
}

// errand is one piece of work.
type errand struct {
	lane    *Lane
	work    Work
	resolve func(any) error
	reject  func(any) error
	span    int // its place in the trace, -1: it is in none
	ctx     context.Context
	cancel  context.CancelFunc
	begun   bool
	settled bool
}

// outside is the host work of one run. But for what is below mu it belongs to the loop.
type outside struct {
	ctx     context.Context
	cancel  context.CancelFunc
	errands []*errand // all that were started
	pending int       // of them, not settled

	mu      sync.Mutex
	arrived []arrival
	arrival chan struct{} // has an entry when something arrived
}

// arrival is work that is done.
type arrival struct {
	errand *errand
	settle func() (goja.Value, error)
	span   call.Span
	at     time.Time
}

func (o *outside) started(lane *Lane) (n int) {
	for _, e := range o.errands {
		if e.lane == lane {
			n++
		}
	}
	return n
}

// startNext begins work of a lane while it may.
func (o *outside) startNext(lane *Lane) {
	under := 0
	for _, e := range o.errands {
		if e.lane != lane || e.settled {
			continue
		}
		if e.begun {
			under++
			continue
		}
		if under >= lane.AtOnce {
			return
		}
		under++
		e.begun = true
		go o.do(e, e.work)
		e.work = nil // what it holds is not kept beyond it
	}
}

func (o *outside) do(e *errand, work Work) {
	var span call.Span
	settle := attempt(e.ctx, work, &span)
	o.mu.Lock()
	o.arrived = append(o.arrived, arrival{e, settle, span, time.Now()})
	o.mu.Unlock()
	select {
	case o.arrival <- struct{}{}:
	default:
	}
}

var errPanicked = errors.New("something went wrong on this server")

// attempt does work. What panics in it is a failure of ours, and no reason to end the process.
func attempt(ctx context.Context, work Work, span *call.Span) (settle func() (goja.Value, error)) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.Error("host work panicked", "panic", cause, "stack", string(debug.Stack()))
			span.Failure = "Something went wrong on this server."
			settle = func() (goja.Value, error) { return nil, errPanicked }
		}
	}()
	return work(ctx, span)
}

// take gives one piece of work that is done.
func (o *outside) take() (a arrival, ok bool) {
	if o == nil {
		return arrival{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.arrived) == 0 {
		return arrival{}, false
	}
	a = o.arrived[0]
	o.arrived = slices.Delete(o.arrived, 0, 1)
	return a, true
}

// arrivals is a channel that has an entry when there is something to take; nil: there will not be.
func (o *outside) arrivals() <-chan struct{} {
	if o == nil {
		return nil
	}
	return o.arrival
}

// keeps tells whether the loop has something to wait for.
func (o *outside) keeps() bool { return o != nil && o.pending > 0 }

// end gives up what is still under way.
func (o *outside) end() {
	if o != nil {
		o.cancel()
	}
}

// settle is the task for work that is done.
func (s *Sandbox) settle(a arrival) func() error {
	return func() error {
		e := a.errand
		if e.settled {
			return nil
		}
		s.conclude(e)
		s.trace.end(e.span, a.span, a.at)
		var value goja.Value
		var err error
		if thrown := s.vm.Try(func() { value, err = a.settle() }); thrown != nil {
			err = thrown
		}
		if err != nil {
			return e.reject(s.thrown(err))
		}
		return e.resolve(value)
	}
}

// conclude says that a piece of work is of no interest any more.
func (s *Sandbox) conclude(e *errand) {
	e.settled = true
	e.cancel()
	s.outside.pending--
	s.outside.startNext(e.lane)
}

func (s *Sandbox) giveUp(e *errand, reason goja.Value) {
	if e.settled {
		return
	}
	s.conclude(e)
	s.trace.end(e.span, call.Span{Failure: "It was aborted."}, time.Now())
	must(e.reject(reason))
}

// thrown is the value that an error is to a script.
func (s *Sandbox) thrown(err error) goja.Value {
	if thrown, ok := err.(*goja.Exception); ok {
		return thrown.Value()
	}
	if thrown, ok := err.(Thrown); ok {
		return thrown.Value
	}
	return s.vm.NewTypeError(err.Error())
}

// Thrown is a value as an error.
type Thrown struct{ Value goja.Value }

func (t Thrown) Error() string { return "thrown by a script" }
