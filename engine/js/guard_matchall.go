package js

import (
	"strings"

	"github.com/dop251/goja"
)

// guardMatchAll gives the iterator of matchAll a next that looks at the stop before every
// match, for what spreads an iterator runs in Go.
func (s *Sandbox) guardMatchAll() {
	s.nativeExec()
	native := s.prototype("RegExp").GetSymbol(goja.SymMatchAll)
	s.wrap(s.prototype("String"), "matchAll", 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		subject := s.asText(&c, "String.prototype.matchAll")
		expression, ok := c.Argument(0).(*goja.Object)
		if ok && (expression.ClassName() != "RegExp" || isProxy(expression) ||
			expression.Get("exec") != s.nativeExec().value || expression.GetSymbol(goja.SymMatchAll) != native) {
			return original(c)
		}
		iterator := original(c).(*goja.Object) // throws what there is to throw
		s.define(iterator, "next", s.nextMatch(s.matcher(c.Argument(0)), subject))
		return iterator
	})
}

// matcher is the expression that RegExp.prototype[Symbol.matchAll] works with (ECMA-262,
// section 22.2.6.9).
func (s *Sandbox) matcher(pattern goja.Value) *goja.Object {
	flags := "g"
	expression, ok := pattern.(*goja.Object)
	if ok {
		flags = s.text(expression, "flags", maxNameUnits)
	}
	matcher, err := s.vm.New(s.global("RegExp"), pattern, s.vm.ToValue(flags))
	must(err)
	if ok {
		must(matcher.Set("lastIndex", expression.Get("lastIndex")))
	}
	return matcher
}

// nextMatch is %RegExpStringIteratorPrototype%.next (ECMA-262, section 22.2.9.2.1).
func (s *Sandbox) nextMatch(matcher *goja.Object, subject goja.String) *goja.Object {
	exec := s.direct(s.checkedExec())
	flags := s.text(matcher, "flags", maxNameUnits)
	done := false
	return s.Function("next", 0, func(goja.FunctionCall) goja.Value {
		result := s.vm.NewObject()
		found := goja.Undefined()
		if !done {
			if match, ok := exec(goja.FunctionCall{This: matcher, Arguments: []goja.Value{subject}}).(*goja.Object); ok {
				found = match
				if text, ok := match.Get("0").(goja.String); ok && text.Length() == 0 {
					must(matcher.Set("lastIndex", next(subject, matcher.Get("lastIndex").ToInteger(), flags)))
				}
			} else {
				done = true
			}
			done = done || !strings.Contains(flags, "g")
		}
		s.data(result, "value", found)
		s.data(result, "done", s.vm.ToValue(goja.IsUndefined(found)))
		return result
	})
}
