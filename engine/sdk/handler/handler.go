// Package handler is the convention of what a function looks like: which export of its
// module is called, with what, and what may come back. It hides the promises: a Run answers
// once, as early as the answer is known, and lives on for what was given to waitUntil.
package handler

import (
	"reflect"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/webapi"
)

// Input is one call of a function.
type Input struct {
	call.Call
	Program  *Program
	Globals  *js.Globals
	Deadline time.Time // what ctx.deadline tells; enforcing it is the caller's matter, by Stop
	Slot     js.Slot
	OnLine   func(call.Line)
	Tick     func()                       // of js.Config
	Locate   func([]call.Frame) string    // of js.Config
	Hold     func([]byte)                 // of js.Config
	OnSpan   func(call.Span)              // of js.Config
	Given    any                          // of js.Config
	Clean    func(string) string          // of js.Config
	Env      func(*js.Sandbox) goja.Value // gives the second argument of a handler; nil: an empty object
}

// Run is one call under way.
type Run struct {
	in       Input
	s        *js.Sandbox
	respond  func(call.Result)
	answer   *goja.Promise   // what fetch returned, until it is settled
	waiting  []*goja.Promise // what waitUntil got, until it is settled
	answered bool
	result   call.Result
	context  context
}

// New prepares a run; no code of the function runs before Do.
func New(in Input) *Run {
	r := &Run{in: in}
	r.s = js.New(js.Config{Globals: in.Globals, Program: in.Program.code, Limits: in.Limits, Slot: in.Slot, OnLine: in.OnLine, Tick: in.Tick, Hold: in.Hold, Locate: in.Locate, OnSpan: in.OnSpan, Given: in.Given, Clean: in.Clean})
	r.context.run = r
	return r
}

// Stop ends the run from any goroutine, at any time; the first call decides.
func (r *Run) Stop(outcome call.Outcome, message string) { r.s.Stop(outcome, message) }

// Do runs the function. respond is called exactly once, on this goroutine, as soon as the
// answer is known; Do returns when the work given to waitUntil has ended too, with the result
// of the whole: if that work was stopped, its outcome and failure beside the answer that was
// given. Wall and Executing are left to the caller, who keeps the Slot. Do never panics.
func (r *Run) Do(respond func(call.Result)) call.Result {
	r.respond = respond
	r.s.Observe((*observer)(r))
	ending := r.s.Run(r.start)
	switch {
	case ending != nil:
		r.result.Outcome = ending.Outcome
		failure := ending.Failure
		r.result.Failure = &failure
	case !r.answered:
		r.result.Outcome = call.Error
		r.result.Failure = &call.Failure{Message: "The promise returned never settles: nothing that could settle it is pending any more."}
	case len(r.waiting) > 0:
		r.s.Log(call.Line{Level: call.Warn, Message: "A promise given to waitUntil never settles."})
	}
	r.result.Lines, r.result.Spans = r.s.Lines(), r.s.Spans()
	if !r.answered {
		r.answered = true
		respond(r.result)
	}
	return r.result
}

// start loads the module and calls its handler.
func (r *Run) start() error {
	export, err := r.s.Evaluate()
	if err != nil {
		return err
	}
	fetch, this, err := r.handler(export)
	if err != nil {
		return err
	}
	value := fetch(goja.FunctionCall{This: this, Arguments: r.arguments()})
	object, ok := value.(*goja.Object)
	if !ok {
		return r.give(value)
	}
	if object.ExportType() == reflect.TypeFor[*goja.Promise]() {
		r.answer = object.Export().(*goja.Promise)
		return nil
	}
	if !webapi.IsResponse(r.s, object) {
		if _, thenable := goja.AssertFunction(object.Get("then")); thenable {
			r.answer, err = r.promise(object)
			return err
		}
	}
	return r.give(object)
}

// arguments are (request, env, ctx), as far as the handler can see them.
func (r *Run) arguments() []goja.Value {
	args := make([]goja.Value, r.in.Program.arguments)
	for i := range args {
		switch i {
		case 0:
			args[i] = webapi.NewRequest(r.s, r.in.Event.Request, r.context.abortSignal)
		case 1:
			args[i] = r.env()
		case 2:
			args[i] = r.context.object()
		}
	}
	return args
}

func (r *Run) env() goja.Value {
	if r.in.Env == nil {
		return r.s.VM().NewObject()
	}
	return r.in.Env(r.s)
}

// promise follows a value as await does (ECMA-262, PromiseResolve).
func (r *Run) promise(value goja.Value) (*goja.Promise, error) {
	if object, ok := value.(*goja.Object); ok && object.ExportType() == reflect.TypeFor[*goja.Promise]() {
		return object.Export().(*goja.Promise), nil
	}
	promise, resolve, _ := r.s.VM().NewPromise()
	return promise, resolve(value)
}

// handler finds the function to call: the default export if it is a function and not a
// class, or its method for the kind of event.
func (r *Run) handler(export goja.Value) (fetch func(goja.FunctionCall) goja.Value, this goja.Value, err error) {
	chosen, ok := export.(*goja.Object)
	if !ok {
		return nil, nil, invalid("The module has no default export to call. Write: export default function (request) { … }")
	}
	if isClass(chosen) {
		return nil, nil, invalid("The default export is a class. Export a function, or an object with a method fetch.")
	}
	if fetch, ok = r.s.Direct(chosen); ok {
		return fetch, goja.Undefined(), nil
	}
	name := string(r.in.Event.Kind())
	method := chosen.Get(name)
	if method == nil || goja.IsUndefined(method) {
		return nil, nil, invalid("The default export has no method " + name + ". Write: export default { " + name + "(request) { … } }")
	}
	if fetch, ok = r.s.Direct(method); !ok {
		return nil, nil, invalid(name + " of the default export is not a function.")
	}
	return fetch, chosen, nil
}

func isClass(object *goja.Object) bool {
	kind := object.ExportType()
	return kind == reflect.TypeFor[func(goja.ConstructorCall) *goja.Object]()
}

// observer is what a Run does while its sandbox runs.
type observer Run

// Stepped looks at the promises after every step. Nothing is subscribed to them, so a script
// that has replaced Promise.prototype.then changes nothing here.
func (o *observer) Stepped() func() error {
	r := (*Run)(o)
	for _, promise := range r.waiting {
		if promise.State() == goja.PromiseStateRejected {
			r.s.Handled(promise) // it is logged after the answer, which it must not spoil
		}
	}
	if r.answer != nil && r.answer.State() != goja.PromiseStatePending {
		answer := r.answer
		r.answer = nil
		r.s.Handled(answer)
		return func() error { return r.settled(answer) }
	}
	if len(r.waiting) > 0 {
		if next := r.lookAtWaiting(); next != nil {
			return next
		}
	}
	if r.answered && len(r.waiting) == 0 {
		r.s.Quit()
	}
	return nil
}

// lookAtWaiting drops what has been fulfilled and takes up a rejection.
func (r *Run) lookAtWaiting() (next func() error) {
	open := r.waiting[:0]
	for i, promise := range r.waiting {
		switch promise.State() {
		case goja.PromiseStatePending:
			open = append(open, promise)
		case goja.PromiseStateRejected:
			r.waiting = append(open, r.waiting[i+1:]...)
			return func() error { return r.waitedInVain(promise) }
		}
	}
	r.waiting = open
	return nil
}

func (r *Run) settled(answer *goja.Promise) error {
	if answer.State() == goja.PromiseStateRejected {
		thrown := answer.Result()
		return &js.Ending{Outcome: r.outcome(thrown), Failure: r.s.Explain(thrown)}
	}
	return r.give(answer.Result())
}

// waitedInVain logs a rejection of work that goes on after the answer.
func (r *Run) waitedInVain(promise *goja.Promise) error {
	r.logFailure("waitUntil", r.s.Explain(promise.Result()))
	return nil
}

// Failed is told of failures nobody took: before the answer they end the run, afterwards
// they are lines in its log.
func (o *observer) Failed(thrown goja.Value, failure call.Failure) *js.Ending {
	r := (*Run)(o)
	if !r.answered {
		return &js.Ending{Outcome: r.outcome(thrown), Failure: failure}
	}
	r.logFailure("uncaught", failure)
	return nil
}

// outcome is how a run ends by what was thrown.
func (r *Run) outcome(thrown goja.Value) call.Outcome {
	if webapi.IsWrongStatus(r.s, thrown) {
		return call.Invalid
	}
	return call.Error
}

// give answers with what the function gave.
func (r *Run) give(value goja.Value) error {
	response, err := r.response(value)
	if err != nil {
		return err
	}
	r.result.Outcome = call.OK
	r.result.Response = response
	r.result.Lines = r.s.Lines()
	r.answered = true
	r.respond(r.result)
	return nil
}

func invalid(message string) error {
	return &js.Ending{Outcome: call.Invalid, Failure: call.Failure{Message: message}}
}
