// Package nesting finds out, without parsing it, whether a source is nested so deeply that a
// parser or a compiler, which call themselves for what is inside, would use up the stack or take
// for ever: for a clear word at its place, where a build would only die. It knows JavaScript and TypeScript as far as that takes: what it cannot
// tell apart (types, JSX) counts as the operators that it looks like, and the limits are far
// above what people write.
package nesting

import "strings"

// Limits of a text.
const (
	MaxBrackets = 2000 // open at a time: each costs some 3 KiB of stack
	MaxTotal    = 8000 // of those, and of operators, members, calls and conditions that wait for what follows
)

// level is what is between a bracket and its end.
type level struct {
	open   byte // the bracket, or '$' for ${ in a template
	head   bool // of if, for, while or with: a statement follows
	chain  int  // operators of the expression or statement that is going on
	elses  int  // in a row
	ended  bool // a statement has just ended
	closed bool // by a }: what follows may still belong to it
}

type scanner struct {
	text   string
	at     int
	levels []level
	total  int
	value  bool   // the last token ends a value: a slash divides, a line may end the statement
	word   string // the last token, if it was a word
	sign   byte   // the last byte, if it was of an operator
	line   bool   // a line has ended since
}

// Find gives the place in the text, in bytes, from which on it is nested too deeply.
func Find(text string) (at int, found bool) {
	s := scanner{text: text, levels: make([]level, 1, 16)}
	for s.at < len(text) {
		s.token(text[s.at])
		if len(s.levels) > MaxBrackets || s.total+len(s.levels) > MaxTotal {
			return min(s.at, len(text)-1), true
		}
	}
	return 0, false
}

func (s *scanner) top() *level { return &s.levels[len(s.levels)-1] }

func (s *scanner) token(c byte) {
	switch {
	case c == '\n':
		s.line = true
		s.at++
	case c == ' ' || c == '\t' || c == '\r':
		s.at++
	case c == '/' && s.comment():
	case isWordByte(c):
		s.wordToken()
	case c == '"' || c == '\'':
		s.begin("", c)
		s.quoted(c)
		s.ends(true)
	case c == '`':
		s.begin("", c)
		s.at++
		s.template()
	case c == '/' && !s.value:
		s.begin("", c)
		s.regularExpression()
		s.ends(true)
	case c == '(' || c == '[' || c == '{':
		s.begin("", c)
		s.count(1)
		head := c == '(' && isHead(s.word)
		s.push(level{open: c, head: head})
	case c == ')' || c == ']' || c == '}':
		s.close(c)
	case c == ';' || c == ',':
		s.reset()
		s.top().ended = c == ';'
		s.at++
		s.ends(false)
	default:
		s.operator(c)
	}
}

// begin is called before a token that may begin a statement.
func (s *scanner) begin(word string, c byte) {
	top := s.top()
	switch {
	case top.closed && word != "" && !goesOn(word), s.line && s.value && startsStatement(word, c):
		s.reset()
		top.ended = true
	}
	if top.ended && word != "else" {
		s.total -= top.elses
		top.elses = 0
	}
	top.ended, top.closed, s.line = false, false, false
	s.sign = 0
}

// ends is called after a token.
func (s *scanner) ends(value bool) { s.value, s.word, s.sign = value, "", 0 }

// count notes what waits for what follows, until the expression or statement is over.
func (s *scanner) count(n int) {
	s.top().chain += n
	s.total += n
}

// reset says that an expression or statement is over.
func (s *scanner) reset() {
	s.total -= s.top().chain
	s.top().chain = 0
}

func (s *scanner) push(l level) {
	s.levels = append(s.levels, l)
	s.at++
	s.ends(false)
	s.line = false
}

func (s *scanner) close(c byte) {
	s.at++
	if len(s.levels) == 1 {
		s.ends(true)
		return
	}
	closed := *s.top()
	s.total -= closed.chain + closed.elses
	s.levels = s.levels[:len(s.levels)-1]
	s.line = false
	if closed.open == '$' && c == '}' {
		s.template()
		return
	}
	s.ends(!closed.head)
	s.top().closed = c == '}'
}

// operator counts the signs: each of those that may stand in a row, runs of the others once.
func (s *scanner) operator(c byte) {
	last := s.sign
	if c != '.' || last != '.' {
		s.line = false
	}
	s.top().closed = false
	if c != last || c == '!' || c == '~' || c == '+' || c == '-' {
		s.count(1)
	}
	s.at++
	s.ends(false)
	s.sign = c
}

func (s *scanner) wordToken() {
	start := s.at
	for s.at < len(s.text) && isWordByte(s.text[s.at]) {
		s.at++
	}
	word := s.text[start:s.at]
	member := s.sign == '.'
	s.begin(word, word[0])
	if member {
		s.ends(true)
		return
	}
	switch word {
	case "else":
		s.top().elses++
		s.total++
	case "new", "typeof", "void", "delete", "await", "yield", "in", "of", "instanceof", "if", "for", "while", "with", "do":
		s.count(1)
	}
	s.ends(!isOperator(word))
	s.word = word
}

func (s *scanner) comment() bool {
	rest := s.text[s.at:]
	switch {
	case strings.HasPrefix(rest, "//"):
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		s.at += end
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			end = len(rest) - 4
		}
		s.line = s.line || strings.Contains(rest[:end+4], "\n")
		s.at += end + 4
	default:
		return false
	}
	return true
}

// quoted goes over a string, which ends with its line at the latest.
func (s *scanner) quoted(quote byte) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case quote:
			s.at++
			return
		case '\n':
			return
		}
	}
	s.at = len(s.text)
}

// template goes over the text of a template, to its end or the next ${.
func (s *scanner) template() {
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '`':
			s.at++
			s.ends(true)
			return
		case '$':
			if strings.HasPrefix(s.text[s.at:], "${") {
				s.at++
				s.push(level{open: '$'})
				return
			}
		}
	}
	s.at = len(s.text)
}

// regularExpression goes over a literal, which ends with its line at the latest.
func (s *scanner) regularExpression() {
	class := false
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.at++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.at++
			return
		case c == '\n':
			return
		}
	}
	s.at = len(s.text)
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c == '@' || c-'0' < 10 || c|0x20-'a' < 26 || c >= 0x80
}

// isHead tells whether the parentheses behind a word are followed by a statement.
func isHead(word string) bool {
	switch word {
	case "if", "for", "while", "with":
		return true
	}
	return false
}

// isOperator tells whether a word needs something behind it.
func isOperator(word string) bool {
	switch word {
	case "new", "typeof", "void", "delete", "await", "yield", "in", "of", "instanceof", "if", "for", "while", "with", "do", "else",
		"return", "throw", "case", "extends", "default", "export", "import", "const", "let", "var":
		return true
	}
	return false
}

// goesOn tells whether a word may stand behind a } that does not end the statement.
func goesOn(word string) bool {
	switch word {
	case "else", "catch", "finally", "while", "in", "of", "instanceof", "as", "satisfies", "from":
		return true
	}
	return false
}

// startsStatement tells whether a line that begins so does not go on with the one before.
func startsStatement(word string, c byte) bool {
	if word != "" {
		return !goesOn(word)
	}
	return c == '{' || c == '"' || c == '\''
}
