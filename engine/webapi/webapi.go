// Package webapi is the part of the web platform that functions see: Fetch, URL, Encoding,
// DOM events and aborting, File API, XHR's FormData, structured cloning, random values and
// time, one file per standard.
//
// It hides that almost none of it exists until it is touched. A class is a proxy of an empty
// prototype that answers property reads from a table in Go; a function object is made for
// the methods a script really calls. Nothing here waits, reads from outside or runs longer
// than linear in its input, and what is wrong becomes a JavaScript exception.
package webapi

import (
	"time"

	"github.com/dop251/goja"

	"picloud/engine/js"
)

// Globals is the table of global names for [js.NewGlobals].
func Globals() map[string]func(*js.Sandbox) goja.Value {
	table := map[string]func(*js.Sandbox) goja.Value{
		"self":            func(s *js.Sandbox) goja.Value { return s.VM().GlobalObject() },
		"atob":            global("atob", 1, atob),
		"btoa":            global("btoa", 1, btoa),
		"structuredClone": cloner(),
		"fetch":           global("fetch", 1, fetch),
		"crypto":          singleton(classCrypto),
		"performance":     singleton(classPerformance),
		"navigator":       singleton(classNavigator),
	}
	for id, class := range defineAll() {
		if id != 0 && !class.hidden {
			table[class.name] = func(s *js.Sandbox) goja.Value { return realmOf(s).class(classID(id)).constructor() }
		}
	}
	return table
}

// global makes a global function.
func global(name string, length int, run func(invocation) goja.Value) func(*js.Sandbox) goja.Value {
	return func(s *js.Sandbox) goja.Value {
		r := realmOf(s)
		return s.Function(name, length, func(c goja.FunctionCall) goja.Value {
			r.enter()
			defer r.leave()
			return run(invocation{realm: r, this: c.This, args: c.Arguments})
		})
	}
}

// singleton makes a global that is the one instance of its class.
func singleton(id classID) func(*js.Sandbox) goja.Value {
	return func(s *js.Sandbox) goja.Value { return realmOf(s).instance(id, id) }
}

// realm is what one sandbox has of this package.
type realm struct {
	sandbox *js.Sandbox
	vm      *goja.Runtime
	began   time.Time
	defined *[classCount]*class
	classes [classCount]*built
	iterate *goja.Object // prototype of pair iterators
	depth   int          // nested calls of ours
	first   [6]slot      // states of the first instances, most often the only ones
	held    int          // of them
	brand   *goja.Symbol // of later instances' states; nil: there are none

	wrongStatus *goja.Object // the error that a Response was last refused by
}

// maxDepth bounds calls of ours within calls of ours. goja counts frames of script code
// only: a toString that is one of our functions bound to its own object would recurse in Go
// until the process dies.
const maxDepth = 500

func (r *realm) enter() {
	if r.depth >= maxDepth {
		panic(r.sandbox.RangeError("Calls are nested deeper than %d", maxDepth))
	}
	r.depth++
}

func (r *realm) leave() { r.depth-- }

type (
	realmKey   struct{}
	classesKey struct{}
)

func realmOf(s *js.Sandbox) *realm {
	return s.Local(realmKey{}, func() any {
		defined := s.Shared(classesKey{}, func() any { return defineAll() }).(*[classCount]*class)
		return &realm{sandbox: s, vm: s.VM(), defined: defined, began: time.Now()}
	}).(*realm)
}

// slot holds the state of an instance.
type slot struct {
	object *goja.Object
	state  any
}

// branded is a slot under the realm's private symbol. It is a value of its own so that no
// property, method or field of the state can be reached by a script.
type branded struct {
	goja.Value
	slot
}

// hold makes object an instance with the state. A table that grew would keep every instance
// alive as long as the sandbox, so it has few places and later states go with their object.
func (r *realm) hold(object *goja.Object, state any) {
	if r.held < len(r.first) {
		r.first[r.held] = slot{object, state}
		r.held++
		return
	}
	if r.brand == nil {
		r.brand = goja.NewSymbol("state")
	}
	held := &branded{goja.Undefined(), slot{object, state}}
	must(object.DefineDataPropertySymbol(r.brand, held, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
}

// stateOf is the state of an instance of ours, or nil. An object that merely inherits from
// an instance, wraps it in a proxy or copied its symbol is none (Web IDL, section 3.2.7).
func (r *realm) stateOf(value goja.Value) any {
	object, ok := value.(*goja.Object)
	if !ok {
		return nil
	}
	for i := range r.held {
		if r.first[i].object == object {
			return r.first[i].state
		}
	}
	if r.brand == nil {
		return nil
	}
	if held, ok := object.GetSymbol(r.brand).(*branded); ok && held.object == object {
		return held.state
	}
	return nil
}

// as is the state of an instance when it has that type.
func as[T any](r *realm, value goja.Value) (T, bool) {
	state, ok := r.stateOf(value).(T)
	return state, ok
}

// self is the state of an operation's this value; anything else is a TypeError.
func self[T any](c invocation) T {
	state, ok := c.realm.stateOf(c.this).(T)
	if !ok {
		panic(c.vm.NewTypeError("Illegal invocation: this object is not of the right class"))
	}
	return state
}

// invocation is one call of an operation or constructor, or one read of an attribute.
type invocation struct {
	*realm
	this goja.Value
	args []goja.Value
}

func (c invocation) arg(i int) goja.Value {
	if i < len(c.args) {
		return c.args[i]
	}
	return goja.Undefined()
}

// need throws unless there are n arguments (Web IDL, section 3.7.7).
func (c invocation) need(n int, who string) {
	if len(c.args) < n {
		panic(c.vm.NewTypeError("%s needs %d argument(s), but got %d", who, n, len(c.args)))
	}
}

// given tells whether an optional argument is there; undefined counts as missing.
func (c invocation) given(i int) bool {
	return i < len(c.args) && !goja.IsUndefined(c.args[i])
}

// promise settles a new promise with what run gives or throws.
func (r *realm) promise(run func() goja.Value) goja.Value {
	promise, resolve, reject := r.vm.NewPromise()
	var value goja.Value
	if thrown := r.vm.Try(func() { value = run() }); thrown != nil {
		must(reject(thrown.Value()))
	} else {
		must(resolve(value))
	}
	return r.vm.ToValue(promise)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
