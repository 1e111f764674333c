package js

import (
	"strings"

	"github.com/dop251/goja"
)

// The sizes guarded functions refuse to go beyond.
const (
	maxTextUnits      = 32 << 20  // UTF-16 units of a text, or bytes
	maxItems          = 4 << 20   // items of an array or array-like
	maxArguments      = 500_000   // of one call
	maxNormalizeUnits = 2 << 20   // of a text to normalise, which may grow 18-fold
	maxNumberUnits    = 100_000   // of a text to read as a number
	maxBinaryBytes    = 64 << 20  // of one buffer
	maxBigIntBits     = 1_000_000 // of a BigInt made by a function
)

// guarded is a built-in with a check before it. It gets the original.
type guarded func(original nativeFunction, c goja.FunctionCall) goja.Value

// wrap puts a guarded function in the place of a built-in.
func (s *Sandbox) wrap(owner *goja.Object, name string, length int, run guarded) {
	original := s.direct(s.objectAt(owner, name))
	s.define(owner, name, s.Function(name, length, func(c goja.FunctionCall) goja.Value { return run(original, c) }))
}

// prototype is the prototype object of a global constructor.
func (s *Sandbox) prototype(global string) *goja.Object {
	return s.objectAt(s.global(global), "prototype")
}

func (s *Sandbox) global(name string) *goja.Object {
	return s.objectAt(s.vm.GlobalObject(), name)
}

func (s *Sandbox) objectAt(owner *goja.Object, name string) *goja.Object {
	object, ok := owner.Get(name).(*goja.Object)
	if !ok {
		panic(s.vm.NewTypeError(name + " has been replaced"))
	}
	return object
}

// asText converts this once, so that its own toString cannot answer differently later.
func (s *Sandbox) asText(c *goja.FunctionCall, who string) goja.String {
	if text, ok := c.This.(goja.String); ok {
		return text
	}
	if goja.IsUndefined(c.This) || goja.IsNull(c.This) {
		panic(s.vm.NewTypeError(who + " called on null or undefined"))
	}
	text := s.plainText(c.This, maxTextUnits, who)
	c.This = text
	return text
}

// whole converts an argument to an integer once and for all.
func whole(s *Sandbox, c *goja.FunctionCall, i int) int64 {
	if i >= len(c.Arguments) {
		return 0
	}
	number := c.Arguments[i].ToNumber()
	c.Arguments[i] = number
	if f := number.ToFloat(); f > 1<<53 {
		return 1 << 53
	}
	return number.ToInteger()
}

func (s *Sandbox) limitText(units int64, who string) {
	if units > maxTextUnits {
		panic(s.RangeError("%s: the text would be longer than %d characters", who, maxTextUnits))
	}
}

func (s *Sandbox) guardRepeat() {
	s.wrap(s.prototype("String"), "repeat", 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		text := s.asText(&c, "String.prototype.repeat")
		count := whole(s, &c, 0)
		if length := int64(text.Length()); length > 0 && count > 0 {
			s.limitText(max(count, count*length), "String.prototype.repeat")
		}
		return original(c)
	})
}

func (s *Sandbox) guardPad() {
	for _, name := range []string{"padStart", "padEnd"} {
		s.wrap(s.prototype("String"), name, 2, func(original nativeFunction, c goja.FunctionCall) goja.Value {
			s.asText(&c, "String.prototype."+name)
			s.limitText(whole(s, &c, 0), "String.prototype."+name)
			return original(c)
		})
	}
}

func (s *Sandbox) guardConcat() {
	s.wrap(s.prototype("String"), "concat", 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		sum := int64(s.asText(&c, "String.prototype.concat").Length())
		for i, argument := range c.Arguments {
			text := s.plainText(argument, maxTextUnits, "String.prototype.concat")
			c.Arguments[i] = text
			sum += int64(text.Length())
		}
		s.limitText(sum, "String.prototype.concat")
		return original(c)
	})
	s.wrap(s.prototype("Array"), "concat", 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		sum := s.itemsOf(c.This)
		for _, argument := range c.Arguments {
			if object, ok := argument.(*goja.Object); ok && s.isArray(object) {
				sum += s.itemsOf(object)
			}
		}
		s.limitItems(sum, "Array.prototype.concat")
		return original(c)
	})
}

func (s *Sandbox) guardNormalize() {
	s.wrap(s.prototype("String"), "normalize", 0, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		if s.asText(&c, "String.prototype.normalize").Length() > maxNormalizeUnits {
			panic(s.RangeError("String.prototype.normalize: the text is longer than %d characters", maxNormalizeUnits))
		}
		return original(c)
	})
}

func (s *Sandbox) guardRaw() {
	s.wrap(s.global("String"), "raw", 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		if strings, ok := c.Argument(0).(*goja.Object); ok {
			s.limitItems(s.itemsOf(strings.Get("raw")), "String.raw")
		}
		return original(c)
	})
}

func (s *Sandbox) guardNumberText() {
	for name, length := range map[string]int{"parseFloat": 1, "parseInt": 2} {
		s.wrap(s.vm.GlobalObject(), name, length, func(original nativeFunction, c goja.FunctionCall) goja.Value {
			if len(c.Arguments) > 0 {
				c.Arguments[0] = s.plainText(c.Arguments[0], maxNumberUnits, name)
			}
			return original(c)
		})
	}
}

// guardReplace bounds what a replacement can make of a text. Where the simple estimate is
// too large, the replacement is expanded here, match by match, and counted.
func (s *Sandbox) guardReplace() {
	for _, name := range []string{"replace", "replaceAll"} {
		s.wrap(s.prototype("String"), name, 2, func(original nativeFunction, c goja.FunctionCall) goja.Value {
			who := "String.prototype." + name
			text := s.asText(&c, who)
			if _, ok := goja.AssertFunction(c.Argument(1)); !ok && len(c.Arguments) > 1 {
				pattern := s.plainText(c.Arguments[1], maxTextUnits, who)
				c.Arguments[1] = pattern
				length := int64(text.Length())
				each := int64(pattern.Length())
				if each > 0 && strings.ContainsRune(pattern.String(), '$') {
					each += each * length
				}
				if (length+1)*each+length > maxTextUnits {
					c.Arguments[1] = s.countedReplacement(pattern.String(), int64(text.Length()), who)
				}
			}
			return s.matching(c, func() goja.Value { return original(c) })
		})
	}
}

// countedReplacement is a replacer function that does what the pattern says (ECMA-262,
// GetSubstitution) until the whole becomes too long.
func (s *Sandbox) countedReplacement(pattern string, total int64, who string) goja.Value {
	return s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		s.Check()
		args := c.Arguments
		var named *goja.Object
		if object, ok := args[len(args)-1].(*goja.Object); ok {
			named = object
			args = args[:len(args)-1]
		}
		m := match{
			text:   args[len(args)-1].(goja.String),
			at:     int(args[len(args)-2].ToInteger()),
			found:  args[0].(goja.String),
			groups: args[1 : len(args)-2],
			named:  named,
			room:   maxTextUnits - total,
		}
		expanded, ok := m.expand(pattern)
		if !ok {
			s.limitText(maxTextUnits+1, who)
		}
		total += int64(len(expanded))
		return s.vm.ToValue(expanded)
	})
}

// match is one match of a replacement.
type match struct {
	text, found goja.String
	at          int
	groups      []goja.Value
	named       *goja.Object
	room        int64
}

func (m *match) expand(pattern string) (string, bool) {
	var out strings.Builder
	for pattern != "" {
		before, rest, dollar := strings.Cut(pattern, "$")
		out.WriteString(before)
		if !dollar {
			break
		}
		used := m.symbol(&out, rest)
		if used == 0 {
			out.WriteByte('$')
		}
		pattern = rest[used:]
		if int64(out.Len()) > m.room {
			return "", false
		}
	}
	return out.String(), int64(out.Len()) <= m.room
}

// symbol writes what stands after a dollar sign and tells how much of it was used.
func (m *match) symbol(out *strings.Builder, rest string) int {
	if rest == "" {
		return 0
	}
	switch c := rest[0]; {
	case c == '$':
		out.WriteByte('$')
	case c == '&':
		out.WriteString(m.found.String())
	case c == '`':
		out.WriteString(m.text.Substring(0, m.at).String())
	case c == '\'':
		out.WriteString(m.text.Substring(min(m.at+m.found.Length(), m.text.Length()), m.text.Length()).String())
	case c == '<' && m.named != nil:
		name, _, closed := strings.Cut(rest[1:], ">")
		if !closed {
			return 0
		}
		if value := m.named.Get(name); value != nil && !goja.IsUndefined(value) {
			out.WriteString(value.String())
		}
		return len(name) + 2
	case c >= '0' && c <= '9':
		return m.group(out, rest)
	default:
		return 0
	}
	return 1
}

func (m *match) group(out *strings.Builder, rest string) int {
	for _, digits := range []int{2, 1} {
		number := 0
		for i := 0; i < digits; i++ {
			if i >= len(rest) || rest[i]-'0' > 9 {
				number = -1
				break
			}
			number = number*10 + int(rest[i]-'0')
		}
		if number < 1 || number > len(m.groups) {
			continue
		}
		if value := m.groups[number-1]; !goja.IsUndefined(value) {
			out.WriteString(value.String())
		}
		return digits
	}
	return 0
}
