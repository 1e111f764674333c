package js_test

import (
	"fmt"
	"strings"
	"testing"

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
