// Package live tells those who watch what happens in this process: runs as they begin, log
// and end. While nobody watches it costs a run one atomic load a word.
package live

import (
	"errors"
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// Event is something that happens while somebody watches. Its JSON form, one object a
// line, is how it travels from worker to manager.
type Event struct {
	Kind EventKind `json:"kind"`
	At   time.Time `json:"at"`
	// Whose it is; of a line only execution, app and script are known, of Sampled and Dropped nothing.
	execution.Identity

	Line *execution.LogLine `json:"line,omitempty"` // of a line

	// Of an end.
	Status    int                `json:"status,omitempty"`
	Outcome   call.Outcome       `json:"outcome,omitempty"`
	WallUS    int64              `json:"wallUs,omitempty"`
	CPUUS     int64              `json:"cpuUs,omitempty"`
	LineCount int                `json:"lineCount,omitempty"`
	Others    int64              `json:"others,omitempty"`
	Failure   *execution.Failure `json:"failure,omitempty"`

	// Of Sampled and Dropped.
	Shown  int64 `json:"shown,omitempty"`  // runs
	Hidden int64 `json:"hidden,omitempty"` // runs that are not shown, or events that are lost
}

// EventKind says what happened.
type EventKind string

// The kinds.
const (
	RunStarted EventKind = "start"
	RunLine    EventKind = "line"
	RunEnded   EventKind = "end"
	Sampled    EventKind = "sampled" // in the last second more runs began than are shown
	Dropped    EventKind = "dropped" // the reader was too slow; it may read the lists again
)

// Filter says what to watch: an app, one of its scripts, or one run.
type Filter struct {
	App       id.App
	Script    id.Script    // zero: all
	Execution id.Execution // zero: all
}

// Encode is the filter as a text for ParseFilter.
func (f Filter) Encode() string {
	return f.App.String() + "," + f.Script.String() + "," + f.Execution.String()
}

// ParseFilter reads what Encode wrote.
func ParseFilter(text string) (f Filter, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return Filter{}, errors.New("a filter has three ids")
	}
	var faults [3]error
	f.App, faults[0] = id.Parse[id.App](parts[0])
	f.Script, faults[1] = id.Parse[id.Script](parts[1])
	f.Execution, faults[2] = id.Parse[id.Execution](parts[2])
	if err := errors.Join(faults[:]...); err != nil {
		return Filter{}, err
	}
	if f.App.IsZero() {
		return Filter{}, errors.New("a filter names an app")
	}
	return f, nil
}

func (f *Filter) wants(who *execution.Identity) bool {
	return f.App == who.App && (f.Script.IsZero() || f.Script == who.Script) && (f.Execution.IsZero() || f.Execution == who.Execution)
}

func started(who *execution.Identity) Event {
	return Event{Kind: RunStarted, At: who.Started, Identity: *who}
}

func ended(r *execution.Record) Event {
	return Event{
		Kind: RunEnded, At: r.Started, Identity: r.Identity, Failure: execution.FailureOf(r),
		Status: r.Status, Outcome: r.Outcome, WallUS: r.Wall.Microseconds(), CPUUS: r.Executing.Microseconds(), LineCount: len(r.Lines), Others: r.Others,
	}
}

// weight is about how many bytes an event takes up.
func (e *Event) weight() int {
	n := 300 + len(e.Subject)
	if e.Line != nil {
		n += len(e.Line.Message) + len(e.Line.Fields)
	}
	if e.Failure != nil {
		n += len(e.Failure.Message) + 64*len(e.Failure.Stack)
	}
	return n
}
