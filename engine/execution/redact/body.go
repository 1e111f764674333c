package redact

import (
	"bytes"
	"strings"
)

// AppendBody copies the beginning of a body with the values of its secret fields
// replaced, as far as its type is known to have fields: JSON (RFC 8259), URL-encoded
// forms and multipart forms (RFC 7578). It reads each byte a bounded number of times.
func AppendBody(dst []byte, contentType string, body []byte) []byte {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch {
	case kind == "application/x-www-form-urlencoded":
		return AppendQuery(dst, string(body))
	case strings.HasPrefix(kind, "multipart/"):
		return appendMultipart(dst, body)
	}
	if start := skipSpace(body, 0); start < len(body) && (body[start] == '{' || body[start] == '[' || strings.HasSuffix(kind, "json")) {
		return appendJSON(dst, body)
	}
	return append(dst, body...)
}

// appendMultipart knows the delimiter by the first line of the body.
func appendMultipart(dst, body []byte) []byte {
	delimiter, rest, found := bytes.Cut(body, []byte("\r\n"))
	if !found || len(delimiter) < 3 || !bytes.HasPrefix(delimiter, []byte("--")) {
		return append(dst, body...)
	}
	end := append([]byte("\r\n"), delimiter...)
	dst = append(append(dst, delimiter...), "\r\n"...)
	for len(rest) > 0 {
		part, after, more := bytes.Cut(rest, end)
		head, _, hasContent := bytes.Cut(part, []byte("\r\n\r\n"))
		if hasContent && Secret(partName(head)) {
			dst = append(append(append(dst, head...), "\r\n\r\n"...), Mark...)
		} else {
			dst = append(dst, part...)
		}
		if !more {
			break
		}
		dst = append(dst, end...)
		rest = after
	}
	return dst
}

func partName(head []byte) string {
	_, after, found := bytes.Cut(bytes.ToLower(head), []byte("name="))
	if !found {
		return ""
	}
	if len(after) > 0 && after[0] == '"' {
		after = after[1:]
	}
	if end := bytes.IndexAny(after, "\";\r\n"); end >= 0 {
		after = after[:end]
	}
	return string(after)
}

// appendJSON copies JSON text, whole or cut off anywhere, and replaces the values of
// members whose names look secret: strings, numbers and words become a redacted string,
// arrays and objects too. It reads each byte once and trusts nothing.
func appendJSON(dst []byte, text []byte) []byte {
	for i := 0; i < len(text); {
		if text[i] != '"' {
			dst = append(dst, text[i])
			i++
			continue
		}
		end := stringEnd(text, i)
		dst = append(dst, text[i:end]...)
		name := text[i:end]
		i = end
		after := skipSpace(text, i)
		if after >= len(text) || text[after] != ':' || len(name) < 2 {
			continue
		}
		value := skipSpace(text, after+1)
		if !Secret(unquoted(name)) || value >= len(text) {
			continue
		}
		dst = append(dst, text[i:value]...)
		dst = append(append(append(dst, '"'), Mark...), '"')
		i = valueEnd(text, value)
	}
	return dst
}

// unquoted is a JSON string's text; \u escapes of ASCII are read, for a name may be
// written that way.
func unquoted(quoted []byte) string {
	inner := strings.Trim(string(quoted), `"`)
	if !strings.Contains(inner, `\u00`) {
		return inner
	}
	var out strings.Builder
	for i := 0; i < len(inner); i++ {
		if strings.HasPrefix(inner[i:], `\u00`) && i+5 < len(inner) {
			high, low := hexDigit(inner[i+4]), hexDigit(inner[i+5])
			if high >= 0 && low >= 0 {
				out.WriteByte(byte(high<<4 | low))
				i += 5
				continue
			}
		}
		out.WriteByte(inner[i])
	}
	return out.String()
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// stringEnd is the place after the string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// valueEnd is the place after the value that begins at i.
func valueEnd(text []byte, i int) int {
	for depth := 0; i < len(text); {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',':
			if depth == 0 {
				return i
			}
			i++
		default:
			i++
			continue
		}
		if depth == 0 && i < len(text) && text[i-1] != ':' {
			if end := text[i-1]; end == '"' || end == '}' || end == ']' {
				return i
			}
		}
	}
	return len(text)
}
