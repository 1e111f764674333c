package handler_test

import (
	"syscall"
	"testing"
	"time"

	content "picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

// BenchmarkCall is one call of a function: a sandbox made, the module loaded, its handler
// called, the answer read.
func BenchmarkCall(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"nothing", ``},
		{"text", `return "Hello"`},
		{"object", `return { hello: "world" }`},
		{"list", `return [{ id: 1, name: "Ada", tags: ["a", "b"] }, { id: 2.5, name: "Bob", at: null }]`},
		{"response", `return new Response("hello")`},
		{"json", `return Response.json({ hello: "world" }, { status: 201 })`},
		{"query", `return "Hello, " + new URL(request.url).searchParams.get("name")`},
		{"header", `return request.headers.get("x-name")`},
		{"body", `return request.json().then((body) => ({ name: body.name }))`},
		{"context", `return { run: ctx.executionId, script: ctx.script.name }`},
		{"log", `console.log("hello", request.method); return "Hello"`},
	} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, c.body) })
	}
}

func benchmark(b *testing.B, body string) {
	// The program as the bundler makes it.
	text := "(()=>{\"use strict\";\nfunction f_default(request, env, ctx) {\n" + body + "\n}\nreturn f_default})();\n"
	program, err := handler.Compile(text)
	if err != nil {
		b.Fatal(err)
	}
	globals := js.NewGlobals(webapi.Globals(), log.Globals())
	request := call.Request{
		Method: "POST", URL: "http://localhost/fn/app/hello?name=Ada&n=1", Body: content.Bytes([]byte(`{"name":"Ada"}`)),
		Header: []call.Field{{Name: "host", Value: "localhost"}, {Name: "x-name", Value: "Ada"}},
	}
	b.ReportAllocs()
	before := userTime(b)
	defer func() { b.ReportMetric(float64(userTime(b)-before)/float64(b.N), "user-ns/op") }()
	for b.Loop() {
		run := handler.New(handler.Input{
			Call:    call.Call{Event: call.Event{Request: &request}, Limits: call.DefaultLimits},
			Program: program, Globals: globals, Deadline: time.Now().Add(time.Second),
		})
		if result := run.Do(func(call.Result) {}); result.Outcome != call.OK {
			b.Fatal(result.Failure)
		}
	}
}

// userTime is what the process has executed, which other processes do not change.
func userTime(b *testing.B) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano()
}
