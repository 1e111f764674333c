package js

import (
	"reflect"

	"github.com/dop251/goja"
)

// nativeFunction is a function of goja's or ours, called without leaving the present step.
type nativeFunction = func(goja.FunctionCall) goja.Value

// maxNested bounds how deep functions made by Function call each other without byte code
// between, which no limit of goja counts.
const maxNested = 1000

// Function makes a function object with the name and length a script sees; goja itself
// would show the Go name. It ends a step that was stopped and bounds native recursion.
func (s *Sandbox) Function(name string, length int, run func(goja.FunctionCall) goja.Value) *goja.Object {
	function := s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		s.Check()
		if s.nested >= maxNested {
			panic(s.RangeError("%s: calls are nested too deeply", name))
		}
		s.nested++
		defer func() { s.nested-- }()
		return run(c)
	}).(*goja.Object)
	must(function.DefineDataProperty("name", s.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	if length > 0 {
		must(function.DefineDataProperty("length", s.vm.ToValue(length), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return function
}

// Check ends the step at once if the run was stopped. Loops in Go that may be long call it,
// for goja looks at its interrupt in byte code only.
func (s *Sandbox) Check() {
	if s.halted.Load() {
		panic(s.interrupted())
	}
}

// interrupted runs one byte-code instruction, which raises the interrupt that Stop has set.
func (s *Sandbox) interrupted() error {
	_, err := s.vm.RunProgram(s.globals.nothing)
	if err == nil {
		err = s.stopped()
	}
	return err
}

// native finds a built-in function of goja by global and property.
func (s *Sandbox) native(global, name string) nativeFunction {
	return s.direct(s.objectAt(s.global(global), name))
}

// direct is the function without the wrapping of a Callable where it is a built-in.
func (s *Sandbox) direct(function *goja.Object) nativeFunction {
	if isNative(function) {
		if run, ok := function.Export().(func(goja.FunctionCall) goja.Value); ok {
			return run
		}
	}
	callable, ok := goja.AssertFunction(function)
	if !ok {
		panic(s.vm.NewTypeError("not a function"))
	}
	return func(c goja.FunctionCall) goja.Value {
		value, err := callable(c.This, c.Arguments...)
		if err != nil {
			panic(err)
		}
		return value
	}
}

// Direct gives a function to be called within the present step: what it throws is a panic,
// which the step takes up.
func (s *Sandbox) Direct(value goja.Value) (run func(goja.FunctionCall) goja.Value, ok bool) {
	function, ok := value.(*goja.Object)
	if !ok {
		return nil, false
	}
	if isNative(function) {
		if run, ok := function.Export().(nativeFunction); ok {
			return run, true
		}
	}
	if _, ok := goja.AssertFunction(function); !ok {
		return nil, false
	}
	return s.direct(function), true
}

func isNative(function *goja.Object) bool { return function.ClassName() == "Function" }

// isArray is IsArray of ECMA-262 section 7.2.2.
func (s *Sandbox) isArray(object *goja.Object) bool {
	for range MaxJSONDepth {
		if !isProxy(object) {
			return object.ClassName() == "Array"
		}
		object = object.Export().(goja.Proxy).Target()
		if object == nil {
			return false
		}
	}
	return false
}

func isProxy(object *goja.Object) bool {
	return object.ExportType() == reflect.TypeFor[goja.Proxy]()
}

func isMap(object *goja.Object) bool { return object.ExportType() == reflect.TypeFor[[][2]any]() }

func isSet(object *goja.Object) bool {
	return object.ExportType() == reflect.TypeFor[[]any]() && object.ClassName() != "Array"
}

func arrayLength(object *goja.Object) int {
	return int(min(max(object.Get("length").ToInteger(), 0), 1<<32))
}

// kindOf tells primitives apart without converting: String, Int64, Float64, Bool, Pointer
// for a BigInt, Interface for an object, Invalid for undefined, null and symbols.
func kindOf(value goja.Value) reflect.Kind {
	switch value.(type) {
	case nil, *goja.Symbol:
		return reflect.Invalid
	case *goja.Object:
		return reflect.Interface
	case goja.String:
		return reflect.String
	}
	if goja.IsUndefined(value) || goja.IsNull(value) || value.ExportType() == nil {
		return reflect.Invalid
	}
	switch kind := value.ExportType().Kind(); kind {
	case reflect.Int64, reflect.Float64, reflect.Bool, reflect.Pointer:
		return kind
	}
	return reflect.Invalid
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// data makes an ordinary property without calling a setter.
func (s *Sandbox) data(on *goja.Object, name string, value goja.Value) {
	must(on.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}
