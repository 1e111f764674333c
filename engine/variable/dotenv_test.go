package variable

import (
	"strings"
	"testing"

	"picloud/engine/fault"
)

func TestDotenv(t *testing.T) {
	t.Parallel()
	text := "\ufeff# a comment\r\nA=1\r\n\nexport B = two words # and more\nC='it''s'\nD=\"x\\ny \\\"z\\\" \\\\ $HOME\"\n" +
		"E=`back 'and' \"tick\"`\nPEM=\"-----BEGIN-----\nabc=\n-----END-----\" # key\nF=\nG=a#b\nH=# nothing\nI='$A${B}'\nA=again\nURL=postgres://u:p@h/d?x=1&y=2"
	_, err := ParseDotenv(text)
	if f := fault.Of(err); len(f.Fields) != 1 || f.Fields[0].Line != 5 || !strings.Contains(f.Public, "Line 5") {
		t.Fatalf("the fault is %v", err)
	}
	found, err := ParseDotenv(strings.Replace(text, "C='it''s'", "C='it is'", 1))
	if err != nil {
		t.Fatal(err)
	}
	want := []Assignment{
		{"A", "again", 15},
		{"B", "two words", 4},
		{"C", "it is", 5},
		{"D", "x\ny \"z\" \\ $HOME", 6},
		{"E", `back 'and' "tick"`, 7},
		{"PEM", "-----BEGIN-----\nabc=\n-----END-----", 8},
		{"F", "", 11},
		{"G", "a#b", 12},
		{"H", "", 13},
		{"I", "$A${B}", 14},
		{"URL", "postgres://u:p@h/d?x=1&y=2", 16},
	}
	if len(found) != len(want) {
		t.Fatalf("%d values: %+v", len(found), found)
	}
	for i := range want {
		if found[i] != want[i] {
			t.Errorf("%+v, want %+v", found[i], want[i])
		}
	}
}

func TestDotenvTellsAllItsFaults(t *testing.T) {
	t.Parallel()
	_, err := ParseDotenv("A B=1\nnothing\n1X=2\nOK=3\nQ=\"open\nZ=1\n")
	f := fault.Of(err)
	var lines []int
	for _, field := range f.Fields {
		lines = append(lines, field.Line)
	}
	if len(lines) != 4 || lines[0] != 1 || lines[1] != 2 || lines[2] != 3 || lines[3] != 5 {
		t.Errorf("faults in lines %v: %v", lines, err)
	}
	if _, err := ParseDotenv(strings.Repeat("x", MaxPaste+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a text that is too long: %v", err)
	}
}

// Whatever is pasted: it ends, and what is found may be set.
func FuzzDotenv(f *testing.F) {
	f.Add("A=1\nexport B=\"x\\\"\n\"\n#\nC='")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := ParseDotenv(text)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		for _, a := range found {
			if CheckName(a.Name) != "" || checkValue(a.Value) != "" || a.Line < 1 {
				t.Errorf("%+v", a)
			}
		}
	})
}
