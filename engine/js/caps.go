package js

import (
	"unicode/utf8"

	"picloud/engine/fault"
)

// Caps says which guards a program's sandboxes get. A guard costs about 1.5 µs and 2.4 KiB
// per sandbox, so each is chosen by the words in the program's text. A program that hides a
// word (`"re" + "peat"`) goes without the guard and meets the limits of the process.
type Caps int64

// ChooseCaps reads which words a text has, in code, strings and comments alike. The error is
// a fault for text that is no UTF-8.
func ChooseCaps(text string) (Caps, error) {
	if !utf8.ValidString(text) {
		return 0, fault.New(fault.Invalid, "The source is not valid UTF-8.")
	}
	table := wordCaps()
	var caps Caps
	for i := 0; i < len(text); {
		if !wordByte(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && wordByte(text[i]) {
			i++
		}
		caps |= table[text[start:i]]
	}
	return caps, nil
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c-'0' < 10 || c|0x20-'a' < 26 || c >= utf8.RuneSelf
}

// The guards.
const (
	capJSON Caps = 1 << iota
)

func wordCaps() map[string]Caps {
	return map[string]Caps{"JSON": capJSON}
}

// guard installs what the program's caps ask for.
func (s *Sandbox) guard() {
	if s.program.caps&capJSON != 0 {
		s.guardJSON()
	}
}
