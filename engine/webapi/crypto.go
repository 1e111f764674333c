package webapi

import (
	"crypto/rand"
	"reflect"

	"github.com/dop251/goja"
	"github.com/google/uuid"
)

// Crypto of the Web Cryptography API, section 10, without SubtleCrypto.

// maxRandom is the most bytes of one getRandomValues (section 10.1.1).
const maxRandom = 65536

func cryptoClass() *class {
	return &class{name: "Crypto", members: []member{
		operation("getRandomValues", 1, getRandomValues),
		operation("randomUUID", 0, func(c invocation) goja.Value {
			c.singleton(classCrypto)
			return c.vm.ToValue(uuid.New().String())
		}),
	}}
}

// singleton checks that this is the one instance of its class, which has no state.
func (c invocation) singleton(id classID) {
	if kept, ok := c.stateOf(c.this).(classID); !ok || kept != id {
		panic(c.vm.NewTypeError("Illegal invocation: this object is not of the right class"))
	}
}

func getRandomValues(c invocation) goja.Value {
	c.singleton(classCrypto)
	c.need(1, "getRandomValues")
	object, ok := c.args[0].(*goja.Object)
	if !ok || !isIntegerArray(object.ExportType()) {
		c.throw("TypeMismatchError", "getRandomValues: the argument must be a typed array of integers")
	}
	data, _ := c.bufferSource(object)
	if len(data) > maxRandom {
		c.throw("QuotaExceededError", "getRandomValues: %d bytes are more than the %d of one call", len(data), maxRandom)
	}
	_, _ = rand.Read(data) // never fails since Go 1.24
	return object
}

// isIntegerArray goes by the Go type that goja gives to a typed array.
func isIntegerArray(kind reflect.Type) bool {
	if kind == nil || kind.Kind() != reflect.Slice {
		return false
	}
	switch kind.Elem().Kind() {
	case reflect.Int8, reflect.Uint8, reflect.Int16, reflect.Uint16, reflect.Int32, reflect.Uint32, reflect.Int64, reflect.Uint64:
		return true
	}
	return false
}
