package bundle

import (
	"fmt"
	"strings"
	"testing"
)

// A use of what is missing is a warning at its place; to ask whether it is there is none, nor is
// a name that the source declares.
func TestMissingNamesAreWarnings(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"export default async () => {\n  const ü = '日';\n  return ü + (await Cache('x')).status }": "3:21:5 Cache",
		"export default () => typeof Cache":                                                            "",
		"export default () => typeof (Cache) === 'function' && typeof Deno":                            "",
		"export default () => typeof Cache === 'function' ? Cache('x') : 1":                            "1:52:5 Cache",
		"const Cache = () => 1; export default () => Cache()":                                          "",
		"export default (Cache) => Cache()":                                                            "",
		"declare const Cache: any; export default () => Cache('x')":                                    "1:48:5 Cache",
		"export default () => { try { return 1 } catch (process) { return process } }":                 "",
		"import { log as Buffer } from 'picloud'; export default () => Buffer.info('x')":               "",
		"export default () => globalThis.Cache":                                                        "",
		"export default () => ({ Cache: 1, caches() {} }).Cache":                                       "",
		"export default { fetch() { return { Cache } } }":                                              "1:37:5 Cache",
		"export default () =>\n crypto.subtle.digest('SHA-256', new Uint8Array())":                     "2:2:13 crypto.subtle",
		"export default () => crypto.randomUUID()":                                                     "",
		"const crypto = { subtle: 1 }; export default () => crypto.subtle":                             "",
		"export default () => process.env.NODE_ENV":                                                    "",
		"export default () => new WebSocket(`${Buffer}`)":                                              "1:26:9 WebSocket, 1:39:6 Buffer",
		"type A = ReadableStream; export default (a: A, b: Buffer) => 1":                               "",
		"function unused() { return Cache('x') } export default () => 1":                               "",
		"export default () => '__picloud_missing_0 __picloud_missing_99999 __picloud_missing_'.length": "1:22:14 XMLHttpRequest",
	} {
		var got []string
		for _, warning := range build(t, TypeScript, source).Warnings {
			name, _, _ := strings.Cut(warning.Message, " is not in PiCloud")
			got = append(got, fmt.Sprintf("%d:%d:%d %s", warning.Line, warning.Column, warning.Length, name))
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", source, got, want)
		}
	}
}

func TestWarningsAreBounded(t *testing.T) {
	t.Parallel()
	output := build(t, JavaScript, "export default () => ["+strings.Repeat("Cache, ", 1000)+"]")
	if len(output.Warnings) != maxWarnings {
		t.Errorf("%d warnings", len(output.Warnings))
	}
	if output.Warnings != nil && strings.Contains(output.Program, mark) {
		t.Error("the program has a mark")
	}
}

func TestModulesOfElsewhereAreNamed(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"node:crypto": `"node:crypto" is a module of Node.js, which is not here. Of cryptography there are`,
		"fs":          `"fs" is a module of Node.js, which is not here. A function is one file`,
		"npm:hono":    `"npm:hono" cannot be imported: packages are not in PiCloud 0.x. Only "picloud"`,
		"hono":        `"hono" cannot be imported: packages are not available. Only "picloud"`,
	} {
		_, problems := Build(Input{Entry: File{Name: "a.ts", Language: TypeScript, Source: "import x from '" + path + "'; export default () => x"}})
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, want) {
			t.Errorf("%s: %+v", path, problems)
		}
	}
}
