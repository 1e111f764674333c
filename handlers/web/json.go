package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"picloud/engine/fault"
)

// WholeText refuses valid JSON that escapes half of a surrogate pair, which no UTF-8 text can
// hold (RFC 8259, section 8.2) and which encoding/json turns into another character.
func WholeText(body []byte) error {
	if !halved(body) {
		return nil
	}
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(body, &fields) == nil {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if halved(fields[name]) {
				return fault.AtField(name, "%s escapes half of a surrogate pair, which is no character.", name)
			}
		}
	}
	return fault.New(fault.Malformed, "The body escapes half of a surrogate pair, which is no character.")
}

func halved(text []byte) bool {
	for at := 0; ; {
		next := bytes.IndexByte(text[at:], '\\')
		if next < 0 {
			return false
		}
		at += next
		first, ok := escaped(text[at:])
		switch {
		case !ok:
			at += 2
		case !utf16.IsSurrogate(first):
			at += 6
		default:
			if second, _ := escaped(text[at+6:]); utf16.DecodeRune(first, second) == utf8.RuneError {
				return true
			}
			at += 12
		}
	}
}

// escaped reads a \u escape at the beginning of a text.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
