package json

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// replacerOf is the second argument of JSON.stringify: a function, or the names to take.
func replacerOf(m native.Machine, value goja.Value) (replacer goja.Callable, names []string) {
	object, ok := value.(*goja.Object)
	if !ok {
		return nil, nil
	}
	if call, ok := goja.AssertFunction(object); ok {
		return call, nil
	}
	if !native.IsArray(object) {
		return nil, nil
	}
	names = []string{}
	seen := map[string]bool{}
	for i := range native.Length(object) {
		m.Check()
		item := native.At(object, i)
		if boxed, ok := item.(*goja.Object); ok && boxed.ClassName() != "String" && boxed.ClassName() != "Number" {
			continue
		}
		switch native.KindOf(item) {
		case reflect.String, reflect.Int64, reflect.Float64, reflect.Interface:
			if name := item.String(); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return nil, names
}

func gap(value goja.Value) string {
	if object, ok := value.(*goja.Object); ok {
		switch object.ClassName() {
		case "Number":
			value = object.ToNumber()
		case "String":
			value = object.ToString()
		default:
			return ""
		}
	}
	switch native.KindOf(value) {
	case reflect.Int64, reflect.Float64:
		return strings.Repeat(" ", int(min(max(value.ToInteger(), 0), 10)))
	case reflect.String:
		text := value.(goja.String)
		return text.Substring(0, min(text.Length(), 10)).String()
	}
	return ""
}

// format is what JSON.stringify is asked for beside the value; nil asks for nothing.
type format struct {
	replacer goja.Callable
	names    []string // nil: all
	gap      string
}

// serialiser holds the state of one serialisation.
type serialiser struct {
	m       native.Machine
	how     *format
	out     []byte
	stack   []*goja.Object
	shallow [4]*goja.Object // room for the stack of most values
	nodes   int
}

// smallText is as long as most texts that are made.
const smallText = 64

func serialise(m native.Machine, value goja.Value, how *format) (string, bool) {
	w := &serialiser{m: m, how: how, out: make([]byte, 0, smallText)}
	w.stack = w.shallow[:0]
	var holder *goja.Object
	if how != nil && how.replacer != nil {
		holder = m.VM().NewObject()
		native.Put(holder, "", value)
	}
	ok := w.property(holder, "", value)
	return string(w.out), ok
}

// property writes one value (SerializeJSONProperty); false: it has no JSON form.
func (w *serialiser) property(holder *goja.Object, key string, value goja.Value) bool {
	w.count()
	value = w.prepare(holder, key, value)
	if value == nil {
		return false
	}
	object, ok := value.(*goja.Object)
	if ok {
		switch object.ClassName() {
		case "Number":
			value = object.ToNumber()
		case "String":
			value = object.ToString()
		case "Boolean":
			value = w.m.VM().ToValue(object.Export())
		default:
			return w.object(object)
		}
	}
	return w.primitive(value)
}

// prepare applies toJSON and the replacer.
func (w *serialiser) prepare(holder *goja.Object, key string, value goja.Value) goja.Value {
	if object, ok := value.(*goja.Object); ok {
		if convert, ok := goja.AssertFunction(object.Get("toJSON")); ok {
			value = w.call(convert, object, w.m.VM().ToValue(key))
		}
	}
	if w.how != nil && w.how.replacer != nil {
		value = w.call(w.how.replacer, holder, w.m.VM().ToValue(key), value)
	}
	return value
}

func (w *serialiser) call(function goja.Callable, this goja.Value, args ...goja.Value) goja.Value {
	value, err := function(this, args...)
	if err != nil {
		panic(err)
	}
	return value
}

func (w *serialiser) primitive(value goja.Value) bool {
	switch native.KindOf(value) {
	case reflect.String:
		w.quote(value.(goja.String))
	case reflect.Int64:
		w.out = strconv.AppendInt(w.out, value.ToInteger(), 10)
	case reflect.Float64:
		if number := value.ToFloat(); math.IsNaN(number) || math.IsInf(number, 0) {
			w.out = append(w.out, "null"...)
		} else {
			w.out = append(w.out, value.String()...)
		}
	case reflect.Bool:
		w.out = strconv.AppendBool(w.out, value.ToBoolean())
	case reflect.Pointer:
		panic(w.m.VM().NewTypeError("Do not know how to serialize a BigInt"))
	default:
		if goja.IsNull(value) {
			w.out = append(w.out, "null"...)
			return true
		}
		return false
	}
	return true
}

func (w *serialiser) object(object *goja.Object) bool {
	if _, ok := goja.AssertFunction(object); ok {
		return false
	}
	if len(w.stack) >= MaxDepth {
		panic(w.m.RangeError("JSON.stringify: nested deeper than %d", MaxDepth))
	}
	if slices.Contains(w.stack, object) {
		panic(w.m.VM().NewTypeError("Converting circular structure to JSON"))
	}
	w.stack = append(w.stack, object)
	if native.IsArray(object) {
		w.array(object)
	} else {
		w.members(object)
	}
	w.stack = w.stack[:len(w.stack)-1]
	return true
}

func (w *serialiser) array(object *goja.Object) {
	length := native.Length(object)
	w.out = append(w.out, '[')
	for i := range length {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.line(len(w.stack))
		name := strconv.FormatInt(i, 10)
		if !w.property(object, name, object.Get(name)) {
			w.out = append(w.out, "null"...)
		}
	}
	if length > 0 {
		w.line(len(w.stack) - 1)
	}
	w.out = append(w.out, ']')
}

func (w *serialiser) members(object *goja.Object) {
	var names []string
	if w.how != nil && w.how.names != nil {
		names = w.how.names
	} else {
		names = object.Keys()
	}
	w.out = append(w.out, '{')
	first := true
	for _, name := range names {
		start := len(w.out)
		if !first {
			w.out = append(w.out, ',')
		}
		w.line(len(w.stack))
		w.quoteText(name)
		w.out = append(w.out, ':')
		if w.how != nil && w.how.gap != "" {
			w.out = append(w.out, ' ')
		}
		if w.property(object, name, object.Get(name)) {
			first = false
		} else {
			w.out = w.out[:start]
		}
	}
	if !first {
		w.line(len(w.stack) - 1)
	}
	w.out = append(w.out, '}')
}

func (w *serialiser) line(depth int) {
	if w.how == nil || w.how.gap == "" {
		return
	}
	w.out = append(w.out, '\n')
	for range depth {
		w.out = append(w.out, w.how.gap...)
	}
}

// count stops what is too large; it also hears a stop that goja's byte code would not.
func (w *serialiser) count() {
	w.nodes++
	if w.nodes > MaxNodes {
		panic(w.m.RangeError("JSON.stringify: more than %d values", MaxNodes))
	}
	if len(w.out) > native.MaxText {
		panic(w.m.RangeError("JSON.stringify: the text is longer than %d bytes", native.MaxText))
	}
	w.m.Check()
}

const hexDigits = "0123456789abcdef"

// quote writes a string (QuoteJSONString); lone surrogates are escaped.
func (w *serialiser) quote(text goja.String) {
	plain := text.String()
	if !strings.ContainsRune(plain, utf8.RuneError) {
		w.quoteText(plain)
		return
	}
	w.out = append(w.out, '"')
	for i := 0; i < text.Length(); i++ {
		unit := rune(text.CharAt(i))
		switch {
		case unit >= 0xD800 && unit < 0xDC00 && i+1 < text.Length() && text.CharAt(i+1)>>10 == 0x37:
			i++
			w.out = utf8.AppendRune(w.out, (unit-0xD800)<<10+rune(text.CharAt(i))-0xDC00+0x10000)
		case unit >= 0xD800 && unit < 0xE000:
			w.escape(unit)
		default:
			w.rune(unit)
		}
	}
	w.out = append(w.out, '"')
}

func (w *serialiser) quoteText(text string) {
	w.out = append(w.out, '"')
	start := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' {
			w.out = append(w.out, text[start:i]...)
			w.rune(rune(c))
			start = i + 1
		}
	}
	w.out = append(w.out, text[start:]...)
	w.out = append(w.out, '"')
}

func (w *serialiser) rune(c rune) {
	switch c {
	case '"', '\\':
		w.out = append(w.out, '\\', byte(c))
	case '\b':
		w.out = append(w.out, `\b`...)
	case '\t':
		w.out = append(w.out, `\t`...)
	case '\n':
		w.out = append(w.out, `\n`...)
	case '\f':
		w.out = append(w.out, `\f`...)
	case '\r':
		w.out = append(w.out, `\r`...)
	default:
		if c < 0x20 {
			w.escape(c)
		} else {
			w.out = utf8.AppendRune(w.out, c)
		}
	}
}

func (w *serialiser) escape(c rune) {
	w.out = append(w.out, '\\', 'u', hexDigits[c>>12&15], hexDigits[c>>8&15], hexDigits[c>>4&15], hexDigits[c&15])
}
