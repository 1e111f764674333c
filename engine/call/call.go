// Package call is the vocabulary of one run of a function: what goes in, what comes
// out, and how it ended. It has no behaviour of its own.
package call

import (
	"io"
	"time"

	"picloud/engine/id"
)

// Trigger is what started a run.
type Trigger string

// The triggers.
const (
	HTTP  Trigger = "http"  // a call of the public URL
	Draft Trigger = "draft" // a person ran the draft
)

// Outcome is how a run ended.
type Outcome string

// The outcomes, each with the status its caller gets.
const (
	OK        Outcome = "ok"        // the function's own status
	Error     Outcome = "error"     // 500: exception, unhandled rejection
	Timeout   Outcome = "timeout"   // 504: wall-clock limit
	CPU       Outcome = "cpu"       // 507: executing-time limit
	Stack     Outcome = "stack"     // 500: call depth
	Memory    Outcome = "memory"    // 507: process over budget, this run executed longest
	Invalid   Outcome = "invalid"   // 502: wrong return value, status or size
	Killed    Outcome = "killed"    // 504: ignored its deadline
	Crashed   Outcome = "crashed"   // 503 or a closed connection: the worker died
	Cancelled Outcome = "cancelled" // the caller went away

	// What lists say of a run that has not ended; it has no status yet.
	Running Outcome = "running"

	// Refused before it began; its row keeps nothing of its messages.
	Busy        Outcome = "busy"        // 503: no place at the gate
	Unavailable Outcome = "unavailable" // 503: the program could not be loaded
)

// Failing are the outcomes of runs that failed.
func Failing() []Outcome {
	return []Outcome{Error, Timeout, CPU, Stack, Memory, Invalid, Killed, Crashed, Busy, Unavailable}
}

// Status is what a caller gets for an outcome that is not OK.
func (o Outcome) Status() int {
	switch o {
	case OK:
		return 200
	case Timeout, Killed:
		return 504
	case CPU, Memory:
		return 507
	case Invalid:
		return 502
	case Crashed, Busy, Unavailable:
		return 503
	case Cancelled:
		return 499
	case Running:
		return 0
	}
	return 500
}

// Field is one header field; order and repetition are kept.
type Field struct{ Name, Value string }

// Request is the HTTP message a function gets. Header names are lower case.
type Request struct {
	Method string
	URL    string // absolute, as the caller wrote it
	Header []Field
	Body   []byte
}

// Response is the HTTP message a function gave. Header names are lower case.
type Response struct {
	Status int
	Header []Field
	Body   io.Reader // nil: no body
	Size   int64     // bytes in Body, -1: unknown
}

// Script names the code that runs.
type Script struct {
	App     id.App
	AppSlug string
	ID      id.Script
	Name    string
	Version int // 0: the draft
}

// Limits of one run.
type Limits struct {
	Wall      time.Duration // from start to end
	CPU       time.Duration // executing; waits not counted
	Stack     int           // nested calls
	Response  int64         // bytes of the answer's body
	LogLines  int
	LogBytes  int // all lines together
	LineBytes int // one line
}

// DefaultLimits are the platform's.
var DefaultLimits = Limits{
	Wall: 30 * time.Second, CPU: 2 * time.Second, Stack: 2000, Response: 10 << 20,
	LogLines: 1000, LogBytes: 256 << 10, LineBytes: 16 << 10,
}

// Level of a log line.
type Level string

// The levels.
const (
	Debug Level = "debug"
	Info  Level = "info"
	Warn  Level = "warn"
	Err   Level = "error"
)

// Line is one line of a run's log.
type Line struct {
	At      time.Time
	Level   Level
	Message string
	Fields  string  // a JSON object, or empty
	Stack   []Frame // of the error it shows, in the program; the person's own places become part of Message
}

// Frame is one place in a stack, in the person's own file.
type Frame struct {
	Function string
	File     string
	Line     int // from 1
	Column   int // from 1
}

// Failure is why a run did not end OK. It is shown to the script's owner, never to its caller.
type Failure struct {
	Name    string // "TypeError", or "" where nothing was thrown
	Message string
	Stack   []Frame
}

// Result is what came of a run.
type Result struct {
	Execution id.Execution
	Outcome   Outcome
	Response  Response // set when Outcome is OK
	Failure   *Failure // set when it is not
	Lines     []Line
	Wall      time.Duration
	Executing time.Duration
}
