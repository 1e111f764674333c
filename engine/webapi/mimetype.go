package webapi

import (
	"slices"
	"strings"
)

// mimeType is a MIME type record of the MIME Sniffing standard, section 4.
type mimeType struct {
	essence    string
	parameters []param
}

const httpSpace = " \t\r\n"

// extractMIMEType is https://fetch.spec.whatwg.org/#concept-header-extract-mime-type of the
// combined values of Content-Type; the essence is empty on failure.
func extractMIMEType(values string) mimeType {
	var found mimeType
	charset := ""
	for _, value := range splitHeader(values) {
		next, ok := parseMIMEType(value)
		if !ok || next.essence == "*/*" {
			continue
		}
		own := next.get("charset")
		switch {
		case next.essence != found.essence:
			charset = own
		case own != "":
			charset = own
		case charset != "":
			next.parameters = append(next.parameters, param{"charset", charset})
		}
		found = next
	}
	return found
}

// splitHeader is https://fetch.spec.whatwg.org/#header-value-get-decode-and-split.
func splitHeader(values string) (list []string) {
	start := 0
	for i := 0; i < len(values); i++ {
		switch values[i] {
		case '"':
			_, rest := quotedString(values[i:])
			i = len(values) - len(rest) - 1
		case ',':
			list = append(list, values[start:i])
			start = i + 1
		}
	}
	return append(list, values[start:])
}

// parseMIMEType is https://mimesniff.spec.whatwg.org/#parse-a-mime-type.
func parseMIMEType(text string) (m mimeType, ok bool) {
	essence, rest, more := strings.Cut(strings.Trim(text, httpSpace), ";")
	kind, subtype, slash := strings.Cut(essence, "/")
	subtype = strings.TrimRight(subtype, httpSpace)
	if !slash || !isToken(kind) || !isToken(subtype) {
		return mimeType{}, false
	}
	m.essence = strings.ToLower(kind + "/" + subtype)
	for more {
		rest = strings.TrimLeft(rest, httpSpace)
		end := strings.IndexAny(rest, ";=")
		if end < 0 {
			break
		}
		name, equals := rest[:end], rest[end] == '='
		if rest = rest[end+1:]; !equals {
			continue
		}
		quoted := strings.HasPrefix(rest, `"`)
		var value string
		if quoted {
			value, rest = quotedString(rest)
			_, rest, more = strings.Cut(rest, ";")
		} else {
			value, rest, more = strings.Cut(rest, ";")
			value = strings.TrimRight(value, httpSpace)
		}
		if (quoted || value != "") && isToken(name) && isQuotable(value) {
			m.add(strings.ToLower(name), value)
		}
	}
	return m, true
}

// quotedString is https://fetch.spec.whatwg.org/#collect-an-http-quoted-string of a text that
// begins with a quotation mark.
func quotedString(text string) (value, rest string) {
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return out.String(), text[i+1:]
		case '\\':
			if i++; i == len(text) {
				i--
			}
		}
		out.WriteByte(text[i])
	}
	return out.String(), ""
}

// add keeps the first of a name, and so many that looking for it stays cheap.
func (m *mimeType) add(name, value string) {
	has := slices.ContainsFunc(m.parameters, func(p param) bool { return p.name == name })
	if !has && len(m.parameters) < 100 {
		m.parameters = append(m.parameters, param{name, value})
	}
}

func (m mimeType) get(name string) string {
	for _, p := range m.parameters {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// String is https://mimesniff.spec.whatwg.org/#serialize-a-mime-type.
func (m mimeType) String() string {
	var out strings.Builder
	out.WriteString(m.essence)
	for _, p := range m.parameters {
		out.WriteString(";" + p.name + "=")
		if isToken(p.value) {
			out.WriteString(p.value)
		} else {
			out.WriteString(`"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(p.value) + `"`)
		}
	}
	return out.String()
}

// isQuotable tells HTTP quoted-string token code points; bytes stand for code points here.
func isQuotable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}
