package js

import (
	"strings"
	"time"

	"github.com/dop251/goja"
)

// longSubject is the length from which a search for all matches goes match by match with a
// look at the stop between: the time of one that does not is bounded by its square.
const longSubject = 4096

// matching runs a string method whose first argument may be a regular expression. Where the
// text is long the expression gets an exec of its own for that time, which goja then calls
// for every match.
func (s *Sandbox) matching(c goja.FunctionCall, run func() goja.Value) goja.Value {
	expression, ok := c.Argument(0).(*goja.Object)
	if !ok || expression.ClassName() != "RegExp" || isProxy(expression) {
		return run()
	}
	text, ok := c.This.(goja.String)
	if ok && text.Length() >= longSubject && expression.Get("exec") == s.nativeExec().value {
		if err := expression.DefineDataProperty("exec", s.checkedExec(), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err == nil {
			defer func() { _ = expression.Delete("exec") }()
		}
		return run()
	}
	began := time.Now()
	found := run()
	if nothing := goja.IsNull(found) || found.StrictEquals(c.This) || found.StrictEquals(s.vm.ToValue(-1)); nothing {
		s.limitMatch(expression, began)
	}
	return found
}

// limitMatch turns the "no match" with which goja answers when a backtracking expression ran
// out of time into an error: a check written with it must not pass in silence.
func (s *Sandbox) limitMatch(expression goja.Value, began time.Time) {
	if time.Since(began) < regexTime {
		return
	}
	s.Check()
	object, ok := expression.(*goja.Object)
	if !ok {
		return
	}
	source := s.text(object, "source", maxMessageUnits)
	for _, sign := range []string{"(?=", "(?!", "(?<", `\1`, `\2`, `\3`, `\4`, `\5`, `\6`, `\7`, `\8`, `\9`, `\k<`} {
		if strings.Contains(source, sign) {
			panic(s.RangeError("a regular expression took longer than %d ms for one match", regexTime.Milliseconds()))
		}
	}
}

// execFunction is RegExp.prototype.exec as it was when first needed.
type execFunction struct {
	value goja.Value
	run   nativeFunction
}

type (
	nativeExecKey  struct{}
	checkedExecKey struct{}
)

func (s *Sandbox) nativeExec() *execFunction {
	return s.Local(nativeExecKey{}, func() any {
		function := s.objectAt(s.prototype("RegExp"), "exec")
		return &execFunction{value: function, run: s.direct(function)}
	}).(*execFunction)
}

// checkedExec looks at the stop before every match.
func (s *Sandbox) checkedExec() *goja.Object {
	return s.Local(checkedExecKey{}, func() any {
		original := s.nativeExec().run
		return s.Function("exec", 1, func(c goja.FunctionCall) goja.Value {
			s.Check()
			began := time.Now()
			found := original(c)
			if goja.IsNull(found) {
				s.limitMatch(c.This, began)
			}
			return found
		})
	}).(*goja.Object)
}

// guardMatch is for test and, by way of it, for what goja does with exec; exec itself stays
// goja's, for another one makes every use of an expression slow.
func (s *Sandbox) guardMatch() {
	s.nativeExec()
	s.wrap(s.prototype("RegExp"), "test", 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		began := time.Now()
		found := original(c)
		if !found.ToBoolean() {
			s.limitMatch(c.This, began)
		}
		return found
	})
}

func (s *Sandbox) guardSplit() {
	s.nativeExec()
	text := s.prototype("String")
	s.wrap(text, "split", 2, func(original nativeFunction, c goja.FunctionCall) goja.Value {
		subject := s.asText(&c, "String.prototype.split")
		if separator, ok := c.Argument(0).(goja.String); ok && subject.Length() > maxItems && goja.IsUndefined(c.Argument(1)) {
			s.limitItems(int64(strings.Count(subject.String(), separator.String())), "String.prototype.split")
		}
		return s.matching(c, func() goja.Value { return original(c) })
	})
	for _, name := range []string{"match", "search"} {
		s.wrap(text, name, 1, func(original nativeFunction, c goja.FunctionCall) goja.Value {
			s.asText(&c, "String.prototype."+name)
			return s.matching(c, func() goja.Value { return original(c) })
		})
	}
}

// guardRegExp makes `\p{…}` work in expressions made at run time.
func (s *Sandbox) guardRegExp() {
	rewrite := func(args []goja.Value) []goja.Value {
		if len(args) < 2 {
			return args
		}
		pattern, ok := args[0].(goja.String)
		flags, isText := args[1].(goja.String)
		if !ok || !isText || pattern.Length() > maxMessageUnits || !strings.Contains(flags.String(), "u") {
			return args
		}
		return append([]goja.Value{s.vm.ToValue(unicodePattern(pattern.String())), flags}, args[2:]...)
	}
	s.intercept("RegExp", &goja.ProxyTrapConfig{
		Construct: func(target *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			return s.construct(target, rewrite(args), newTarget)
		},
		Apply: func(target *goja.Object, this goja.Value, args []goja.Value) goja.Value {
			return s.direct(target)(goja.FunctionCall{This: this, Arguments: rewrite(args)})
		},
	})
}
