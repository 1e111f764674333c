package execution

import (
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
)

// Record is a finished run. Texts may hold anything: what PostgreSQL would refuse (NUL,
// invalid UTF-8) is replaced when the record is encoded.
type Record struct {
	Execution  id.Execution
	App        id.App
	Script     id.Script
	ScriptName string
	Version    int // 0: the draft
	Trigger    call.Trigger
	Method     string
	Path       string // up to 2 KiB are kept
	Status     int
	Outcome    call.Outcome
	Started    time.Time
	Wall       time.Duration
	Executing  time.Duration
	Failure    *call.Failure // nil: ended well
	Limit      Limit         // the limit that ended it, if one did
	Lines      []call.Line

	// What is captured, and of which messages. Both are read while the record is encoded.
	Policy   Policy
	Request  *call.Request
	Response ResponseHead
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

// Bounds of what is kept of a text, in bytes.
const (
	maxName    = 128
	maxMethod  = 32
	maxPath    = 2 << 10
	maxMessage = 16 << 10
	maxFrames  = 50
	maxURL     = 4 << 10
	maxHeads   = 16 << 10 // the fields of one message
	maxBody    = 16 << 10
)
