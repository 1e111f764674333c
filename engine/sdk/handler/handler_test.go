package handler_test

import (
	"os"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/handler"
	"picloud/engine/webapi"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}

// The program as the bundler makes it.
const hello = `var __m=(()=>{"use strict";
function hello_default(request) {
  return "Hello";
}
return{default:hello_default}})();
`

func BenchmarkHello(b *testing.B) {
	program, err := js.Compile(hello, 0)
	if err != nil {
		b.Fatal(err)
	}
	globals := js.NewGlobals(webapi.Globals())
	b.ReportAllocs()
	for b.Loop() {
		run := handler.New(handler.Input{
			Program: program, Globals: globals, Limits: call.DefaultLimits, Deadline: time.Now().Add(time.Second),
			Request: call.Request{Method: "GET", URL: "http://localhost/fn/app/hello"},
		})
		if result := run.Do(func(call.Result) {}); result.Outcome != call.OK {
			b.Fatal(result.Failure)
		}
	}
}
