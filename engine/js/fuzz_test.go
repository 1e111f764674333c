package js_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
)

// FuzzJSON holds the parser against encoding/json, and what it parsed against its own text.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,"x\u00e9",null,true]}`, `[1 2]`, `{"a" 1}`, `[}`, `{"a":1,}`, `"\ud800"`, `-0`, `1e999`, "\ufeff1", `[[]]]`, `{"":{}}`} {
		f.Add(seed)
	}
	globals := js.NewGlobals()
	program, err := js.Compile("0")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 || strings.Contains(text, "\ufffd") || !json.Valid([]byte(`"`+strings.Map(plain, text)+`"`)) {
			return
		}
		s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
		ending := s.Run(func() error {
			value, err := js.ParseJSON(s, text)
			if valid := json.Valid([]byte(text)); valid != (err == nil) {
				t.Errorf("%q: valid %t, got %v", text, valid, err)
			}
			if err != nil {
				return nil
			}
			again, ok, err := js.StringifyJSON(s, value)
			if err != nil || !ok {
				t.Errorf("%q: %t %v", text, ok, err)
			}
			if other, err := js.ParseJSON(s, again); err != nil {
				t.Errorf("%q became %q: %v", text, again, err)
			} else if same, _, _ := js.StringifyJSON(s, other); same != again {
				t.Errorf("%q became %q, then %q", text, again, same)
			}
			return nil
		})
		if ending != nil {
			t.Errorf("%q: %v", text, ending)
		}
	})
}

// plain keeps valid UTF-8 and nothing a string literal could not hold.
func plain(r rune) rune {
	if r == '"' || r == '\\' || r < 0x20 {
		return 'x'
	}
	return r
}

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
