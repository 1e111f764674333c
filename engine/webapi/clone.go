package webapi

import (
	_ "embed"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/js"
)

//go:embed clone.js
var cloneText string

// cloner makes the global structuredClone, whose text is compiled once.
func cloner() func(*js.Sandbox) goja.Value {
	program := goja.MustCompile("structuredClone", cloneText, true)
	return func(s *js.Sandbox) goja.Value {
		r := realmOf(s)
		value, err := r.vm.RunProgram(program)
		must(err)
		build, _ := goja.AssertFunction(value)
		native := func(run func(goja.Value) goja.Value) goja.Value {
			return r.vm.ToValue(func(c goja.FunctionCall) goja.Value { return run(c.Argument(0)) })
		}
		function, err := build(goja.Undefined(), native(r.cloneKind), native(func(message goja.Value) goja.Value {
			r.throw("DataCloneError", "structuredClone: %s", message)
			return nil
		}), native(r.copyPlatformObject), native(func(value goja.Value) goja.Value {
			value.Export().(goja.ArrayBuffer).Detach()
			return goja.Undefined()
		}))
		must(err)
		return function
	}
}

// uncloneable are built-in objects whose Go type does not tell them from plain ones.
const uncloneable = "WeakMap WeakSet Generator Promise"

// cloneKind names what an object is by its internal slots, whatever its properties say.
func (r *realm) cloneKind(value goja.Value) goja.Value {
	return r.vm.ToValue(r.kindOf(value.(*goja.Object)))
}

func (r *realm) kindOf(object *goja.Object) string {
	switch r.stateOf(object).(type) {
	case nil:
	case *blob, *domException:
		return "Blob"
	default:
		return "This object"
	}
	if class := object.ClassName(); class != "Object" {
		return class
	}
	kind := object.ExportType()
	switch {
	case kind == reflect.TypeFor[goja.Proxy]():
		return "A Proxy"
	case kind == reflect.TypeFor[goja.ArrayBuffer]():
		return "ArrayBuffer"
	case kind == reflect.TypeFor[[][2]any]():
		return "Map"
	case kind == reflect.TypeFor[[]any]():
		return "Set"
	case kind == reflect.TypeFor[*big.Int]():
		return "BigInt"
	}
	tag := ""
	if text, ok := object.GetSymbol(goja.SymToStringTag).(goja.String); ok {
		tag = text.String()
	}
	switch {
	case kind.Kind() == reflect.Slice, tag == "DataView":
		return tag
	case kind.Kind() != reflect.Map, strings.HasSuffix(tag, " Iterator"), slices.Contains(strings.Fields(uncloneable), tag):
		return "This object"
	}
	return "Object"
}

// copyPlatformObject clones what is serializable of ours: Blob, File and DOMException.
func (r *realm) copyPlatformObject(value goja.Value) goja.Value {
	switch state := r.stateOf(value).(type) {
	case *blob:
		twin := *state
		if state.isFile {
			return r.instance(classFile, &twin)
		}
		return r.instance(classBlob, &twin)
	case *domException:
		return r.exception(state.name, "%s", state.message)
	}
	return goja.Undefined()
}
