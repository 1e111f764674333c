package bundle

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Export is a name that a module exports, as its page tells it.
type Export struct {
	Name      string `json:"name"` // "default" for the default export
	Signature string `json:"signature,omitempty"`
	Doc       string `json:"doc,omitempty"` // the comment above it
	Type      bool   `json:"type,omitempty"`
}

const (
	maxExports   = 200
	maxSignature = 400     // bytes
	maxDoc       = 500     // bytes
	maxHead      = 2 << 10 // bytes before and behind the begin of a declaration that are looked at
)

// declaration is one at the begin of a line. Nothing here is parsed: what looks otherwise is told
// by its name alone.
var declaration = regexp.MustCompile(`(?m)^(export[ \t]+)?(default[ \t]+)?(?:declare[ \t]+|abstract[ \t]+)*((?:async[ \t]+)?function[ \t]*\*?|const|let|var|class|enum|interface|type)[ \t]+([A-Za-z_$][\w$]*)`)

// renamed is an entry of an export clause.
var (
	clause  = regexp.MustCompile(`(?m)^export[ \t]*\{([^{}]*)\}`)
	renamed = regexp.MustCompile(`([\w$]+)(?:\s+as\s+([\w$]+))?`)
)

// describeExports tells the exports of a module with what its text says of them: of those that it
// has when it runs, by name, and then of its types.
func describeExports(file File, names []string) []Export {
	declared, types := declarations(file.Source)
	aliases := map[string]string{}
	for _, found := range clause.FindAllStringSubmatch(file.Source, -1) {
		for _, entry := range renamed.FindAllStringSubmatch(found[1], -1) {
			if entry[2] != "" {
				aliases[entry[2]] = entry[1]
			}
		}
	}
	exports := make([]Export, 0, len(names)+len(types))
	slices.Sort(names)
	for _, name := range names {
		own := name
		if aliases[name] != "" {
			own = aliases[name]
		}
		export := declared[own]
		export.Name = name
		exports = append(exports, export)
	}
	exports = append(exports, types...)
	return exports[:min(len(exports), maxExports)]
}

func declarations(source string) (declared map[string]Export, types []Export) {
	declared = map[string]Export{}
	for _, at := range declaration.FindAllStringSubmatchIndex(source, -1) {
		kind, name := source[at[6]:at[7]], source[at[8]:at[9]]
		export := Export{Name: name, Signature: signature(source[at[6]:min(at[6]+maxHead, len(source))], kind), Doc: docAbove(source[max(0, at[0]-maxHead):at[0]])}
		export.Type = kind == "interface" || kind == "type"
		switch {
		case export.Type && at[2] >= 0:
			types = append(types, export)
		case at[4] >= 0:
			declared["default"] = export
		case !export.Type && declared[name].Name == "":
			declared[name] = export
		}
	}
	return declared, types
}

// signature is the head of a declaration; all of it where it is a type or a short value.
func signature(text, kind string) string {
	end := len(text)
	walk(text, func(at int, c byte, depth int) bool {
		switch {
		case depth > 0:
			return true
		case c == ';', c == '\n' && ends(text[:at]):
		case c == '{' && kind == "class":
		case c == '{' && strings.Contains(kind, "function") && !expectsType(text[:at]):
		case c == '}' && (kind == "interface" || kind == "enum"):
			at++
		case c == '>' && strings.HasSuffix(text[:at], "=") && kind != "type": // what an arrow leads to
			at--
		default:
			return true
		}
		end = at
		return false
	})
	text = strings.TrimSpace(text[:end])
	if len(text) > maxSignature {
		text = cutText(text, maxSignature) + " …"
	}
	return text
}

// expectsType tells that a bracket after this text is one of a type.
func expectsType(before string) bool {
	before = strings.TrimSpace(before)
	return strings.HasSuffix(before, ":") || strings.HasSuffix(before, "|") || strings.HasSuffix(before, "&") || strings.HasSuffix(before, "=>")
}

// ends tells that a statement may be over where this line is.
func ends(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && !strings.ContainsAny(line[len(line)-1:], "=:|&,<+-*/?([{")
}

// walk goes over a text without what is in strings and comments. depth counts the brackets around
// a byte; a bracket itself stands outside of what it encloses.
func walk(text string, each func(at int, c byte, depth int) bool) {
	depth := 0
	for at := 0; at < len(text); at++ {
		c := text[at]
		switch {
		case c == '"' || c == '\'' || c == '`':
			for at++; at < len(text) && text[at] != c; at++ {
				if text[at] == '\\' {
					at++
				}
			}
			continue
		case strings.HasPrefix(text[at:], "//"):
			end := strings.IndexByte(text[at:], '\n')
			if end < 0 {
				return
			}
			at += end - 1
			continue
		case strings.HasPrefix(text[at:], "/*"):
			end := strings.Index(text[at+2:], "*/")
			if end < 0 {
				return
			}
			at += end + 3
			continue
		case c == ')' || c == ']' || c == '}':
			depth = max(0, depth-1)
		}
		if !each(at, c, depth) {
			return
		}
		if c == '(' || c == '[' || c == '{' {
			depth++
		}
	}
}

// docAbove is the comment that ends where a declaration begins.
func docAbove(before string) string {
	before = strings.TrimRight(before, " \t\r\n")
	if !strings.HasSuffix(before, "*/") {
		return ""
	}
	start := strings.LastIndex(before, "/**")
	if start < 0 || strings.Contains(before[start:len(before)-2], "*/") {
		return ""
	}
	var lines []string
	for line := range strings.Lines(before[start+3 : len(before)-2]) {
		if line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "*")); line != "" {
			lines = append(lines, line)
		}
	}
	return cutText(strings.Join(lines, " "), maxDoc)
}

func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
