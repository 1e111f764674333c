package webapi_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/webapi"
)

// BenchmarkHandler is a whole sandbox per call: made, loaded, called, answered.
func BenchmarkHandler(b *testing.B) {
	incoming := call.Request{
		Method: "POST", URL: "http://localhost:8080/fn/default/hello?name=Ada&n=1", Body: body.Text(`{"a":1}`),
		Header: []call.Field{{Name: "host", Value: "localhost"}, {Name: "content-type", Value: "application/json"}},
	}
	for _, c := range []struct{ name, text string }{
		{"nothing", `var f = () => undefined`},
		{"hello", `var f = () => new Response("hello")`},
		{"status", `var f = () => new Response("hello", { status: 201, headers: { "x-a": "1" } })`},
		{"method", `var f = (request) => new Response(request.method)`},
		{"url", `var f = (request) => new Response(new URL(request.url).searchParams.get("name"))`},
		{"headers", `var f = (request) => new Response(request.headers.get("host"))`},
		{"echo", `var f = async (request) => Response.json(await request.json())`},
	} {
		b.Run(c.name, func(b *testing.B) { runHandler(b, c.text, incoming) })
	}
}

func runHandler(b *testing.B, text string, incoming call.Request) {
	globals := js.NewGlobals(webapi.Globals())
	program, err := js.Compile(text)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
		var result goja.Value
		ending := s.Run(func() error {
			if err := s.Load(); err != nil {
				return err
			}
			run, _ := goja.AssertFunction(s.VM().GlobalObject().Get("f"))
			var err error
			result, err = run(goja.Undefined(), webapi.NewRequest(s, &incoming, nil))
			return err
		})
		if ending != nil {
			b.Fatal(ending)
		}
		if promise, ok := result.Export().(*goja.Promise); ok {
			result = promise.Result()
		}
		if goja.IsUndefined(result) {
			continue
		}
		response, err := webapi.ReadResponse(s, result, 10<<20)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
	}
}

// BenchmarkClassDesigns compares the ways to give a fresh sandbox a class of 16 members of
// which a call touches none or one: the lazy prototype of this package, function objects
// made by Go, and a class of compiled JavaScript that calls back into Go.
func BenchmarkClassDesigns(b *testing.B) {
	b.Run("lazy", func(b *testing.B) {
		globals := js.NewGlobals(webapi.Globals())
		program, err := js.Compile(`new Response("x").status`)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			s := js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
			if ending := s.Run(s.Load); ending != nil {
				b.Fatal(ending)
			}
		}
	})
	use := goja.MustCompile("", `new C("x").m1`, true)
	b.Run("functions of Go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			vm := goja.New()
			constructor := vm.ToValue(func(goja.ConstructorCall) *goja.Object { return nil }).(*goja.Object)
			prototype := constructor.Get("prototype").(*goja.Object)
			for i := range 16 {
				function := vm.ToValue(func(goja.FunctionCall) goja.Value { return goja.Undefined() })
				_ = prototype.DefineDataProperty(fmt.Sprintf("m%d", i), function, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
			}
			_ = vm.Set("C", constructor)
			if _, err := vm.RunProgram(use); err != nil {
				b.Fatal(err)
			}
		}
	})
	var text strings.Builder
	text.WriteString("(function (go) { return class C { #s; constructor(a) { this.#s = go(a) }\n")
	for i := range 16 {
		fmt.Fprintf(&text, "m%d(a) { return go(%d, this.#s, a) }\n", i, i)
	}
	class := goja.MustCompile("", text.String()+"} })", true)
	b.Run("compiled JavaScript", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			vm := goja.New()
			built, err := vm.RunProgram(class)
			if err != nil {
				b.Fatal(err)
			}
			build, _ := goja.AssertFunction(built)
			constructor, err := build(nil, vm.ToValue(func(goja.FunctionCall) goja.Value { return goja.Undefined() }))
			if err != nil {
				b.Fatal(err)
			}
			_ = vm.Set("C", constructor)
			if _, err := vm.RunProgram(use); err != nil {
				b.Fatal(err)
			}
		}
	})
}
