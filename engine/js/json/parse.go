package json

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// reader reads one JSON text (ECMA-404) into values. goja's own reader refuses large numbers
// and leaves index keys in an order that it sorts later in quadratic time.
type reader struct {
	native.Machine
	vm      *goja.Runtime
	text    string
	at      int
	depth   int
	nodes   int
	items   []any    // of the arrays that are open
	members []member // of the objects that are open
}

type member struct {
	key   string
	value goja.Value
}

func parse(m native.Machine, text string) goja.Value {
	r := reader{Machine: m, vm: m.VM(), text: text}
	value := r.value()
	if r.space() != 0 || r.at < len(text) {
		panic(r.unexpected())
	}
	return value
}

// space goes to what comes next and gives its first byte, 0 at the end.
func (r *reader) space() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (r *reader) value() goja.Value {
	if r.nodes++; r.nodes > MaxNodes {
		panic(r.RangeError("JSON.parse: more than %d values", MaxNodes))
	}
	switch c := r.space(); {
	case c == '"':
		text, units := r.string()
		if units != nil {
			return goja.StringFromUTF16(units)
		}
		return r.vm.ToValue(text)
	case c == '{':
		r.open()
		value := r.object()
		r.depth--
		return value
	case c == '[':
		r.open()
		value := r.array()
		r.depth--
		return value
	case c == '-' || c-'0' < 10:
		return r.number()
	case c == 't':
		return r.word("true", r.vm.ToValue(true))
	case c == 'f':
		return r.word("false", r.vm.ToValue(false))
	case c == 'n':
		return r.word("null", goja.Null())
	}
	panic(r.unexpected())
}

func (r *reader) open() {
	r.Check()
	if r.depth++; r.depth > MaxDepth {
		panic(r.RangeError("JSON.parse: nested deeper than %d", MaxDepth))
	}
	r.at++
}

func (r *reader) word(word string, value goja.Value) goja.Value {
	for i := range len(word) {
		if r.at == len(r.text) || r.text[r.at] != word[i] {
			panic(r.unexpected())
		}
		r.at++
	}
	return value
}

func (r *reader) array() goja.Value {
	start := len(r.items)
	if r.space() == ']' {
		r.at++
		return r.vm.NewArray()
	}
	for {
		r.items = append(r.items, r.value())
		if !r.more(']') {
			break
		}
	}
	array := r.vm.NewArray(r.items[start:]...)
	r.items = r.items[:start]
	return array
}

// more takes the comma, or the end.
func (r *reader) more(end byte) bool {
	switch r.space() {
	case ',':
		r.at++
		return true
	case end:
		r.at++
		return false
	}
	panic(r.unexpected())
}

func (r *reader) object() goja.Value {
	start := len(r.members)
	object := r.vm.NewObject()
	if r.space() == '}' {
		r.at++
		return object
	}
	indexes := 0
	for {
		if r.space() != '"' {
			panic(r.unexpected())
		}
		key, units := r.string()
		if units != nil {
			key = string(utf16.Decode(units))
		}
		if r.space() != ':' {
			panic(r.unexpected())
		}
		r.at++
		r.members = append(r.members, member{key, r.value()})
		if key != "" && key[0]-'0' < 10 {
			indexes++
		}
		if !r.more('}') {
			break
		}
	}
	members := r.members[start:]
	if indexes > fewIndexes {
		indexesFirst(members)
	}
	for _, m := range members {
		native.Put(object, m.key, m.value)
	}
	clear(members)
	r.members = r.members[:start]
	return object
}

// fewIndexes is how many index keys goja may sort itself.
const fewIndexes = 64

// indexesFirst puts keys in the order in which they are enumerated in the end (ECMA-262,
// section 10.1.11.1). goja moves every key behind an index that is out of place.
func indexesFirst(members []member) {
	slices.SortStableFunc(members, func(a, b member) int {
		i, j := arrayIndex(a.key), arrayIndex(b.key)
		switch {
		case i < j:
			return -1
		case i > j:
			return 1
		}
		return 0
	})
}

// arrayIndex is the index a key stands for, or math.MaxUint32.
func arrayIndex(key string) uint32 {
	if key == "" || len(key) > 10 || key[0] == '0' && len(key) > 1 {
		return math.MaxUint32
	}
	for i := range len(key) {
		if key[i]-'0' > 9 {
			return math.MaxUint32
		}
	}
	index, err := strconv.ParseUint(key, 10, 32)
	if err != nil {
		return math.MaxUint32
	}
	return uint32(index)
}

func (r *reader) number() goja.Value {
	start := r.at
	whole := true
	r.skip("-")
	if !r.skip("0") {
		r.digits()
	}
	if r.skip(".") {
		whole = false
		r.digits()
	}
	if r.skip("eE") {
		whole = false
		r.skip("+-")
		r.digits()
	}
	text := r.text[start:r.at]
	if whole && len(text) < 16 && text != "-0" {
		number, _ := strconv.ParseInt(text, 10, 64)
		return r.vm.ToValue(number)
	}
	number, _ := strconv.ParseFloat(text, 64) // infinite when out of range, as the standard says
	return r.vm.ToValue(number)
}

func (r *reader) skip(any string) bool {
	if r.at < len(r.text) && strings.IndexByte(any, r.text[r.at]) >= 0 {
		r.at++
		return true
	}
	return false
}

func (r *reader) digits() {
	start := r.at
	for r.at < len(r.text) && r.text[r.at]-'0' < 10 {
		r.at++
	}
	if r.at == start {
		panic(r.unexpected())
	}
}

// string reads what stands in quotes; units instead of text where it is no UTF-8.
func (r *reader) string() (text string, units []uint16) {
	r.at++
	for start := r.at; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			text = r.text[start:r.at]
			r.at++
			return text, nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			panic(r.fault("Bad control character in a string", r.at))
		}
	}
	panic(r.unexpected())
}

func (r *reader) escaped(start int) (string, []uint16) {
	out := []byte(r.text[start:r.at])
	var units []uint16 // instead of out, from the first lone surrogate on
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			if units != nil {
				return "", append(units, utf16.Encode([]rune(string(out)))...)
			}
			return string(out), nil
		case c == '\\':
			point := r.escape()
			if utf16.IsSurrogate(point) {
				units = append(append(units, utf16.Encode([]rune(string(out)))...), uint16(point))
				out = out[:0]
			} else {
				out = utf8.AppendRune(out, point)
			}
		case c < ' ':
			panic(r.fault("Bad control character in a string", r.at))
		default:
			out = append(out, c)
			r.at++
		}
	}
	panic(r.unexpected())
}

// escape reads one escape sequence, or two that are a surrogate pair.
func (r *reader) escape() rune {
	start := r.at
	if r.at+1 >= len(r.text) {
		r.at = len(r.text)
		panic(r.unexpected())
	}
	r.at += 2
	switch c := r.text[r.at-1]; c {
	case '"', '\\', '/':
		return rune(c)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		first := r.unit(r.at)
		if first < 0 {
			break
		}
		r.at += 4
		if utf16.IsSurrogate(first) && strings.HasPrefix(r.text[r.at:], `\u`) {
			if pair := utf16.DecodeRune(first, r.unit(r.at+2)); pair != utf8.RuneError {
				r.at += 6
				return pair
			}
		}
		return first
	}
	panic(r.fault("Bad escape in a string", start))
}

// unit reads four hexadecimal digits, -1 where they are not there.
func (r *reader) unit(at int) rune {
	if at+4 > len(r.text) {
		return -1
	}
	unit, err := strconv.ParseUint(r.text[at:at+4], 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

func (r *reader) unexpected() *goja.Object {
	if r.at >= len(r.text) {
		return r.SyntaxError("Unexpected end of JSON input")
	}
	token, _ := utf8.DecodeRuneInString(r.text[r.at:])
	return r.fault("Unexpected token "+strconv.QuoteToGraphic(string(token)), r.at)
}

// fault counts the place in UTF-16 units, as the script does.
func (r *reader) fault(what string, at int) *goja.Object {
	units := 0
	for _, c := range r.text[:at] {
		units += utf16.RuneLen(c)
	}
	return r.SyntaxError("%s in JSON at position %d", what, units)
}

// revive is InternalizeJSONProperty (ECMA-262, section 25.5.1.1).
func revive(m native.Machine, reviver native.Function, holder *goja.Object, key string, depth int) goja.Value {
	m.Check()
	if depth > MaxDepth {
		panic(m.RangeError("JSON.parse: nested deeper than %d", MaxDepth))
	}
	value := holder.Get(key)
	if value == nil {
		value = goja.Undefined()
	}
	if object, ok := value.(*goja.Object); ok {
		inner := func(key string) {
			changed := revive(m, reviver, object, key, depth+1)
			if goja.IsUndefined(changed) {
				_ = object.Delete(key) // one that cannot be deleted stays, as the section says
			} else {
				_ = object.DefineDataProperty(key, changed, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
			}
		}
		if native.IsArray(object) {
			for i := range native.Length(object) {
				inner(strconv.FormatInt(i, 10))
			}
		} else {
			for _, key := range object.Keys() {
				inner(key)
			}
		}
	}
	return reviver(goja.FunctionCall{This: holder, Arguments: []goja.Value{m.VM().ToValue(key), value}})
}
