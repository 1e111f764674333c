package webapi

import (
	"math"
	"slices"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/js"
)

// AbortController and AbortSignal of the DOM standard, section 3.

type abortSignal struct {
	eventTarget
	reason  goja.Value // nil: not aborted
	actions []func()   // abort algorithms
	handler goja.Value // the attribute onabort
	sources []*abortSignal
	follows []*abortSignal // dependent signals
	keep    func()         // makes the time-out a reason to go on; nil: there is none
}

func abortSignalClass() *class {
	return &class{
		name: "AbortSignal", shown: []string{"aborted"}, parent: classEventTarget,
		members: []member{
			attribute("aborted", func(c invocation) goja.Value { return c.vm.ToValue(self[*abortSignal](c).aborted()) }),
			{name: "onabort", get: func(c invocation) goja.Value { return orNull(self[*abortSignal](c).handler) }, set: setOnAbort},
			attribute("reason", func(c invocation) goja.Value {
				if reason := self[*abortSignal](c).reason; reason != nil {
					return reason
				}
				return goja.Undefined()
			}),
			operation("throwIfAborted", 0, func(c invocation) goja.Value {
				if reason := self[*abortSignal](c).reason; reason != nil {
					panic(reason)
				}
				return goja.Undefined()
			}),
		},
		statics: []member{
			operation("abort", 0, func(c invocation) goja.Value {
				signal := c.newSignal()
				signal.reason = c.abortReason(c.arg(0))
				return signal.object
			}),
			operation("any", 1, abortAny),
			operation("timeout", 1, abortTimeout),
		},
	}
}

func (r *realm) newSignal() *abortSignal {
	signal := &abortSignal{}
	signal.object = r.instance(classAbortSignal, signal)
	return signal
}

func (s *abortSignal) aborted() bool { return s.reason != nil }

func (s *abortSignal) onAbort(action func()) { s.actions = append(s.actions, action) }

func (r *realm) abortReason(given goja.Value) goja.Value {
	if given == nil || goja.IsUndefined(given) {
		return r.exception("AbortError", "This operation was aborted")
	}
	return given
}

// signalAbort is https://dom.spec.whatwg.org/#abortsignal-signal-abort.
func (r *realm) signalAbort(s *abortSignal, reason goja.Value) {
	if s.aborted() {
		return
	}
	s.reason = reason
	var dependents []*abortSignal
	for _, d := range s.follows {
		if !d.aborted() {
			d.reason = reason
			dependents = append(dependents, d)
		}
	}
	r.runAbort(s)
	for _, d := range dependents {
		r.runAbort(d)
	}
}

func (r *realm) runAbort(s *abortSignal) {
	actions := s.actions
	s.actions = nil
	for _, action := range actions {
		action()
	}
	if len(s.listeners) == 0 {
		return
	}
	e := &event{kind: "abort", prepared: true, trusted: true, at: time.Since(r.began)}
	r.dispatch(&s.eventTarget, r.instance(classEvent, e), e)
}

// setOnAbort is an event handler attribute (HTML standard, section 8.1.8.1): a listener in
// the place where it was first set.
func setOnAbort(c invocation, value goja.Value) {
	s := self[*abortSignal](c)
	had := s.handler != nil
	s.handler = nil
	if isObject(value) {
		s.handler = value
	}
	if had || s.handler == nil {
		return
	}
	relay := c.sandbox.Function("onabort", 1, func(f goja.FunctionCall) goja.Value {
		if run, ok := goja.AssertFunction(orNull(s.handler)); ok {
			_, err := run(s.object, f.Argument(0))
			must(err)
		}
		return goja.Undefined()
	})
	s.heard()
	if !slices.ContainsFunc(s.listeners, func(l *listener) bool { return l.handlerAttribute }) {
		s.listeners = append(s.listeners, &listener{kind: "abort", callback: relay, handlerAttribute: true})
	}
}

// heard keeps the run going until the time-out of a signal that somebody listens to
// (https://dom.spec.whatwg.org/#abort-signal-garbage-collection).
func (s *abortSignal) heard() {
	for _, signal := range append([]*abortSignal{s}, s.sources...) {
		if signal.keep != nil {
			signal.keep()
		}
	}
}

func abortTimeout(c invocation) goja.Value {
	c.need(1, "AbortSignal.timeout")
	limit := c.args[0].ToFloat()
	if math.IsNaN(limit) || limit < 0 || limit > 1<<53-1 {
		panic(c.vm.NewTypeError("AbortSignal.timeout: the time must be a number of milliseconds from 0"))
	}
	signal, r := c.newSignal(), c.realm
	wait := time.Duration(math.MaxInt64)
	if limit < float64(wait/time.Millisecond) {
		wait = time.Duration(limit) * time.Millisecond
	}
	signal.keep = c.sandbox.AfterIfAlive(min(wait, maxWait), func() error {
		r.signalAbort(signal, r.exception("TimeoutError", "The operation was aborted due to timeout"))
		return nil
	})
	return signal.object
}

// maxWait keeps sums of times in range; no run lives that long.
const maxWait = 24 * time.Hour

// abortAny is https://dom.spec.whatwg.org/#create-a-dependent-abort-signal.
func abortAny(c invocation) goja.Value {
	c.need(1, "AbortSignal.any")
	if !isObject(c.args[0]) {
		panic(c.vm.NewTypeError("AbortSignal.any: the argument must be an array of signals"))
	}
	var signals []*abortSignal
	c.each(c.args[0], "AbortSignal.any", func(item goja.Value) {
		signal, ok := as[*abortSignal](c.realm, item)
		if !ok {
			panic(c.vm.NewTypeError("AbortSignal.any: every item must be an AbortSignal"))
		}
		signals = append(signals, signal)
	})
	return c.dependent(signals).object
}

func (r *realm) dependent(signals []*abortSignal) *abortSignal {
	result := r.newSignal()
	for _, signal := range signals {
		if signal.aborted() {
			result.reason = signal.reason
			return result
		}
	}
	for _, signal := range signals {
		sources := signal.sources
		if len(sources) == 0 {
			sources = []*abortSignal{signal}
		}
		for _, source := range sources {
			if !slices.Contains(source.follows, result) {
				source.follows = append(source.follows, result)
				result.sources = append(result.sources, source)
			}
		}
	}
	return result
}

// follow makes a signal that aborts with the one given; anything else is a TypeError.
func (r *realm) follow(value goja.Value) *abortSignal {
	signal, ok := as[*abortSignal](r, value)
	if !ok {
		panic(r.vm.NewTypeError("signal must be an AbortSignal or null"))
	}
	return r.dependent([]*abortSignal{signal})
}

type abortController struct{ signal *abortSignal }

func abortControllerClass() *class {
	return &class{
		name:      "AbortController",
		construct: func(c invocation) any { return &abortController{c.newSignal()} },
		members: []member{
			operation("abort", 0, func(c invocation) goja.Value {
				signal := self[*abortController](c).signal
				if !signal.aborted() {
					c.signalAbort(signal, c.abortReason(c.arg(0)))
				}
				return goja.Undefined()
			}),
			attribute("signal", func(c invocation) goja.Value { return self[*abortController](c).signal.object }),
		},
	}
}

// NewAbort makes an AbortSignal and the function that aborts it. The function is called on
// the loop; a nil or undefined reason becomes an AbortError.
func NewAbort(s *js.Sandbox) (signal goja.Value, abort func(reason goja.Value)) {
	r := realmOf(s)
	made := r.newSignal()
	return made.object, func(reason goja.Value) {
		if !made.aborted() {
			r.signalAbort(made, r.abortReason(reason))
		}
	}
}
