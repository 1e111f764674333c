package js

import (
	"slices"
	"strings"
	"unicode/utf8"

	"picloud/engine/fault"
)

// Caps says which guards and missing library functions a program's sandboxes get. Each costs
// about 1.5 µs and 2.4 KiB per sandbox, so they are chosen by the words in the program's text.
// A program that hides a word (`"re" + "peat"`) goes without its guard and meets the limits of
// the process instead.
type Caps int64

// addition is one guard or library function; its place in the table is its bit in Caps.
type addition struct {
	words   []string          // any of them calls for it
	unless  func(string) bool // text that does not need it after all; may be nil
	install func(*Sandbox)
}

// additions is the table. Its order is stored with built programs: append only.
func additions() []addition {
	table := []addition{
		{words: []string{"JSON"}, install: (*Sandbox).guardJSON},
		{words: []string{"repeat"}, install: (*Sandbox).guardRepeat},
		{words: []string{"padStart", "padEnd"}, install: (*Sandbox).guardPad},
		{words: []string{"concat"}, install: (*Sandbox).guardConcat},
		{words: []string{"replace", "replaceAll"}, install: (*Sandbox).guardReplace},
		{words: []string{"split", "match", "search"}, install: (*Sandbox).guardSplit},
		{words: []string{"normalize"}, install: (*Sandbox).guardNormalize},
		{words: []string{"fill"}, install: (*Sandbox).guardFill},
		{words: []string{"join"}, install: (*Sandbox).guardJoin},
		{words: []string{"flat", "flatMap"}, install: (*Sandbox).guardFlat},
		{words: []string{"apply", "construct"}, install: (*Sandbox).guardApply},
		{words: []string{"from"}, unless: lacks("Array.from", `Array["from"]`), install: (*Sandbox).guardFrom},
		{words: []string{"raw"}, unless: lacks("String.raw"), install: (*Sandbox).guardRaw},
		{words: binaryNames(), install: (*Sandbox).guardBinary},
		{words: []string{"BigInt"}, install: (*Sandbox).guardBigInt},
		{words: []string{"test", "exec"}, install: (*Sandbox).guardMatch},
		{words: []string{"RegExp"}, install: (*Sandbox).guardRegExp},
		{words: []string{"parseFloat", "parseInt"}, install: (*Sandbox).guardNumberText},
		{words: []string{"setPrototypeOf"}, unless: lacks("Proxy"), install: (*Sandbox).guardPrototype},
	}
	for _, names := range lengthMethods() {
		table = append(table, addition{words: names, unless: makesNoLengths, install: func(s *Sandbox) { s.guardLengths(names) }})
	}
	return append(table, libraryAdditions()...)
}

// ChooseCaps reads which words a text has, in code, strings and comments alike. The error is
// a fault for text that is no UTF-8.
func ChooseCaps(text string) (Caps, error) {
	if !utf8.ValidString(text) {
		return 0, fault.New(fault.Invalid, "The source is not valid UTF-8.")
	}
	table := additions()
	bits := map[string][]int{}
	for bit, a := range table {
		for _, word := range a.words {
			bits[word] = append(bits[word], bit)
		}
	}
	var caps Caps
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && wordByte(text[end]) {
			end++
		}
		for _, bit := range bits[text[start:end]] {
			caps |= 1 << bit
		}
		start = end
	}
	for bit, a := range table {
		if a.unless != nil && caps&(1<<bit) != 0 && a.unless(text) {
			caps &^= 1 << bit
		}
	}
	return caps, nil
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c-'0' < 10 || c|0x20-'a' < 26 || c >= utf8.RuneSelf
}

func lacks(parts ...string) func(string) bool {
	return func(text string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
	}
}

// makesNoLengths tells that a text hardly makes arrays or array-likes of an arbitrary length,
// whose methods then need no guard.
func makesNoLengths(text string) bool {
	return lacks("Array(", "Array.prototype", "length:", ".length =", ".length=", "[].")(text)
}

// guard installs what the program's caps ask for.
func (s *Sandbox) guard() {
	for caps, bit := s.program.caps, 0; caps != 0; caps, bit = caps>>1, bit+1 {
		if caps&1 != 0 && bit < len(s.globals.additions) {
			s.globals.additions[bit].install(s)
		}
	}
}
