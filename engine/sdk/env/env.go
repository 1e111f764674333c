// Package env is how a function reads what it is configured with: env, which its handler gets and
// the module "picloud" has, secrets of that module, and process.env for libraries that look
// there. All show the same names. An object is made when it is first asked for, and a secret is
// opened when it is read.
package env

import (
	"github.com/dop251/goja"

	"picloud/engine/js"
)

// Source is what a script gets, by name, in order.
type Source interface {
	Len() int
	Name(i int) (name string, secret bool)
	Value(i int) (string, error) // an error is a sentence for the function's author
}

// Globals is the table of global names for [js.NewGlobals]: process, and those that the module
// "picloud" is made of.
func Globals() map[string]func(*js.Sandbox) goja.Value {
	return map[string]func(*js.Sandbox) goja.Value{
		"__picloud_env":     Object,
		"__picloud_secrets": newSecrets,
		"process": func(s *js.Sandbox) goja.Value {
			return s.Lazy([]string{"env"}, func(string) goja.Value { return Object(s) })
		},
	}
}

// source is what whoever runs the function has given; nil: nothing.
func source(s *js.Sandbox) Source {
	given, _ := s.Given().(interface{ Env() Source })
	if given == nil {
		return nil
	}
	return given.Env()
}

type objectKey struct{}

// Object is env: a frozen object with a property for each name, the same one whenever a sandbox
// is asked.
func Object(s *js.Sandbox) goja.Value {
	return s.Local(objectKey{}, func() any { return newObject(s) }).(goja.Value)
}

func newObject(s *js.Sandbox) goja.Value {
	vm := s.VM()
	object, from := vm.NewObject(), source(s)
	for i := range length(from) {
		name, secret := from.Name(i)
		if secret {
			define(object.DefineAccessorProperty(name, reader(s, from, i, name), nil, goja.FLAG_FALSE, goja.FLAG_TRUE))
			continue
		}
		value, err := from.Value(i)
		if err != nil {
			panic(vm.NewTypeError(err.Error()))
		}
		define(object.DefineDataProperty(name, vm.ToValue(value), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE))
	}
	if freeze, ok := s.Direct(vm.GlobalObject().Get("Object").ToObject(vm).Get("freeze")); ok {
		freeze(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{object}})
	}
	return object
}

func length(from Source) int {
	if from == nil {
		return 0
	}
	return from.Len()
}

// reader is the getter of a secret.
func reader(s *js.Sandbox, from Source, i int, name string) *goja.Object {
	return s.Function("get "+name, 0, func(goja.FunctionCall) goja.Value {
		value, err := read(s, from, i)
		if err != nil {
			panic(err)
		}
		return value
	})
}

// read gives the text of a secret, or the error to throw.
func read(s *js.Sandbox, from Source, i int) (value goja.Value, thrown *goja.Object) {
	text, err := from.Value(i)
	if err != nil {
		thrown, _ := s.VM().New(s.VM().GlobalObject().Get("Error"), s.VM().ToValue(err.Error()))
		return nil, thrown
	}
	return s.VM().ToValue(text), nil
}

func define(err error) {
	if err != nil {
		panic(err)
	}
}
