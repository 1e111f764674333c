package js

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"picloud/engine/call"
)

// What a stack may add to a line.
const (
	maxLoggedFrames = 8
	maxPlaceBytes   = 100 // of one place as text, without the function's name
)

// lineLog collects a run's log within its limits.
type lineLog struct {
	onLine func(call.Line)
	clean  func(string) string
	lines  []call.Line
	bytes  int
	full   bool
}

// Log adds a line, of now. A line over Limits.LineBytes is cut, its stack first; at the
// first line over the limits of the whole one last line says so.
func (s *Sandbox) Log(line call.Line) {
	l := &s.log
	if l.full {
		return
	}
	line.At = time.Now()
	all := len(line.Message)
	l.cleanTexts(&line)
	if len(line.Fields) > s.limits.LineBytes {
		line.Fields = ""
		line.Message += " (fields left out: too long)"
	}
	line.Message = shorten(line.Message, s.limits.LineBytes-len(line.Fields), max(all, len(line.Message)))
	size := len(line.Message) + len(line.Fields)
	for n, frame := range line.Stack {
		if size += len(frame.Function) + maxPlaceBytes; n == maxLoggedFrames || size > s.limits.LineBytes {
			size -= len(frame.Function) + maxPlaceBytes
			line.Stack = line.Stack[:n]
			break
		}
	}
	if len(l.lines) >= s.limits.LogLines || l.bytes+size > s.limits.LogBytes {
		l.full = true
		line = call.Line{
			At: line.At, Level: call.Warn,
			Message: fmt.Sprintf("log limit reached: %d lines or %d KiB per run", s.limits.LogLines, s.limits.LogBytes>>10),
		}
	}
	l.bytes += size
	l.lines = append(l.lines, line)
	if l.onLine != nil {
		l.onLine(line)
	}
}

// cleanTexts cleans the texts of a line before any of them is cut. Fields that are no object then
// are left out.
func (l *lineLog) cleanTexts(line *call.Line) {
	if l.clean == nil {
		return
	}
	line.Message = l.clean(beginning(line.Message, mostCleaned))
	if fields := l.clean(line.Fields); fields != line.Fields {
		if line.Fields = fields; !json.Valid([]byte(fields)) {
			line.Fields = ""
			line.Message += " (fields left out: they are secret)"
		}
	}
	for i := range line.Stack {
		line.Stack[i].Function = l.clean(line.Stack[i].Function)
	}
}

// LogFull tells whether further lines would be dropped, so that nothing need be formatted.
func (s *Sandbox) LogFull() bool { return s.log.full }

// Lines are the lines so far.
func (s *Sandbox) Lines() []call.Line { return s.log.lines }

// mostCleaned bounds what is looked through for secrets of a text of which less is kept, in bytes.
const mostCleaned = 256 << 10

// beginning is that of a text, with a sign where it was clipped.
func beginning(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return whole(text, limit) + "…"
}

// cut shortens text to at most limit bytes, the note about it included, at a whole character.
func cut(text string, limit int) string { return shorten(text, limit, len(text)) }

// shorten is cut for a text that had so many bytes in all.
func shorten(text string, limit, all int) string {
	if len(text) <= limit {
		return text
	}
	note := fmt.Sprintf("… (%d bytes in all)", all)
	if limit <= len(note) {
		note = ""
	}
	return whole(text, max(limit-len(note), 0)) + note
}

// whole is at most so much of a text, at a whole character.
func whole(text string, end int) string {
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
