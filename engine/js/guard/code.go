package guard

import (
	"github.com/dop251/goja"

	"picloud/engine/js/native"
	"picloud/engine/js/nesting"
)

// maxCodeUnits is how long a text may be that becomes code while a program runs.
const maxCodeUnits = 1 << 20

// guardEval bounds what eval parses. Called under its name it is no direct call any more
// (ECMA-262, section 19.2.1): its code sees global names only.
func (s *site) guardEval(string) {
	s.wrap(s.vm.GlobalObject(), "eval", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		if text, ok := c.Argument(0).(goja.String); ok {
			s.limitCode(text, "eval")
		}
		return original(c)
	})
}

// guardFunction bounds what the constructor of functions parses.
func (s *site) guardFunction(string) {
	s.intercept("Function", &goja.ProxyTrapConfig{
		Apply: func(target *goja.Object, _ goja.Value, args []goja.Value) goja.Value {
			return s.construct(target, s.codeTexts(args), target)
		},
		Construct: func(target *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			return s.construct(target, s.codeTexts(args), newTarget)
		},
	})
}

// guardUnnamedFunction is for a program that comes by the constructor of functions as that of
// one: the guard is put up when it is first read.
func (s *site) guardUnnamedFunction(string) {
	prototype := native.ObjectAt(s.vm, native.Global(s.vm, "Function"), "prototype")
	read := s.Function("get constructor", 0, func(goja.FunctionCall) goja.Value {
		s.guardFunction("Function")
		return s.vm.GlobalObject().Get("Function")
	})
	write := s.Function("set constructor", 1, func(c goja.FunctionCall) goja.Value {
		if object, ok := c.This.(*goja.Object); ok {
			native.Put(object, "constructor", c.Argument(0))
		}
		return goja.Undefined()
	})
	must(prototype.DefineAccessorProperty("constructor", read, write, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// CodeTexts is the function by which the library's own constructors check their arguments: it
// gives them as texts that may become code.
func CodeTexts(m native.Machine) goja.Value {
	s := &site{Machine: m, vm: m.VM()}
	return s.Function("codeTexts", 1, func(c goja.FunctionCall) goja.Value {
		list, ok := c.Argument(0).(*goja.Object)
		if !ok {
			panic(s.vm.NewTypeError("not a list"))
		}
		texts := make([]any, native.Length(list))
		for i := range texts {
			texts[i] = s.codeText(native.At(list, int64(i)))
		}
		return s.vm.NewArray(texts...)
	})
}

func (s *site) codeTexts(args []goja.Value) []goja.Value {
	texts := make([]goja.Value, len(args))
	for i, arg := range args {
		texts[i] = s.codeText(arg)
	}
	return texts
}

func (s *site) codeText(value goja.Value) goja.Value {
	text := native.Plain(s, value, maxCodeUnits, "Function")
	s.limitCode(text, "Function")
	return text
}

func (s *site) limitCode(text goja.String, who string) {
	if text.Length() > maxCodeUnits {
		panic(s.RangeError("%s: the text is longer than %d characters", who, maxCodeUnits))
	}
	if _, found := nesting.Find(text.String()); found {
		panic(s.RangeError("%s: the text is nested too deeply", who))
	}
}
