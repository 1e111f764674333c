package js_test

import (
	"testing"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
)

// FuzzInspect formats whatever an expression gives; nothing may end the run.
func FuzzInspect(f *testing.F) {
	for _, seed := range []string{`({a:[1,{b:new Map([[1,2]])}]})`, `new Proxy([], {})`, `Object.create(null)`, `(()=>{})`, `new Error("x")`, `Symbol()`, `globalThis`, `JSON`} {
		f.Add(seed)
	}
	globals := js.NewGlobals()
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			return
		}
		program, err := js.Compile("out = " + text)
		if err != nil {
			return
		}
		s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
		var out goja.Value
		s.Observe(patient{})
		_ = s.Run(func() error {
			if err := s.Load(); err != nil {
				return nil
			}
			out = s.VM().Get("out")
			if shown := s.Inspect(out); len(shown) > 100_000 {
				t.Errorf("%d bytes", len(shown))
			}
			return nil
		})
	})
}

// patient lets a run go on after every failure.
type patient struct{}

func (patient) Stepped() func() error                      { return nil }
func (patient) Failed(goja.Value, call.Failure) *js.Ending { return nil }
