package script

import (
	"strings"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Difference is what changed between two texts, in lines.
type Difference struct {
	Hunks   [][]Line // changed lines with a little of what stands around them; none: the texts are equal
	Added   int      // lines
	Removed int
}

// LineKind says which side a line is on.
type LineKind uint8

// The kinds of line.
const (
	Same LineKind = iota
	Removed
	Added
)

// Line is one line of a difference.
type Line struct {
	Kind LineKind
	Old  int    // line number, from 1; 0 for an added line
	New  int    // line number, from 1; 0 for a removed line
	Text string // without its line end
}

const (
	contextLines = 3
	// The comparison gives up looking for the smallest difference after this.
	diffTime = 300 * time.Millisecond
)

// Compare gives the difference of two texts in bounded time. Lines end with LF or CR LF.
func Compare(older, newer string) Difference { return compare(older, newer, diffTime) }

func compare(older, newer string, within time.Duration) Difference {
	if older == newer {
		return Difference{}
	}
	differ := diffmatchpatch.New()
	differ.DiffTimeout = within
	oldRunes, newRunes, table := differ.DiffLinesToRunes(older, newer)
	pieces := differ.DiffCharsToLines(differ.DiffMainRunes(oldRunes, newRunes, false), table)
	lines := toLines(pieces)
	var d Difference
	for _, line := range lines {
		switch line.Kind {
		case Added:
			d.Added++
		case Removed:
			d.Removed++
		}
	}
	d.Hunks = hunks(lines)
	return d
}

// toLines numbers the lines of both texts; removed lines go before the added ones.
func toLines(pieces []diffmatchpatch.Diff) []Line {
	var lines []Line
	oldNumber, newNumber := 0, 0
	for _, piece := range pieces {
		for text := range strings.Lines(piece.Text) {
			var line Line
			var ended bool
			if line.Text, ended = strings.CutSuffix(text, "\n"); ended {
				line.Text = strings.TrimSuffix(line.Text, "\r")
			}
			switch piece.Type {
			case diffmatchpatch.DiffDelete:
				oldNumber++
				line.Kind, line.Old = Removed, oldNumber
			case diffmatchpatch.DiffInsert:
				newNumber++
				line.Kind, line.New = Added, newNumber
			default:
				oldNumber, newNumber = oldNumber+1, newNumber+1
				line.Old, line.New = oldNumber, newNumber
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// hunks cuts out the changes with the lines around them; those that touch are one.
func hunks(lines []Line) [][]Line {
	var found [][]Line
	end := 0 // of the last hunk, in lines
	for i, line := range lines {
		if line.Kind == Same {
			continue
		}
		start, stop := max(i-contextLines, end), min(i+contextLines+1, len(lines))
		if len(found) == 0 || i-contextLines > end {
			found = append(found, nil)
		}
		if last := len(found) - 1; stop > start {
			found[last] = append(found[last], lines[start:stop]...)
		}
		end = max(end, stop)
	}
	return found
}
