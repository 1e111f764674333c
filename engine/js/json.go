package js

import (
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
		value = s.parseJSON(text)
	}); thrown != nil {
		return nil, thrown
	}
	return value, nil
}

func (s *Sandbox) guardJSON() {
	object, ok := s.vm.GlobalObject().Get("JSON").(*goja.Object)
	if !ok {
		return
	}
	s.define(object, "parse", s.Function("parse", 2, func(c goja.FunctionCall) goja.Value {
		value := s.parseJSON(s.plainText(c.Argument(0), maxTextUnits, "JSON.parse").String())
		reviver, ok := s.Direct(c.Argument(1))
		if !ok {
			return value
		}
		root := s.vm.NewObject()
		s.data(root, "", value)
		return s.revive(reviver, root, "", 0)
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
