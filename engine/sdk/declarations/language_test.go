package declarations_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"picloud/engine/js/library"
)

var remake = flag.Bool("remake", false, "write anew what the editor completes of the language itself")

// completed is what the editor completes of the language: by the name of a class the members
// of its values, by "typeof" and the name its own, and the global names under "globalThis".
// A method ends with "()".
const completed = "../../../static/src/language.json"

// looking lists what the language's objects hold, as a function finds it; asked are globals
// that are made when they are looked up.
const looking = `
	const unnamed = ["arguments", "caller", "length", "name", "prototype"];
	const unwanted = ["GoError", "escape", "eval", "undefined", "unescape"]; // goja's own, out of date, or a keyword to the editor
	const hidden = ["arguments", "caller", "constructor"];
	const isClass = (value) => typeof value === "function" && Object.hasOwn(value, "prototype");
	const words = (object, without) => Object.getOwnPropertyNames(object)
		.filter((name) => /^[A-Za-z]\w*$/.test(name) && !without.includes(name))
		.map((name) => {
			const { value } = Object.getOwnPropertyDescriptor(object, name);
			return typeof value === "function" && !isClass(value) ? name + "()" : name;
		});
	const all = (prototype) => prototype && prototype !== Object.prototype
		? [...words(prototype, hidden), ...all(Object.getPrototypeOf(prototype))] : [];
	const once = (names) => [...new Set(names)].sort().join(" ");
	const globals = [...new Set([...words(globalThis, unwanted), ...asked])];
	const out = { globalThis: once(globals) };
	for (const name of globals) {
		const value = globalThis[name];
		if (Object(value) !== value || value === globalThis) continue;
		const above = Object.getPrototypeOf(value); // a class inherits what its parent holds
		const statics = once([...words(value, unnamed), ...(isClass(above) ? words(above, unnamed) : [])]);
		if (statics) out["typeof " + name] = statics;
		const members = once(name === "Object" ? words(value.prototype, hidden) : all(value.prototype));
		if (members) out[name] = members;
	}
	return Response.json(out);`

// The editor completes of the language what functions find of it, no more and no less.
func TestEditorKnowsTheLanguage(t *testing.T) {
	t.Parallel()
	var needed []string // functions of the language are added only where a program uses their names
	for _, file := range library.Files() {
		needed = append(append(needed, file.Words...), file.Parts...)
	}
	found := real[map[string]string](t, "const needed = "+list(needed)+", asked = "+list(language)+";"+looking)
	if *remake {
		text, err := json.MarshalIndent(found, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(completed, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(completed)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]string
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if written[name] != found[name] {
			t.Errorf("%s: the editor completes %q, there is %q", name, written[name], found[name])
		}
	}
	for name := range written {
		if found[name] == "" {
			t.Errorf("the editor completes %s, which is not there", name)
		}
	}
	if t.Failed() {
		t.Log("to write the list anew: go test ./engine/sdk/declarations -run TestEditorKnowsTheLanguage -remake")
	}
}
