package rewrite

import "strings"

// hasProperties tells whether a pattern uses `\p{…}` or `\P{…}`.
func hasProperties(pattern string) bool {
	return strings.Contains(pattern, `\p{`) || strings.Contains(pattern, `\P{`)
}

// Pattern rewrites a pattern with flag u so that goja understands its property
// escapes (ECMA-262, section 22.2.2.9). goja reads them as a plain letter unless the pattern
// needs its backtracking engine, so it gets an empty lookahead; that engine knows scripts,
// categories and emoji, but not all their names.
func Pattern(pattern string) string {
	if !hasProperties(pattern) {
		return pattern
	}
	var out strings.Builder
	if !strings.HasPrefix(pattern, "(?=)") {
		out.WriteString("(?=)")
	}
	inClass := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			if used := property(&out, pattern[i:], inClass); used > 0 {
				i += used - 1
				continue
			}
			out.WriteByte(c)
			if i++; i < len(pattern) {
				out.WriteByte(pattern[i])
			}
			continue
		case '[':
			inClass = true
		case ']':
			inClass = false
		}
		out.WriteByte(pattern[i])
	}
	return out.String()
}

// property writes the escape that text begins with and tells its length, or 0.
func property(out *strings.Builder, text string, inClass bool) int {
	if !strings.HasPrefix(text, `\p{`) && !strings.HasPrefix(text, `\P{`) {
		return 0
	}
	name, _, closed := strings.Cut(text[3:], "}")
	if !closed {
		return 0
	}
	used := 3 + len(name) + 1
	negative := text[1] == 'P'
	if key, value, paired := strings.Cut(name, "="); paired {
		switch key {
		case "Script", "sc", "Script_Extensions", "scx", "General_Category", "gc":
			name = value
		}
	}
	if ranges := namedRanges(name); ranges != "" && !(negative && inClass) {
		switch {
		case inClass:
			out.WriteString(ranges)
		case negative:
			out.WriteString("[^" + ranges + "]")
		default:
			out.WriteString("[" + ranges + "]")
		}
		return used
	}
	out.WriteString(text[:3] + name + "}")
	return used
}

// namedRanges spells out properties the engine has no table for.
func namedRanges(name string) string {
	switch name {
	case "Any":
		return `\u{0}-\u{10FFFF}`
	case "ASCII":
		return `\u{0}-\u{7F}`
	case "Alphabetic", "Alpha":
		return `\p{L}\p{Nl}\p{Other_Alphabetic}`
	case "Lowercase", "Lower":
		return `\p{Ll}\p{Other_Lowercase}`
	case "Uppercase", "Upper":
		return `\p{Lu}\p{Other_Uppercase}`
	case "ID_Start", "IDS", "XID_Start", "XIDS":
		return `\p{L}\p{Nl}\p{Other_ID_Start}`
	case "ID_Continue", "IDC", "XID_Continue", "XIDC":
		return `\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\p{Other_ID_Start}\p{Other_ID_Continue}`
	}
	return ""
}
