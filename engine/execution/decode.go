package execution

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"iter"
	"time"
	"unicode/utf8"

	"picloud/engine/call"
)

// View is an encoded record taken apart; its slices lie in the encoding.
type View struct {
	IdentityView
	Status    uint16
	Wall      int64 // microseconds
	Executing int64 // microseconds
	LineCount uint32
	Outcome   []byte
	Failure   []byte // JSON; nil: none
	Capture   []byte // nil: none
	Others    int64  // as [Record.Others]
	lines     []byte
}

var errRecord = errors.New("record cannot be read")

// Parse takes a record apart, of this version or an earlier one. It trusts nothing: it gives
// a view whose lines can be walked, or an error.
func Parse(data []byte) (v View, err error) {
	r := reader{rest: data}
	flags := byte(0)
	switch r.byte() {
	case recordVersion:
		flags = r.byte()
		v.Status = r.uint16()
		v.Wall, v.Executing, v.LineCount = int64(r.uint64()), int64(r.uint64()), r.uint32()
		v.IdentityView = r.identity()
		v.Outcome = r.text(int(r.uint16()))
	case 1:
		flags = r.headOfVersion1(&v)
	default:
		return View{}, errRecord
	}
	if flags&hasFailure != 0 {
		if v.Failure = r.text(int(r.uint32())); !json.Valid(v.Failure) {
			return View{}, errRecord
		}
	}
	if v.LineCount > 0 {
		v.lines = r.take(int(r.uint32()))
		if !linesWhole(v.lines, v.LineCount) {
			return View{}, errRecord
		}
	}
	if flags&hasCapture != 0 {
		v.Capture = r.take(int(r.uint32()))
	}
	if flags&hasOthers != 0 {
		v.Others = int64(r.uint64())
	}
	if r.failed || len(r.rest) > 0 || v.Status > 999 || int32(v.Version) < 0 || int32(v.LineCount) < 0 || int16(v.Depth) < 0 || int16(v.Attempt) < 0 || v.Others < 0 {
		return View{}, errRecord
	}
	return v, nil
}

// headOfVersion1 reads the fixed part of a record as it was before runs had a cause and a
// subject: flags u8 · status u16 · script version u32 · execution, app, script 16 each ·
// started, wall, executing u64 · lines u32 · script name, trigger, method, path, outcome.
func (r *reader) headOfVersion1(v *View) (flags byte) {
	flags = r.byte()
	v.Status, v.Version = r.uint16(), r.uint32()
	r.ids(&v.IdentityView)
	v.Started, v.Wall, v.Executing, v.LineCount = int64(r.uint64()), int64(r.uint64()), int64(r.uint64()), r.uint32()
	var method, path []byte
	for _, text := range [...]*[]byte{&v.ScriptName, &v.Kind, &method, &path, &v.Outcome} {
		*text = r.text(int(r.uint16()))
	}
	v.Event = []byte(call.Fetch)
	v.Subject = append(append(append([]byte(nil), method...), ' '), path...)
	return flags
}

// LinesSize is how many bytes the lines take in the encoding.
func (v *View) LinesSize() int { return len(v.lines) }

// Lines gives the record's log lines, numbered from 1.
func (v *View) Lines() iter.Seq2[uint32, LineView] {
	return func(yield func(uint32, LineView) bool) {
		r := reader{rest: v.lines}
		for n := range v.LineCount {
			if !yield(n+1, r.line()) {
				return
			}
		}
	}
}

// LineView is an encoded log line; its slices lie in the encoding.
type LineView struct {
	At                     int64 // microseconds since 2000
	Level, Message, Fields []byte
}

func (r *reader) line() LineView {
	return LineView{
		At: int64(r.uint64()), Level: r.text(int(r.uint16())),
		Message: r.text(int(r.uint32())), Fields: r.text(int(r.uint32())),
	}
}

func linesWhole(lines []byte, count uint32) bool {
	r := reader{rest: lines}
	for range count {
		if r.line(); r.failed {
			return false
		}
	}
	return len(r.rest) == 0
}

// DecodeRecord reads what AppendRecord wrote, and its capture where there is one.
// Policy, Request and Response of the record stay empty: what was captured of them is
// the second result.
func DecodeRecord(data []byte) (Record, *Capture, error) {
	v, err := Parse(data)
	if err != nil {
		return Record{}, nil, err
	}
	r := Record{
		Identity: v.identity(), Status: int(v.Status), Outcome: call.Outcome(v.Outcome),
		Wall: time.Duration(v.Wall) * time.Microsecond, Executing: time.Duration(v.Executing) * time.Microsecond, Others: v.Others,
	}
	if v.Failure != nil {
		var failure Failure
		if err := json.Unmarshal(v.Failure, &failure); err != nil {
			return Record{}, nil, errRecord
		}
		r.Failure = &call.Failure{Name: failure.Name, Message: failure.Message, Stack: failure.Stack}
		if failure.Limit != nil {
			r.Limit = *failure.Limit
		}
	}
	for _, line := range v.Lines() {
		r.Lines = append(r.Lines, call.Line{
			At: FromMicros(line.At), Level: call.Level(line.Level), Message: string(line.Message), Fields: string(line.Fields),
		})
	}
	if v.Capture == nil {
		return r, nil, nil
	}
	capture, err := DecodeCapture(v.Capture)
	if err != nil {
		return Record{}, nil, err
	}
	return r, &capture, nil
}

// reader takes values off the front of an encoding; once one is missing it has failed
// and gives zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.failed = true
		r.rest = nil
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

// text is a value that PostgreSQL takes as text.
func (r *reader) text(n int) []byte {
	text := r.take(n)
	if !utf8.Valid(text) {
		r.failed = true
	}
	for _, c := range text {
		if c == 0 {
			r.failed = true
		}
	}
	return text
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}
