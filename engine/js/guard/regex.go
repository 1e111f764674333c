package guard

import (
	"regexp"
	"strings"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
	"picloud/engine/js/rewrite"
)

// MatchTime is how long one match of a backtracking regular expression may take.
const MatchTime = 250 * time.Millisecond

// The sizes to which an expression's own words are read.
const (
	maxFlagUnits   = 128
	maxSourceUnits = 8 << 10
)

// longSubject is the length from which a search for all matches goes match by match with a
// look at the stop between: the time of one that does not is bounded by its square.
const longSubject = 4096

// matching runs a string method whose first argument may be a regular expression. Where the
// text is long the expression gets an exec of its own for that time, which goja then calls
// for every match.
func (s *site) matching(c goja.FunctionCall, run func() goja.Value) goja.Value {
	expression, ok := c.Argument(0).(*goja.Object)
	if !ok || expression.ClassName() != "RegExp" || native.IsProxy(expression) {
		return run()
	}
	text, ok := c.This.(goja.String)
	if ok && text.Length() >= longSubject && expression.Get("exec") == s.nativeExec().value {
		if err := expression.DefineDataProperty("exec", s.checkedExec(), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err == nil {
			defer func() { _ = expression.Delete("exec") }()
		}
		return run()
	}
	if each, ok := native.Direct(c.Argument(1)); ok {
		return s.patientlyEach(c, expression, each, run)
	}
	return s.patiently(expression, run, func(found goja.Value) bool {
		return goja.IsNull(found) || found.StrictEquals(c.This) || found.StrictEquals(s.vm.ToValue(-1))
	})
}

// patiently looks again at a match that found nothing and took long: goja's backtracking
// engine may have given up, which it does not tell, and on a busy machine sooner than it should.
// Where that was the reason, a later look is right; where it was the expression, there is an
// error: a check written with it must not pass in silence.
func (s *site) patiently(expression *goja.Object, run func() goja.Value, nothing func(goja.Value) bool) goja.Value {
	start := native.Get(s.vm, expression, "lastIndex")
	var found goja.Value
	var before time.Duration
	for range looks {
		if before > 0 && start != nil {
			must(expression.Set("lastIndex", start))
		}
		began := time.Now()
		found = run()
		took := time.Since(began)
		if !nothing(found) || took < suspicious || before == 0 && !s.backtracks(expression, start) {
			break
		}
		s.Check()
		if before > 0 && took >= MatchTime {
			panic(s.RangeError("a regular expression took longer than %d ms for one match", MatchTime.Milliseconds()))
		}
		if before > 0 && took < 2*before && before < 2*took { // it is slow, and that is all
			break
		}
		before = took
	}
	return found
}

// A match that found nothing in so short a time was none; how often another one is looked at.
const (
	suspicious = MatchTime / 8
	looks      = 4
)

// patientlyEach is patiently for a replacement by a function. One that was never called had
// nothing to replace.
func (s *site) patientlyEach(c goja.FunctionCall, expression *goja.Object, each native.Function, run func() goja.Value) goja.Value {
	isCalled := false
	c.Arguments[1] = s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		isCalled = true
		return each(c)
	})
	return s.patiently(expression, run, func(goja.Value) bool { return !isCalled })
}

// Exec is the function that package rewrite puts in the place of a method exec. Another method
// on the prototype would make every use of an expression slow.
func Exec(m native.Machine) goja.Value {
	s := &site{Machine: m, vm: m.VM()}
	own := s.nativeExec()
	return s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		this := c.Arguments[0]
		c = goja.FunctionCall{This: this, Arguments: c.Arguments[1:]}
		if goja.IsUndefined(this) || goja.IsNull(this) {
			panic(s.vm.NewTypeError("Cannot read property 'exec' of undefined or null"))
		}
		object := this.ToObject(s.vm)
		method := object.Get("exec")
		if method == own.value && object.ClassName() == "RegExp" {
			return s.patiently(object, func() goja.Value { return own.run(c) }, goja.IsNull)
		}
		run, ok := native.Direct(method)
		if !ok {
			panic(s.vm.NewTypeError("Object has no member 'exec'"))
		}
		return run(c)
	})
}

// longRepeat is what Go's own engine does not take.
var longRepeat = regexp.MustCompile(`\{\d{4,}|,\d{4,}\}`)

// backtracks tells whether goja cannot use Go's own engine, which takes linear time, for a match
// from there on.
func (s *site) backtracks(expression *goja.Object, start goja.Value) bool {
	if start != nil && start.ToInteger() > 0 {
		return true
	}
	source := native.Text(s.vm, expression, "source", maxSourceUnits)
	for _, sign := range []string{"(?=", "(?!", "(?<", `\1`, `\2`, `\3`, `\4`, `\5`, `\6`, `\7`, `\8`, `\9`, `\k<`} {
		if strings.Contains(source, sign) {
			return true
		}
	}
	unicode := strings.Contains(native.Text(s.vm, expression, "flags", maxFlagUnits), "u") && strings.Contains(strings.ToLower(source), `\p{`)
	return unicode || longRepeat.MatchString(source)
}

// execFunction is RegExp.prototype.exec as it was when first needed.
type execFunction struct {
	value goja.Value
	run   native.Function
}

type (
	nativeExecKey  struct{}
	checkedExecKey struct{}
	matchKey       struct{}
)

func (s *site) nativeExec() *execFunction {
	return s.Local(nativeExecKey{}, func() any {
		function := native.ObjectAt(s.vm, native.Prototype(s.vm, "RegExp"), "exec")
		return &execFunction{value: function, run: native.MustDirect(s.vm, function)}
	}).(*execFunction)
}

// checkedExec looks at the stop before every match.
func (s *site) checkedExec() *goja.Object {
	return s.Local(checkedExecKey{}, func() any {
		original := s.nativeExec().run
		return s.Function("exec", 1, func(c goja.FunctionCall) goja.Value {
			s.Check()
			return s.patiently(c.This.ToObject(s.vm), func() goja.Value { return original(c) }, goja.IsNull)
		})
	}).(*goja.Object)
}

// guardMatch is for test and, by way of it, for what goja does with exec; exec itself stays
// goja's, for another one makes every use of an expression slow.
func (s *site) guardMatch(string) {
	if s.Local(matchKey{}, func() any { return s }) != any(s) {
		return // by another word
	}
	s.nativeExec()
	s.wrap(native.Prototype(s.vm, "RegExp"), "test", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		expression, ok := c.This.(*goja.Object)
		if !ok {
			return original(c)
		}
		return s.patiently(expression, func() goja.Value { return original(c) }, func(found goja.Value) bool { return !found.ToBoolean() })
	})
}

func (s *site) guardSplit(string) {
	s.nativeExec()
	s.wrap(native.Prototype(s.vm, "String"), "split", 2, func(original native.Function, c goja.FunctionCall) goja.Value {
		subject := s.asText(&c, "String.prototype.split")
		switch separator := c.Argument(0).(type) {
		case goja.String:
			if subject.Length() > maxItems && goja.IsUndefined(c.Argument(1)) {
				s.limitItems(int64(strings.Count(subject.String(), separator.String())), "String.prototype.split")
			}
		case *goja.Object:
			if separator.ClassName() == "RegExp" && !native.IsProxy(separator) && subject.Length() >= longSubject {
				return s.splitLong(subject, separator, c.Argument(1))
			}
			if separator.ClassName() == "RegExp" && !native.IsProxy(separator) {
				return s.patiently(separator, func() goja.Value { return original(c) }, func(parts goja.Value) bool { return native.Length(parts) < 2 })
			}
		}
		return original(c)
	})
}

// guardSearch is for match and search.
func (s *site) guardSearch(name string) {
	s.nativeExec()
	s.wrap(native.Prototype(s.vm, "String"), name, 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.asText(&c, "String.prototype."+name)
		return s.matching(c, func() goja.Value { return original(c) })
	})
}

// splitLong is RegExp.prototype[Symbol.split] (ECMA-262, section 22.2.6.14) by a search for
// one match after the other, each with a look at the stop.
func (s *site) splitLong(subject goja.String, separator *goja.Object, limit goja.Value) goja.Value {
	most := int64(1)<<32 - 1
	if !goja.IsUndefined(limit) {
		most = int64(uint32(limit.ToInteger()))
	}
	flags := native.Text(s.vm, separator, "flags", maxFlagUnits)
	expression, err := s.vm.New(native.Global(s.vm, "RegExp"), separator, s.vm.ToValue(strings.NewReplacer("g", "", "y", "").Replace(flags)+"g"))
	must(err)
	exec := native.MustDirect(s.vm, s.checkedExec())
	var parts []any
	size, from := int64(subject.Length()), int64(0)
	for at := int64(0); int64(len(parts)) < most; {
		must(expression.Set("lastIndex", at))
		found, ok := exec(goja.FunctionCall{This: expression, Arguments: []goja.Value{subject}}).(*goja.Object)
		if !ok {
			break
		}
		index, end := found.Get("index").ToInteger(), expression.Get("lastIndex").ToInteger()
		if index >= size {
			break
		}
		if end <= from || index < at {
			at = next(subject, at, flags)
			continue
		}
		parts = append(parts, subject.Substring(int(from), int(index)))
		s.limitItems(int64(len(parts)), "String.prototype.split")
		for i := int64(1); i < native.Length(found); i++ {
			parts = append(parts, native.At(found, i))
		}
		if from, at = end, end; end == index {
			at = next(subject, end, flags)
		}
	}
	parts = append(parts, subject.Substring(int(from), int(size)))
	return s.vm.NewArray(parts[:min(int64(len(parts)), most)]...)
}

// next is AdvanceStringIndex (ECMA-262, section 22.2.7.3).
func next(subject goja.String, at int64, flags string) int64 {
	if strings.Contains(flags, "u") && at+1 < int64(subject.Length()) &&
		subject.CharAt(int(at))>>10 == 0x36 && subject.CharAt(int(at+1))>>10 == 0x37 {
		return at + 2
	}
	return at + 1
}

// maxPatternUnits bounds the text of an expression made at run time.
const maxPatternUnits = 32 << 10

// guardRegExp bounds expressions made at run time, which a visitor may have written, and
// makes `\p{…}` work in them.
func (s *site) guardRegExp(string) {
	rewrite := func(args []goja.Value) []goja.Value {
		if len(args) == 0 {
			return args
		}
		pattern, ok := args[0].(goja.String)
		if !ok {
			return args
		}
		if pattern.Length() > maxPatternUnits {
			panic(s.SyntaxError("RegExp: the expression is longer than %d characters", maxPatternUnits))
		}
		if len(args) == 1 || !strings.Contains(native.Clip(args[1], maxFlagUnits), "u") {
			return args
		}
		return append([]goja.Value{s.vm.ToValue(rewrite.Pattern(pattern.String()))}, args[1:]...)
	}
	s.intercept("RegExp", &goja.ProxyTrapConfig{
		Construct: func(target *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			return s.construct(target, rewrite(args), newTarget)
		},
		Apply: func(target *goja.Object, this goja.Value, args []goja.Value) goja.Value {
			return native.MustDirect(s.vm, target)(goja.FunctionCall{This: this, Arguments: rewrite(args)})
		},
	})
}
