package bundle

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/js"
)

// The test binary is its own build child.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "build" {
		if err := Main(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	js.SetUp()
	os.Exit(m.Run())
}

func build(t *testing.T, language Language, source string) Output {
	t.Helper()
	output, problems := Build(Input{Entry: File{Name: "hello" + language.Extension(), Language: language, Source: source}})
	if len(problems) > 0 {
		t.Fatalf("%s\n%v", source, Problems(problems))
	}
	return output
}

// run gives what the source left in globalThis.out when its loop has ended.
func run(t *testing.T, source string) (string, *js.Ending) {
	t.Helper()
	output := build(t, TypeScript, source)
	program, err := js.Compile(output.Program)
	if err != nil {
		t.Fatal(err)
	}
	return play(t, program)
}

// play gives what a program left in globalThis.out when its loop has ended.
func play(t *testing.T, program *js.Program) (string, *js.Ending) {
	t.Helper()
	s := js.New(js.Config{Globals: js.NewGlobals(), Program: program, Limits: call.DefaultLimits})
	watch := time.AfterFunc(time.Minute, func() { s.Stop(call.Timeout, "too long") })
	defer watch.Stop()
	ending := s.Run(s.Load)
	if out := s.VM().GlobalObject().Get("out"); out != nil {
		return out.String(), ending
	}
	return "", ending
}

func TestTypeScriptRuns(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ body, want string }{
		"enum":              {`enum C { Red, Green = 5, Blue } out = C.Blue + C[0]`, "6Red"},
		"const enum":        {`const enum C { A = "x" } out = C.A`, "x"},
		"generics":          {`function f<T extends object>(x: T): T { return x } out = f<{ a: string }>({ a: "y" }).a`, "y"},
		"satisfies":         {`const x = { a: 1 } satisfies Record<string, number>; out = x.a as unknown as string`, "1"},
		"namespace":         {`namespace N { export const v = "n" } out = N.v`, "n"},
		"parameter fields":  {`class P { constructor(private readonly x: string) {} get() { return this.x } } out = new P("p").get()`, "p"},
		"old cast":          {`out = <string>("c" as any)`, "c"},
		"abstract":          {`abstract class A { abstract f(): string; g() { return this.f() } } class B extends A { f() { return "b" } } out = new B().g()`, "b"},
		"overloads":         {`function f(a: string): string; function f(a: any) { return a } out = f("o")`, "o"},
		"decorators":        {`function d(m: any, c: any) { return function (this: any) { return c.name + m.call(this) } } class A { @d f() { return "!" } } out = new A().f()`, "f!"},
		"class fields":      {`class A { #x = 1; y = this.#x + 1; static z = 3; static { this.z++ } m() { return this.#x } } out = "" + new A().y + A.z + new A().m()`, "241"},
		"field called get":  {`class A { get = 1; set = 2; async = 3; static = 4 } const a = new A(); out = "" + a.get + a.set + a.async + a.static`, "1234"},
		"accessor":          {`class A { accessor x = 7 } out = "" + new A().x`, "7"},
		"optional":          {`const o: any = {}; o.a ??= "q"; out = o?.b?.c ?? o.a`, "q"},
		"bigint":            {`out = (2n ** 64n).toString()`, "18446744073709551616"},
		"async generator":   {`async function* g() { yield "a"; yield "b" } (async () => { let s = ""; for await (const x of g()) s += x; out = s })()`, "ab"},
		"async finally":     {`async function* g() { try { yield 1 } finally { out += "a"; await null; out += "b" } } (async () => { for await (const x of g()) break; out += (await g().return(5 as never)).value; const h = g(); await h.next(); const v = await h.return(7 as never); out += v.value })()`, "ab5ab7"},
		"async yield*":      {`async function* g() { try { yield 1; yield 2 } finally { await null; out += "f" } } async function* d() { try { yield* g() } finally { out += "d" } } (async () => { for await (const x of d()) break; out += "!" })()`, "fd!"},
		"own async iter":    {`const it = { [Symbol.asyncIterator]() { let n = 0; return { next: async () => ({ value: n, done: n++ > 2 }) } } }; (async () => { let s = ""; for await (const x of it) s += x; out = s })()`, "012"},
		"for await of sync": {`(async () => { let s = ""; for await (const x of [Promise.resolve("k"), "l"]) s += x; out = s })()`, "kl"},
		"using":             {`{ using x = { [Symbol.dispose]() { out += "d" } }; out = "u" } `, "ud"},
		"await using":       {`(async () => { await using x = { async [Symbol.asyncDispose]() { out += "d" } }; out = "u" })()`, "ud"},
		"labels":            {`a: for (const x of [1, 2]) { for (;;) { out = "l" + x; continue a } }`, "l2"},
		"unicode":           {"out = \"ü\" + `日${\"𝄞\"}` + \"𝄞\".length", "ü日𝄞2"},
		"unicode names":     {`const größe = "g"; const 𝑥 = { ñ: größe }; out = 𝑥.ñ`, "g"},
		"import.meta":       {`out = import.meta.url`, "file:///function.js"},
		"define":            {`out = (globalThis as any).x ?? process.env.NODE_ENV`, "production"},
		"named groups":      {`out = "2024-05".replace(/(?<y>\d+)-(?<m>\d+)/, "$<m>/$<y>")`, "05/2024"},
		"letter":            {`out = "" + /\p{L}/u.test("é") + /\p{L}/u.test("p1".slice(1)) + /^\p{Lu}+$/u.test("ÄÖ")`, "truefalsetrue"},
		"negated letter":    {`out = "" + /^\P{L}+$/u.test("123") + /\P{L}/u.test("é")`, "truefalse"},
		"letter in class":   {`out = "aé1 _b".replace(/[^\p{L}\p{N}_]/gu, "-")`, "aé1-_b"},
		"long names":        {`out = "" + /\p{Letter}/u.test("ß") + /\p{Script=Greek}/u.test("λ") + /\p{Script=Greek}/u.test("l") + /\p{General_Category=Uppercase_Letter}/u.test("A") + /\p{Alphabetic}/u.test("é") + /^\p{ASCII}+$/u.test("ab")`, "truetruefalsetruetruetrue"},
		"made at run time":  {`const R = RegExp; out = "" + new R("\\p{L}", "u").test("é") + R("\\p{L}", "u").test("1") + (/x/ instanceof R) + (new R(/\p{L}/gu).flags)`, "truefalsetruegu"},
		"not unicode":       {`out = "" + /\p{L}/.test("p{L}")`, "true"},
		"source map words":  {"out = \"//# sourceMappingURL=x\"\n//# sourceMappingURL=data:application/json;base64,e30=", "//# sourceMappingURL=x"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ending := run(t, "declare var out: string; globalThis.out = \"\";\n"+c.body+"\nexport default () => 1\n")
			if ending != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, ending, c.want)
			}
		})
	}
}

func TestJavaScriptIsNotTypeScript(t *testing.T) {
	t.Parallel()
	build(t, JavaScript, `export default { fetch(request) { return request.url } }`)
	build(t, JavaScript, `const f = () => 1; export { f as default }`)
	_, problems := Build(Input{Entry: File{Name: "a.js", Language: JavaScript, Source: "export default (x: string) => x"}})
	if len(problems) == 0 || problems[0].Line != 1 || problems[0].Column != 18 {
		t.Errorf("%+v", problems)
	}
}

func TestProgramHasTheContractsForm(t *testing.T) {
	t.Parallel()
	output := build(t, TypeScript, "import { log } from \"picloud\"\nexport default () => log.info(\"ü\")")
	if !strings.HasPrefix(output.Program, "(()=>{") || !strings.Contains(output.Program, "__picloud.log") {
		t.Error(output.Program)
	}
	for i := range len(output.Program) {
		if output.Program[i] > 126 {
			t.Fatalf("byte %#x in the program", output.Program[i])
		}
	}
	for _, text := range []string{output.Program, output.SourceMap} {
		if strings.Contains(text, "sourceMappingURL") || strings.Contains(text, "sourcesContent") {
			t.Error(text)
		}
	}
	again := build(t, TypeScript, "import { log } from \"picloud\"\nexport default () => log.info(\"ü\")")
	if again.Hash != output.Hash || again.Program != output.Program {
		t.Error("the same source gave another program")
	}
}

func TestImportsAreRefusedAtTheirLine(t *testing.T) {
	t.Parallel()
	imports := []string{
		`import x from "../x"; x()`, `import x from "/etc/passwd"; x()`, `import x from "file:///etc/passwd"; x()`,
		`import x from "data:text/javascript,export default 1"; x()`, `import "./side"`, `import x from "hono"; x()`,
		`import fs from "node:fs"; fs.x()`, `import fs from "fs"`, `export * from "x"`, `export { a } from "./a"`,
		`import x from "https://esm.sh/x"; x()`, `import x from "picloud/kv"; x()`, `import x from "picloud:picloud"; x()`,
		`await0: import("./x").then(() => {})`, `import("node:fs")`, `const n = "x"; import(n + ".js")`, "import(`./${1}`)",
		`require("fs")`, `try { require("fs") } catch {}`, `const n = "x"; require(n)`, `const r = require; r("fs")`,
		`import x from "x" with { type: "json" }; x()`, `import x from "picloud" with { type: "json" }; x()`, `import x = require("fs"); x()`,
		`import { log } from ""; log()`, `import x from "#x"; x()`, `import x from "<runtime>"; x()`, "require(`./${1}`)", `import("./" + Math.random())`, `require("./x" + Math.random() + ".js")`, "import(Math.random() ? `../${1}` : './b')",
	}
	for _, text := range imports {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			for _, language := range []Language{TypeScript, JavaScript} {
				if language == JavaScript && strings.Contains(text, "import x = ") {
					continue
				}
				source := "// ü\nexport default () => 1;\n  " + text + "\n"
				_, problems := Build(Input{Entry: File{Name: "hello" + language.Extension(), Language: language, Source: source}})
				if len(problems) == 0 {
					t.Fatalf("%s: built", language)
				}
				if problems[0].Line != 3 || problems[0].Column < 3 || !strings.Contains(problems[0].Message, "app:pricing") {
					t.Errorf("%s: %+v", language, problems)
				}
			}
		})
	}
}

func TestNothingOfTheHostIsRead(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/secret.map"
	const secret = `{"version":3,"sources":["stolen.ts"],"sourcesContent":["hunter2"],"mappings":"AAAA","names":["hunter2"]}`
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"//# sourceMappingURL=file://" + path, "//@ sourceMappingURL=" + path, "/*# sourceMappingURL=file://" + path + " */"} {
		output := build(t, TypeScript, "export default () => { throw new Error(\"x\") }\n"+comment)
		if strings.Contains(output.SourceMap+output.Program, "hunter2") || strings.Contains(output.SourceMap, "stolen") {
			t.Errorf("%s was followed: %s", comment, output.SourceMap)
		}
	}
}

func TestProblemsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	cases := []struct {
		source               string
		line, column, length int
		message              string
	}{
		{"export default () => {\n  const x = ;\n}", 2, 13, 1, "Unexpected \";\""},
		{"export default () => { const ü = \"𝄞\" 5 }", 1, 39, 1, "Expected \";\""},
		{"export default () => {", 1, 23, 0, "end of file"},
		{"export default () => {\n//# sourceMappingURL=x", 2, 23, 0, "end of file"},
		{"const x = await 1\nexport default () => x", 1, 11, 5, "Top-level await"},
		{"import { nothing } from \"picloud\"\nexport default () => nothing()", 1, 10, 7, `"picloud" exports no "nothing"; it exports env, log, secrets.`},
		{"const a = 1\nconst a = 2\nexport default () => a", 2, 7, 1, "already been declared"},
		{"export default () => /a/v", 1, 22, 0, "flags"},
		{"export default () => /a/d.exec(\"a\")", 1, 22, 0, "flags"},
		{"export default () => <div>x</div>", 1, 22, 1, "This looks like JSX"},
		{"const a = <string>'x'\nexport default () => (\n  <ul class='ü'>{[1].map((n) => <li>{n}</li>)}</ul>\n)", 3, 7, 5, "Expected"},
		{"const a: string = 'ä'\nexport default () => (\n  <ul class='ü'>{[1].map((n) => <li>{n}</li>)}</ul>\n)", 3, 3, 1, "This looks like JSX"},
		{"export default () => <><b /></>", 1, 22, 1, "This looks like JSX"},
		{"export default () => <div>x</div", 1, 0, 0, ""},
		{"export default () => { const x = ; }", 1, 34, 1, "Unexpected"},
		{"// Nothing.\nexport const x = 1\n\n", 2, 19, 0, "exports no function"},
		{"", 1, 1, 0, "exports no function"},
		{"\nmodule.exports = () => 1", 2, 8, 0, "CommonJS"},
		{"export default () => { with (x) {} }", 1, 24, 4, "With statements"},
	}
	for _, c := range cases {
		_, problems := Build(Input{Entry: File{Name: "hello.ts", Language: TypeScript, Source: c.source}})
		if len(problems) == 0 {
			t.Errorf("%q was built", c.source)
			continue
		}
		p := problems[0]
		if p.Line != c.line || c.column != 0 && (p.Column != c.column || p.Length != c.length) || !strings.Contains(p.Message, c.message) {
			t.Errorf("%q: %+v, want %+v", c.source, p, c)
		}
	}
}

func TestJSX(t *testing.T) {
	t.Parallel()
	output := build(t, TSX, "const h = (...all: unknown[]) => all; const Fragment = 'f';\nexport default () => <p class='a'>{1}<>b</></p>")
	if want := `h("p", { class: "a" }, 1, /* @__PURE__ */ h(Fragment, null, "b"))`; len(output.Warnings) > 0 || !strings.Contains(output.Program, want) {
		t.Errorf("%v\n%s", output.Warnings, output.Program)
	}
}

func TestJSXIsRefusedInJavaScript(t *testing.T) {
	t.Parallel()
	_, problems := Build(Input{Entry: File{Name: "a.js", Language: JavaScript, Source: "export default () => <div>x</div>"}})
	if len(problems) == 0 || problems[0].Message != "JSX is not supported." || problems[0].Column != 22 {
		t.Errorf("%+v", problems)
	}
}

func TestInputIsChecked(t *testing.T) {
	t.Parallel()
	cases := []struct {
		input   File
		message string
		at      int
	}{
		{File{Language: TypeScript, Source: strings.Repeat("x", MaxSource+1)}, "1048577 bytes; the limit is 1048576", 0},
		{File{Language: TypeScript, Source: "ab\n\xff"}, "UTF-8", 2},
		{File{Language: TypeScript, Source: "\x00"}, "NUL", 1},
		{File{Language: "rhai", Source: ""}, "rhai", 0},
		{File{Language: JavaScript, Source: "export default () => {};\n\n" + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5)}, "nested too deeply", 3},
		{File{Language: TypeScript, Source: "export default () => 1" + strings.Repeat("+1", 1e5)}, "nested too deeply", 1},
	}
	for _, c := range cases {
		if _, problems := Build(Input{Entry: c.input}); len(problems) != 1 || !strings.Contains(problems[0].Message, c.message) || problems[0].Line != c.at {
			t.Errorf("%.40q: %+v", c.input.Source, problems)
		}
	}
}
