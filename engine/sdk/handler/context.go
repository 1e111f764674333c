package handler

import (
	"slices"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/webapi"
)

// abortLead is how long before the deadline ctx.signal aborts, so that code can tidy up.
const abortLead = 100 * time.Millisecond

// context is the third argument of a handler.
type context struct {
	run    *Run
	signal goja.Value
}

// object is what the handler gets; its properties are made when they are read.
func (c *context) object() *goja.Object {
	return c.run.s.Lazy(contextNames, c.value)
}

var contextNames = []string{
	"executionId", "rootExecutionId", "depth", "app", "script", "caller", "deadline", "signal",
	"waitUntil", "passThroughOnException",
}

func (c *context) value(name string) goja.Value {
	vm := c.run.s.VM()
	in := &c.run.in
	switch name {
	case "executionId":
		return vm.ToValue(in.Execution.String())
	case "rootExecutionId":
		if in.Cause.Root.IsZero() {
			return vm.ToValue(in.Execution.String())
		}
		return vm.ToValue(in.Cause.Root.String())
	case "depth":
		return vm.ToValue(in.Cause.Depth)
	case "app":
		return c.record("id", in.Script.App.String(), "slug", in.Script.AppSlug)
	case "script":
		return c.record("id", in.Script.ID.String(), "name", in.Script.Name, "version", in.Script.Version)
	case "deadline":
		return c.date(in.Deadline)
	case "signal":
		return c.abortSignal()
	case "waitUntil":
		return c.run.s.Function(name, 1, c.waitUntil)
	case "passThroughOnException":
		return c.run.s.Function(name, 0, func(goja.FunctionCall) goja.Value { return goja.Undefined() })
	}
	return goja.Null()
}

func (c *context) record(pairs ...any) *goja.Object {
	vm := c.run.s.VM()
	object := vm.NewObject()
	for pair := range slices.Chunk(pairs, 2) {
		if err := object.DefineDataProperty(pair[0].(string), vm.ToValue(pair[1]), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
			panic(err)
		}
	}
	return object
}

func (c *context) date(at time.Time) goja.Value {
	vm := c.run.s.VM()
	date, err := vm.New(vm.GlobalObject().Get("Date"), vm.ToValue(at.UnixMilli()))
	if err != nil {
		panic(err)
	}
	return date
}

func (c *context) waitUntil(f goja.FunctionCall) goja.Value {
	promise, err := c.run.promise(f.Argument(0))
	if err != nil {
		panic(err)
	}
	c.run.waiting = append(c.run.waiting, promise)
	return goja.Undefined()
}

// abortSignal makes the AbortSignal that aborts shortly before the deadline.
func (c *context) abortSignal() goja.Value {
	if c.signal == nil {
		signal, abort := webapi.NewAbort(c.run.s)
		c.signal = signal
		wait := time.Until(c.run.in.Deadline) - abortLead
		c.run.s.AfterIfAlive(max(wait, 0), func() error {
			abort(c.timeoutError())
			return nil
		})
	}
	return c.signal
}

// timeoutError is the reason AbortSignal.timeout would give (DOM standard, section 3.2).
func (c *context) timeoutError() goja.Value {
	vm := c.run.s.VM()
	reason, err := vm.New(vm.GlobalObject().Get("DOMException"), vm.ToValue("The deadline of the run is near."), vm.ToValue("TimeoutError"))
	if err != nil {
		return goja.Undefined()
	}
	return reason
}

// logFailure writes a failure as a line.
func (r *Run) logFailure(where string, failure call.Failure) {
	text := failure.Message
	if failure.Name != "" {
		text = failure.Name + ": " + text
	}
	r.s.Log(call.Line{Level: call.Err, Message: where + ": " + text, Stack: failure.Stack})
}
