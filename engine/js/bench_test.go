package js_test

import (
	"fmt"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/js"
)

func BenchmarkCompile(b *testing.B) {
	for _, size := range []int{1 << 10, 300 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("(()=>{\"use strict\";\n")
			for i := 0; text.Len() < size; i++ {
				fmt.Fprintf(&text, "function work%d(list, by) {\n  const found = list.filter((item) => item.name !== by).map((item) => ({ ...item, at: %d }));\n  if (found.length > %d) return JSON.stringify(found);\n  return `none of ${by}`.replace(/o+/g, \"0\");\n}\n", i, i, i%7)
			}
			text.WriteString("function f_default(request) { return work0([], request.method) }\nreturn f_default})();\n")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := js.Compile(text.String()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGuards is what the words of a program cost every run of it.
func BenchmarkGuards(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"hello", `return "hello"`},
		{"Uint8Array unused", `if (n > 1) return new Uint8Array(n); return "hello"`},
		{"Uint8Array used", `return new Uint8Array(4)`},
		{"Float64Array unused", `if (n > 1) return new Float64Array(n); return "hello"`},
		{"BigInt unused", `if (n > 1) return BigInt(n); return "hello"`},
		{"RegExp unused", `if (n > 1) return new RegExp(n); return "hello"`},
		{"JSON unused", `if (n > 1) return JSON.stringify(n); return "hello"`},
		{"replace unused", `if (n > 1) return String(n).replace("a", ""); return "hello"`},
		{"padStart unused", `if (n > 1) return String(n).padStart(2); return "hello"`},
		{"map of a length unused", `if (n > 1) return new Array(n).map(String); return "hello"`},
		{"indexOf of a length unused", `if (n > 1) return new Array(n).indexOf(2); return "hello"`},
	} {
		b.Run(c.name, func(b *testing.B) {
			program, err := js.Compile("(() => { function f(n) { " + c.body + " } return f })()(1)")
			if err != nil {
				b.Fatal(err)
			}
			globals := js.NewGlobals()
			b.ReportAllocs()
			for b.Loop() {
				s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
				if ending := s.Run(s.Load); ending != nil {
					b.Fatal(ending)
				}
			}
		})
	}
}
