package bundle

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/js"
)

// app is a set of modules by their names; an import in one leads to the module that it names.
func app(t *testing.T, sources map[string]string) map[string]File {
	t.Helper()
	files := make(map[string]File, len(sources))
	for name, source := range sources {
		files[name] = module(name, source, sources)
	}
	return files
}

func module(name, source string, sources map[string]string) File {
	file := File{Name: name, Language: TypeScript, Source: source, Imports: map[string]Import{}}
	if filepath.Ext(name) == ".js" {
		file.Language = JavaScript
	}
	for known := range sources {
		file.Imports["app:"+strings.TrimSuffix(known, filepath.Ext(known))] = Import{File: known}
	}
	return file
}

func buildWith(t *testing.T, source string, modules map[string]string) (Output, []Problem) {
	t.Helper()
	return Build(Input{Entry: module("hello.ts", source, modules), Modules: app(t, modules)})
}

func TestModulesAreInTheProgram(t *testing.T) {
	t.Parallel()
	modules := map[string]string{
		"pricing.ts": `import { rate, type Rate } from "app:tax";
export interface Item { price: number }
export function total(items: Item[]): number { return items.reduce((sum, item) => sum + item.price, 0) * rate }`,
		"tax.js":    `export const rate = 2; export default class Tax {}`,
		"unused.ts": `export const secret = "not in it"`,
	}
	output, problems := buildWith(t, `import Tax, { rate } from "app:tax";
import { total } from "app:pricing";
globalThis.out = [total([{ price: 4 }]), rate, typeof Tax].join();
export default () => 1`, modules)
	if problems != nil {
		t.Fatal(Problems(problems))
	}
	program, err := js.Compile(output.Program)
	if err != nil {
		t.Fatal(err)
	}
	if out, ending := play(t, program); out != "8,2,function" {
		t.Error(out, ending)
	}
	want := []Edge{{"", "app:tax", "tax.js"}, {"", "app:pricing", "pricing.ts"}, {"pricing.ts", "app:tax", "tax.js"}}
	if !reflect.DeepEqual(output.Edges, want) || strings.Contains(output.Program, "not in it") {
		t.Errorf("%+v", output.Edges)
	}
}

func TestStacksNameTheFileOfAModule(t *testing.T) {
	t.Parallel()
	output, problems := buildWith(t, "import { fail } from \"app:checks\"\nexport default () => fail()", map[string]string{
		"checks.ts": "\nexport function fail(): never {\n  throw new Error(process.env.WHY)\n}",
	})
	if problems != nil {
		t.Fatal(Problems(problems))
	}
	places := ReadMap(output.SourceMap)
	for i, line := range strings.Split(output.Program, "\n") {
		if at := strings.Index(line, "new Error"); at >= 0 {
			frames := places.Stack([]call.Frame{{Line: i + 1, Column: at + 1, Function: "fail"}})
			if want := []call.Frame{{File: "checks.ts", Line: 3, Column: 9, Function: "fail"}}; !reflect.DeepEqual(frames, want) {
				t.Errorf("%+v", frames)
			}
		}
	}
	if want := []Use{{Name: "WHY", File: "checks.ts", Line: 3, Column: 31}}; !reflect.DeepEqual(output.Env, want) {
		t.Errorf("%+v", output.Env)
	}
}

// Each is told at the import in the entry that leads to it.
func TestModulesThatDoNotFit(t *testing.T) {
	t.Parallel()
	long := map[string]string{"m9.ts": "export const x = 1"}
	for n := range 9 {
		long[fmt.Sprintf("m%d.ts", n)] = fmt.Sprintf(`export { x } from "app:m%d"`, n+1)
	}
	for _, c := range []struct {
		source, message string
		modules         map[string]string
	}{
		{`import { x } from "app:nowhere"`, `There is no module "nowhere" in this app.`, nil},
		{`import { x } from "app:a"`, `app:a does not build: a.ts:1:15: There is no module "b" in this app.`, map[string]string{"a.ts": `import x from "app:b"; export { x }`}},
		{`import { x } from "app:a"`, `app:a has no x; it exports default, y.`, map[string]string{"a.ts": "export const y = 1; export default 2"}},
		{`import x from "app:a"`, `app:a has no default export; it exports y.`, map[string]string{"a.ts": "export const y = 1"}},
		{`import { x } from "app:a"`, `app:a does not build: a.ts:1:10: app:b has no x; it exports y.`, map[string]string{"a.ts": `export { x } from "app:b"`, "b.ts": "export const y = 1"}},
		{`import { x } from "app:a"`, `app:a does not build: b.ts:2:5: Expected identifier but found "%".`, map[string]string{"a.ts": `export { x } from "app:b"`, "b.ts": "export\nlet %"}},
		{`import { x } from "app:a"`, `Modules import each other in a circle here: a → b → a.`, map[string]string{"a.ts": `import "app:b"; export let x`, "b.ts": `import "app:a"`}},
		{`import { x } from "app:hello"`, `Modules import each other in a circle here: hello → hello.`, map[string]string{"hello.ts": `export let x`}},
		{`import { x } from "app:a"`, `Modules import each other in a circle here: hello → a → hello.`, map[string]string{"hello.ts": `export let x`, "a.ts": `export { x } from "app:hello"`}},
		{`import { x } from "app:m1"`, `This leads 9 modules deep; here the limit is 8: m1 → m2 → m3 → m4 → m5 → m6 → m7 → m8 → m9.`, long},
		{`import { x } from "app:a"`, `app:a does not build: a.ts:1:1: This file uses CommonJS`, map[string]string{"a.ts": `exports.x = 1`}},
		{`import { x } from "app:\u0061"`, `Write "app:a" without escapes.`, nil},
		{`import { x } from "app:a"`, `app:a does not build: a.ts: "python" is no language`, map[string]string{"a.ts": "python"}},
	} {
		modules := app(t, c.modules)
		if file := modules["a.ts"]; file.Source == "python" {
			file.Language = "python"
			modules["a.ts"] = file
		}
		_, problems := Build(Input{Entry: module("hello.ts", "\n"+c.source+"; export default () => "+"x", c.modules), Modules: modules})
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, c.message) || problems[0].Line != 2 || problems[0].Column < 8 {
			t.Errorf("%s: %+v", c.source, problems)
		}
	}
	if _, problems := buildWith(t, `import { x } from "app:m2"; export default () => x`, long); problems != nil {
		t.Error(problems)
	}
	if _, problems := Build(Input{Entry: module("hello.ts", `import { x } from "app:m0"; export default () => x`, long), Modules: app(t, long), Depth: 10}); problems != nil {
		t.Error(problems)
	}
}

// What is told of a hostile or a large module is bounded.
func TestLargeModulesAreTold(t *testing.T) {
	t.Parallel()
	var large, missing strings.Builder
	for n := range 1000 {
		fmt.Fprintf(&large, "export const name%d = 'some text that is not short';\n", n)
	}
	for n := range 60 {
		fmt.Fprintf(&missing, "import { missing%d } from 'app:large'; missing%[1]d;\n", n)
	}
	modules := map[string]string{"large.ts": large.String()}
	_, problems := buildWith(t, missing.String()+"export default 1", modules)
	if len(problems) != maxProblems || !strings.HasPrefix(problems[0].Message, "app:large has no missing0; it exports name0, name1,") || !strings.HasSuffix(problems[0].Message, "….") {
		t.Errorf("%d problems: %.300v", len(problems), problems)
	}
	long := strings.Repeat("y", 1<<16)
	if _, problems = buildWith(t, "import { x } from 'app:long'; export default x", map[string]string{"long.ts": "export const " + long + " = 1"}); len(problems) != 1 || len(problems[0].Message) > maxMessage+10 {
		t.Errorf("%d problems: %.300v", len(problems), problems)
	}
	for _, source := range []string{
		large.String(), strings.Repeat("export const a = /[(]x/;\n", 2500), "export const a = //" + strings.Repeat("\n", 1<<17) + "1",
		strings.Repeat("/** x\n", 1<<15) + "*/ export let a", "/**" + long + "*/\nexport type A = {" + long + "}", "export function a(" + long,
	} {
		exports := describeExports(File{Language: TypeScript, Source: source}, []string{"a"})
		if len(exports) == 0 || len(exports) > maxExports || len(exports[0].Signature) > maxSignature+10 || len(exports[len(exports)-1].Doc) > maxDoc {
			t.Errorf("%.40s: %d exports, %.300v", source, len(exports), exports)
		}
	}
}

func TestOneModuleByBothImports(t *testing.T) {
	t.Parallel()
	output, problems := buildWith(t, `import { x } from "app:m"; export default async () => (await import("app:m")).x + x`, map[string]string{"m.ts": "export const x = 1"})
	if want := []Edge{{"", "app:m", "m.ts"}}; problems != nil || !reflect.DeepEqual(output.Edges, want) {
		t.Errorf("%v %v", output.Edges, problems)
	}
}

func TestAModuleHasExports(t *testing.T) {
	t.Parallel()
	source := `import { rate } from "app:tax"
/** What is to be paid,
 *  with tax. */
export function total(items: Item[], options: { net?: boolean } = {}): { sum: number } {
  return { sum: items.length * rate }
}
export interface Item {
  price: number // each
}
export const zero = 0, round = (n: number): number => Math.round(n)
export const join = async (a: string, b?: string): Promise<string> => a + b
export type Money = number | "free"
class Basket<T> extends Map<string, T> { add() {} }
export { Basket as Cart }
export default class { }
`
	modules := map[string]string{"tax.ts": "export const rate = 1"}
	output, problems := Build(Input{Entry: module("pricing.ts", source, modules), Modules: app(t, modules), Module: true})
	if problems != nil {
		t.Fatal(Problems(problems))
	}
	want := []Export{
		{Name: "Cart", Signature: "class Basket<T> extends Map<string, T>"},
		{Name: "default"},
		{Name: "join", Signature: "const join = async (a: string, b?: string): Promise<string>"},
		{Name: "round"},
		{Name: "total", Signature: "function total(items: Item[], options: { net?: boolean } = {}): { sum: number }", Doc: "What is to be paid, with tax."},
		{Name: "zero", Signature: "const zero = 0, round = (n: number): number"},
		{Name: "Item", Signature: "interface Item {\n  price: number // each\n}", Type: true},
		{Name: "Money", Signature: `type Money = number | "free"`, Type: true},
	}
	if !reflect.DeepEqual(output.Exports, want) || output.Program != "" || output.Hash != [32]byte{} {
		t.Errorf("%+v\n%s", output.Exports, output.Program)
	}
	for text, message := range map[string]string{
		"const x = 1":                    "This module exports nothing.",
		"module.exports = { x: 1 }":      "This file uses CommonJS",
		"export const x = 1 +":           "Unexpected end of file",
		`export { x } from "app:tax"`:    "app:tax has no x; it exports rate.",
		"export interface Only { a: 1 }": "This module exports nothing.",
	} {
		_, problems := Build(Input{Entry: module("m.ts", text, modules), Modules: app(t, modules), Module: true})
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, message) {
			t.Errorf("%s: %+v", text, problems)
		}
	}
}

// Nothing but a module of the app can be named, in a module as in a function.
func TestImportsCannotLeaveTheApp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"secret.json", "secret.css", "secret.ts", "secret.txt", "tsconfig.json", "package.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"compilerOptions":{"paths":{"app:*":["`+dir+`/secret.ts"]}},"stolen":"hunter2"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "secret.ts"), filepath.Join(dir, "a.ts")); err != nil {
		t.Fatal(err)
	}
	paths := []string{
		"./a.ts", "../a.ts", dir + "/secret.json", dir + "/secret.css", dir + "/secret.txt", dir + "/a.ts", "file://" + dir + "/secret.ts",
		"data:text/javascript,export const x = 1", "https://example.com/a.js", "node:fs", "fs", "other/pricing", "app:../other/pricing",
		"app:other/pricing", "app:other:pricing", "app://pricing", "app:./pricing", "app:/" + dir + "/a.ts", "app:pricing?x", "app:pricing#x",
		"app:pricing.ts", "app:Pricing", "app: pricing", "app:pricing ", "APP:pricing", "app:%70ricing", "app:pricing@", "app:pricing@0", "app:pricing@-1",
		"app:pricing@1/../../x", "app:", "app", "picloud/env", "picloud:env", "app:picloud", "app:__proto__", "app:constructor", "app:hello.ts", "<stdin>", "", "#x", "@app/pricing",
	}
	forms := []string{
		"import x from %s; export default () => x", "import * as x from %s; export default () => x", "export * from %s; export default 1", "export { x } from %s; export default 1",
		"import %s; export default 1", "export default () => import(%s)", "const x = require(%s); export default () => x", "import x from %s with { type: 'json' }; export default () => x",
		"export default () => new URL(%s, import.meta.url)", "import type { X } from %s; export default 1", "export default () => require.resolve(%s)",
		"/// <reference path=%s />\nexport default 1", "//# sourceMappingURL=%s\nexport default 1", "/** @jsxImportSource %s */ export default 1",
	}
	harmless := forms[8:]
	modules := map[string]string{"pricing.ts": "export const x = 'own'; export default x"}
	for _, path := range paths {
		quoted, _ := json.Marshal(path)
		for _, form := range forms {
			source := fmt.Sprintf(form, quoted)
			for where, input := range map[string]Input{
				"function": {Entry: module("hello.ts", source, modules), Modules: app(t, modules)},
				"module":   {Entry: module("hello.ts", `import x from "app:m"; export default () => x`, map[string]string{"m.ts": ""}), Modules: map[string]File{"m.ts": module("m.ts", source, modules), "pricing.ts": app(t, modules)["pricing.ts"]}},
			} {
				output, problems := Build(input)
				if text := output.Program + output.SourceMap + fmt.Sprint(problems); strings.Contains(text, "hunter2") || strings.Contains(text, "'own'") {
					t.Errorf("%s in a %s: %s", source, where, text)
				}
				if problems == nil && !slices.Contains(harmless, form) {
					t.Errorf("%s in a %s was built", source, where)
				}
				if len(output.Edges) > 0 && where == "function" {
					t.Errorf("%s led somewhere: %v", source, output.Edges)
				}
			}
		}
	}
}

func set(t *testing.T) []Input {
	modules := map[string]string{"m.ts": "export const x = 1"}
	inputs := make([]Input, 5)
	for i := range inputs {
		source := fmt.Sprint(`import { x } from "app:m"; export default () => x + `, i)
		inputs[i] = Input{Entry: module(fmt.Sprintf("f%d.ts", i), source, modules), Modules: app(t, modules)}
	}
	return inputs
}

func TestASetIsBuiltTogether(t *testing.T) {
	t.Parallel()
	inputs := set(t)
	inputs[1].Entry.Source += "*"
	inputs[3].Entry.Source = strings.Repeat("[", 1e5)
	built, err := children(t).BuildAll(t.Context(), inputs)
	if err != nil || len(built) != len(inputs) {
		t.Fatal(err, len(built))
	}
	for i, one := range built {
		if bad := i == 1 || i == 3; bad != (len(one.Problems) > 0) || bad == strings.Contains(one.Output.Program, fmt.Sprint("+ ", i)) {
			t.Errorf("%d: %+v", i, one)
		}
	}
}

// A child that dies of a source has told what came of those before it; the others get another child.
func TestTheRestOfASetSurvivesItsWorst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "child")
	script := "#!/bin/sh\ncat >/dev/null\necho '{\"output\":{\"program\":\"x\"}}'\nkill -9 $$\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	built, err := NewChildren(path, nil).BuildAll(t.Context(), set(t))
	if err != nil || len(built) != 5 {
		t.Fatal(err, len(built))
	}
	for i, one := range built {
		if i%2 == 0 && one.Output.Program != "x" || i%2 == 1 && (len(one.Problems) != 1 || !strings.Contains(one.Problems[0].Message, "without an answer")) {
			t.Errorf("%d: %+v", i, one)
		}
	}
}
