// Package word finds the words of a program's text without parsing it: identifiers, keywords
// and numbers, in code, strings and comments alike.
package word

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// All are the words of a text, in order.
func All(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for start := 0; start < len(text); start++ {
			end := start
			for end < len(text) && isPart(text[end]) {
				end++
			}
			if end > start && !yield(text[start:end]) {
				return
			}
			start = end
		}
	}
}

func isPart(c byte) bool {
	return c == '_' || c == '$' || c-'0' < 10 || c|0x20-'a' < 26 || c >= utf8.RuneSelf
}

// Count is how often a text has a word.
func Count(text, word string) (count int) {
	for found := range All(text) {
		if found == word {
			count++
		}
	}
	return count
}

// CountAll counts those words of a text that are keys of counts already.
func CountAll(text string, counts map[string]int) {
	for word := range All(text) {
		if count, counted := counts[word]; counted {
			counts[word] = count + 1
		}
	}
}

// Need is what a text must have to call for something.
type Need struct {
	Words []string // any of them
	Parts []string // and any of these texts, unless there are none
}

// Of is the need for one of the words.
func Of(words ...string) Need { return Need{Words: words} }

// With is the need for one of the parts too.
func (n Need) With(parts ...string) Need { return Need{Words: n.Words, Parts: parts} }

// HasPart tells whether a text has one of the parts, or none is needed.
func (n Need) HasPart(text string) bool {
	return len(n.Parts) == 0 || slices.ContainsFunc(n.Parts, func(part string) bool { return strings.Contains(text, part) })
}

// Constructors are in every text that reads the constructor of something.
func Constructors() []string {
	return []string{
		".constructor", `constructor"`, "constructor'", "constructor`", "constructor:", "constructor,", "constructor ", "constructor}",
		"constructor=", "constructor\n",
	}
}
