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

// Need is what a text must have to call for something.
type Need struct {
	Words []string // any of them
	Parts []string // and any of these texts, unless there are none
}

// Called tells, by the place of each need, whether a text calls for it.
func Called(text string, needs []Need) []bool {
	there := make(map[string]bool, 2*len(needs)) // by word that is needed
	for _, need := range needs {
		for _, word := range need.Words {
			there[word] = false
		}
	}
	for word := range All(text) {
		if seen, needed := there[word]; needed && !seen {
			there[word] = true
		}
	}
	called := make([]bool, len(needs))
	for place, need := range needs {
		called[place] = slices.ContainsFunc(need.Words, func(word string) bool { return there[word] }) &&
			(len(need.Parts) == 0 || slices.ContainsFunc(need.Parts, func(part string) bool { return strings.Contains(text, part) }))
	}
	return called
}
