package ui

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

type token struct{ class, text string }

const keywords = " abstract as async await break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface is keyof let namespace new null of private protected public readonly return satisfies set static super switch this throw true try type typeof undefined var void while with yield "

// tokens cuts one line into words of the language. It knows no context beyond the line:
// the middle of a comment or of a template that spans lines is coloured as code.
func tokens(line string) []token {
	var all []token
	plain := 0
	emit := func(class string, from, to int) {
		if plain < from {
			all = append(all, token{"", line[plain:from]})
		}
		if from < to {
			all = append(all, token{class, line[from:to]})
		}
		plain = to
	}
	for i := 0; i < len(line); {
		c, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case strings.HasPrefix(line[i:], "//"):
			emit("c", i, len(line))
			i = len(line)
		case strings.HasPrefix(line[i:], "/*"):
			end := len(line)
			if n := strings.Index(line[i+2:], "*/"); n >= 0 {
				end = i + 2 + n + 2
			}
			emit("c", i, end)
			i = end
		case strings.HasPrefix(line[i:], "* ") && strings.TrimSpace(line[:i]) == "":
			emit("c", i, len(line))
			i = len(line)
		case c == '"' || c == '\'' || c == '`':
			end := stringEnd(line, i)
			emit("s", i, end)
			i = end
		case c >= '0' && c <= '9':
			end := wordEnd(line, i)
			emit("n", i, end)
			i = end
		case isWord(c):
			end := wordEnd(line, i)
			if strings.Contains(keywords, " "+line[i:end]+" ") && (i == 0 || line[i-1] != '.') {
				emit("k", i, end)
			}
			i = end
		default:
			i += size
		}
	}
	emit("", len(line), len(line))
	return all
}

func stringEnd(line string, start int) int {
	for i := start + 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case line[start]:
			return i + 1
		}
	}
	return len(line)
}

func wordEnd(line string, start int) int {
	for i, r := range line[start:] {
		if !isWord(r) && !unicode.IsDigit(r) {
			return start + i
		}
	}
	return len(line)
}

func isWord(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) }

// caret is white space as wide as the text before the column, counted in UTF-16 code
// units, and a mark. Tabs stay tabs.
func caret(text string, column int) string {
	var b strings.Builder
	before := 1
	for _, r := range text {
		if before >= column {
			break
		}
		if before += utf16.RuneLen(r); r == '\t' {
			b.WriteRune('\t')
		} else {
			b.WriteRune(' ')
		}
	}
	return b.String() + "^"
}
