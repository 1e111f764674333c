package handler_test

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/sdk/missing"
	"picloud/engine/webapi"
)

// outcome is what a call came to.
type outcome struct {
	call.Result        // of the whole run
	first, body string // outcome and body when it answered
	answers     int
}

// input is a call of a module whose default export is the given expression.
func input(t testing.TB, export string) handler.Input {
	t.Helper()
	text := "(" + export + "\n);"
	program, err := handler.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return handler.Input{
		Call: call.Call{
			Execution: id.New[id.Execution](),
			Script:    call.Script{App: id.New[id.App](), AppSlug: "shop", ID: id.New[id.Script](), Name: "hello", Version: 3},
			Event: call.Event{Request: &call.Request{
				Method: "POST", URL: "http://localhost/fn/shop/hello?a=1",
				Header: []call.Field{{Name: "content-type", Value: "application/json"}}, Body: body.Bytes([]byte(`{"n":2}`)),
			}},
			Limits: call.DefaultLimits,
		},
		Program:  program,
		Globals:  js.NewGlobals(webapi.Globals(), log.Globals()).Explaining(missing.Explain),
		Deadline: time.Now().Add(time.Minute),
	}
}

func do(t testing.TB, in handler.Input, stops ...func(*handler.Run)) outcome {
	t.Helper()
	run := handler.New(in)
	watch := time.AfterFunc(time.Minute, func() { run.Stop(call.Timeout, "too long") })
	defer watch.Stop()
	for _, stop := range stops {
		stop(run)
	}
	var o outcome
	o.Result = run.Do(func(result call.Result) {
		o.answers++
		o.first = string(result.Outcome)
		if result.Response.Body != nil {
			body, err := io.ReadAll(result.Response.Body)
			if err != nil {
				t.Error(err)
			}
			o.body = string(body)
		}
	})
	if o.answers != 1 {
		t.Errorf("answered %d times", o.answers)
	}
	return o
}

// summary is "status type body" for an answer and "outcome name: message" otherwise.
func (o outcome) summary() string {
	if o.Outcome != call.OK {
		return fmt.Sprintf("%s %s: %s", o.Outcome, o.Failure.Name, o.Failure.Message)
	}
	kind := ""
	for _, field := range o.Response.Header {
		if field.Name == "content-type" {
			kind = field.Value
		}
	}
	return fmt.Sprintf("%d %s %s", o.Response.Status, kind, o.body)
}

func TestReturnValues(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, export, want string }{
		{"text", `() => "hi"`, "200 text/plain;charset=utf-8 hi"},
		{"String object", `() => new String("hi")`, "200 text/plain;charset=utf-8 hi"},
		{"null", `() => null`, "204  "},
		{"undefined", `() => {}`, "204  "},
		{"object", `() => ({ a: 1, b: [true, null] })`, `200 application/json {"a":1,"b":[true,null]}`},
		{"array", `() => [1]`, `200 application/json [1]`},
		{"number", `() => 1.5`, `200 application/json 1.5`},
		{"boolean", `() => false`, `200 application/json false`},
		{"date", `() => ({ at: new Date(0) })`, `200 application/json {"at":"1970-01-01T00:00:00.000Z"}`},
		{"async", `async () => "hi"`, "200 text/plain;charset=utf-8 hi"},
		{"thenable", `() => ({ then(yes) { yes("hi") } })`, "200 text/plain;charset=utf-8 hi"},
		{"request of a request", `request => new Request("http://b/x", request).url`, "200 text/plain;charset=utf-8 http://b/x"},
		{"time-out that is waited for", `async () => { const s = AbortSignal.any([AbortSignal.timeout(2)]); await new Promise(yes => s.onabort = yes); return s.reason.name }`, "200 text/plain;charset=utf-8 TimeoutError"},
		{"cause", `() => { throw new Error("no configuration", { cause: new TypeError("bad", { cause: 7 }) }) }`, "error Error: no configuration\nCaused by: TypeError: bad\nCaused by: 7"},
		{"AggregateError", `() => Promise.any([Promise.reject(new TypeError("a")), Promise.reject(7)])`, "error AggregateError: \nOne of them: TypeError: a\nOne of them: 7"},
		{"after a timer", `async () => { await new Promise(yes => setTimeout(yes, 2)); return "hi" }`, "200 text/plain;charset=utf-8 hi"},
		{"Response", `() => new Response("made", { status: 201, headers: { "content-type": "text/x" } })`, "201 text/x made"},
		{"Response.json", `async request => Response.json({ got: (await request.json()).n })`, `200 application/json {"got":2}`},
		{"object with fetch", `{ greeting: "hi", fetch() { return this.greeting } }`, "200 text/plain;charset=utf-8 hi"},
		{"request", `request => request.method + " " + new URL(request.url).search`, "200 text/plain;charset=utf-8 POST ?a=1"},
		{"env", `(_, env) => JSON.stringify(env)`, "200 text/plain;charset=utf-8 {}"},
		{"replaced then", `async () => { Promise.prototype.then = null; return "hi" }`, "200 text/plain;charset=utf-8 hi"},

		{"no handler", `5`, "invalid : The module has no default export to call. Write: export default function (request) { … }"},
		{"class", `class { fetch() {} }`, "invalid : The default export is a class. Export a function, or an object with a method fetch."},
		{"no fetch", `{ get() {} }`, "invalid : The default export has no method fetch. Write: export default { fetch(request) { … } }"},
		{"fetch is text", `{ fetch: "x" }`, "invalid : fetch of the default export is not a function."},
		{"function", `() => () => 1`, "invalid : The function returned a value that has no JSON form (a function or a symbol). Return a Response, a string or plain data."},
		{"async generator", `async () => ({ next() {}, throw() {}, return() {} })`, "invalid : The function returned an async generator, whose JSON form is empty. Collect it with for await and return the list."},
		{"error", `() => new Error("x")`, "invalid : The function returned an Error. Throw it, or return a Response with a status."},
		{"bytes", `() => new Uint8Array(2)`, "invalid : The function returned bytes. Return new Response(bytes)."},
		{"large header", `() => new Response("x", { headers: { a: "x".repeat(70000) } })`, "invalid : The answer's headers are 2 fields with 70037 bytes; at most 500 fields and 65536 bytes are allowed."},
		{"many headers", `() => new Response(null, { headers: Array.from({ length: 501 }, (_, i) => ["set-cookie", "a" + i]) })`, "invalid : The answer's headers are 501 fields with 6904 bytes; at most 500 fields and 65536 bytes are allowed."},
		{"cycle", `() => { const a = {}; a.a = a; return a }`, "invalid : The value returned cannot be sent as JSON: Converting circular structure to JSON"},
		{"BigInt", `() => 1n`, "invalid : The value returned cannot be sent as JSON: Do not know how to serialize a BigInt"},

		{"status 99", `() => new Response("", { status: 99 })`, "invalid RangeError: The response status 99 is outside 200 to 599"},
		{"status 101", `async () => new Response("", { status: 101 })`, "invalid RangeError: The response status 101 is outside 200 to 599"},
		{"status 1000", `async () => { await null; return Response.json({}, { status: 1000 }) }`, "invalid RangeError: The response status 1000 is outside 200 to 599"},
		{"status in a timer", `() => new Promise(() => setTimeout(() => new Response("", { status: 0 })))`, "invalid RangeError: The response status 0 is outside 200 to 599"},
		{"status caught", `() => { try { return new Response("", { status: 99 }) } catch (error) { return error.name } }`, "200 text/plain;charset=utf-8 RangeError"},
		{"status caught, then another", `() => { try { new Response("", { status: 99 }) } catch { } throw new RangeError("mine") }`, "error RangeError: mine"},

		{"throw", `() => { throw new TypeError("no") }`, "error TypeError: no"},
		{"throw text", `() => { throw "no" }`, "error : no"},
		{"reject", `async () => { throw new RangeError("no") }`, "error RangeError: no"},
		{"unhandled", `() => { Promise.reject(new Error("lost")); return new Promise(() => {}) }`, "error Error: lost"},
		{"in a timer", `() => { setTimeout(() => { throw new Error("late") }, 1); return new Promise(() => {}) }`, "error Error: late"},
		{"never settles", `() => new Promise(() => {})`, "error : The promise returned never settles: nothing that could settle it is pending any more."},
		{"recursion", `function f() { return f() }`, "stack RangeError: Calls are nested deeper than 2000."},
		{"missing", `() => Cache("x")`, `error ReferenceError: Cache is not in PiCloud 0.x. There is no storage yet, and variables live for one call. The dashboard's documentation says what there is: /docs/globals#not-yet.`},
		{"missing property", `() => crypto.subtle.importKey()`, `error TypeError: crypto.subtle is not in PiCloud 0.x. Of cryptography there are crypto.getRandomValues and crypto.randomUUID. The dashboard's documentation says what there is: /docs/globals#not-yet.`},
		{"missing cause", `() => { try { caches } catch (cause) { throw new Error("no", { cause }) } }`, `error Error: no
Caused by: ReferenceError: caches is not in PiCloud 0.x. There is no storage yet, and variables live for one call. The dashboard's documentation says what there is: /docs/globals#not-yet.`},
		{"asked for", `() => [typeof Cache, globalThis.Cache === undefined, "Cache" in globalThis, crypto.subtle === undefined]`, `200 application/json ["undefined",true,false,true]`},
		{"missing caught", `() => { try { Cache } catch (e) { return e instanceof ReferenceError && e.name + e.message } }`, "200 text/plain;charset=utf-8 ReferenceErrorCache is not defined"},
		{"throwing toJSON", `() => ({ toJSON() { throw new TypeError("mine") } })`, "error TypeError: mine"},
		{"handled later", `async () => { const p = Promise.reject(1); p.catch(() => {}); return "hi" }`, "200 text/plain;charset=utf-8 hi"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := do(t, input(t, c.export)).summary(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestValuesWithoutAForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, export, want string }{
		{"words", `() => new Uint16Array(2)`, "invalid : The function returned bytes. Return new Response(bytes)."},
		{"floats", `() => new Float64Array(2)`, "invalid : The function returned bytes. Return new Response(bytes)."},
		{"Map", `() => new Map([[1, 2]])`, "invalid : The function returned a Map, whose JSON form is empty. Return Object.fromEntries(map)."},
		{"Set", `() => new Set([1])`, "invalid : The function returned a Set, whose JSON form is empty. Return [...set]."},
		{"generator", `function* () { yield 1; }`, "invalid : The function returned a generator, whose JSON form is empty. Return [...generator]."},
		{"Blob", `() => new Blob(["x"])`, "invalid : The function returned a Blob. Return it as new Response(value)."},
		{"File", `() => new File(["x"], "x")`, "invalid : The function returned a File. Return it as new Response(value)."},
		{"FormData", `async () => new FormData()`, "invalid : The function returned a FormData. Return it as new Response(value)."},
		{"URLSearchParams", `() => new URLSearchParams("a=1")`, "invalid : The function returned a URLSearchParams. Return it as new Response(value)."},
		{"Headers", `() => new Headers({ a: "1" })`, "invalid : The function returned an object of the class Headers, whose JSON form is empty. Return a Response, a string or plain data."},
		{"request itself", `request => request`, "invalid : The function returned an object of the class Request, whose JSON form is empty. Return a Response, a string or plain data."},
		{"proxy of a Response", `() => new Proxy(new Response("x"), {})`, "invalid : The function returned an object that only inherits from a Response. Return the Response itself."},
		{"like a Response", `() => Object.create(Response.prototype)`, "invalid : The function returned an object that only inherits from a Response. Return the Response itself."},
		{"URL", `() => new URL("http://a/b")`, `200 application/json "http://a/b"`},
		{"Map with toJSON", `() => Object.assign(new Map(), { toJSON: () => [1] })`, "200 application/json [1]"},
		{"own class", `() => new (class Point { x = 1 })()`, `200 application/json {"x":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := do(t, input(t, c.export)).summary(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestModuleThatThrows(t *testing.T) {
	t.Parallel()
	in := input(t, `(() => { throw new Error("at the top") })()`)
	o := do(t, in)
	if o.summary() != "error Error: at the top" || len(o.Failure.Stack) == 0 || o.Failure.Stack[0].Line != 1 {
		t.Errorf("%s %+v", o.summary(), o.Failure.Stack)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	t.Run("status", func(t *testing.T) {
		t.Parallel()
		for _, status := range []string{"99", "101", "1000"} {
			o := do(t, input(t, `() => new Response(null, { status: `+status+` })`))
			if o.Outcome == call.OK {
				t.Error(status, o.summary())
			}
		}
	})
	t.Run("body", func(t *testing.T) {
		t.Parallel()
		for _, export := range []string{`() => "x".repeat(2000)`, `() => new Response("x".repeat(2000))`} {
			in := input(t, export)
			in.Limits.Response = 1000
			if o := do(t, in); o.Outcome != call.Invalid {
				t.Error(o.summary())
			}
		}
	})
	t.Run("log", func(t *testing.T) {
		t.Parallel()
		var seen atomic.Int64
		in := input(t, `() => { for (let i = 0; i < 5000; i++) console.log("line", i); return "" }`)
		in.OnLine = func(call.Line) { seen.Add(1) }
		o := do(t, in)
		if len(o.Lines) != 1001 || seen.Load() != 1001 || !strings.HasPrefix(o.Lines[1000].Message, "log limit reached") {
			t.Error(len(o.Lines), seen.Load())
		}
	})
	t.Run("long line", func(t *testing.T) {
		t.Parallel()
		o := do(t, input(t, `() => { console.log("ä".repeat(1e6)); return "" }`))
		if len(o.Lines) != 1 || len(o.Lines[0].Message) > call.DefaultLimits.LineBytes {
			t.Error(len(o.Lines))
		}
	})
}

func TestContext(t *testing.T) {
	t.Parallel()
	in := input(t, `(request, env, ctx) => {
		const { waitUntil, passThroughOnException } = ctx;
		waitUntil(Promise.resolve());
		passThroughOnException();
		return { ...ctx, deadline: ctx.deadline instanceof Date && ctx.deadline.getTime(), signal: ctx.signal instanceof AbortSignal && ctx.signal.aborted,
			same: ctx.signal === request.signal && ctx.waitUntil === waitUntil, keys: Object.keys(ctx).length, text: ctx.script.name + ctx.script.version }
	}`)
	o := do(t, in)
	want := fmt.Sprintf(`200 application/json {"executionId":"%s","rootExecutionId":"%s","depth":0,"app":{"id":"%s","slug":"shop"},`+
		`"script":{"id":"%s","name":"hello","version":3},"caller":null,"deadline":%d,"signal":false,"same":true,"keys":10,"text":"hello3"}`,
		in.Execution, in.Execution, in.Script.App, in.Script.ID, in.Deadline.UnixMilli())
	if got := o.summary(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSignalAbortsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	in := input(t, `(_, env, ctx) => new Promise(yes => { setTimeout(() => yes("late"), 4000); ctx.signal.addEventListener("abort", () => yes(ctx.signal.reason.name)) })`)
	in.Deadline = time.Now().Add(150 * time.Millisecond)
	if got := do(t, in).summary(); got != "200 text/plain;charset=utf-8 TimeoutError" {
		t.Error(got)
	}
}

func TestWaitUntilGoesOnAfterTheAnswer(t *testing.T) {
	t.Parallel()
	in := input(t, `(_, env, ctx) => {
		setTimeout(() => { throw new Error("late") }, 1); // due first, however slow the machine is
		ctx.waitUntil((async () => { await new Promise(yes => setTimeout(yes, 5)); console.log("done") })());
		ctx.waitUntil(Promise.reject(new Error("lost")));
		setInterval(() => {}, 1);
		return "early";
	}`)
	run := handler.New(in)
	var early call.Result
	result := run.Do(func(answer call.Result) { early = answer })
	if early.Outcome != call.OK || len(early.Lines) != 0 {
		t.Error(early)
	}
	var lines []string
	for _, line := range result.Lines {
		lines = append(lines, string(line.Level)+" "+line.Message)
	}
	want := []string{"error waitUntil: Error: lost", "error uncaught: Error: late", "info done"}
	if !slices.Equal(lines, want) || result.Outcome != call.OK {
		t.Errorf("%s %q", result.Outcome, lines)
	}
}

// Work that fails before the answer is there does not spoil it.
func TestWaitUntilThatFailsEarly(t *testing.T) {
	t.Parallel()
	for _, export := range []string{
		`async (_, env, ctx) => { ctx.waitUntil(Promise.reject(new Error("lost"))); return "ok" }`,
		`async (_, env, ctx) => { ctx.waitUntil((async () => { throw new Error("lost") })()); await Promise.resolve(); return "ok" }`,
		`async (_, env, ctx) => { ctx.waitUntil((async () => { await null; throw new Error("lost") })()); return "ok" }`,
		`async (_, env, ctx) => { ctx.waitUntil(Promise.reject(new Error("lost"))); await new Promise(yes => setTimeout(yes, 2)); return "ok" }`,
		`async (request, env, ctx) => { ctx.waitUntil((async () => { throw new Error("lost") })()); await request.text(); return "ok" }`,
		`(_, env, ctx) => { ctx.waitUntil(Promise.reject(new Error("lost"))); return "ok" }`,
	} {
		o := do(t, input(t, export))
		if o.body != "ok" || len(o.Lines) != 1 || o.Lines[0].Message != "waitUntil: Error: lost" {
			t.Errorf("%s: %s %+v", export, o.summary(), o.Lines)
		}
	}
}

func TestStopAfterTheAnswerKeepsIt(t *testing.T) {
	t.Parallel()
	in := input(t, `(_, env, ctx) => { ctx.waitUntil(new Promise(yes => setTimeout(yes, 60_000))); return "early" }`)
	run := handler.New(in)
	answers := 0
	result := run.Do(func(call.Result) {
		answers++
		time.AfterFunc(10*time.Millisecond, func() { run.Stop(call.Timeout, "wall") })
	})
	if answers != 1 || result.Outcome != call.Timeout || result.Response.Status != 200 || result.Failure.Message != "wall" {
		t.Errorf("%d %+v", answers, result)
	}
}

func TestStopBeforeTheStart(t *testing.T) {
	t.Parallel()
	o := do(t, input(t, `() => "hi"`), func(r *handler.Run) { r.Stop(call.Cancelled, "gone") })
	if o.Outcome != call.Cancelled || o.first != "cancelled" {
		t.Error(o.summary())
	}
}

func TestNothingStaysForTheNextCall(t *testing.T) {
	t.Parallel()
	in := input(t, `() => {
		const before = [globalThis.left, Object.prototype.left, JSON.stringify([1]), Array.prototype.map.left];
		globalThis.left = Object.prototype.left = 1; JSON.stringify = () => "bad"; Array.prototype.map.left = 1; delete globalThis.URL;
		return before.join();
	}`)
	for range 3 {
		if got := do(t, in).summary(); got != "200 text/plain;charset=utf-8 ,,[1]," {
			t.Error(got)
		}
	}
}

// slot counts who holds it.
type slot struct {
	held, taken atomic.Int64
}

func (s *slot) Acquire() error { s.held.Add(1); s.taken.Add(1); return nil }
func (s *slot) Rest()          { s.held.Add(-1) }
func (s *slot) Release()       { s.held.Add(-1) }

func TestSlotIsGivenBackWhileWaiting(t *testing.T) {
	t.Parallel()
	s := &slot{}
	in := input(t, `async () => { await new Promise(yes => setTimeout(yes, 5)); return "hi" }`)
	in.Slot = s
	if got := do(t, in).summary(); !strings.HasPrefix(got, "200") {
		t.Error(got)
	}
	if s.held.Load() != 0 || s.taken.Load() != 2 {
		t.Error(s.held.Load(), s.taken.Load())
	}
}

// A DOMException has a place as an Error has.
func TestPlaceOfADOMException(t *testing.T) {
	t.Parallel()
	for _, export := range []string{`() => { atob("*") }`, `() => { throw new DOMException("q", "AbortError") }`, `async () => { await null; structuredClone(() => 1) }`} {
		o := do(t, input(t, export))
		if o.Outcome != call.Error || len(o.Failure.Stack) == 0 || o.Failure.Stack[0].Line == 0 {
			t.Errorf("%s: %+v", export, o.Failure)
		}
	}
}

// An error of a class of one's own was made where it was thrown, not in its constructor.
func TestPlaceOfAnErrorOfAClass(t *testing.T) {
	t.Parallel()
	for export, want := range map[string]string{
		"(() => {\nclass A extends Error { constructor(m) { super(m); } }\nclass B extends A { constructor() { super('b'); } }\nreturn () => {\nthrow new B() } })()":             ":5",
		"(() => {\nclass A extends Error { constructor(m) { super(m); } }\nclass B extends A {}\nreturn () => {\nthrow new B('b') } })()":                                         ":5",
		"(() => {\nconst A = class extends Error { code = 1 };\nreturn () => {\nthrow new A('b') } })()":                                                                          ":4",
		"(() => {\nclass A extends Error { constructor(m) { super(m); } }\nfunction make() {\nreturn new A() }\nreturn () => { throw make() } })()":                               "make:4 :5",
		"(() => {\nclass A extends Error { constructor(m) { super(m);\nnull.x } }\nreturn () => {\nthrow new A() } })()":                                                          ":3 :5",
		"(() => {\nfunction A() { this.stack = 1 } A.prototype = Object.create(Error.prototype);\nreturn () => {\nthrow Object.assign(new Error('x'), { constructor: 1 }) } })()": ":4",
	} {
		o := do(t, input(t, export))
		if o.Failure == nil {
			t.Errorf("%s: %s", export, o.summary())
			continue
		}
		var places []string
		for _, frame := range o.Failure.Stack {
			places = append(places, frame.Function+":"+strconv.Itoa(frame.Line))
		}
		if got := strings.Join(places, " "); got != want {
			t.Errorf("%s: got %q, want %q", export, got, want)
		}
	}
}

// What a listener throws is logged when the answer was given at once.
func TestListenerThatThrows(t *testing.T) {
	t.Parallel()
	o := do(t, input(t, `() => { const e = new EventTarget(); e.addEventListener("a", () => { throw new Error("x") }); e.dispatchEvent(new Event("a")); return "ok" }`))
	if o.body != "ok" || len(o.Lines) != 1 || o.Lines[0].Message != "uncaught: Error: x" {
		t.Errorf("%s %+v", o.summary(), o.Lines)
	}
}

// A stack that the function reads has the places that whoever runs it knows, however it is
// read, and is asked for only then.
func TestStackThatIsRead(t *testing.T) {
	t.Parallel()
	asked := 0
	locate := func(stack []call.Frame) string {
		asked++
		return fmt.Sprintf("\n    at %s hello.ts:%d", stack[0].Function, stack[0].Line)
	}
	const want = "Error: no: way\n    at deep hello.ts:2"
	for read, want := range map[string]string{
		`e.stack`: want, `e?.stack`: want, `String(e.stack)`: want, "`${e.stack}`": want, `({ s: e.stack }).s`: want, `[e.stack][0]`: want, `(e.stack || 1)`: want,
		`(() => e.stack)()`: want, `(() => { const s = e.stack; return s })()`: want, `e.stack.split("\n")[1]`: "    at deep hello.ts:2", `e.stack?.slice(0, 5)`: "Error",
		`e.message`: "no: way", `(e.stack = "mine", e.stack)`: "mine",
		`(() => { try { Cache() } catch (f) { return f.stack.split("\n")[0] } })()`: `ReferenceError: ` + missing.Explain("Cache is not defined"),
	} {
		asked = 0
		in := input(t, "(function () { function deep() {\nthrow new Error('no: way') }\nreturn () => { try { deep() } catch (e) { return "+read+" } } })()")
		in.Locate = locate
		if got := do(t, in); got.body != want || (asked > 0) != (strings.Contains(read, "stack") && want != "mine") {
			t.Errorf("%s: %s, asked %d times", read, got.summary(), asked)
		}
	}
}
