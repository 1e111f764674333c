// Package executiontest makes the runs that tests of what happened need.
package executiontest

import (
	"crypto/rand"
	"fmt"
	"iter"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// Identity is a run of version 3 of a script "hello", about GET /anna, that begins now.
func Identity() execution.Identity {
	return execution.Identity{
		Execution: id.New[id.Execution](), App: id.New[id.App](), Script: id.New[id.Script](), ScriptName: "hello", Version: 3,
		Cause: call.Cause{Kind: call.HTTP}, Event: call.Fetch, Subject: "GET /anna", Started: time.Now(),
	}
}

// Record is how that run ended: well, with the heads of its messages kept.
func Record(who execution.Identity) *execution.Record {
	method, _ := who.HTTP()
	return &execution.Record{
		Identity: who, Status: 200, Outcome: call.OK, Wall: 1500 * time.Microsecond, Executing: time.Millisecond,
		Policy: execution.CaptureHeads,
		Request: &call.Request{Method: method, URL: "http://localhost:8080/fn/default/hello/anna?token=abc&x=1", Header: []call.Field{
			{Name: "host", Value: "localhost:8080"}, {Name: "user-agent", Value: "curl/8.0"}, {Name: "accept", Value: "*/*"}, {Name: "authorization", Value: "Bearer abc"},
		}},
		Response: execution.ResponseHead{Header: []call.Field{{Name: "content-type", Value: "text/plain;charset=UTF-8"}}, Body: []byte("Hello"), Size: 5},
	}
}

// FullRecord is a run that reached a limit, with all that a record can have.
func FullRecord() *execution.Record {
	r := Record(Identity())
	r.Cause = call.Cause{Kind: call.HTTP, Root: id.New[id.Execution](), Parent: id.New[id.Execution](), Depth: 2, Attempt: 3, Source: "mail"}
	r.Outcome, r.Status, r.Policy = call.CPU, 507, execution.CaptureAll
	r.Failure = &call.Failure{Name: "TypeError", Message: "no \"x\" \\ \x01 \n here", Stack: []call.Frame{
		{Function: "greet", File: "hello.ts", Line: 3, Column: 14}, {Function: "", File: "hello.ts", Line: 9, Column: 1},
	}}
	r.Limit = execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}
	r.Lines = []call.Line{
		{At: time.UnixMicro(1_764_000_000_000_001).UTC(), Level: call.Info, Message: "one"},
		{At: time.UnixMicro(1_764_000_000_000_002).UTC(), Level: call.Err, Message: "two", Fields: `{"a":1}`},
	}
	r.Started = r.Started.Truncate(time.Microsecond).UTC()
	return r
}

// At is the id of a run that began at a time.
func At(at time.Time) id.Execution {
	run := id.Earliest[id.Execution](at)
	_, _ = rand.Read(run[6:])
	run[6], run[8] = run[6]&0x0f|0x70, run[8]&0x3f|0x80
	return run
}

// World is an app with its scripts, in whose name rows are made.
type World struct {
	App     id.App
	Scripts []id.Script
}

// NewWorld makes one with so many scripts.
func NewWorld(scripts int) World {
	w := World{App: id.New[id.App]()}
	for range scripts {
		w.Scripts = append(w.Scripts, id.New[id.Script]())
	}
	return w
}

// Runs gives n runs of a world, evenly over a time. One in fifty fails, one in twenty logs a
// line; the last script runs one time in ten thousand.
func (w World) Runs(n int, from, to time.Time) iter.Seq[*execution.Record] {
	return func(yield func(*execution.Record) bool) {
		for i := range n {
			at := from.Add(time.Duration(float64(to.Sub(from)) * float64(i) / float64(n)))
			who := Identity()
			who.Execution, who.App, who.Script, who.Started = At(at), w.App, w.Scripts[mathrand.N(max(len(w.Scripts)-1, 1))], at
			who.Version, who.Subject = 1+i*5/n, fmt.Sprintf("GET /item/%d", i%1000)
			record := Record(who)
			record.Wall = time.Duration(mathrand.N(20_000)) * time.Microsecond
			switch {
			case i%10_000 == 5000:
				record.Script = w.Scripts[len(w.Scripts)-1]
			case i%50 == 7:
				record.Outcome, record.Status = call.Error, 500
				record.Failure = &call.Failure{Name: "TypeError", Message: fmt.Sprintf("cannot read property %d of undefined", i)}
			case i%20 == 3:
				record.Lines = []call.Line{{At: at, Level: call.Info, Message: fmt.Sprintf("needle %d", i)}}
			}
			if !yield(record) {
				return
			}
		}
	}
}

// Reading is somebody's grant to read an app.
func Reading(t testing.TB, app id.App) actor.Grant {
	t.Helper()
	grant, err := actor.Allow(actor.Actor{User: id.New[id.User]()}, actor.ReadApp, app)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}
