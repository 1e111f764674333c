package execution

import (
	"time"

	"picloud/engine/call"
	"picloud/engine/execution/redact"
)

// Record is a finished run. Texts may hold anything: what PostgreSQL would refuse (NUL,
// invalid UTF-8) is replaced when the record is encoded.
type Record struct {
	Identity
	Status    int // what an HTTP caller got; 0: nobody
	Outcome   call.Outcome
	Wall      time.Duration
	Executing time.Duration
	Failure   *call.Failure // nil: ended well
	Limit     Limit         // the limit that ended it, if one did
	Lines     []call.Line
	Others    int64 // more calls like this one in the same minute, which have no record of their own

	// What is captured, and of which messages. Both are read while the record is encoded.
	Policy   Policy
	Request  *call.Request
	Response ResponseHead
	Spans    []call.Span
	Secrets  *redact.Values // what is to be found in them; the other texts are clean
}

// captures tells whether messages are kept.
func (r *Record) captures() bool {
	return r.Request != nil && r.Policy.keeps()
}

// Limit is a bound that a run reached.
type Limit struct {
	Name  string // "wall", "cpu", "stack", "memory", "response"; empty: none
	Value int64  // in Unit
	Unit  string // "ms", "calls", "bytes"
}

// ResponseHead is what can be captured of an answer.
type ResponseHead struct {
	Header []call.Field
	Body   []byte // its beginning; of more than 16 KiB the rest is not kept
	Size   int64  // bytes of the whole body, -1: unknown
}

// Failure is the stored form of why a run did not end well.
type Failure struct {
	Name    string       `json:"name,omitempty"`
	Message string       `json:"message"`
	Stack   []call.Frame `json:"stack,omitempty"`
	Limit   *Limit       `json:"limit,omitempty"`
}

// FailureOf is the stored form of a record's failure; nil: it ended well.
func FailureOf(r *Record) *Failure {
	if r.Failure == nil {
		return nil
	}
	f := &Failure{Name: r.Failure.Name, Message: r.Failure.Message, Stack: r.Failure.Stack}
	if r.Limit.Name != "" {
		f.Limit = &r.Limit
	}
	return f
}

// LogLine is a line of a run's log. The first has Seq 1.
type LogLine struct {
	Seq     int        `json:"seq,omitempty"` // 0 while the run goes on
	At      time.Time  `json:"at"`
	Level   call.Level `json:"level"`
	Message string     `json:"message"`
	Fields  string     `json:"fields,omitempty"` // a JSON object, or empty
}

// Running is a call in a slot of a journal, as it was at one instant.
type Running struct {
	Identity
	Program        [32]byte // SHA-256 of what it runs; zero: not known
	Deadline       time.Time
	Slot           int
	Waiting        bool          // holds no processor
	Executing      time.Duration // all its stretches together
	ExecutingSince time.Time     // when the present stretch began; zero when Waiting
}

// Bounds of what is kept of a text, in bytes.
const (
	maxName    = 128
	maxWord    = 32
	maxSubject = maxWord + 2<<10
	maxMessage = 16 << 10
	maxFrames  = 50
	maxURL     = 4 << 10
	maxHeads   = 16 << 10 // the fields of one message
	maxBody    = 16 << 10
)
