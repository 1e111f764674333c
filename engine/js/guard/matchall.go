package guard

import (
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// guardMatchAll gives the iterator of matchAll a next that looks at the stop before every
// match, for what spreads an iterator runs in Go.
func (s *site) guardMatchAll(string) {
	s.nativeExec()
	unchanged := native.Prototype(s.vm, "RegExp").GetSymbol(goja.SymMatchAll)
	s.wrap(native.Prototype(s.vm, "String"), "matchAll", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		subject := s.asText(&c, "String.prototype.matchAll")
		expression, ok := c.Argument(0).(*goja.Object)
		if ok && (expression.ClassName() != "RegExp" || native.IsProxy(expression) ||
			expression.Get("exec") != s.nativeExec().value || expression.GetSymbol(goja.SymMatchAll) != unchanged) {
			return original(c)
		}
		iterator := original(c).(*goja.Object) // throws what there is to throw
		native.Hide(iterator, "next", s.nextMatch(s.matcher(c.Argument(0)), subject))
		return iterator
	})
}

// matcher is the expression that RegExp.prototype[Symbol.matchAll] works with (ECMA-262,
// section 22.2.6.9).
func (s *site) matcher(pattern goja.Value) *goja.Object {
	flags := "g"
	expression, ok := pattern.(*goja.Object)
	if ok {
		flags = native.Text(s.vm, expression, "flags", maxFlagUnits)
	}
	matcher, err := s.vm.New(native.Global(s.vm, "RegExp"), pattern, s.vm.ToValue(flags))
	must(err)
	if ok {
		must(matcher.Set("lastIndex", expression.Get("lastIndex")))
	}
	return matcher
}

// nextMatch is %RegExpStringIteratorPrototype%.next (ECMA-262, section 22.2.9.2.1).
func (s *site) nextMatch(matcher *goja.Object, subject goja.String) *goja.Object {
	exec := native.MustDirect(s.vm, s.checkedExec())
	flags := native.Text(s.vm, matcher, "flags", maxFlagUnits)
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
		native.Put(result, "value", found)
		native.Put(result, "done", s.vm.ToValue(goja.IsUndefined(found)))
		return result
	})
}
