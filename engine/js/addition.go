package js

import (
	"slices"
	"strings"

	"picloud/engine/js/library"
	"picloud/engine/js/word"
)

// addition is a guard or a library function that goja lacks. Each costs about 1.5 µs and
// 2.4 KiB per sandbox, so a program gets those whose words are in its text, in code, strings
// and comments alike. A program that hides a word (`"re" + "peat"`) goes without its guard and
// meets the limits of the process instead.
type addition struct {
	words   []string // any of them calls for it
	parts   []string // but only in a text with one of these, if there are any
	install func(*Sandbox)
}

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
		{words: []string{"from"}, parts: []string{"Array.from", `Array["from"]`}, install: (*Sandbox).guardFrom},
		{words: []string{"raw"}, parts: []string{"String.raw"}, install: (*Sandbox).guardRaw},
		{words: binaryNames(), install: (*Sandbox).guardBinary},
		{words: []string{"BigInt"}, install: (*Sandbox).guardBigInt},
		{words: []string{"test", "exec"}, install: (*Sandbox).guardMatch},
		{words: []string{"RegExp"}, install: (*Sandbox).guardRegExp},
		{words: []string{"parseFloat", "parseInt"}, install: (*Sandbox).guardNumberText},
		{words: []string{"setPrototypeOf"}, parts: []string{"Proxy"}, install: (*Sandbox).guardPrototype},
	}
	for _, names := range lengthMethods() {
		table = append(table, addition{words: names, parts: lengthMakers(), install: func(s *Sandbox) { s.guardLengths(names) }})
	}
	for _, file := range library.Files() {
		table = append(table, addition{words: file.Words, parts: file.Parts, install: func(s *Sandbox) { s.include(file.Name) }})
	}
	return append(table, addition{words: []string{"matchAll"}, install: (*Sandbox).guardMatchAll})
}

// lengthMakers are in every text that makes arrays or array-likes of an arbitrary length, whose
// methods then need a guard.
func lengthMakers() []string {
	return []string{"Array(", "Array.prototype", "length:", ".length =", ".length=", "[]."}
}

// choose gives what a text calls for, in the order of the table.
func choose(text string) (install []func(*Sandbox)) {
	table := additions()
	there := make(map[string]bool, 2*len(table)) // by word that calls for something
	for _, a := range table {
		for _, word := range a.words {
			there[word] = false
		}
	}
	for found := range word.All(text) {
		if seen, known := there[found]; known && !seen {
			there[found] = true
		}
	}
	isThere := func(word string) bool { return there[word] }
	for _, a := range table {
		if slices.ContainsFunc(a.words, isThere) && (a.parts == nil || containsAny(text, a.parts)) {
			install = append(install, a.install)
		}
	}
	return install
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// guard installs what the program calls for.
func (s *Sandbox) guard() {
	for _, install := range s.program.additions {
		install(s)
	}
}
