package env

import (
	"fmt"

	"github.com/dop251/goja"

	"picloud/engine/js"
)

// newSecrets makes {get, require, has, names}. What one waits for is there at once today; that
// it is a promise leaves room for secrets that are kept elsewhere.
func newSecrets(s *js.Sandbox) goja.Value {
	vm, from := s.VM(), source(s)
	return s.Lazy([]string{"get", "require", "has", "names"}, func(method string) goja.Value {
		switch method {
		case "has":
			return s.Function(method, 1, func(c goja.FunctionCall) goja.Value {
				return vm.ToValue(find(from, c.Argument(0).String()) >= 0)
			})
		case "names":
			return s.Function(method, 0, func(goja.FunctionCall) goja.Value { return settled(vm, names(vm, from), nil) })
		}
		return s.Function(method, 1, func(c goja.FunctionCall) goja.Value {
			name := c.Argument(0).String()
			at := find(from, name)
			if at >= 0 {
				value, thrown := read(s, from, at)
				return settled(vm, value, thrown)
			}
			if method == "get" {
				return settled(vm, goja.Null(), nil)
			}
			missing, err := vm.New(vm.GlobalObject().Get("Error"), vm.ToValue(fmt.Sprintf("There is no secret %.80q.", name)))
			define(err)
			return settled(vm, nil, missing)
		})
	})
}

// find gives the place of a secret, -1: there is none of this name.
func find(from Source, wanted string) int {
	for i := range length(from) {
		if name, secret := from.Name(i); secret && name == wanted {
			return i
		}
	}
	return -1
}

func names(vm *goja.Runtime, from Source) goja.Value {
	var all []any
	for i := range length(from) {
		if name, secret := from.Name(i); secret {
			all = append(all, name)
		}
	}
	return vm.NewArray(all...)
}

// settled is a promise of a value, or one that is rejected.
func settled(vm *goja.Runtime, value goja.Value, thrown *goja.Object) goja.Value {
	promise, resolve, reject := vm.NewPromise()
	if thrown != nil {
		define(reject(thrown))
	} else {
		define(resolve(value))
	}
	return vm.ToValue(promise)
}
