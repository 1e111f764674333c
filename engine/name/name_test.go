package name

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := []string{"a", "0", "hello", "hello-world", "a--b", "a-", strings.Repeat("a", 63)}
	for _, name := range good {
		if why := Check(name); why != "" {
			t.Errorf("%q: %s", name, why)
		}
	}
	bad := map[string]string{
		"": "needed", "Hello": `'H'`, "..": `'.'`, "a/b": `'/'`, "-a": "begins", "a b": `' '`, "ü": `'ü'`, "a\x00": `'\x00'`,
		strings.Repeat("a", 64): "64", "api": "reserved", "login": "reserved", "fn": "reserved", "xn--a": "xn--", "a\n": `'\n'`,
	}
	for name, part := range bad {
		if why := Check(name); !strings.Contains(why, part) {
			t.Errorf("%q: %q does not say %q", name, why, part)
		}
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"My App": "my-app", "  Straße Nr. 5 ": "strasse-nr-5", "Crème Brûlée": "creme-brulee", "Ærø": "aero",
		"--a--b--": "a-b", "日本": "", "": "", "ﬁne": "fine", "A_B": "a-b", "Łódź": "lodz", "2024": "2024",
		strings.Repeat("ab ", 40): strings.Repeat("ab-", 20) + "ab-"[:2], strings.Repeat("x", 62) + " y": strings.Repeat("x", 62),
	}
	for title, want := range cases {
		got := Derive(title)
		if got != want {
			t.Errorf("Derive(%q) = %q, want %q", title, got, want)
		}
	}
}

func FuzzDerive(f *testing.F) {
	f.Add("Straße 5")
	f.Add("ﬃ")
	f.Fuzz(func(t *testing.T, title string) {
		derived := Derive(title)
		if derived == "" {
			return
		}
		if why := Check(derived); why != "" && !reserved(derived) && !strings.HasPrefix(derived, "xn--") {
			t.Errorf("Derive(%q) = %q: %s", title, derived, why)
		}
	})
}
