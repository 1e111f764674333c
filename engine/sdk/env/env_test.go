package env_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/fault"
	"picloud/engine/js"
	"picloud/engine/sdk/env"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}

// settings are what the functions of the tests get: a secret's value begins with "!", and "!?"
// cannot be opened.
type settings [][2]string

func (s settings) Env() env.Source { return s }
func (s settings) Len() int        { return len(s) }
func (s settings) Name(i int) (name string, secret bool) {
	return s[i][0], strings.HasPrefix(s[i][1], "!")
}

func (s settings) Value(i int) (string, error) {
	if s[i][1] == "!?" {
		return "", fault.New(fault.Internal, "The secret cannot be opened.")
	}
	return strings.TrimPrefix(s[i][1], "!"), nil
}

func build(t *testing.T, source string) bundle.Output {
	t.Helper()
	output, problems := bundle.Build(bundle.Input{Entry: bundle.File{Name: "f.ts", Language: bundle.TypeScript, Source: source}})
	if problems != nil {
		t.Fatalf("%s: %v", source, problems)
	}
	return output
}

// answer is what a function answers, or its failure.
func answer(t *testing.T, given any, source string) string {
	t.Helper()
	program, err := handler.Compile(build(t, source).Program)
	if err != nil {
		t.Fatal(err)
	}
	run := handler.New(handler.Input{
		Call:    call.Call{Event: call.Event{Request: &call.Request{Method: "GET", URL: "http://localhost/"}}, Limits: call.DefaultLimits},
		Program: program, Globals: js.NewGlobals(webapi.Globals(), log.Globals(), env.Globals()), Deadline: time.Now().Add(time.Minute),
		Given: given, Env: env.Object,
	})
	var text string
	run.Do(func(answer call.Result) {
		if answer.Failure != nil {
			text = answer.Failure.Name + ": " + answer.Failure.Message
			return
		}
		if answer.Response.Body != nil {
			body, err := io.ReadAll(answer.Response.Body)
			if err != nil {
				t.Fatal(err)
			}
			text = string(body)
		}
	})
	return text
}

func TestWhatAFunctionReads(t *testing.T) {
	t.Parallel()
	given := settings{{"BAD", "!?"}, {"COLOUR", "blue"}, {"TOKEN", "!hush"}, {"toString", "x"}}
	for source, want := range map[string]string{
		`export default (r, env) => env.COLOUR + env.TOKEN`:                                                            "bluehush",
		`import { env } from "picloud"; export default () => env.COLOUR + env.TOKEN`:                                   "bluehush",
		`export default () => process.env.COLOUR + process.env.TOKEN`:                                                  "bluehush",
		`import { env } from "picloud"; export default (r, e) => [e === env, env === process.env]`:                     "[true,true]",
		`import { env } from "picloud"; const at = env.TOKEN; export default () => at`:                                 "hush",
		`export default (r, env) => [Object.isFrozen(env), Object.keys(env)]`:                                          `[true,["BAD","COLOUR","TOKEN","toString"]]`,
		`export default (r, env) => { env.COLOUR = "red"; return "changed" }`:                                          "TypeError: Cannot assign to read only property 'COLOUR'",
		`export default (r, env) => { env.TOKEN = "red"; return "changed" }`:                                           "TypeError: Cannot assign to read only property 'TOKEN'",
		`export default (r, env) => { env.NEW = "red"; return "changed" }`:                                             "TypeError: Cannot add property NEW, object is not extensible",
		`export default (r, env) => { delete env.TOKEN; return "gone" }`:                                               "TypeError: Cannot delete property 'TOKEN' of [object Object]",
		`export default (r, env) => { const { BAD, ...rest } = { ...({ COLOUR: env.COLOUR }), BAD: 1 }; return rest }`: `{"COLOUR":"blue"}`,
		`export default (r, env) => ["TOKEN" in env, env.hasOwnProperty("COLOUR"), typeof env.NONE, env.toString]`:     `[true,true,"undefined","x"]`,
		`export default (r, env) => env.BAD`:                                                                           "Error: The secret cannot be opened.",
		`export default (r, env) => { console.log(env); return "logged" }`:                                             "logged",
		`import { secrets } from "picloud"; export default async () => [await secrets.get("TOKEN"), await secrets.get("COLOUR"), secrets.has("TOKEN"), secrets.has("x"), await secrets.names(), await secrets.require("TOKEN")]`: `["hush",null,true,false,["BAD","TOKEN"],"hush"]`,
		`import { secrets } from "picloud"; export default () => secrets.require("NONE")`:                    `Error: There is no secret "NONE".`,
		`import { secrets } from "picloud"; export default () => secrets.get("BAD").catch((e) => e.message)`: "The secret cannot be opened.",
		`export default () => typeof process.version + typeof process.exit`:                                  "undefinedundefined",
		`Object.freeze = () => { throw 1 }; export default (r, env) => env.COLOUR`:                           ": 1",
	} {
		if got := answer(t, given, source); got != want {
			t.Errorf("%s\nanswers %s, want %s", source, got, want)
		}
	}
	if got := answer(t, nil, `export default (r, env) => [Object.keys(env), Object.isFrozen(env)]`); got != "[[],true]" {
		t.Errorf("with nothing: %s", got)
	}
}

func TestProgramsHaveOnlyWhatTheyImport(t *testing.T) {
	t.Parallel()
	if text := build(t, `import { log } from "picloud"; export default () => log.info("x")`).Program; strings.Contains(text, "env") || strings.Contains(text, "secrets") {
		t.Errorf("more than log is in %s", text)
	}
}

func TestWhichNamesAProgramReads(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"export default (r: Request, env: any) => env.A +\n  env.B":                                               "A 1:46, B 2:7",
		"export default (r, settings) => settings.A":                                                              "A 1:42",
		"export default { fetch(r, e) { return e.A + e['B'] } }":                                                  "A 1:41, B 1:47",
		"export default { async fetch(r, { A, B: own = 1 }) { return A + own } }":                                 "A 1:35, B 1:38",
		"export default function (r, { A }) { return A }":                                                         "A 1:31",
		"import { env } from 'picloud';\nexport default () => env.A":                                              "A 2:26",
		"import { env as e } from 'picloud';\nconst { A, B } = e; const f = e;\nexport default () => A + B + f.C": "A 2:9, B 2:12, C 3:32",
		"import * as sdk from 'picloud';\nexport default () => sdk.env.A":                                         "A 2:30",
		"export default () => process.env.A ?? process.env['B']":                                                  "A 1:34, B 1:51",
		"import { secrets } from 'picloud';\nexport default () => secrets.get('A')":                               "A 2:34",
		"const help = (env) => env.A;\nexport default (r, env) => help(env)":                                      "A 1:27",
		"export default (c) => c.env.A":                                                                           "A 1:29",
		"export default (r, env) => env[r.url] + env.toString() + Object.keys(env)":                               "",
		"const env = { A: 1 };\nexport default () => env.A":                                                       "",
		"export default (r, env) => process.env.NODE_ENV":                                                         "",
		"export default () => 1":                                                                                  "",
	} {
		var found []string
		for _, use := range build(t, source).Env {
			found = append(found, fmt.Sprintf("%s %d:%d", use.Name, use.Line, use.Column))
		}
		if got := strings.Join(found, ", "); got != want {
			t.Errorf("%s\nreads %q, want %q", source, got, want)
		}
	}
}
