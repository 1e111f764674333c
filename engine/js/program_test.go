package js_test

import (
	"strings"
	"testing"

	"picloud/engine/js"
)

// A program reads some globals under names of ours, which changes nothing that it can see.
func TestGuardedGlobalsAreThemselves(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`out = typeof Uint8Array + typeof JSON + typeof parseInt`:                                           "functionobjectfunction",
		`out = [new Uint8Array(3).length, Uint8Array.name, new Uint8Array(1) instanceof Uint8Array]`:        "3,Uint8Array,true",
		`const a = Uint8Array; out = a === Uint8Array && Object.is(Uint8Array, a)`:                          "true",
		`for (let i = 0; i < 9; i++) out = new Uint8Array(i).length + JSON.stringify([i])`:                  "8[8]",
		`out = ["1", "2"].map(Number).map(parseFloat) + parseInt("12px")`:                                   "1,212",
		`out = Object.prototype.toString.call(JSON) + String(function f() { return JSON })`:                 "[object JSON]function f() { return JSON }",
		`const f = (JSON) => JSON + 1; out = f(1)`:                                                          "2",
		`function f() { const JSON = 5; { let JSON = 6; } return JSON } out = f()`:                          "5",
		`function f([JSON], { a: parseInt }) { return JSON + parseInt } out = f([1], { a: 2 })`:             "3",
		`function f() { let [BigInt = 1] = []; return () => BigInt++ + BigInt } out = f()()`:                "3",
		`try { throw 7 } catch (JSON) { out = JSON }`:                                                       "7",
		`class JSON { static x = 8 } out = JSON.x + JSON.name`:                                              "8JSON",
		`const JSON = class {}; out = JSON.name`:                                                            "JSON",
		`function RegExp() {} out = RegExp.name + new RegExp().constructor.name`:                            "RegExpRegExp",
		`JSON: for (;;) { out = "label"; break JSON }`:                                                      "label",
		`out = Object.keys({ JSON, parseInt: 1 }) + ({ JSON }).JSON.stringify(2)`:                           "JSON,parseInt2",
		`JSON = { parse: () => 9 }; out = JSON.parse("x")`:                                                  "9",
		`JSON.parse = () => 10; out = JSON.parse("x")`:                                                      "10",
		`globalThis.JSON = { parse: () => 11 }; out = JSON.parse("x")`:                                      "11",
		`delete globalThis.JSON; out = typeof JSON`:                                                         "undefined",
		`out = [globalThis.Uint8Array === Uint8Array, "Uint8Array" in globalThis]`:                          "true,true",
		`const name = ["J", "SON"].join(""); out = JSON === globalThis[name]`:                               "true",
		`const name = ["Uint8", "Array"].join(""); out = new Uint8Array(1) instanceof globalThis[name]`:     "true",
		`out = Object.getOwnPropertyDescriptor(globalThis, "Uint8Array").writable + JSON.stringify("${1}")`: `true"${1}"`,
		`const o = new Int8Array(2); out = o.constructor === Int8Array && o.constructor.name`:               "Int8Array",
		`out = (1 < BigInt(2) > 0) + "" + (2 > parseInt("1") < 2)`:                                          "truetrue",
		`const { a, ...rest } = JSON.parse('{"a":1,"b":2}'); out = JSON.stringify({ ...rest })`:             `{"b":2}`,
		`class Mine extends RegExp {} out = new Mine("a").test("a") + RegExp("b").source`:                   "trueb",
		`\u004aSON.x = 1; out = JSON.x`:                                                                     "1",
	} {
		out, ending := run(t, "var out; "+text)
		if ending != nil || out != want {
			t.Errorf("%s: got %q (%v), want %q", text, out, ending, want)
		}
	}
}

// A guarded constructor is a proxy, which shows in its text.
func TestOnlyWhatIsReadIsGuarded(t *testing.T) {
	t.Parallel()
	shown := func(text string) string {
		t.Helper()
		out, ending := run(t, "var out; "+text+"; out = globalThis[['Uint8', 'Array'].join('')].toString()")
		if ending != nil {
			t.Fatal(text, ending)
		}
		return out
	}
	unread, read := shown(`if (out) new Uint8Array(1)`), shown(`new Uint8Array(1)`)
	if unread == read {
		t.Errorf("%q in both", read)
	}
}

// The build breaks lines in what stands between two relations.
func TestRelationsOverLines(t *testing.T) {
	t.Parallel()
	out, ending := run(t, "var out; const f = ({ x }) => x; out = 1 < f({\n  x: 1\n}) < 2")
	if ending != nil || out != "true" {
		t.Error(out, ending)
	}
}

func TestTextThatIsNoUTF8(t *testing.T) {
	t.Parallel()
	if _, err := js.Compile("'\xff'"); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Error(err)
	}
}
