// Package log is how a function writes lines into the log of its run: console, by the
// WHATWG Console standard as far as it makes sense without a terminal, and log of the module
// "picloud", which takes fields. It bounds what a line may show and never lets a value that
// cannot be shown end the run.
package log

import (
	"slices"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/js/json"
)

// Globals is the table of global names for [js.NewGlobals]: console, and __picloud, which
// the module "picloud" is made of.
func Globals() map[string]func(*js.Sandbox) goja.Value {
	return map[string]func(*js.Sandbox) goja.Value{
		"console":   newConsole,
		"__picloud": newModule,
	}
}

func newModule(s *js.Sandbox) goja.Value {
	return s.Lazy([]string{"log"}, func(string) goja.Value { return newLogger(s, nil) })
}

// member is one field with its value as JSON.
type member struct{ name, value string }

// The levels are called like the methods.
var loggerNames = []string{string(call.Debug), string(call.Info), string(call.Warn), string(call.Err), "with"}

// newLogger makes {debug, info, warn, error, with}; fields are on every line.
func newLogger(s *js.Sandbox, fields []member) goja.Value {
	return s.Lazy(loggerNames, func(name string) goja.Value {
		if name == "with" {
			return s.Function(name, 1, func(c goja.FunctionCall) goja.Value {
				own, _ := read(s, c.Argument(0))
				return newLogger(s, merge(fields, own))
			})
		}
		level := call.Level(name)
		return s.Function(name, 2, func(c goja.FunctionCall) goja.Value {
			if !s.LogFull() {
				own, stack := read(s, c.Argument(1))
				if first := s.StackOf(c.Argument(0)); first != nil {
					stack = first
				}
				s.Log(call.Line{Level: level, Message: s.Inspect(c.Argument(0)), Fields: encode(merge(fields, own)), Stack: stack})
			}
			return goja.Undefined()
		})
	})
}

// read takes a fields argument apart, until there is more of it than a line takes; stack is
// that of the first error in it. A value without JSON form is shown as text.
func read(s *js.Sandbox, value goja.Value) (members []member, stack []call.Frame) {
	if value == nil || goja.IsUndefined(value) || goja.IsNull(value) {
		return nil, nil
	}
	object, ok := value.(*goja.Object)
	if !ok || object.ClassName() == "Error" {
		return []member{{"value", toJSON(s, value)}}, s.StackOf(value)
	}
	var names []string
	if s.VM().Try(func() { names = object.Keys() }) != nil {
		return nil, nil
	}
	for size := 0; len(names) > 0 && size <= s.Limits().LineBytes; names = names[1:] {
		name := names[0]
		var field goja.Value
		if s.VM().Try(func() { field = object.Get(name) }) != nil {
			field = s.VM().ToValue("[a getter that throws]")
		}
		members = append(members, member{name, toJSON(s, field)})
		size += len(name) + len(members[len(members)-1].value)
		if stack == nil {
			stack = s.StackOf(field)
		}
	}
	return members, stack
}

func toJSON(s *js.Sandbox, value goja.Value) string {
	if object, ok := value.(*goja.Object); ok && object.ClassName() == "Error" {
		failure := s.Describe(object)
		return encode([]member{{"name", quote(failure.Name)}, {"message", quote(failure.Message)}})
	}
	text, ok, err := json.Stringify(s, value)
	if err != nil || !ok {
		return quote(s.Inspect(value))
	}
	return text
}

// merge puts later members after and in the place of earlier ones.
func merge(earlier, later []member) []member {
	merged := make([]member, 0, len(earlier)+len(later))
	for _, m := range earlier {
		if !slices.ContainsFunc(later, func(l member) bool { return l.name == m.name }) {
			merged = append(merged, m)
		}
	}
	return append(merged, later...)
}
