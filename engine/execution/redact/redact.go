// Package redact knows what looks like a secret in the messages of a run and puts a mark in
// its place: values of fields by their names, in header fields, addresses, forms and JSON.
// It reads each byte a bounded number of times and trusts nothing.
package redact

import "strings"

// Mark stands where a secret was.
const Mark = "[redacted]"

// plain are the commonest names that are surely no secrets; they need no further look.
func plain(name string) bool {
	switch name {
	case "host", "accept", "accept-encoding", "accept-language", "user-agent", "content-type", "content-length",
		"connection", "cache-control", "origin", "referer", "x-forwarded-for", "x-forwarded-proto", "x-request-id",
		"date", "vary", "etag", "last-modified", "location", "access-control-allow-origin":
		return true
	}
	return false
}

// marks are what the name of a secret contains, without the signs between words.
var marks = [...]string{
	"auth", "cookie", "token", "secret", "passw", "passphrase", "pwd", "apikey", "session", "credential", "privatekey",
	"accesskey", "signature", "jwt", "csrf", "xsrf", "cardnumber",
}

const longestName = 128 // of a longer name the beginning decides

// Secret tells whether the value that belongs to a name looks like a secret. Upper and
// lower case, '-', '_', '.' and blanks make no difference.
func Secret(name string) bool {
	if plain(name) {
		return false
	}
	var folded [longestName]byte
	n := 0
	for i := 0; i < len(name) && n < longestName; i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c == '-' || c == '_' || c == '.' || c == ' ' {
			continue
		}
		folded[n] = c
		n++
	}
	text := folded[:n]
	switch string(text) {
	case "key", "sig", "pin", "otp", "cvc", "cvv", "sid":
		return true
	}
	for i := range text {
		switch text[i] {
		case 'a', 'c', 't', 's', 'p', 'j', 'x':
			if marked(text[i:]) {
				return true
			}
		}
	}
	return false
}

func marked(text []byte) bool {
	for _, mark := range marks {
		if len(text) >= len(mark) && string(text[:len(mark)]) == mark {
			return mark != "auth" || !author(text)
		}
	}
	return false
}

// author tells an author, who is no secret, from an authorization.
func author(text []byte) bool {
	return len(text) >= 6 && string(text[:6]) == "author" && (len(text) < 7 || text[6] != 'i')
}

// AppendQuery copies the parameters of a query (URL Standard, section 5.1) with the
// values of secrets replaced.
func AppendQuery(dst []byte, query string) []byte {
	for first := true; query != "" || first; first = false {
		if !first {
			dst = append(dst, '&')
		}
		pair, rest, more := strings.Cut(query, "&")
		name, value, hasValue := strings.Cut(pair, "=")
		dst = append(dst, name...)
		if hasValue {
			dst = append(dst, '=')
			if Secret(unescaped(name)) {
				dst = append(dst, Mark...)
			} else {
				dst = append(dst, value...)
			}
		}
		if query = rest; !more {
			break
		}
		if query == "" {
			return append(dst, '&')
		}
	}
	return dst
}

// unescaped is the name as its reader sees it; broken escapes stay.
func unescaped(name string) string {
	if !strings.ContainsAny(name, "%+") {
		return name
	}
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '%' && i+2 < len(name) {
			high, low := hexDigit(name[i+1]), hexDigit(name[i+2])
			if high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, name[i])
	}
	return string(out)
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// AppendURL copies an absolute or relative address with its secrets replaced: query
// parameters, and a password before the host.
func AppendURL(dst []byte, url string) []byte {
	before, fragment, hasFragment := strings.Cut(url, "#")
	path, query, hasQuery := strings.Cut(before, "?")
	if scheme, rest, found := strings.Cut(path, "://"); found {
		authority, tail := rest, ""
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			authority, tail = rest[:slash], rest[slash:]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			dst = append(dst, scheme...)
			dst = append(dst, "://"...)
			dst = append(dst, Mark...)
			dst = append(dst, authority[at:]...)
			path = tail
		}
	}
	dst = append(dst, path...)
	if hasQuery {
		dst = AppendQuery(append(dst, '?'), query)
	}
	if hasFragment {
		dst = append(append(dst, '#'), fragment...)
	}
	return dst
}
