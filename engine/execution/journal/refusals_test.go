package journal

import (
	"fmt"
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/id"
)

// refused is a call that was refused.
func refused(script id.Script) *execution.Record {
	who := executiontest.Identity()
	who.Script = script
	return &execution.Record{Identity: who, Status: 503, Outcome: call.Unavailable, Failure: &call.Failure{Message: "Refused."}, Policy: execution.CaptureOff}
}

// counted are the calls that the records stand for.
func counted(t *testing.T, all []execution.Record) (calls int) {
	t.Helper()
	for _, record := range all {
		calls++
		if _, rest, found := strings.Cut(record.Failure.Message, "And "); found {
			var more int
			if _, err := fmt.Sscan(rest, &more); err != nil {
				t.Fatal(record.Failure.Message)
			}
			calls += more
		}
	}
	return calls
}

// Of many refused calls a few have a row each, the others one together, for each script.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, 1<<20)
	r := NewRefusals(j)
	flooded, quiet := id.New[id.Script](), id.New[id.Script]()
	own := 0
	for range 1000 {
		if r.Add(refused(flooded)) {
			own++
		}
	}
	if !r.Add(refused(quiet)) {
		t.Error("the only call of a script has no row of its own")
	}
	r.Close()
	if r.Add(refused(quiet)) {
		t.Error("taken after the end")
	}
	all := records(t, j)
	if rows := len(all); own < ownRows || rows > 1000/2 || counted(t, all) != 1001 {
		t.Errorf("%d rows stand for %d calls, %d of them for one each", rows, counted(t, all), own)
	}
}

// While nothing leaves the ring, refused calls are counted and none is lost.
func TestRefusalsFillNoRing(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, 1<<20)
	r := NewRefusals(j)
	const scripts, calls = 200, 30
	names := make([]id.Script, scripts)
	for n := range names {
		names[n] = id.New[id.Script]()
	}
	for range calls {
		for _, script := range names {
			r.Add(refused(script))
		}
		r.settle(false)
	}
	if j.Pending() < j.Room()/3 || j.Pending() > j.Room()*4/5 {
		t.Errorf("%d of %d bytes wait", j.Pending(), j.Room())
	}
	all := records(t, j)
	j.Advance(j.ring.head.Load())
	r.Close()
	all = append(all, records(t, j)...)
	full, refused := j.Lost()
	if got := counted(t, all); full+refused > 0 || got != scripts*calls {
		t.Errorf("lost row: %d calls in %d rows, want %d; %d lost", got, len(all), scripts*calls, full+refused)
	}
}
