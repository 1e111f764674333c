package execution

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"picloud/engine/call"
)

// The encoding of a record, in big-endian byte order as COPY wants it:
//
//	version u8 · flags u8 · status u16 · wall µs u64 · executing µs u64 · lines u32
//	the identity, see AppendIdentity
//	outcome: length u16, text
//	failure: length u32, JSON        when flagged
//	lines: length u32, then for each: at (µs since 2000) u64, level: u16, message: u32, fields: u32
//	capture: length u32, see Capture when flagged
//	others u64                       when flagged
const (
	recordVersion = 2
	maxIdentity   = identityFixed + 5*2 + 2*maxName + 2*maxWord + maxSubject
	hasFailure    = 1 << 0
	hasCapture    = 1 << 1
	hasOthers     = 1 << 2
)

// postgresEpoch is 2000-01-01 in Unix microseconds, from which PostgreSQL counts.
const postgresEpoch = 946_684_800_000_000

func micros(t time.Time) uint64 { return uint64(t.UnixMicro() - postgresEpoch) }

// FromMicros is a moment as PostgreSQL counts it.
func FromMicros(v int64) time.Time { return time.UnixMicro(v + postgresEpoch).UTC() }

// AppendRecord encodes a record behind dst. Without failure and lines it allocates
// nothing but room in dst.
func AppendRecord(dst []byte, r *Record) []byte {
	capture := r.captures()
	failed := r.Failure != nil || r.Limit.Name != ""
	var flags byte
	if failed {
		flags |= hasFailure
	}
	if capture {
		flags |= hasCapture
	}
	if r.Others > 0 {
		flags |= hasOthers
	}
	dst = append(dst, recordVersion, flags)
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Status))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Wall.Microseconds()))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Executing.Microseconds()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Lines)))
	dst = AppendIdentity(dst, &r.Identity, maxIdentity)
	dst = appendText(dst, string(r.Outcome), maxWord)
	if failed {
		dst = sized(dst, func(dst []byte) []byte { return appendFailure(dst, r.Failure, r.Limit) })
	}
	if len(r.Lines) > 0 {
		dst = sized(dst, func(dst []byte) []byte { return appendLines(dst, r.Lines) })
	}
	if capture {
		mark := len(dst)
		dst = appendCapture(append(dst, 0, 0, 0, 0), r)
		binary.BigEndian.PutUint32(dst[mark:], uint32(len(dst)-mark-4))
	}
	if r.Others > 0 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(r.Others))
	}
	return dst
}

func sized(dst []byte, write func([]byte) []byte) []byte {
	mark := len(dst)
	dst = write(append(dst, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(dst[mark:], uint32(len(dst)-mark-4))
	return dst
}

func appendLines(dst []byte, lines []call.Line) []byte {
	for i := range lines {
		line := &lines[i]
		dst = binary.BigEndian.AppendUint64(dst, micros(line.At))
		dst = appendText(dst, string(line.Level), maxWord)
		dst = appendLong(dst, line.Message)
		dst = appendLong(dst, line.Fields)
	}
	return dst
}

// appendText writes the beginning of a text with a length of 16 bits.
func appendText(dst []byte, text string, limit int) []byte {
	mark := len(dst)
	dst = appendClean(append(dst, 0, 0), Cut(text, limit))
	dst = dst[:mark+2+len(Cut(dst[mark+2:], limit))] // cleaning may make it longer
	binary.BigEndian.PutUint16(dst[mark:], uint16(len(dst)-mark-2))
	return dst
}

func appendLong(dst []byte, text string) []byte {
	mark := len(dst)
	dst = appendClean(append(dst, 0, 0, 0, 0), text)
	binary.BigEndian.PutUint32(dst[mark:], uint32(len(dst)-mark-4))
	return dst
}

// appendClean writes text as PostgreSQL takes it: invalid UTF-8 and NUL become U+FFFD.
func appendClean(dst []byte, text string) []byte {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return append(dst, text...)
	}
	for _, char := range text {
		if char == 0 {
			char = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, char)
	}
	return dst
}

// Cut is the beginning of a text, at most so many bytes, not ending inside a character.
func Cut[T ~string | ~[]byte](text T, limit int) T {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// appendFailure writes a Failure as JSON.
func appendFailure(dst []byte, f *call.Failure, limit Limit) []byte {
	if f == nil {
		f = &call.Failure{}
	}
	dst = append(dst, '{')
	if f.Name != "" {
		dst = append(appendQuoted(append(dst, `"name":`...), f.Name, maxName), ',')
	}
	dst = appendQuoted(append(dst, `"message":`...), f.Message, maxMessage)
	for i, frame := range f.Stack[:min(len(f.Stack), maxFrames)] {
		dst = append(dst, map[bool]string{true: `,"stack":[`, false: `,`}[i == 0]...)
		dst = appendQuoted(append(dst, `{"Function":`...), frame.Function, maxName)
		dst = appendQuoted(append(dst, `,"File":`...), frame.File, maxName)
		dst = strconv.AppendInt(append(dst, `,"Line":`...), int64(frame.Line), 10)
		dst = strconv.AppendInt(append(dst, `,"Column":`...), int64(frame.Column), 10)
		dst = append(dst, '}')
	}
	if len(f.Stack) > 0 {
		dst = append(dst, ']')
	}
	if limit.Name != "" {
		dst = appendQuoted(append(dst, `,"limit":{"name":`...), limit.Name, maxName)
		dst = strconv.AppendInt(append(dst, `,"value":`...), limit.Value, 10)
		dst = append(appendQuoted(append(dst, `,"unit":`...), limit.Unit, maxName), '}')
	}
	return append(dst, '}')
}

// appendQuoted writes a JSON string (RFC 8259, section 7) that jsonb takes.
func appendQuoted(dst []byte, text string, limit int) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, char := range Cut(text, limit) {
		switch {
		case char == '"' || char == '\\':
			dst = append(dst, '\\', byte(char))
		case char == 0:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case char < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[char>>4], hex[char&15])
		default:
			dst = utf8.AppendRune(dst, char)
		}
	}
	return append(dst, '"')
}
