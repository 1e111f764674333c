package bundle

import (
	"strings"
	"testing"

	"picloud/engine/js"
)

// What the build changes in esbuild's text is written as it was when the change was made. A
// newer esbuild that writes it otherwise must fail here and not in somebody's build.
func TestHelperOfAsyncGeneratorsIsPatched(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		`export default async function* () { try { yield 1 } finally { await null } }`,
		`const o = { async *each() { yield* other() } }; async function* other() { yield 1 } export default () => o.each()`,
		`export default async () => { for await (const x of (async function* () { yield 1 })()) return x }`,
		`class A { static async *each() { yield 1 } async *all() { yield* A.each() } } export default () => new A().all()`,
	} {
		for _, language := range []Language{TypeScript, JavaScript} {
			program := build(t, language, source).Program
			if strings.Count(program, resumesNext) != 1 || strings.Contains(program, resumesReturn) {
				t.Errorf("%s: the helper is not as it was, or there twice:\n%s", source, program)
			}
		}
	}
	if program := build(t, TypeScript, `export default async () => { for await (const x of [1]) return x }`).Program; strings.Contains(program, "resume(") {
		t.Errorf("esbuild has another helper that resumes:\n%s", program)
	}
}

// Every way to write a default export ends in the clause that the build takes away.
func TestModulesBecomeScripts(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`export default function () { return 1 }`:                                                    "function",
		`export default function hello() { return 1 }`:                                               "function",
		`export default async () => 1`:                                                               "function",
		`export default class { fetch() {} }`:                                                        "function",
		`export default { fetch() { return 1 } }`:                                                    "object",
		`export default 5 + 1`:                                                                       "number",
		`export default "\nexport {\n  x as default\n};\n"`:                                          "string",
		"export default `\nexport {\n  x as default\n};\n`":                                          "string",
		`const f = () => 1; export default f`:                                                        "function",
		`const f = () => 1; export { f as default }`:                                                 "function",
		`const f = () => 1; export { f as default, f as "a b", f as z, f as $ }; export const b = 2`: "function",
		`const f = () => 1; export { f as "default" }`:                                               "function",
		`const größe = () => 1; export { größe as default, größe as ñ }`:                             "function",
		`const $ = () => 1; export { $ as default }`:                                                 "function",
		`let f_default = 3; export default () => f_default`:                                          "function",
		`export let a = 1, b = 2; export function c() {} export class D {} export default () => a`:   "function",
		`export { log as default } from "picloud"`:                                                   "object",
		`import { log } from "picloud"; export { log }; export default log`:                          "object",
		`export default () => 1; console.log; // export { x as default };`:                           "function",
		"/*! kept\nexport {\n x as default };*/ export default () => 1\n//! kept too":                "function",
		`export default this === undefined ? () => 1 : 0`:                                            "function",
		`export default () => import("picloud")`:                                                     "function",
	} {
		for _, language := range []Language{TypeScript, JavaScript} {
			text := build(t, language, source).Program
			if !strings.HasPrefix(text, opening) || !strings.HasSuffix(text, "})();\n") {
				t.Errorf("%s became\n%s", source, text)
			}
			if got := typeOf(t, text); got != want {
				t.Errorf("%s: the value is %s, want %s\n%s", source, got, want, text)
			}
		}
	}
}

// typeOf is what typeof says of a program's value.
func typeOf(t *testing.T, text string) string {
	t.Helper()
	program, err := js.Compile("globalThis.__picloud = { log: {} }; globalThis.out = typeof " + text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got, ending := play(t, program)
	if ending != nil {
		t.Fatalf("%s: %v", text, ending)
	}
	return got
}

// The texts of esbuild's that have plainer ones in their place.
func TestMessagesHavePlainerOnes(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"await 1; export default () => 1":                         plainer[0].message,
		"export default () => <a/>":                               plainer[1].message,
		"export default (x) => import(x)":                         plainer[2].message,
		"export default (x) => require(x)":                        plainer[3].message,
		"const r = require; export default (x) => r(x)":           plainer[4].message,
		`import { x } from "picloud"; export default () => x`:     `"picloud" exports no "x"; it exports env, log, secrets.`,
		`import { x as log } from "picloud"; export default log`:  `"picloud" exports no "x"; it exports env, log, secrets.`,
		`import x from "picloud"; export default () => x.log("")`: `"picloud" exports no "default"; it exports env, log, secrets.`,
	} {
		_, problems := Build(Input{Entry: File{Name: "hello.js", Language: JavaScript, Source: source}})
		if len(problems) == 0 || problems[0].Message != want {
			t.Errorf("%s: %+v, want %q", source, problems, want)
		}
	}
}
