package redact

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// LeastValue is how many characters a value needs to be known again in a text: shorter ones are
// part of too many words.
const LeastValue = 8

// Values are secrets that are known by their text. They are found as they are, line by line,
// URL-encoded, as part of a JSON string, and in base64 wherever they stand in what was encoded,
// as in Basic authentication. Long ones are known by their parts, so that looking for them costs
// a bounded time for each byte of a text. The zero value and nil know none. It may be used by several
// goroutines.
type Values struct {
	patterns map[uint64][]string // by their first eight bytes
	maybe    [1 << 10]uint64     // bits of the hashes of these, so that most places need no further look
	count    int                 // of patterns
}

const window = 8 // bytes; every pattern has that many

// What is remembered of an app's secrets at most. What is over it is not found in its rarer forms;
// a thousand ordinary secrets are far below.
const (
	partSize    = 64     // bytes of a part of a long pattern; the last may have seven more
	maxPatterns = 40_000 // parts of the plain values of a whole app are less than half of that
	maxAlike    = 64     // patterns that begin with the same eight bytes
)

// NewValues makes it of the secrets of an app. nil: there is none to be known.
func NewValues(secrets []string) *Values {
	v := &Values{patterns: map[uint64][]string{}}
	whole := known(secrets)
	var lines []string
	for _, secret := range whole {
		if strings.ContainsAny(secret, "\r\n") {
			for line := range strings.Lines(secret) {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	lines = known(lines)
	if len(whole) == 0 {
		return nil
	}
	v.learn(whole, plainForm)
	v.learn(lines, plainForm)
	for _, texts := range [][]string{whole, lines} {
		for _, forms := range []func(string) []string{jsonForms, base64Forms, urlForms} {
			v.learn(texts, forms)
		}
	}
	for _, patterns := range v.patterns {
		slices.SortFunc(patterns, func(a, b string) int { return len(b) - len(a) })
	}
	return v
}

// known are those that are long enough.
func known(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return utf8.RuneCountInString(text) < LeastValue })
}

func (v *Values) learn(texts []string, forms func(string) []string) {
	for _, text := range texts {
		if v.count >= maxPatterns {
			return
		}
		for _, form := range forms(text) {
			for len(form) >= partSize+window {
				v.add(form[:partSize])
				form = form[partSize:]
			}
			v.add(form)
		}
	}
}

func (v *Values) add(pattern string) {
	if len(pattern) < window || v.count >= maxPatterns {
		return
	}
	head := binary.LittleEndian.Uint64([]byte(pattern))
	alike := v.patterns[head]
	if len(alike) >= maxAlike || slices.Contains(alike, pattern) {
		return
	}
	v.patterns[head] = append(alike, pattern)
	v.count++
	word, bit := place(head)
	v.maybe[word] |= bit
}

func plainForm(text string) []string { return []string{text} }

// urlForms are those of Go and of what JavaScript makes: encodeURIComponent, URLSearchParams, and the
// parser of URLs (URL Standard, section 1.3), in upper and lower hexadecimal.
func urlForms(text string) []string {
	query := url.QueryEscape(text)
	component := strings.ReplaceAll(query, "+", "%20")
	form := strings.NewReplacer("~", "%7E", "%2A", "*").Replace(query)
	forms := []string{
		query, component, form, unescapedMarks(query), unescapedMarks(component), url.PathEscape(text),
		percentEncoded(text, "\"#<>'"), percentEncoded(text, "\"#<>?^`{}"),
	}
	for _, form := range forms {
		forms = append(forms, lowerHex(form))
	}
	return forms
}

// percentEncoded escapes blanks, what is not ASCII and these.
func percentEncoded(text, marks string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || strings.IndexByte(marks, c) >= 0 {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// base64Forms are those at the three places in which a text can stand in a group of three bytes.
func base64Forms(text string) []string {
	var forms []string
	for before := range 3 {
		forms = append(forms, inBase64(base64.RawStdEncoding, text, before), inBase64(base64.RawURLEncoding, text, before))
	}
	return forms
}

// place is the bit of eight bytes.
func place(head uint64) (word int, bit uint64) {
	hash := head * 0x9E3779B97F4A7C15 >> 48
	return int(hash >> 6), 1 << (hash & 63)
}

// unescapedMarks leaves what encodeURIComponent leaves and Go escapes.
func unescapedMarks(text string) string {
	return strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%7E", "~").Replace(text)
}

func lowerHex(text string) string {
	out := []byte(text)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:], strings.ToLower(string(out[i+1:i+3])))
			i += 2
		}
	}
	return string(out)
}

// jsonForms are the text inside a JSON string, as JSON.stringify writes it and with the signs of
// HTML escaped, and as console shows a text in single quotes or backticks.
func jsonForms(text string) []string {
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	escaped, err := json.Marshal(text)
	if encoder.Encode(text) != nil || err != nil {
		return nil
	}
	inside := strings.TrimSuffix(plain.String(), "\n")
	inside = inside[1 : len(inside)-1]
	shown := strings.NewReplacer(`\"`, `"`, `'`, `\'`).Replace(inside)
	ticked := strings.ReplaceAll(inside, `\"`, `"`)
	return []string{inside, string(escaped[1 : len(escaped)-1]), strings.ReplaceAll(inside, "/", `\/`), shown, ticked}
}

// inBase64 are the characters of a text in base64 that do not depend on what stands before it,
// so many bytes beside whole groups of three, and behind it.
func inBase64(encoding *base64.Encoding, text string, before int) string {
	encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
	first := (before*8 + 5) / 6
	last := (before + len(text)) * 8 / 6
	return encoded[first:last]
}

// Clean puts the mark in the place of each secret in a text. Where one was clipped, before "…", it is
// known by its first eight bytes.
func (v *Values) Clean(text string) string { return v.clean(text, false) }

// CleanCut is Clean for the beginning of a text: a secret may be cut off at its end, too.
func (v *Values) CleanCut(text string) string { return v.clean(text, true) }

func (v *Values) clean(text string, cut bool) string {
	if v == nil || len(text) < window {
		return text
	}
	from, end := v.next(text, 0, cut)
	if from < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	done := 0
	for from >= 0 {
		out = append(append(out, text[done:from]...), Mark...)
		done = end
		from, end = v.next(text, done, cut)
	}
	return string(append(out, text[done:]...))
}

// next finds the first place of secrets from a place on, with all that overlap it or touch it;
// from is -1 where there is none.
func (v *Values) next(text string, at int, cut bool) (from, end int) {
	from = -1
	for i := at; i+window <= len(text); i++ {
		if from >= 0 && i > end {
			break
		}
		head := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		word, bit := place(head)
		if v.maybe[word]&bit == 0 {
			continue
		}
		if length := v.length(head, text[i:], cut); length > 0 {
			if from < 0 {
				from = i
			}
			end = max(end, i+length)
		}
	}
	return from, end
}

// length is that of the longest pattern that the text begins with.
func (v *Values) length(head uint64, text string, cut bool) int {
	longest := 0
	for _, pattern := range v.patterns[head] {
		n := common(pattern, text)
		if n == len(pattern) || n == len(text) && cut || strings.HasPrefix(text[n:], "…") {
			longest = max(longest, n)
		}
	}
	return longest
}

func common(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
