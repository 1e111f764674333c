package js

import (
	"container/heap"
	"time"

	"github.com/dop251/goja"
)

// maxTimers bounds what waits at a time.
const maxTimers = 10_000

// timer is one entry of the HTML standard's map of active timers (section 8.7).
type timer struct {
	id     int64
	due    time.Time
	order  int64
	every  time.Duration // 0: once
	run    goja.Callable
	args   []goja.Value
	place  int // in the heap, -1: not there
	active bool
	weak   bool // does not keep the loop alive
}

// timerQueue orders timers by their time, then by the order of their making.
type timerQueue struct {
	waiting timerHeap
	byID    map[int64]*timer
	last    int64
	order   int64
	weak    int
}

func (q *timerQueue) next() (due time.Time, ok bool) {
	if len(q.waiting) == 0 {
		return time.Time{}, false
	}
	return q.waiting[0].due, true
}

// keeps tells whether a timer is a reason to go on.
func (q *timerQueue) keeps() bool { return len(q.waiting) > q.weak }

func (q *timerQueue) add(t *timer) {
	q.order++
	t.order = q.order
	heap.Push(&q.waiting, t)
}

func (q *timerQueue) cancel(id int64) {
	t := q.byID[id]
	if t == nil {
		return
	}
	delete(q.byID, id)
	t.active = false
	if t.weak {
		q.weak--
	}
	if t.place >= 0 {
		heap.Remove(&q.waiting, t.place)
	}
}

// After runs task on the loop once the time has passed; the loop lives until then. The
// returned function takes it back.
func (s *Sandbox) After(delay time.Duration, task func() error) (cancel func()) {
	t := s.after(delay, task)
	return func() { s.timers.cancel(t.id) }
}

// AfterIfAlive is After but for that it does not keep the loop alive, until keep is called.
func (s *Sandbox) AfterIfAlive(delay time.Duration, task func() error) (keep func()) {
	t := s.after(delay, task)
	t.weak = true
	s.timers.weak++
	return func() {
		if t.weak && t.active {
			t.weak = false
			s.timers.weak--
		}
	}
}

func (s *Sandbox) after(delay time.Duration, task func() error) *timer {
	return s.addTimer(delay, 0, func(goja.Value, ...goja.Value) (goja.Value, error) {
		return nil, task()
	}, nil)
}

func (s *Sandbox) addTimer(delay, every time.Duration, run goja.Callable, args []goja.Value) *timer {
	q := &s.timers
	if len(q.byID) >= maxTimers {
		panic(s.RangeError("more than %d timers are waiting", maxTimers))
	}
	q.last++
	t := &timer{id: q.last, due: time.Now().Add(delay), every: every, run: run, args: args, active: true}
	if q.byID == nil {
		q.byID = map[int64]*timer{}
	}
	q.byID[t.id] = t
	q.add(t)
	return t
}

// fireTimer runs the timer that is due first.
func (s *Sandbox) fireTimer() error {
	if len(s.timers.waiting) == 0 {
		return nil
	}
	t := heap.Pop(&s.timers.waiting).(*timer)
	if t.every == 0 {
		s.timers.cancel(t.id)
	}
	_, err := t.run(goja.Undefined(), t.args...)
	if t.every > 0 && t.active {
		t.due = time.Now().Add(t.every)
		s.timers.add(t)
	}
	return err
}

// timerGlobals are the functions of the HTML standard, sections 8.7 and 8.8. A handler that
// is a string, which the standard would compile, is refused.
func timerGlobals() map[string]func(*Sandbox) goja.Value {
	start := func(name string, repeat bool) func(*Sandbox) goja.Value {
		return func(s *Sandbox) goja.Value {
			return s.Function(name, 1, func(c goja.FunctionCall) goja.Value {
				run, ok := goja.AssertFunction(c.Argument(0))
				if !ok {
					panic(s.vm.NewTypeError(name + ": the first argument must be a function"))
				}
				delay := time.Duration(max(int32(c.Argument(1).ToInteger()), 0)) * time.Millisecond
				var every time.Duration
				if repeat {
					delay = max(delay, time.Millisecond)
					every = delay
				}
				var args []goja.Value
				if len(c.Arguments) > 2 {
					args = append(args, c.Arguments[2:]...)
				}
				return s.vm.ToValue(s.addTimer(delay, every, run, args).id)
			})
		}
	}
	clear := func(name string) func(*Sandbox) goja.Value {
		return func(s *Sandbox) goja.Value {
			return s.Function(name, 1, func(c goja.FunctionCall) goja.Value {
				s.timers.cancel(int64(int32(c.Argument(0).ToInteger())))
				return goja.Undefined()
			})
		}
	}
	return map[string]func(*Sandbox) goja.Value{
		"setTimeout":     start("setTimeout", false),
		"setInterval":    start("setInterval", true),
		"clearTimeout":   clear("clearTimeout"),
		"clearInterval":  clear("clearInterval"),
		"queueMicrotask": microtask,
	}
}

func microtask(s *Sandbox) goja.Value {
	return s.Function("queueMicrotask", 1, func(c goja.FunctionCall) goja.Value {
		run, ok := goja.AssertFunction(c.Argument(0))
		if !ok {
			panic(s.vm.NewTypeError("queueMicrotask: the first argument must be a function"))
		}
		s.Microtask(func() error {
			_, err := run(goja.Undefined())
			return err
		})
		return goja.Undefined()
	})
}

// Microtask runs task when the present stack of calls is empty. What it throws is told like
// an exception in a timer.
func (s *Sandbox) Microtask(task func() error) {
	promise, resolve, _ := s.vm.NewPromise()
	then, _ := goja.AssertFunction(s.vm.ToValue(promise).(*goja.Object).Get("then"))
	done := func(goja.FunctionCall) goja.Value {
		switch err := task().(type) {
		case nil:
		case *goja.Exception:
			s.Report(err)
		default:
			panic(err)
		}
		return goja.Undefined()
	}
	if _, err := then(s.vm.ToValue(promise), s.vm.ToValue(done)); err != nil {
		panic(err)
	}
	if err := resolve(goja.Undefined()); err != nil {
		panic(err)
	}
}

// timerHeap implements heap.Interface.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].order < h[j].order
	}
	return h[i].due.Before(h[j].due)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.place = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.place = -1
	return t
}
