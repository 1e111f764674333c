package execution

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"picloud/engine/call"
	"picloud/engine/id"
)

// view is an encoded record taken apart; its slices lie in the encoding.
type view struct {
	execution  id.Execution
	app        id.App
	script     id.Script
	version    uint32
	status     uint16
	started    int64 // microseconds since 2000
	wall       int64
	executing  int64
	lineCount  uint32
	scriptName []byte
	trigger    []byte
	method     []byte
	path       []byte
	outcome    []byte
	failure    []byte
	lines      []byte
	capture    []byte // nil: none
}

var errRecord = errors.New("record cannot be read")

// parse trusts nothing: it gives a view whose lines can be walked, or an error.
func parse(data []byte) (v view, err error) {
	r := reader{rest: data}
	if r.byte() != recordVersion {
		return view{}, errRecord
	}
	flags := r.byte()
	v.status, v.version = r.uint16(), r.uint32()
	copy(v.execution[:], r.take(16))
	copy(v.app[:], r.take(16))
	copy(v.script[:], r.take(16))
	v.started, v.wall, v.executing = int64(r.uint64()), int64(r.uint64()), int64(r.uint64())
	v.lineCount = r.uint32()
	for _, text := range [...]*[]byte{&v.scriptName, &v.trigger, &v.method, &v.path, &v.outcome} {
		*text = r.text(int(r.uint16()))
	}
	if flags&hasFailure != 0 {
		if v.failure = r.text(int(r.uint32())); !json.Valid(v.failure) {
			return view{}, errRecord
		}
	}
	if v.lineCount > 0 {
		v.lines = r.take(int(r.uint32()))
		if !linesWhole(v.lines, v.lineCount) {
			return view{}, errRecord
		}
	}
	if flags&hasCapture != 0 {
		v.capture = r.take(int(r.uint32()))
	}
	if r.failed || len(r.rest) > 0 || v.status > 999 || int32(v.version) < 0 || int32(v.lineCount) < 0 {
		return view{}, errRecord
	}
	return v, nil
}

type lineView struct {
	at                     int64 // microseconds since 2000
	level, message, fields []byte
}

func (r *reader) line() lineView {
	return lineView{
		at: int64(r.uint64()), level: r.text(int(r.uint16())),
		message: r.text(int(r.uint32())), fields: r.text(int(r.uint32())),
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
	v, err := parse(data)
	if err != nil {
		return Record{}, nil, err
	}
	r := Record{
		Execution: v.execution, App: v.app, Script: v.script, ScriptName: string(v.scriptName), Version: int(v.version),
		Trigger: call.Trigger(v.trigger), Method: string(v.method), Path: string(v.path), Status: int(v.status),
		Outcome: call.Outcome(v.outcome), Started: fromMicros(v.started),
		Wall: time.Duration(v.wall) * time.Microsecond, Executing: time.Duration(v.executing) * time.Microsecond,
	}
	if v.failure != nil {
		var failure Failure
		if err := json.Unmarshal(v.failure, &failure); err != nil {
			return Record{}, nil, errRecord
		}
		r.Failure = &call.Failure{Name: failure.Name, Message: failure.Message, Stack: failure.Stack}
		if failure.Limit != nil {
			r.Limit = *failure.Limit
		}
	}
	lines := reader{rest: v.lines}
	for range v.lineCount {
		line := lines.line()
		r.Lines = append(r.Lines, call.Line{
			At: fromMicros(line.at), Level: call.Level(line.level), Message: string(line.message), Fields: string(line.fields),
		})
	}
	if v.capture == nil {
		return r, nil, nil
	}
	capture, err := DecodeCapture(v.capture)
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
