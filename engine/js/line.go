package js

import (
	"fmt"
	"time"
	"unicode/utf8"

	"picloud/engine/call"
)

// lineLog collects a run's log within its limits.
type lineLog struct {
	onLine func(call.Line)
	lines  []call.Line
	bytes  int
	full   bool
}

// Log adds a line: fields is a JSON object or empty. A line over Limits.LineBytes is cut;
// at the first line over the limits of the whole one last line says so.
func (s *Sandbox) Log(level call.Level, message, fields string) {
	l := &s.log
	if l.full {
		return
	}
	if len(fields) > s.limits.LineBytes {
		fields = ""
		message += " (fields left out: too long)"
	}
	message = cut(message, s.limits.LineBytes-len(fields))
	size := len(message) + len(fields)
	if len(l.lines) >= s.limits.LogLines || l.bytes+size > s.limits.LogBytes {
		l.full = true
		level, fields = call.Warn, ""
		message = fmt.Sprintf("log limit reached: %d lines or %d KiB per run", s.limits.LogLines, s.limits.LogBytes>>10)
	}
	l.bytes += size
	line := call.Line{At: time.Now(), Level: level, Message: message, Fields: fields}
	l.lines = append(l.lines, line)
	if l.onLine != nil {
		l.onLine(line)
	}
}

// LogFull tells whether further lines would be dropped, so that nothing need be formatted.
func (s *Sandbox) LogFull() bool { return s.log.full }

// Lines are the lines so far.
func (s *Sandbox) Lines() []call.Line { return s.log.lines }

// cut shortens text to at most limit bytes, the note about it included, at a whole character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	note := fmt.Sprintf("… (%d bytes in all)", len(text))
	if limit <= len(note) {
		note = ""
	}
	end := max(limit-len(note), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + note
}
