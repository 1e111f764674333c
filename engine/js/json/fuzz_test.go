package json_test

import (
	std "encoding/json"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/js/json"
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
		if len(text) > 10_000 || strings.Contains(text, "\ufffd") || !std.Valid([]byte(`"`+strings.Map(plain, text)+`"`)) {
			return
		}
		s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
		ending := s.Run(func() error {
			value, err := json.Parse(s, text)
			if valid := std.Valid([]byte(text)); valid != (err == nil) {
				t.Errorf("%q: valid %t, got %v", text, valid, err)
			}
			if err != nil {
				return nil
			}
			again, ok, err := json.Stringify(s, value)
			if err != nil || !ok {
				t.Errorf("%q: %t %v", text, ok, err)
			}
			if other, err := json.Parse(s, again); err != nil {
				t.Errorf("%q became %q: %v", text, again, err)
			} else if same, _, _ := json.Stringify(s, other); same != again {
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
