// Package word finds the words of a program's text without parsing it: identifiers, keywords
// and numbers, in code, strings and comments alike.
package word

import (
	"iter"
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
