package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const password = "p/ss w\"rd+é'(1)~"

func TestSecretsAreKnownByTheirText(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\r\nshort\n-----END KEY-----\n"
	v := NewValues([]string{password, "1234567", "12345678", key, ""})
	quoted, err := json.Marshal(password)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		password, url.QueryEscape(password), url.PathEscape(password), strings.ToLower(url.QueryEscape("p/ss w\"rd+é'(1)~")),
		"p%2Fss%20w%22rd%2B%C3%A9'(1)~", "p%2Fss+w%22rd%2B%C3%A9%27%281%29%7E", "p/ss%20w%22rd+%C3%A9%27(1)~", "p/ss%20w%22rd+%C3%A9'(1)~", string(quoted), `p\/ss w\"rd+é'(1)~`, `p/ss w"rd+é\'(1)~`,
		"12345678", key, "MIIEvQIBADANBgkq", `-----BEGIN KEY-----\nMIIEvQIBADANBgkq\r\nshort\n-----END KEY-----\n`,
	} {
		if got := v.Clean("before " + secret + " after"); strings.Trim(strings.ReplaceAll(got, Mark, ""), `"`) != "before  after" && got != `before "`+Mark+`" after` {
			t.Errorf("%q: %q", secret, got)
		}
	}
	for _, plain := range []string{"1234567", "short", "p/ss w", "nothing secret here", ""} {
		if got := v.Clean(plain); got != plain {
			t.Errorf("%q became %q", plain, got)
		}
	}
}

func TestSecretsInBase64(t *testing.T) {
	t.Parallel()
	v := NewValues([]string{password, "12345678"})
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for _, secret := range []string{password, "12345678"} {
			for _, before := range []string{"", "u", "us", "user:", "somebody:"} {
				for _, after := range []string{"", "!", "!!", "!!!"} {
					encoded := encoding.EncodeToString([]byte(before + secret + after))
					got := v.Clean("Basic " + encoded + " x")
					if !strings.Contains(got, Mark) || len(got) > len(Mark)+len(before)*4/3+len(after)*4/3+16 {
						t.Errorf("%q in %q: %q", secret, before+secret+after, got)
					}
				}
			}
		}
	}
}

// Secrets that overlap, touch, or are part of one another leave nothing of themselves.
func TestSecretsThatOverlap(t *testing.T) {
	t.Parallel()
	v := NewValues([]string{"abcdefgh", "efghijklmn", "abcdefghij-long"})
	for text, want := range map[string]string{
		"xabcdefghijklmnx": "x" + Mark + "x", "abcdefghabcdefgh": Mark, "abcdefghij-long.": Mark + ".",
		"the end abcdefgh": "the end " + Mark, "abcdefgabcdefgh": "abcdefg" + Mark,
	} {
		if got := v.Clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestNothingToKnow(t *testing.T) {
	t.Parallel()
	if NewValues(nil) != nil || NewValues([]string{"", "short", "ééé\néé"}) != nil {
		t.Error("there is something to know")
	}
	var none *Values
	if none.Clean("x") != "x" {
		t.Error("nil changes something")
	}
}

// One that was cut off is known where that can be told, and nowhere else.
func TestSecretsThatWereCutOff(t *testing.T) {
	t.Parallel()
	v := NewValues([]string{"postgres://user:password@host/db", strings.Repeat("0123456789", 50)})
	for _, c := range []struct{ text, clean, cut string }{
		{"connected to postgres", "connected to postgres", "connected to " + Mark},
		{"postgres://user:pass… (90 bytes in all)", Mark + "… (90 bytes in all)", Mark + "… (90 bytes in all)"},
		{"postgres://other…", "postgres://other…", "postgres://other…"},
		{"x" + strings.Repeat("0123456789", 50) + "y", "x" + Mark + "y", "x" + Mark + "y"},
		{"x" + strings.Repeat("0123456789", 20), "", "x" + Mark},
	} {
		if got := v.Clean(c.text); c.clean != "" && got != c.clean {
			t.Errorf("%q: %q, want %q", c.text, got, c.clean)
		}
		if got := v.CleanCut(c.text); got != c.cut {
			t.Errorf("%q, cut: %q, want %q", c.text, got, c.cut)
		}
	}
}

// However many and however long secrets are, what is remembered is bounded, and whole values come
// before lines and before rarer forms.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 7000 {
		fmt.Fprintf(&lines, "%08d\n", i)
	}
	many := []string{"my-password-1", lines.String(), "other" + lines.String(), strings.Repeat("a", 60_000) + "1", strings.Repeat("a", 60_000) + "2", "the-last-one"}
	v := NewValues(many)
	if v.count > maxPatterns {
		t.Errorf("%d patterns", v.count)
	}
	for _, text := range append(many, "00000000", "00006999", base64.StdEncoding.EncodeToString([]byte("x:the-last-one"))) {
		if got := v.Clean(text); !strings.Contains(got, Mark) || len(got) > 40 {
			t.Errorf("%.20q became %.60q", text, got)
		}
	}
	for _, alike := range v.patterns { // so much is compared at one place of a text, and no more
		if len(alike) > maxAlike || len(alike[0]) >= partSize+window {
			t.Errorf("%d patterns begin with %.8q, the longest has %d bytes", len(alike), alike[0], len(alike[0]))
		}
	}
}

// No text keeps a secret, wherever it stands.
func FuzzNoSecretIsLeft(f *testing.F) {
	f.Add("hunter22", "x", "y")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		v := NewValues([]string{secret})
		if v == nil || strings.Contains(Mark, secret) || strings.Contains(before+Mark+after, secret) {
			return
		}
		if got := v.Clean(before + secret + after); strings.Contains(got, secret) {
			t.Errorf("%q is in %q", secret, got)
		}
	})
}

func BenchmarkClean(b *testing.B) {
	v := NewValues([]string{"0123456789abcdef", password})
	text := strings.Repeat("GET /orders/7?x=1 200 OK and more of it. ", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		v.Clean(text)
	}
}
