// Package guard bounds the built-ins of goja that run in Go, where nothing stops them, for as
// long or as large as a script asks for. What it refuses is a RangeError that the script may
// catch; what is within the sizes behaves as before.
package guard

import (
	"github.com/dop251/goja"

	"picloud/engine/js/json"
	"picloud/engine/js/native"
	"picloud/engine/js/word"
)

// Guard is a check before each of some built-ins. One costs about 1.5 µs and 2.4 KiB per
// sandbox, so a program gets those whose words are in its text. A program that hides a word
// (`"re" + "peat"`) goes without its guard and meets the limits of the process instead.
type Guard struct {
	word.Need
	Global  bool // the words name globals, and guards may wait until those are first read
	install func(s *site, name string)
}

// Install puts up the guard that a word calls for, before anything reads what it guards.
func (g *Guard) Install(m native.Machine, word string) {
	g.install(&site{Machine: m, vm: m.VM()}, word)
}

// All is the table of guards, in the order in which they are installed.
func All() []Guard {
	return []Guard{
		{word.Of("repeat"), false, (*site).guardRepeat},
		{word.Of("padStart", "padEnd"), false, (*site).guardPad},
		{word.Of("concat"), false, (*site).guardConcat},
		{word.Of("replace", "replaceAll"), false, (*site).guardReplace},
		{word.Of("split"), false, (*site).guardSplit},
		{word.Of("match", "search"), false, (*site).guardSearch},
		{word.Of("matchAll"), false, (*site).guardMatchAll},
		{word.Of("test", "exec"), false, (*site).guardMatch},
		{word.Of("normalize"), false, (*site).guardNormalize},
		{word.Of("fill"), false, (*site).guardFill},
		{word.Of("join"), false, (*site).guardJoin},
		{word.Of("flat"), false, (*site).guardFlat},
		{word.Of("flatMap"), false, (*site).guardLength},
		{word.Of("apply"), false, (*site).guardApply},
		{word.Of("construct"), false, (*site).guardConstruct},
		{word.Of("from").With("Array.from", `Array["from"]`), false, (*site).guardFrom},
		{word.Of("raw").With("String.raw"), false, (*site).guardRaw},
		{word.Of("setPrototypeOf").With("Proxy"), false, (*site).guardPrototype},
		{word.Of("asIntN", "asUintN"), false, (*site).guardBits},
		{word.Of(lengthMethods()...).With(lengthMakers()...), false, (*site).guardLength},
		{word.Of(binaryNames()...).With(word.Constructors()...), false, (*site).guardUnnamed},
		{word.Of("JSON"), true, func(s *site, _ string) { json.Install(s) }},
		{word.Of("RegExp"), true, (*site).guardRegExp},
		{word.Of("BigInt"), true, (*site).guardBigInt},
		{word.Of("parseFloat", "parseInt"), true, (*site).guardNumberText},
		{word.Of(binaryNames()...), true, (*site).guardBinary},
	}
}

// ReadsConstructors tells that a text may come by a global without reading its name: by the
// constructor of something that others made.
func ReadsConstructors(text string) bool {
	return word.Of().With(word.Constructors()...).HasPart(text)
}

// lengthMakers are in every text that makes arrays or array-likes of an arbitrary length, whose
// methods then need a guard.
func lengthMakers() []string {
	return []string{"Array(", "Array.prototype", "length:", ".length =", ".length=", "[]."}
}

// The sizes guarded functions refuse to go beyond; those of texts are [native.MaxText].
const (
	maxItems          = 4 << 20   // items of an array or array-like
	maxArguments      = 500_000   // of one call
	maxNormalizeUnits = 2 << 20   // of a text to normalise, which may grow 18-fold
	maxNumberUnits    = 100_000   // of a text to read as a number
	maxBinaryBytes    = 64 << 20  // of one buffer
	maxBigIntBits     = 1_000_000 // of a BigInt made by a function
	maxApartUnits     = 100_000   // of a text that is taken apart as an object
)

// site is a sandbox in which guards are put up.
type site struct {
	native.Machine
	vm *goja.Runtime
}

// guarded is a built-in with a check before it. It gets the original.
type guarded func(original native.Function, c goja.FunctionCall) goja.Value

// wrap puts a guarded function in the place of a built-in.
func (s *site) wrap(owner *goja.Object, name string, length int, run guarded) {
	original := native.MustDirect(s.vm, native.ObjectAt(s.vm, owner, name))
	native.Hide(owner, name, s.Function(name, length, func(c goja.FunctionCall) goja.Value { return run(original, c) }))
}

func (s *site) limitItems(items int64, who string) {
	if items > maxItems {
		panic(s.RangeError("%s: %d items are more than %d", who, items, maxItems))
	}
}

func (s *site) limitText(units int64, who string) {
	if units > native.MaxText {
		panic(s.RangeError("%s: the text would be longer than %d characters", who, native.MaxText))
	}
}

// asText converts this once, so that its own toString cannot answer differently later.
func (s *site) asText(c *goja.FunctionCall, who string) goja.String {
	if text, ok := c.This.(goja.String); ok {
		return text
	}
	if goja.IsUndefined(c.This) || goja.IsNull(c.This) {
		panic(s.vm.NewTypeError(who + " called on null or undefined"))
	}
	text := native.Plain(s, c.This, native.MaxText, who)
	c.This = text
	return text
}

// whole converts an argument to an integer once and for all.
func whole(c *goja.FunctionCall, i int) int64 {
	if i >= len(c.Arguments) {
		return 0
	}
	number := c.Arguments[i].ToNumber()
	c.Arguments[i] = number
	if f := number.ToFloat(); f > 1<<53 {
		return 1 << 53
	}
	return number.ToInteger()
}

// Apart is the function that package rewrite puts around what is taken apart as an object: the
// characters of a text are its properties, which goja makes all without a look at the stop.
func Apart(m native.Machine) goja.Value {
	return m.VM().ToValue(func(c goja.FunctionCall) goja.Value {
		value := c.Argument(0)
		if text, ok := value.(goja.String); ok && text.Length() > maxApartUnits {
			panic(m.RangeError("a text of more than %d characters cannot be taken apart as an object", maxApartUnits))
		}
		return value
	})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
