// Package json is ECMA-262's JSON within limits. goja's own goes as deep as the text does,
// is quadratic in the depth and deaf to a stop, and tells faults in Go's words.
package json

import (
	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// The limits of one text, in either direction.
const (
	MaxDepth = 500
	MaxNodes = 200_000
)

// Parse parses a text by ECMA-262 section 25.5.1 within [MaxDepth] and [MaxNodes]. The error
// is a *goja.Exception with a SyntaxError or RangeError.
func Parse(m native.Machine, text string) (goja.Value, error) {
	var value goja.Value
	if thrown := m.VM().Try(func() { value = parse(m, text) }); thrown != nil {
		return nil, thrown
	}
	return value, nil
}

// Stringify serialises by ECMA-262 section 25.5.2 within [MaxDepth] and [MaxNodes]. ok is
// false where the value has no JSON form (undefined, a function, a symbol). The error is a
// *goja.Exception: what a toJSON or getter threw, TypeError for a cycle or a BigInt,
// RangeError beyond the limits.
func Stringify(m native.Machine, value goja.Value) (text string, ok bool, err error) {
	if thrown := m.VM().Try(func() { text, ok = serialise(m, value, nil) }); thrown != nil {
		return "", false, thrown
	}
	return text, ok, nil
}

// Install puts both in the place of goja's own.
func Install(m native.Machine) {
	object, ok := m.VM().GlobalObject().Get("JSON").(*goja.Object)
	if !ok {
		return
	}
	native.Hide(object, "parse", m.Function("parse", 2, func(c goja.FunctionCall) goja.Value {
		value := parse(m, native.Plain(m, c.Argument(0), native.MaxText, "JSON.parse").String())
		reviver, ok := native.Direct(c.Argument(1))
		if !ok {
			return value
		}
		root := m.VM().NewObject()
		native.Put(root, "", value)
		return revive(m, reviver, root, "", 0)
	}))
	native.Hide(object, "stringify", m.Function("stringify", 3, func(c goja.FunctionCall) goja.Value {
		replacer, names := replacerOf(m, c.Argument(1))
		text, ok := serialise(m, c.Argument(0), &format{replacer: replacer, names: names, gap: gap(c.Argument(2))})
		if !ok {
			return goja.Undefined()
		}
		return m.VM().ToValue(text)
	}))
}
