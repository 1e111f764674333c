// Package native reads and makes goja's values and functions without the traps of its own
// ways: conversions that run code of the script unasked, setters that are called for a plain
// property, proxies that look like what they stand for.
package native

import (
	"reflect"
	"strconv"
	"unsafe"

	"github.com/dop251/goja"
)

// Function is a function of goja's or of Go, called without leaving the present step.
type Function = func(goja.FunctionCall) goja.Value

// Machine is the sandbox, as its rooms see it.
type Machine interface {
	VM() *goja.Runtime
	Local(key any, make func() any) any
	Function(name string, length int, run Function) *goja.Object
	Check()
	Hold(buffer []byte)
	RangeError(format string, args ...any) *goja.Object
	SyntaxError(format string, args ...any) *goja.Object
}

// The sizes that built-ins of ours do not go beyond.
const (
	MaxText    = 32 << 20 // UTF-16 units of a text, or bytes
	maxProxies = 500      // of proxies
)

// ObjectAt is a property that is an object; anything else is a TypeError.
func ObjectAt(vm *goja.Runtime, owner *goja.Object, name string) *goja.Object {
	object, ok := owner.Get(name).(*goja.Object)
	if !ok {
		panic(vm.NewTypeError(name + " has been replaced"))
	}
	return object
}

// Global is a global object or function.
func Global(vm *goja.Runtime, name string) *goja.Object {
	return ObjectAt(vm, vm.GlobalObject(), name)
}

// Prototype is the prototype object of a global constructor.
func Prototype(vm *goja.Runtime, global string) *goja.Object {
	return ObjectAt(vm, Global(vm, global), "prototype")
}

// Direct gives a function to be called within the present step: what it throws is a panic,
// which the step takes up.
func Direct(value goja.Value) (run Function, ok bool) {
	function, ok := value.(*goja.Object)
	if !ok {
		return nil, false
	}
	if function.ClassName() == "Function" {
		if run, ok := function.Export().(Function); ok {
			return run, true
		}
	}
	callable, ok := goja.AssertFunction(function)
	if !ok {
		return nil, false
	}
	return func(c goja.FunctionCall) goja.Value {
		value, err := callable(c.This, c.Arguments...)
		if err != nil {
			panic(err)
		}
		return value
	}, true
}

// MustDirect is Direct with a TypeError for what is no function.
func MustDirect(vm *goja.Runtime, value goja.Value) Function {
	run, ok := Direct(value)
	if !ok {
		panic(vm.NewTypeError("not a function"))
	}
	return run
}

// Get reads a property; what its getter throws counts as nothing.
func Get(vm *goja.Runtime, object *goja.Object, name string) (value goja.Value) {
	vm.Try(func() { value = object.Get(name) })
	return value
}

// Text reads a property as a string; anything that is not a primitive is left out.
func Text(vm *goja.Runtime, object *goja.Object, name string, limit int) string {
	value := Get(vm, object, name)
	if value == nil || goja.IsUndefined(value) {
		return ""
	}
	if _, ok := value.(*goja.Object); ok {
		return ""
	}
	return Clip(value, limit)
}

// Clip gives a primitive as text of at most limit UTF-16 units.
func Clip(value goja.Value, limit int) string {
	if text, ok := value.(goja.String); ok && text.Length() > limit {
		return text.Substring(0, limit).String() + "…"
	}
	text := value.String()
	if len(text) > 4*limit {
		return text[:4*limit] + "…"
	}
	return text
}

// Plain converts as ToString does and refuses what is too long to work on, for who.
func Plain(m Machine, value goja.Value, limit int, who string) goja.String {
	if object, ok := value.(*goja.Object); ok {
		value = object.ToString()
	}
	if _, ok := value.(*goja.Symbol); ok {
		panic(m.VM().NewTypeError(who + ": a symbol cannot become a string"))
	}
	text, ok := value.(goja.String)
	if !ok {
		text = m.VM().ToValue(value.String()).(goja.String)
	}
	if text.Length() > limit {
		panic(m.RangeError("%s: the text is longer than %d characters", who, limit))
	}
	return text
}

// IsArray is that of ECMA-262 section 7.2.2.
func IsArray(object *goja.Object) bool {
	for range maxProxies {
		if !IsProxy(object) {
			return object.ClassName() == "Array"
		}
		if object = Target(object); object == nil {
			return false
		}
	}
	return false
}

// IsProxy tells a Proxy from what it stands for.
func IsProxy(object *goja.Object) bool {
	return object.ExportType() == reflect.TypeFor[goja.Proxy]()
}

// Target is what a proxy stands for; nil: it was revoked.
func Target(proxy *goja.Object) *goja.Object { return proxy.Export().(goja.Proxy).Target() }

// IsMap tells a Map.
func IsMap(object *goja.Object) bool { return object.ExportType() == reflect.TypeFor[[][2]any]() }

// IsSet tells a Set.
func IsSet(object *goja.Object) bool {
	return object.ExportType() == reflect.TypeFor[[]any]() && object.ClassName() != "Array"
}

// Bytes are the memory of an ArrayBuffer or a typed array; nil: it is neither.
func Bytes(object *goja.Object) []byte {
	switch data := object.Export().(type) {
	case goja.ArrayBuffer:
		return data.Bytes()
	case []byte:
		return data
	default:
		if list := reflect.ValueOf(data); list.Kind() == reflect.Slice && list.Len() > 0 && list.Type().Elem().Kind() < reflect.Complex64 {
			return unsafe.Slice((*byte)(list.UnsafePointer()), list.Len()*int(list.Type().Elem().Size()))
		}
	}
	return nil
}

// Length is that of an array-like, at most 2^53; 0 for anything else.
func Length(value goja.Value) int64 {
	object, ok := value.(*goja.Object)
	if !ok {
		return 0
	}
	length := object.Get("length")
	if length == nil {
		return 0
	}
	f := length.ToFloat()
	switch {
	case f > 1<<53:
		return 1 << 53
	case f > 0:
		return int64(f)
	}
	return 0
}

// At is an item of an array-like; nil: a hole.
func At(list *goja.Object, index int64) goja.Value {
	return list.Get(strconv.FormatInt(index, 10))
}

// KindOf tells primitives apart without converting: String, Int64, Float64, Bool, Pointer
// for a BigInt, Interface for an object, Invalid for undefined, null and symbols.
func KindOf(value goja.Value) reflect.Kind {
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

// Put makes an ordinary property without calling a setter.
func Put(on *goja.Object, name string, value goja.Value) {
	must(on.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

// Hide makes a property as built-ins have them: writable, configurable, not enumerable.
func Hide(on *goja.Object, name string, value goja.Value) {
	must(on.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
