package webapi

import (
	"math"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// maxItems bounds every list that a script hands over: sequences and records.
const maxItems = 200_000

// maxParameters bounds those of a query or a form, which a caller may have written.
const maxParameters = 10_000

// Conversions of Web IDL, section 3.2.

// text converts to a USVString: lone surrogates become U+FFFD.
func (r *realm) text(value goja.Value) string {
	switch v := value.(type) {
	case *goja.Symbol:
		panic(r.vm.NewTypeError("A symbol cannot become a string"))
	case *goja.Object:
		return r.text(v.ToString())
	}
	return value.String()
}

// byteString converts to a ByteString: one byte per UTF-16 unit, none above 255.
func (r *realm) byteString(value goja.Value, what string) string {
	text := r.text(value)
	if isASCII(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 0xff {
			panic(r.vm.NewTypeError("%s holds a character above U+00FF, which cannot be sent in a header", what))
		}
		out = append(out, byte(c))
	}
	return string(out)
}

// fromBytes is the isomorphic decoding of the Infra standard: a unit per byte.
func (r *realm) fromBytes(text string) goja.Value {
	if isASCII(text) {
		return r.vm.ToValue(text)
	}
	var out strings.Builder
	out.Grow(len(text) + len(text)/2)
	for i := range len(text) {
		out.WriteRune(rune(text[i]))
	}
	return r.vm.ToValue(out.String())
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unsignedShort converts without [Clamp] or [EnforceRange]: modulo 2 to the 16.
func unsignedShort(value goja.Value) int { return int(uint16(longLong(value))) }

// longLong converts without [Clamp] or [EnforceRange]: modulo 2 to the 64.
func longLong(value goja.Value) int64 {
	number := value.ToFloat()
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0
	}
	switch number = math.Mod(math.Trunc(number), 1<<64); {
	case number >= 1<<63:
		number -= 1 << 64
	case number < -(1 << 63):
		number += 1 << 64
	}
	return int64(number)
}

// clamped converts to a long long with [Clamp].
func clamped(value goja.Value) int64 {
	number := math.RoundToEven(value.ToFloat())
	switch {
	case math.IsNaN(number):
		return 0
	case number >= 1<<53:
		return 1 << 53
	case number <= -(1 << 53):
		return -(1 << 53)
	}
	return int64(number)
}

// dictionary gives the members of an options argument; undefined and null have none, other
// primitives are a TypeError.
func (r *realm) dictionary(value goja.Value, what string) options {
	if goja.IsUndefined(value) || goja.IsNull(value) {
		return options{r, nil}
	}
	object, ok := value.(*goja.Object)
	if !ok {
		panic(r.vm.NewTypeError("%s must be an object", what))
	}
	return options{r, object}
}

type options struct {
	*realm
	object *goja.Object
}

// get is a member's value; absent and undefined are the same.
func (o options) get(name string) (goja.Value, bool) {
	if o.object == nil {
		return nil, false
	}
	value := o.object.Get(name)
	return value, value != nil && !goja.IsUndefined(value)
}

func (o options) flag(name string) bool {
	value, ok := o.get(name)
	return ok && value.ToBoolean()
}

// isObject tells objects from primitives.
func isObject(value goja.Value) bool {
	_, ok := value.(*goja.Object)
	return ok
}

func isNullish(value goja.Value) bool {
	return value == nil || goja.IsUndefined(value) || goja.IsNull(value)
}

// each runs over an iterable, within maxItems.
func (r *realm) each(iterable goja.Value, what string, step func(goja.Value)) {
	count := 0
	r.vm.ForOf(iterable, func(value goja.Value) bool {
		if count++; count > maxItems {
			panic(r.vm.NewTypeError("%s has more than %d items", what, maxItems))
		}
		r.sandbox.Check()
		step(value)
		return true
	})
}

// pairsOf reads a sequence of pairs or a record (Web IDL, sections 3.2.21 and 3.2.23).
func (r *realm) pairsOf(object *goja.Object, what string, add func(name, value goja.Value)) {
	if isNullish(object.GetSymbol(goja.SymIterator)) {
		if len(object.Symbols()) > 0 {
			panic(r.vm.NewTypeError("%s: a symbol cannot become a name", what))
		}
		for i, key := range object.Keys() {
			if i >= maxItems {
				panic(r.vm.NewTypeError("%s has more than %d items", what, maxItems))
			}
			value := object.Get(key)
			if value == nil {
				value = goja.Undefined()
			}
			add(r.vm.ToValue(key), value)
		}
		return
	}
	r.each(object, what, func(item goja.Value) {
		if !isObject(item) {
			panic(r.vm.NewTypeError("%s: every item must be a pair of name and value", what))
		}
		var pair []goja.Value
		r.vm.ForOf(item, func(part goja.Value) bool {
			pair = append(pair, part)
			return len(pair) < 3
		})
		if len(pair) != 2 {
			panic(r.vm.NewTypeError("%s: every item must be a pair of name and value", what))
		}
		add(pair[0], pair[1])
	})
}

// bufferSource gives the bytes behind an ArrayBuffer or a view of one, without a copy.
func (r *realm) bufferSource(value goja.Value) ([]byte, bool) {
	object, ok := value.(*goja.Object)
	if !ok {
		return nil, false
	}
	switch kind := object.ExportType(); {
	case kind == reflect.TypeFor[goja.ArrayBuffer]():
		return object.Export().(goja.ArrayBuffer).Bytes(), true
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() != reflect.Interface && kind.Elem().Kind() != reflect.Array:
	case r.isDataView(object):
	default:
		return nil, false
	}
	var data []byte
	must(r.vm.ExportTo(object, &data))
	return data, true
}

func (r *realm) isDataView(object *goja.Object) bool {
	if object.ClassName() != "Object" || object.ExportType().Kind() != reflect.Map {
		return false
	}
	tag, ok := object.GetSymbol(goja.SymToStringTag).(goja.String)
	return ok && tag.String() == "DataView"
}

// arrayBuffer takes over the bytes.
func (r *realm) arrayBuffer(data []byte) *goja.Object {
	r.sandbox.Hold(data)
	return r.vm.ToValue(r.vm.NewArrayBuffer(data)).(*goja.Object)
}

// uint8Array takes over the bytes.
func (r *realm) uint8Array(data []byte) goja.Value {
	constructor := r.vm.GlobalObject().Get("Uint8Array")
	if constructor == nil {
		panic(r.vm.NewTypeError("Uint8Array has been removed"))
	}
	array, err := r.vm.New(constructor, r.arrayBuffer(data))
	must(err)
	return array
}
