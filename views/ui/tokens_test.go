package ui

import (
	"strings"
	"testing"
)

func FuzzTokens(f *testing.F) {
	for _, line := range []string{
		"", "const a = 1 // x", "    Price: 5 € — thanks", "* a → b ✓", "`😀 ${x}` \"\\", "\ufffd", "\xff\xe2\x80", "9é·", "/* never ends", "'\\",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var joined strings.Builder
		for _, token := range tokens(line) {
			joined.WriteString(token.text)
		}
		if joined.String() != line {
			t.Errorf("%q became %q", line, joined.String())
		}
	})
}

func TestTokens(t *testing.T) {
	var marked strings.Builder
	for _, token := range tokens("return `€` + naïve.return + 12 → 3 // “x”") {
		marked.WriteString(token.class + "<" + token.text + ">")
	}
	if want := "k<return>< >s<`€`>< + naïve.return + >n<12>< → >n<3>< >c<// “x”>"; marked.String() != want {
		t.Errorf("%s\n%s", marked.String(), want)
	}
}

func TestCaret(t *testing.T) {
	for text, want := range map[string]string{"ab": "  ^", "\tb": "\t ^", "😀b": " ^", "é€b": "  ^"} {
		if got := caret(text, 3); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
