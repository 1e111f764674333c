package log_test

import (
	"regexp"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

// lines runs a text and gives its log, one "level message fields" each.
func lines(t testing.TB, text string) []string {
	t.Helper()
	var list []string
	for _, line := range logged(t, text) {
		text := strings.TrimSpace(string(line.Level) + " " + line.Message + " " + line.Fields)
		list = append(list, regexp.MustCompile(` +(\n|$)`).ReplaceAllString(text, "$1"))
	}
	return list
}

func logged(t testing.TB, text string) []call.Line {
	t.Helper()
	program, err := js.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	s := js.New(js.Config{Globals: js.NewGlobals(webapi.Globals(), log.Globals()), Program: program, Limits: call.DefaultLimits})
	watch := time.AfterFunc(30*time.Second, func() { s.Stop(call.CPU, "too long") })
	defer watch.Stop()
	if ending := s.Run(s.Load); ending != nil {
		t.Fatal(ending)
	}
	return s.Lines()
}

func TestLinesKnowWhereTheirErrorWasMade(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"const make = () => new Error('x');\nconsole.log(1, make(), new Error('y'))":   "make:1 :2",
		"const { log } = __picloud;\nlog.warn('x', { a: 1, cause: new Error('why') })": ":2",
		"const { log } = __picloud;\nlog.warn(new Error('x'), {\nb: new Error('y') })": ":2",
		"console.log({ e: new Error('x') })":                                           "",
		"function f() { console.trace('x') }\nf()":                                     "f:1 :2",
		"console.assert(false)": ":1",
		"const f = n => n ? f(n - 1) : new Error('x');\nconsole.log(f(50))":                                                   "f:1 f:1 f:1 f:1 f:1 f:1 f:1 f:1",
		"console.log('x'.repeat(16 * 1024 - 250), new Error('y'))":                                                            ":1",
		"console.log('x'.repeat(16 * 1024 - 50), new Error('y'))":                                                             "",
		"const { log } = __picloud;\nlog.with({ e: new Error('x') }).warn('a', { get g() { throw 1 } })":                      "",
		"const e = new Error('x'); e.stack = 'mine'; Object.defineProperty(e, 'name', { get() { throw 1 } })\nconsole.log(e)": ":1",
	} {
		var places []string
		for _, frame := range logged(t, text)[0].Stack {
			places = append(places, frame.Function+":"+strconv.Itoa(frame.Line))
		}
		if got := strings.Join(places, " "); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want string }{
		{"levels", `console.debug("a"); console.log("b"); console.info("c"); console.warn("d"); console.error("e")`, "debug a|info b|info c|warn d|error e"},
		{"values", `console.log("a", 1, -0, 2n, true, null, undefined, Symbol("s"))`, "info a 1 -0 2n true null undefined Symbol(s)"},
		{"nested text", `console.log(["a", "it's"], { a: "x\ny" })`, `info [ 'a', "it's" ] { a: 'x\ny' }`},
		{"specifiers", `console.log("%s is %d and %i, %f %c%o %%s %x", "a", "42.5", 42.9, 1.5, "color: red", [1], 9)`, "info a is 42 and 42, 1.5 [ 1 ] %s %x 9"},
		{"missing arguments", `console.log("%s %d")`, "info %s %d"},
		{"no arguments", `console.log()`, ""},
		{"functions", `console.log(function f() {}, () => {}, class A {})`, "info [Function: f] [Function (anonymous)] [class: A]"},
		{"objects", `class P { x = 1 } console.log({ a: { b: { c: { d: 1 } } } }, new P, Object.create(null), { get g() { throw 1 }, "a-b": 1 })`, "info { a: { b: { c: [Object] } } } P { x: 1 } [Object: null prototype] {} { g: [Getter], 'a-b': 1 }"},
		{"cycle", `const a = {}; a.self = a; console.log(a)`, "info { self: [Circular] }"},
		{"collections", `console.log(new Map([["a", 1]]), new Set([1]), [, 1], new Uint8Array(2))`, "info Map(1) { 'a' => 1 } Set(1) { 1 } [ <empty>, 1 ] Uint8Array(2) [ 0, 0 ]"},
		{"atoms", `console.log(new Date(0), /a/g, new String("s"), new Number(1))`, "info 1970-01-01T00:00:00.000Z /a/g [String: 's'] [Number: 1]"},
		{"promises", `console.log(Promise.resolve(1), new Promise(() => {}))`, "info Promise { 1 } Promise { <pending> }"},
		{"errors", `console.log(new TypeError("no"), [new Error("in", { cause: 1 })], Object.assign(new Error("x"), { code: 7 }))`, "info TypeError: no [ Error: in { [cause]: 1 } ] Error: x { code: 7 }"},
		{"error of errors", `console.log(new AggregateError([new TypeError("a"), 7], "both"))`, "info AggregateError: both { [errors]: [ [TypeError: a], 7 ] }"},
		{
			"platform data", `console.log(new Request("http://a/"), new Blob(["x"]), new File(["x"], "n"), AbortSignal.abort(), new URLSearchParams("a=1"), new FormData(), new Event("e"))`,
			"info Request { method: 'GET', url: 'http://a/' } Blob { size: 1, type: '' } File { name: 'n', size: 1, type: '' } AbortSignal { aborted: true } URLSearchParams { 'a' => '1' } FormData {} Event {}",
		},
		{"class of a platform name", `console.log(new (class URL { x = 1 })(), new (class extends Headers { static name = "Mine" })())`, "info URL { x: 1 } Mine {}"},
		{"platform", `console.log(new URL("http://a/"), new Headers({ a: "1" }), new Response("x"))`, "info URL { href: 'http://a/' } Headers { 'a' => '1' } Response { status: 200, statusText: '', bodyUsed: false }"},
		{"proxy", `console.log(new Proxy({ a: 1 }, { get() { for (;;); }, ownKeys() { for (;;); } }))`, "info { a: 1 }"},
		{"groups", `console.group("g"); console.log("in\nside"); console.groupEnd(); console.groupEnd(); console.log("out")`, "info g|info   in\n  side|info out"},
		{"count", `console.count(); console.count("x"); console.count(); console.countReset(); console.count(); console.countReset("y")`, "info default: 1|info x: 1|info default: 2|info default: 1|warn Count for 'y' does not exist"},
		{"assert", `console.assert(true, "no"); console.assert(false); console.assert(0, "a %s", "b")`, "error Assertion failed|error Assertion failed: a b"},
		{"timers", `console.timeEnd("x"); console.time(); console.time()`, "warn Timer 'x' does not exist|warn Timer 'default' already exists"},
		{"table", `console.table([{ a: 1, b: "x" }, { a: 22 }])`, "info (index) │ a  │ b\n────────┼────┼──\n0       │ 1  │ x\n1       │ 22 │"},
		{"table of values", `console.table(["x"])`, "info (index) │ Values\n────────┼───────\n0       │ x"},
		{"replaced", `const old = console.log; console.log = (...a) => old("mine", ...a); console.log(1); const { warn } = console; warn(2)`, "info mine 1|warn 2"},
		{"long list", `console.log(Array.from({ length: 103 }, (_, i) => i).length, new Array(200).fill(1).toString().length)`, "info 103 399"},
		{"replaced natives", `globalThis.Object = globalThis.Date = globalThis.Map = 1; console.log({ a: 1 }, "x")`, "info { a: [Getter] } x"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(lines(t, c.text), "|"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want string }{
		{"levels", `log.debug("a"); log.info("b"); log.warn("c"); log.error("d")`, "debug a|info b|warn c|error d"},
		{"fields", `log.info("a", { n: 1, at: new Date(0), list: [1, { x: null }] })`, `info a {"n":1,"at":"1970-01-01T00:00:00.000Z","list":[1,{"x":null}]}`},
		{"errors", `log.error(new TypeError("no"), { cause: new Error("why") })`, `error TypeError: no {"cause":{"name":"Error","message":"why"}}`},
		{"with", `const l = log.with({ a: 1, b: 1 }).with({ b: 2 }); l.info("x"); l.warn("y", { a: "z" }); log.info("plain")`, `info x {"a":1,"b":2}|warn y {"b":2,"a":"z"}|info plain`},
		{"odd fields", `const c = {}; c.c = c; log.info("x", { c, f() {}, big: 1n, get g() { throw 1 } })`, `info x {"c":"{ c: [Circular] }","f":"[Function: f]","big":"1n","g":"[a getter that throws]"}`},
		{"fields that are none", `log.info("x", 5); log.info("y", null)`, `info x {"value":5}|info y`},
		{"quoting", `log.info("x", { 'a"b': "\u2028<" })`, `info x {"a\"b":"` + "\u2028" + `<"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(lines(t, "const { log } = __picloud; "+c.text), "|"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// It runs before the parallel tests, whose memory it would count.
func TestLoggingOfHugeValuesIsBounded(t *testing.T) {
	for _, text := range []string{
		`let o = [1]; for (let i = 0; i < 40; i++) o = [o, o]; console.log(o); console.log("%o", o)`,
		`const o = {}; for (let i = 0; i < 1e5; i++) o["k" + i] = i; console.log(o); console.table(o); console.table([o])`,
		`console.log("x".repeat(3e7), ["x".repeat(3e7)], { a: "x".repeat(3e7) })`,
		`console.log("%s".repeat(1e5), ...Array(1e5).fill("x".repeat(1e6)))`,
		`const k = n => n + "x".repeat(1e6); console.table(Array(100).fill(Object.fromEntries([...Array(20)].map((_, i) => [k(i), 1]))))`,
		`const o = {}; for (let i = 0; i < 100; i++) o["x".repeat(1e6) + i] = 1; console.table(o)`,
		`for (let i = 0; i < 20; i++) console.group(); console.log("\n".repeat(1e6)); console.log("x" + "\n".repeat(1e6))`,
		`const text = "x".repeat(1e6); for (let i = 0; i < 200; i++) console.count(text + i)`,
		`const o = {}; const x = "x".repeat(1e6); for (let i = 0; i < 1000; i++) o[i] = x; __picloud.log.info("x", o); __picloud.log.with(o).info("y")`,
		`console.log({ length: 2 ** 53, a: new Map([...Array(1000)].map((_, i) => [i, {}])) })`,
		`console.log(Object.assign(() => {}, { a: new Array(4294967295) }), [new Array(4294967295)], new Array(4294967295))`,
	} {
		before := allocated()
		for _, line := range lines(t, text) {
			if len(line) > call.DefaultLimits.LineBytes+100 {
				t.Errorf("%d bytes: %.80s", len(line), line)
			}
		}
		if bytes := allocated() - before; bytes > 400<<20 {
			t.Errorf("%d MiB allocated by %.80s", bytes>>20, text)
		}
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}
