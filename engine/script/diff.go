package script

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Difference is what changed between two texts, in lines.
type Difference struct {
	Hunks   []Hunk // none: the texts are equal
	Added   int    // lines
	Removed int
}

// Hunk is a run of changed lines with a little of what stands around it.
type Hunk struct {
	OldStart, OldLines int // first line, from 1, and how many; start 0 when there are none
	NewStart, NewLines int
	Lines              []Line
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
	Kind  LineKind
	Old   int    // line number, from 1; 0 for an added line
	New   int    // line number, from 1; 0 for a removed line
	Text  string // without its line end
	Parts []Part // where in a changed line the change is; none: all of it
	NoEnd bool   // the last line of its text, which has no line end
}

// Part is a piece of a changed line; the parts of a line make up its text.
type Part struct {
	Text    string
	Changed bool
}

const (
	contextLines = 3
	// The comparison of lines gives up looking for the smallest difference after this.
	diffTime = 300 * time.Millisecond
	// Lines longer than this, in bytes, are compared as a whole.
	maxPartLine = 1000
	// At most so many pairs of lines are compared within.
	maxPartPairs = 500
)

// Compare gives the difference of two texts in bounded time. Lines end with LF or CR LF.
func Compare(older, newer string) Difference {
	if older == newer {
		return Difference{}
	}
	differ := diffmatchpatch.New()
	differ.DiffTimeout = diffTime
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
	markParts(d.Hunks)
	return d
}

// toLines numbers the lines of both texts; removed lines go before the added ones.
func toLines(pieces []diffmatchpatch.Diff) []Line {
	var lines []Line
	oldNumber, newNumber := 0, 0
	for _, piece := range pieces {
		for text := range strings.Lines(piece.Text) {
			line := Line{Text: text}
			if line.Text, line.NoEnd = strings.CutSuffix(text, "\n"); line.NoEnd {
				line.Text = strings.TrimSuffix(line.Text, "\r")
			}
			line.NoEnd = !line.NoEnd
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
func hunks(lines []Line) []Hunk {
	var found []Hunk
	end := 0 // of the last hunk, in lines
	for i, line := range lines {
		if line.Kind == Same {
			continue
		}
		start, stop := max(i-contextLines, end), min(i+contextLines+1, len(lines))
		if len(found) == 0 || i-contextLines > end {
			found = append(found, Hunk{})
		}
		last := &found[len(found)-1]
		if stop > start {
			last.Lines = append(last.Lines, lines[start:stop]...)
		}
		end = max(end, stop)
	}
	for i := range found {
		found[i].count()
	}
	return found
}

func (h *Hunk) count() {
	for _, line := range h.Lines {
		if line.Kind != Added {
			h.OldLines++
			if h.OldStart == 0 {
				h.OldStart = line.Old
			}
		}
		if line.Kind != Removed {
			h.NewLines++
			if h.NewStart == 0 {
				h.NewStart = line.New
			}
		}
	}
}

// markParts finds what changed within lines where a block of removed lines is followed
// by as many added ones.
func markParts(hunks []Hunk) {
	differ := diffmatchpatch.New()
	differ.DiffTimeout = 5 * time.Millisecond
	budget := maxPartPairs
	for _, hunk := range hunks {
		for start := 0; start < len(hunk.Lines); {
			middle := run(hunk.Lines, start, Removed)
			stop := run(hunk.Lines, middle, Added)
			if pairs := middle - start; pairs > 0 && pairs == stop-middle {
				for i := range pairs {
					if budget--; budget < 0 {
						return
					}
					markPair(differ, &hunk.Lines[start+i], &hunk.Lines[middle+i])
				}
			}
			start = max(stop, start+1)
		}
	}
}

// run is the end of the lines of one kind that begin at start.
func run(lines []Line, start int, kind LineKind) int {
	for start < len(lines) && lines[start].Kind == kind {
		start++
	}
	return start
}

// markPair marks two lines that have at least a third in common.
func markPair(differ *diffmatchpatch.DiffMatchPatch, older, newer *Line) {
	if len(older.Text) > maxPartLine || len(newer.Text) > maxPartLine || !utf8.ValidString(older.Text) || !utf8.ValidString(newer.Text) {
		return
	}
	pieces := differ.DiffCleanupSemantic(differ.DiffMain(older.Text, newer.Text, false))
	common := 0
	for _, piece := range pieces {
		if piece.Type == diffmatchpatch.DiffEqual {
			common += len(strings.TrimSpace(piece.Text))
		}
	}
	if 3*common < max(len(older.Text), len(newer.Text)) {
		return
	}
	for _, piece := range pieces {
		if piece.Type != diffmatchpatch.DiffInsert {
			older.Parts = append(older.Parts, Part{Text: piece.Text, Changed: piece.Type == diffmatchpatch.DiffDelete})
		}
		if piece.Type != diffmatchpatch.DiffDelete {
			newer.Parts = append(newer.Parts, Part{Text: piece.Text, Changed: piece.Type == diffmatchpatch.DiffInsert})
		}
	}
}
