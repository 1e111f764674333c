package guard

import (
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

func (s *site) guardRepeat(string) {
	s.wrap(native.Prototype(s.vm, "String"), "repeat", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		text := s.asText(&c, "String.prototype.repeat")
		count := whole(&c, 0)
		if length := int64(text.Length()); length > 0 && count > 0 {
			s.limitText(max(count, count*length), "String.prototype.repeat")
		}
		return original(c)
	})
}

func (s *site) guardPad(name string) {
	s.wrap(native.Prototype(s.vm, "String"), name, 2, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.asText(&c, "String.prototype."+name)
		s.limitText(whole(&c, 0), "String.prototype."+name)
		return original(c)
	})
}

func (s *site) guardConcat(string) {
	s.wrap(native.Prototype(s.vm, "String"), "concat", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		sum := int64(s.asText(&c, "String.prototype.concat").Length())
		for i, argument := range c.Arguments {
			text := native.Plain(s, argument, native.MaxText, "String.prototype.concat")
			c.Arguments[i] = text
			sum += int64(text.Length())
		}
		s.limitText(sum, "String.prototype.concat")
		return original(c)
	})
	s.wrap(native.Prototype(s.vm, "Array"), "concat", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		sum := native.Length(c.This)
		for _, argument := range c.Arguments {
			if object, ok := argument.(*goja.Object); ok && native.IsArray(object) {
				sum += native.Length(object)
			}
		}
		s.limitItems(sum, "Array.prototype.concat")
		return original(c)
	})
}

func (s *site) guardNormalize(string) {
	s.wrap(native.Prototype(s.vm, "String"), "normalize", 0, func(original native.Function, c goja.FunctionCall) goja.Value {
		if s.asText(&c, "String.prototype.normalize").Length() > maxNormalizeUnits {
			panic(s.RangeError("String.prototype.normalize: the text is longer than %d characters", maxNormalizeUnits))
		}
		return original(c)
	})
}

func (s *site) guardRaw(string) {
	s.wrap(native.Global(s.vm, "String"), "raw", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		if strings, ok := c.Argument(0).(*goja.Object); ok {
			s.limitItems(native.Length(strings.Get("raw")), "String.raw")
		}
		return original(c)
	})
}

func (s *site) guardNumberText(name string) {
	length := 1
	if name == "parseInt" {
		length = 2
	}
	s.wrap(s.vm.GlobalObject(), name, length, func(original native.Function, c goja.FunctionCall) goja.Value {
		if len(c.Arguments) > 0 {
			c.Arguments[0] = native.Plain(s, c.Arguments[0], maxNumberUnits, name)
		}
		return original(c)
	})
}

// guardReplace bounds what a replacement can make of a text. Where the simple estimate is
// too large, the replacement is expanded here, match by match, and counted.
func (s *site) guardReplace(name string) {
	who := "String.prototype." + name
	s.wrap(native.Prototype(s.vm, "String"), name, 2, func(original native.Function, c goja.FunctionCall) goja.Value {
		text := s.asText(&c, who)
		if _, ok := goja.AssertFunction(c.Argument(1)); !ok && len(c.Arguments) > 1 {
			pattern := native.Plain(s, c.Arguments[1], native.MaxText, who)
			c.Arguments[1] = pattern
			length := int64(text.Length())
			each := int64(pattern.Length())
			if each > 0 && strings.ContainsRune(pattern.String(), '$') {
				each += each * length
			}
			if (length+1)*each+length > native.MaxText {
				c.Arguments[1] = s.countedReplacement(pattern.String(), int64(text.Length()), who)
			}
		}
		return s.matching(c, func() goja.Value { return original(c) })
	})
}

// countedReplacement is a replacer function that does what the pattern says (ECMA-262,
// GetSubstitution) until the whole becomes too long.
func (s *site) countedReplacement(pattern string, total int64, who string) goja.Value {
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
			room:   native.MaxText - total,
		}
		expanded, ok := m.expand(pattern)
		if !ok {
			s.limitText(native.MaxText+1, who)
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
