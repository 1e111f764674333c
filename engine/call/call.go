// Package call is the vocabulary of one run of a function: what goes in, what comes
// out, and how it ended. It has no behaviour of its own.
package call

import (
	"time"

	"picloud/engine/body"
	"picloud/engine/id"
)

// Call is one run that is asked for: whose code, why, about what and how far it may go.
type Call struct {
	Execution id.Execution // zero: whoever runs it makes one
	Cause     Cause
	Script    Script
	Event     Event
	Limits    Limits
}

// Cause is what brought a run about. The zero value but for Kind is a run that nothing here
// had caused: its own root, tried for the first time.
type Cause struct {
	Kind    Kind
	Root    id.Execution // the run with which the chain began; zero: this one
	Parent  id.Execution // the run that caused this one; zero: none did
	Depth   int          // runs between it and the root; 0: it is the root
	Attempt int          // how often the same event has been tried, with this one; 0 and 1: the first
	Source  string       // which one of its kind: the name of a schedule or a queue, or of the module whose draft another script ran with; empty: there is but one
}

// Kind is what sort of thing causes runs.
type Kind string

// The kinds of cause.
const (
	HTTP  Kind = "http"  // a call of the public URL
	Draft Kind = "draft" // a person ran the draft

	Function Kind = "function" // another run fetched its URL
)

// Event is what a run is about. Exactly one of its fields is set.
type Event struct {
	Request *Request
}

// EventKind is which sort of event it is: the name of the handler's method that gets it.
type EventKind string

// The kinds of event.
const (
	Fetch EventKind = "fetch" // an HTTP request
)

// Kind is the event's kind.
func (e Event) Kind() EventKind { return Fetch }

// Subject says in short what the event is: "GET /orders/7".
func (e Event) Subject() string { return e.Request.Method + " " + e.Request.Path }

// Outcome is how a run ended.
type Outcome string

// The outcomes, each with the status its caller gets.
const (
	OK        Outcome = "ok"        // the function's own status
	Error     Outcome = "error"     // 500: exception, unhandled rejection
	Timeout   Outcome = "timeout"   // 504: wall-clock limit
	CPU       Outcome = "cpu"       // 507: executing-time limit
	Stack     Outcome = "stack"     // 500: call depth
	Memory    Outcome = "memory"    // 507: the run, its app or the process held too much, and this run the most of it
	Invalid   Outcome = "invalid"   // 502: wrong return value, status or size
	Killed    Outcome = "killed"    // 504: ignored its deadline
	Crashed   Outcome = "crashed"   // 503 or a closed connection: the worker died
	Cancelled Outcome = "cancelled" // the caller went away

	// What lists say of a run that has not ended; it has no status yet.
	Running Outcome = "running"

	// Refused before it began; its row keeps nothing of its messages.
	Busy        Outcome = "busy"        // 503: no place at the gate
	Unavailable Outcome = "unavailable" // 503: the program could not be loaded, or no worker was ready
	Paused      Outcome = "paused"      // 503: it has ended its process again and again
)

// Outcomes are all there are.
func Outcomes() []Outcome {
	return []Outcome{Error, Timeout, CPU, Stack, Memory, Invalid, Killed, Crashed, Busy, Unavailable, Paused, OK, Cancelled, Running}
}

// Failed tells whether a run that ended so, with this status, counts as a failure: its own
// 5xx answers do, a caller who went away does not.
func (o Outcome) Failed(status int) bool {
	switch o {
	case OK:
		return status >= 500
	case Cancelled, Running:
		return false
	}
	return true
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
	case Crashed, Busy, Unavailable, Paused:
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
	Path   string // of the URL, raw, without the query: what is below the script's own address
	Header []Field
	Body   *body.Body // nil: none
}

// Response is the HTTP message a function gave. Header names are lower case.
type Response struct {
	Status int
	Header []Field
	Body   *body.Body // nil: none
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
	Fetches   int // requests of its own
}

// DefaultLimits are the platform's.
var DefaultLimits = Limits{
	Wall: 30 * time.Second, CPU: 2 * time.Second, Stack: 2000, Response: 10 << 20,
	LogLines: 1000, LogBytes: 256 << 10, LineBytes: 16 << 10, Fetches: 50,
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

// Span is a stretch of a run's time that it did not execute in, or something outside that it
// asked for meanwhile. Spans may overlap.
type Span struct {
	Kind     SpanKind
	Subject  string        // of a request: "GET https://api.example.com/v1/users"
	Start    time.Duration // since the run began
	Took     time.Duration
	Status   int          // of an answer; 0: there was none
	Sent     int64        // bytes of the body that was sent
	Received int64        // bytes of the body that came, decoded
	Failure  string       // why it came to nothing, a sentence; "": it did not
	Note     string       // what else there is to know, such as the entry of a list that allowed it
	Child    id.Execution // the run that it was; zero: none
}

// SpanKind is what sort of thing took the time.
type SpanKind string

// The kinds.
const (
	Waiting  SpanKind = "wait"  // for a timer, or for what other spans are about
	Fetching SpanKind = "fetch" // a request of the function's own
)

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
	Spans     []Span    // in the order in which they began
	Began     time.Time // zero: it did not
	Wall      time.Duration
	Executing time.Duration
}
