package execution

import (
	"errors"
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
)

// Event is something that happens while somebody watches. Its JSON form, one object a
// line, is how it travels from worker to manager.
type Event struct {
	Kind      EventKind    `json:"kind"`
	At        time.Time    `json:"at"`
	Execution id.Execution `json:"execution,omitzero"`
	App       id.App       `json:"app,omitzero"`
	Script    id.Script    `json:"script,omitzero"`

	// Of a start and an end.
	ScriptName string       `json:"scriptName,omitempty"`
	Version    int          `json:"version,omitempty"`
	Trigger    call.Trigger `json:"trigger,omitempty"`
	Method     string       `json:"method,omitempty"`
	Path       string       `json:"path,omitempty"`

	Line *LogLine `json:"line,omitempty"` // of a line

	// Of an end.
	Status    int          `json:"status,omitempty"`
	Outcome   call.Outcome `json:"outcome,omitempty"`
	WallUS    int64        `json:"wallUs,omitempty"`
	CPUUS     int64        `json:"cpuUs,omitempty"`
	LineCount int          `json:"lineCount,omitempty"`
	Failure   *Failure     `json:"failure,omitempty"`

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

// LogLine is a line of a run's log. The first has Seq 1.
type LogLine struct {
	Seq     int        `json:"seq,omitempty"` // 0 while the run goes on
	At      time.Time  `json:"at"`
	Level   call.Level `json:"level"`
	Message string     `json:"message"`
	Fields  string     `json:"fields,omitempty"` // a JSON object, or empty
}

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

func (f *Filter) wants(app id.App, script id.Script, execution id.Execution) bool {
	return f.App == app && (f.Script.IsZero() || f.Script == script) && (f.Execution.IsZero() || f.Execution == execution)
}

func started(e *Entry) Event {
	return Event{
		Kind: RunStarted, At: e.Started, Execution: e.Execution, App: e.App, Script: e.Script,
		ScriptName: e.ScriptName, Version: e.Version, Trigger: e.Trigger, Method: e.Method, Path: e.Path,
	}
}

func ended(r *Record) Event {
	e := Event{
		Kind: RunEnded, At: r.Started, Execution: r.Execution, App: r.App, Script: r.Script,
		ScriptName: r.ScriptName, Version: r.Version, Trigger: r.Trigger, Method: r.Method, Path: r.Path,
		Status: r.Status, Outcome: r.Outcome, WallUS: r.Wall.Microseconds(), CPUUS: r.Executing.Microseconds(), LineCount: len(r.Lines),
	}
	if r.Failure != nil {
		e.Failure = &Failure{Name: r.Failure.Name, Message: r.Failure.Message, Stack: r.Failure.Stack}
		if r.Limit.Name != "" {
			e.Failure.Limit = &r.Limit
		}
	}
	return e
}

// weight is about how many bytes an event takes up.
func (e *Event) weight() int {
	n := 300 + len(e.Path)
	if e.Line != nil {
		n += len(e.Line.Message) + len(e.Line.Fields)
	}
	if e.Failure != nil {
		n += len(e.Failure.Message) + 64*len(e.Failure.Stack)
	}
	return n
}
