package handler_test

import (
	"testing"

	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

// TestArguments: leaving out arguments that the handler cannot see changes nothing for it.
func TestArguments(t *testing.T) {
	t.Parallel()
	const all = `200 application/json ["Request","Object","Object"]`
	cases := []struct {
		name, source string
		passed       int
		want         string
	}{
		{"none", `export default function () { return "x" }`, 0, "200 text/plain;charset=utf-8 x"},
		{"none of an arrow", `export default () => "x"`, 0, "200 text/plain;charset=utf-8 x"},
		{"none used", `export default function (request: Request, env, ctx) { return "x" }`, 0, "200 text/plain;charset=utf-8 x"},
		{"request", `export default function hello(request) { return request.method }`, 1, "200 text/plain;charset=utf-8 POST"},
		{"request of a method", `export default { async fetch(request) { return request.method } }`, 1, "200 text/plain;charset=utf-8 POST"},
		{"method with this", `export default { m: "x", fetch(request) { return this.m + request.method } }`, 1, "200 text/plain;charset=utf-8 xPOST"},
		{"third used", `export default (a, b, c) => typeof c`, 3, "200 text/plain;charset=utf-8 object"},
		{"second used", `export default (a, b, c) => typeof b`, 2, "200 text/plain;charset=utf-8 object"},
		{"destructured", `export default ({ method }) => method`, 1, "200 text/plain;charset=utf-8 POST"},
		{"default value", `export default (a = 5) => a.method`, 1, "200 text/plain;charset=utf-8 POST"},
		{"rest", `export default (...a) => a.map(a => a.constructor.name)`, 3, all},
		{"arguments", `export default function () { return [...arguments].map(a => a.constructor.name) }`, 3, all},
		{"arguments within", `export default function () { const given = arguments; const f = () => Array.from(given, a => a.constructor.name); return f() }`, 3, all},
		{"eval", `export default function () { return (0, eval)("'x'") }`, 3, "200 text/plain;charset=utf-8 x"},
		{"chosen when called", `const f = (...a) => a.map(a => a.constructor.name); export default f.bind(null)`, 3, all},
		{"built in", `export default { fetch: Response.json }`, 3, "200 application/json {}"},
		{"spread object", `const f = { fetch: (...a) => a.map(a => a.constructor.name) }; export default { fetch() { return 1 }, ...f }`, 3, all},
		{"replaced", `const app = { fetch() { return 1 } }; app.fetch = (...a) => a.map(a => a.constructor.name); export default app`, 3, all},
		{"computed name", `export default { fetch() { return 1 }, ["fe" + "tch"]: (...a) => a.map(a => a.constructor.name) }`, 3, all},
		{"getter", `export default { get fetch() { return (...a) => a.map(a => a.constructor.name) } }`, 3, all},
		{"reassigned", `export default function f() { return 1 } (globalThis as any).x = () => f; { f = (...a) => a.map(a => a.constructor.name) }`, 3, all},
		{"calls itself", `export default function f(a) { return arguments.length > 2 ? f(1) : "x" + a }`, 3, "200 text/plain;charset=utf-8 x1"},
		{"name in other words", `export default function (request) { return "request " + String(arguments.length) }`, 3, "200 text/plain;charset=utf-8 request 3"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			built, problems := bundle.Build(bundle.Input{Entry: bundle.File{Name: "f.ts", Language: bundle.TypeScript, Source: c.source}})
			if problems != nil {
				t.Fatal(problems)
			}
			program, err := handler.Compile(built.Program)
			if err != nil {
				t.Fatal(err)
			}
			if program.Arguments() != c.passed {
				t.Errorf("%d arguments, want %d", program.Arguments(), c.passed)
			}
			o := do(t, handler.Input{
				Call:    call.Call{Event: call.Event{Request: &call.Request{Method: "POST", URL: "http://localhost/"}}, Limits: call.DefaultLimits},
				Program: program, Globals: js.NewGlobals(webapi.Globals(), log.Globals()),
			})
			if got := o.summary(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A module that is nothing but its handler runs without the call that the build puts around it.
func TestUnwrap(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		`export default function () { return this }`:                                    true,
		`export default function hello(request) { return request.method }`:              true,
		`export default async function (request) { await null }`:                        true,
		`export default { fetch(request) { return request.method } }`:                   true,
		`export default (request) => request.method`:                                    false,
		`export default function f() { return f }`:                                      false,
		`const a = 1; export default function () { return a }`:                          false,
		`export default class { fetch() {} }`:                                           false,
		`import { log } from "picloud"; export default function () { log.info("x") }`:   false,
		`export default async function* () { yield 1 }`:                                 false,
		`enum Side { Left } export default { fetch() { return Side.Left } }`:            true,
		`interface A { a: string } export default function (request: A) { return "x" }`: true,
	} {
		built, problems := bundle.Build(bundle.Input{Entry: bundle.File{Name: "f.ts", Language: bundle.TypeScript, Source: source}})
		if problems != nil {
			t.Fatal(source, problems)
		}
		if got, err := handler.Unwraps(built.Program); err != nil || got != want {
			t.Errorf("%s: %t, %v\n%s", source, got, err, built.Program)
		}
	}
}
