package js

import (
	"iter"
	"math/bits"
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

// additions is the table. A place in it is a bit that is stored with every built program, so
// the table is append only: a new addition goes to the end, and none is ever moved or taken out.
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
	table = append(table, libraryAdditions()...)
	return append(table, addition{words: []string{"matchAll"}, install: (*Sandbox).guardMatchAll})
}

// ChooseCaps reads which words a text has, in code, strings and comments alike. The error is
// a fault for text that is no UTF-8.
func ChooseCaps(text string) (Caps, error) {
	if !utf8.ValidString(text) {
		return 0, fault.New(fault.Invalid, "The source is not valid UTF-8.")
	}
	table := additions()
	places := map[string][]int{}
	for bit, a := range table {
		for _, word := range a.words {
			places[word] = append(places[word], bit)
		}
	}
	var caps Caps
	for word := range words(text) {
		for _, bit := range places[word] {
			caps |= 1 << bit
		}
	}
	for bit, a := range table {
		if a.unless != nil && caps&(1<<bit) != 0 && a.unless(text) {
			caps &^= 1 << bit
		}
	}
	return caps | seenArguments(text), nil
}

// words are the identifiers, keywords and numbers of a text, wherever they stand.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for start := 0; start < len(text); start++ {
			end := start
			for end < len(text) && wordByte(text[end]) {
				end++
			}
			if end > start && !yield(text[start:end]) {
				return
			}
			start = end
		}
	}
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
	for caps := uint64(s.program.caps) & (1<<argumentsBit - 1); caps != 0; caps &= caps - 1 {
		if bit := bits.TrailingZeros64(caps); bit < len(s.globals.additions) {
			s.globals.additions[bit].install(s)
		}
	}
}
