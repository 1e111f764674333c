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

func BenchmarkHello(b *testing.B) {
	program, err := js.Compile(`"use strict";
var __m = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);
  var hello_exports = {};
  __export(hello_exports, { default: () => hello });
  function hello(request) { return "Hello"; }
  return __toCommonJS(hello_exports);
})();`, 0)
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
