package execution

import (
	"fmt"

	"picloud/engine/call"
)

// Bounds of a bare record's texts, in bytes; a character may be written in six.
const (
	bareSubject = 1 << 10
	bareMessage = 1 << 10
	bareFrames  = 5
	bareName    = 64
)

// AppendBare encodes what must be kept of a record in at most so many bytes, of which there
// must be 4,000 at least: no messages, of the log one line that says how much there was, of
// a failure the beginning.
func AppendBare(dst []byte, record *Record, most int) []byte {
	r := *record
	r.Request = nil
	r.Subject = Cut(r.Subject, bareSubject)
	r.Lines = nil
	if len(record.Lines) > 0 || record.captures() {
		r.Lines = []call.Line{{At: r.Started, Level: call.Warn, Message: notKept(len(record.Lines))}}
	}
	start := len(dst)
	for message := bareMessage; ; message /= 2 {
		if record.Failure != nil {
			r.Failure = cutFailure(record.Failure, message)
			if message < bareMessage {
				r.Failure.Stack = nil
			}
		}
		dst = AppendRecord(dst[:start], &r)
		if len(dst)-start <= most || r.Failure == nil || message == 0 {
			return dst
		}
	}
}

// cutFailure is the beginning of a failure, its message in at most so many bytes.
func cutFailure(f *call.Failure, message int) *call.Failure {
	short := *f
	short.Name, short.Message, short.Stack = Cut(f.Name, bareName), Cut(f.Message, message), f.Stack[:min(len(f.Stack), bareFrames)]
	return &short
}

func notKept(lines int) string {
	what := "Messages"
	switch {
	case lines == 1:
		what = "Log (1 line) and messages"
	case lines > 1:
		what = fmt.Sprintf("Log (%d lines) and messages", lines)
	}
	return what + " not kept: more was waiting for PostgreSQL than has room. The room is set by --ring-size."
}
