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
		"p%2Fss%20w%22rd%2B%C3%A9'(1)~", string(quoted), `p\/ss w\"rd+é'(1)~`, `p/ss w"rd+é\'(1)~`,
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
		"xabcdefghijklmnx": "x" + Mark + "x", "abcdefghabcdefgh": Mark + Mark, "abcdefghij-long.": Mark + ".",
		"abcdefghij-lo": Mark, "the end abcdefgh": "the end " + Mark, "abcdefgabcdefgh": "abcdefg" + Mark,
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
	if none.Clean("x") != "x" || string(none.CleanAfter([]byte("abc"), 1)) != "abc" {
		t.Error("nil changes something")
	}
	v := NewValues([]string{"12345678"})
	if got := string(v.CleanAfter([]byte("12345678 12345678"), 3)); got != "12345678 "+Mark {
		t.Errorf("%q", got)
	}
}

// However many lines secrets have, what is remembered of them is bounded, and each line is known.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&lines, "%08d-line\n", i)
	}
	v := NewValues([]string{lines.String(), strings.Repeat("0123456789abcdef", 4096)})
	if v.count > maxPatterns || v.bytes > maxPatternBytes {
		t.Errorf("%d patterns of %d bytes", v.count, v.bytes)
	}
	for _, line := range []string{"00000000-line", "00004999-line"} {
		if v.Clean(line) != Mark {
			t.Errorf("%s is not known", line)
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
