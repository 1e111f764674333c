package js

import (
	"fmt"

	"github.com/dop251/goja"
)

// The limits of one JSON text, in either direction.
const (
	MaxJSONDepth = 500
	MaxJSONNodes = 200_000
)

// ParseJSON parses a text by ECMA-262 section 25.5.1 within [MaxJSONDepth] and
// [MaxJSONNodes]. The error is a *goja.Exception with a SyntaxError or RangeError.
func ParseJSON(s *Sandbox, text string) (goja.Value, error) {
	var value goja.Value
	if thrown := s.vm.Try(func() {
		value = s.parseJSON(goja.FunctionCall{Arguments: []goja.Value{s.vm.ToValue(text)}}, text)
	}); thrown != nil {
		return nil, thrown
	}
	return value, nil
}

func (s *Sandbox) parseJSON(c goja.FunctionCall, text string) goja.Value {
	if problem := scanJSON(text); problem != "" {
		panic(s.RangeError("JSON.parse: %s", problem))
	}
	return s.nativeParse()(c)
}

// scanJSON counts before anything is built. It need not find faults of grammar.
func scanJSON(text string) (problem string) {
	depth, nodes := 0, 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '[', '{':
			depth++
			nodes++
			if depth > MaxJSONDepth {
				return fmt.Sprintf("nested deeper than %d", MaxJSONDepth)
			}
		case ']', '}':
			depth--
		case ',':
			nodes++
		}
		if nodes > MaxJSONNodes {
			return fmt.Sprintf("more than %d values", MaxJSONNodes)
		}
	}
	return ""
}

func endOfString(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

type jsonKey struct{}

// nativeParse is goja's own JSON.parse, also when the script has put another in its place
// after the first use.
func (s *Sandbox) nativeParse() nativeFunction {
	return s.Local(jsonKey{}, func() any { return s.native("JSON", "parse") }).(nativeFunction)
}

func (s *Sandbox) guardJSON() {
	object, ok := s.vm.GlobalObject().Get("JSON").(*goja.Object)
	if !ok {
		return
	}
	s.nativeParse()
	s.define(object, "parse", s.Function("parse", 2, func(c goja.FunctionCall) goja.Value {
		text := s.plainText(c.Argument(0), maxTextUnits, "JSON.parse")
		if len(c.Arguments) > 0 {
			c.Arguments[0] = text
		}
		return s.parseJSON(c, text.String())
	}))
	s.define(object, "stringify", s.Function("stringify", 3, s.stringifyJSON))
}

// plainText converts as ToString does and refuses what is too long to work on.
func (s *Sandbox) plainText(value goja.Value, limit int, who string) goja.String {
	if object, ok := value.(*goja.Object); ok {
		value = object.ToString()
	}
	if _, ok := value.(*goja.Symbol); ok {
		panic(s.vm.NewTypeError(who + ": a symbol cannot become a string"))
	}
	text, ok := value.(goja.String)
	if !ok {
		text = s.vm.ToValue(value.String()).(goja.String)
	}
	if text.Length() > limit {
		panic(s.RangeError("%s: the text is longer than %d characters", who, limit))
	}
	return text
}
