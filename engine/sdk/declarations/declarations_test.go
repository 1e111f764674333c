package declarations_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/sdk/declarations"
	"picloud/engine/sdk/env"
	"picloud/engine/sdk/handler"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}

// declared are the names in the declarations: values are global, members and statics are
// by the name of their class or interface.
type declared struct {
	values  []string
	typeOf  map[string]string
	classes []string
	members map[string][]string
	statics map[string][]string
}

var (
	opening = regexp.MustCompile(`^(declare class|interface) (\w+).*\{$`)
	value   = regexp.MustCompile(`^(?:declare )?(function|const) (\w+)(?:: (\w+);)?`)
	member  = regexp.MustCompile(`^(static )?(?:readonly )?(\w+)\??[(<:]`)
)

// read goes by lines, as the declarations are written.
func read(text string) declared {
	d := declared{typeOf: map[string]string{}, members: map[string][]string{}, statics: map[string][]string{}}
	inside, inModule := "", false
	for line := range strings.Lines(text) {
		bare := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(bare, "declare module"):
			inModule = true
		case opening.MatchString(bare):
			found := opening.FindStringSubmatch(bare)
			inside = found[2]
			if found[1] == "declare class" {
				d.classes = append(d.classes, inside)
				d.values = append(d.values, inside)
			}
		case bare == "}" && inside == "":
			inModule = false
		case bare == "}":
			inside = ""
		case inside != "":
			found := member.FindStringSubmatch(bare)
			if found == nil || found[2] == "constructor" {
				continue
			}
			into := d.members
			if found[1] != "" {
				into = d.statics
			}
			into[inside] = append(into[inside], found[2])
		case value.MatchString(bare):
			found := value.FindStringSubmatch(bare)
			d.typeOf[found[2]] = found[3]
			if inModule {
				d.members["picloud"] = append(d.members["picloud"], found[2])
			} else {
				d.values = append(d.values, found[2])
			}
		}
	}
	return d
}

// real gives what a function finds, as the answer of a function that looks.
func real[T any](t *testing.T, source string) T {
	t.Helper()
	program, err := handler.Compile("(function (request, env, ctx) {" + source + "})")
	if err != nil {
		t.Fatal(err)
	}
	run := handler.New(handler.Input{
		Call:    call.Call{Event: call.Event{Request: &call.Request{Method: "GET", URL: "http://localhost/"}}, Limits: call.DefaultLimits},
		Program: program, Globals: globals(), Deadline: time.Now().Add(time.Minute),
	})
	var into T
	result := run.Do(func(answer call.Result) {
		if answer.Outcome != call.OK {
			t.Fatalf("%s %+v", answer.Outcome, answer.Failure)
		}
		if err := json.NewDecoder(answer.Response.Body).Decode(&into); err != nil {
			t.Fatal(err)
		}
	})
	if result.Outcome != call.OK {
		t.Fatal(result.Outcome)
	}
	return into
}

func globals() *js.Globals { return js.NewGlobals(webapi.Globals(), log.Globals(), env.Globals()) }

func same(t *testing.T, what string, declared, found []string) {
	t.Helper()
	declared, found = slices.Clone(declared), slices.Clone(found)
	slices.Sort(declared)
	slices.Sort(found)
	for _, name := range declared {
		if !slices.Contains(found, name) {
			t.Errorf("%s: %s is declared and does not exist", what, name)
		}
	}
	for _, name := range found {
		if !slices.Contains(declared, name) {
			t.Errorf("%s: %s exists and is not declared", what, name)
		}
	}
	if len(slices.Compact(declared)) != len(slices.Compact(found)) {
		t.Errorf("%s: %v, %v", what, declared, found)
	}
}

// language are globals of ECMA-262 itself, which TypeScript declares.
var language = []string{"FinalizationRegistry", "Iterator", "WeakRef"}

func TestGlobalsAreDeclared(t *testing.T) {
	t.Parallel()
	names := slices.DeleteFunc(globals().Names(), func(name string) bool {
		return strings.HasPrefix(name, "__") || slices.Contains(language, name)
	})
	same(t, "globals", read(declarations.Text()).values, names)
}

func TestClassesAreDeclared(t *testing.T) {
	t.Parallel()
	d := read(declarations.Text())
	type class struct{ Members, Statics []string }
	found := real[map[string]class](t, `
		const names = `+list(d.classes)+`, out = {};
		for (const name of names) {
			const Class = globalThis[name], statics = [];
			for (const key in Class) if (!Object.hasOwn(Object.getPrototypeOf(Class.prototype).constructor ?? {}, key)) statics.push(key);
			out[name] = { Members: Object.getOwnPropertyNames(Class.prototype).filter((k) => k !== "constructor"), Statics: statics };
		}
		return out;`)
	for _, name := range d.classes {
		same(t, name, d.members[name], found[name].Members)
		parents := map[string]string{"CustomEvent": "Event"}
		statics := slices.Concat(d.statics[name], d.statics[parents[name]])
		same(t, "typeof "+name, statics, found[name].Statics)
	}
}

func TestObjectsAreDeclared(t *testing.T) {
	t.Parallel()
	d := read(declarations.Text())
	found := real[map[string][]string](t, `return {
		Context: Object.keys(ctx), Console: Object.keys(console), Log: Object.keys(__picloud.log), With: Object.keys(__picloud.log.with({})), Secrets: Object.keys(__picloud_secrets), NodeProcess: Object.keys(process),
		picloud: Object.keys(__picloud).concat(["env", "secrets"].filter((name) => globalThis["__picloud_" + name])),
	};`)
	for _, name := range []string{"Context", "Console", "Log", "picloud"} {
		same(t, name, d.members[name], found[name])
	}
	same(t, "log.with", d.members["Log"], found["With"])
	for name, kind := range maps.All(map[string]string{"crypto": "Crypto", "performance": "Performance", "navigator": "Navigator", "console": "Console", "log": "Log"}) {
		if d.typeOf[name] != kind {
			t.Errorf("%s is declared as %q", name, d.typeOf[name])
		}
	}
}

func list(names []string) string {
	text, err := json.Marshal(names)
	if err != nil {
		panic(err)
	}
	return string(text)
}
