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

// context is the third argument of a handler. It implements goja.DynamicObject: a property
// is made when it is read first.
type context struct {
	run    *Run
	made   map[string]goja.Value
	signal goja.Value
}

func contextKeys() []string {
	return []string{
		"executionId", "rootExecutionId", "depth", "app", "script", "caller", "deadline", "signal",
		"waitUntil", "passThroughOnException",
	}
}

// Keys implements goja.DynamicObject.
func (c *context) Keys() []string {
	keys := contextKeys()
	for key := range c.made {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Has implements goja.DynamicObject.
func (c *context) Has(key string) bool {
	_, ok := c.made[key]
	return ok || slices.Contains(contextKeys(), key)
}

// Set implements goja.DynamicObject.
func (c *context) Set(key string, value goja.Value) bool {
	if c.made == nil {
		c.made = map[string]goja.Value{}
	}
	c.made[key] = value
	return true
}

// Delete implements goja.DynamicObject.
func (c *context) Delete(key string) bool {
	if slices.Contains(contextKeys(), key) {
		return false
	}
	delete(c.made, key)
	return true
}

// Get implements goja.DynamicObject.
func (c *context) Get(key string) goja.Value {
	if value, ok := c.made[key]; ok {
		return value
	}
	value := c.value(key)
	if value != nil {
		c.Set(key, value)
	}
	return value
}

func (c *context) value(key string) goja.Value {
	vm := c.run.s.VM()
	in := &c.run.in
	switch key {
	case "executionId", "rootExecutionId":
		return vm.ToValue(in.Execution.String())
	case "depth":
		return vm.ToValue(0)
	case "app":
		return c.object("id", in.Script.App.String(), "slug", in.Script.AppSlug)
	case "script":
		script := c.object("id", in.Script.ID.String(), "name", in.Script.Name)
		if err := script.Set("version", in.Script.Version); err != nil {
			panic(err)
		}
		return script
	case "caller":
		return goja.Null()
	case "deadline":
		return c.date(in.Deadline)
	case "signal":
		return c.abortSignal()
	case "waitUntil":
		return c.run.s.Function("waitUntil", 1, c.waitUntil)
	case "passThroughOnException":
		return c.run.s.Function("passThroughOnException", 0, func(goja.FunctionCall) goja.Value { return goja.Undefined() })
	}
	return nil
}

func (c *context) object(pairs ...string) *goja.Object {
	object := c.run.s.VM().NewObject()
	for pair := range slices.Chunk(pairs, 2) {
		if err := object.Set(pair[0], pair[1]); err != nil {
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
	r.s.Log(call.Err, where+": "+text, "")
}
