package webapi

import (
	"strconv"

	"github.com/dop251/goja"
)

// Pair iterables of Web IDL, section 3.7.9: Headers, URLSearchParams, FormData.

type pairs interface {
	// pair is the i-th entry as it is now.
	pair(r *realm, i int) (name, value goja.Value, ok bool)
}

type pairKind int

const (
	pairEntries pairKind = iota
	pairKeys
	pairValues
)

func pairMembers[T pairs]() []member {
	return []member{
		operation("entries", 0, func(c invocation) goja.Value { return c.iterator(self[T](c), pairEntries) }),
		operation("forEach", 1, func(c invocation) goja.Value { return forEachPair(c, self[T](c)) }),
		operation("keys", 0, func(c invocation) goja.Value { return c.iterator(self[T](c), pairKeys) }),
		operation("values", 0, func(c invocation) goja.Value { return c.iterator(self[T](c), pairValues) }),
	}
}

func forEachPair(c invocation, list pairs) goja.Value {
	run, ok := goja.AssertFunction(c.arg(0))
	if !ok {
		panic(c.vm.NewTypeError("forEach needs a function"))
	}
	thisArg := c.arg(1)
	for i := 0; ; i++ {
		name, value, ok := list.pair(c.realm, i)
		if !ok {
			return goja.Undefined()
		}
		_, err := run(thisArg, value, name, c.this)
		must(err)
		c.sandbox.Check()
	}
}

type pairIterator struct {
	of   pairs
	kind pairKind
	next int
}

// iterator makes a default iterator object (Web IDL, section 3.7.9.1). One prototype serves
// the three classes; its tag tells which.
func (c invocation) iterator(of pairs, kind pairKind) goja.Value {
	object := c.vm.CreateObject(c.iteratorPrototype())
	c.hold(object, &pairIterator{of: of, kind: kind})
	return object
}

func (r *realm) iteratorPrototype() *goja.Object {
	if r.iterate != nil {
		return r.iterate
	}
	base := r.vm.NewObject()
	if values, ok := goja.AssertFunction(r.vm.NewArray().GetSymbol(goja.SymIterator)); ok {
		if iterator, err := values(r.vm.NewArray()); err == nil {
			base = iterator.(*goja.Object).Prototype().Prototype()
		}
	}
	r.iterate = r.vm.CreateObject(base)
	next := r.sandbox.Function("next", 0, func(c goja.FunctionCall) goja.Value {
		return advance(invocation{realm: r, this: c.This})
	})
	must(r.iterate.DefineDataProperty("next", next, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	tag := r.sandbox.Function("get [Symbol.toStringTag]", 0, func(c goja.FunctionCall) goja.Value {
		return r.iteratorTag(c.This)
	})
	must(r.iterate.DefineAccessorPropertySymbol(goja.SymToStringTag, tag, nil, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return r.iterate
}

func (r *realm) iteratorTag(this goja.Value) goja.Value {
	it, ok := as[*pairIterator](r, this)
	if !ok {
		return goja.Undefined()
	}
	switch it.of.(type) {
	case *headers:
		return r.vm.ToValue("Headers Iterator")
	case *searchParams:
		return r.vm.ToValue("URLSearchParams Iterator")
	}
	return r.vm.ToValue("FormData Iterator")
}

func advance(c invocation) goja.Value {
	it := self[*pairIterator](c)
	result := c.vm.NewObject()
	value := goja.Undefined()
	name, content, ok := it.of.pair(c.realm, it.next)
	if ok {
		it.next++
		switch it.kind {
		case pairKeys:
			value = name
		case pairValues:
			value = content
		default:
			value = c.vm.NewArray(name, content)
		}
	}
	must(result.Set("value", value))
	must(result.Set("done", !ok))
	return result
}

// put sets an element of an array without asking any prototype.
func (r *realm) put(list *goja.Object, i int, value goja.Value) {
	must(list.DefineDataProperty(strconv.Itoa(i), value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}
