package live

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
)

// entryFor is a call of a script.
func newJournal(t testing.TB, slots, ring int) *journal.Journal {
	t.Helper()
	j, err := journal.Create(filepath.Join(t.TempDir(), "worker.journal"), slots, ring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func testEntry() *journal.Entry {
	who := executiontest.Identity()
	return &journal.Entry{Identity: who, Deadline: who.Started.Add(30 * time.Second)}
}

func testRecord(e *journal.Entry) *execution.Record { return executiontest.Record(e.Identity) }

func entryFor(app id.App, script id.Script) *journal.Entry {
	entry := testEntry()
	entry.App, entry.Script = app, script
	return entry
}

func take(t *testing.T, events <-chan Event) Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("no event")
		return Event{}
	}
}

func TestLiveShowsWhatIsWanted(t *testing.T) {
	t.Parallel()
	j := newJournal(t, 16, journal.MinRing)
	live := NewHub(j)
	app, script := id.New[id.App](), id.New[id.Script]()
	already := entryFor(app, script)
	running := j.Begin(already)
	j.Begin(entryFor(app, id.New[id.Script]()))
	j.Begin(testEntry())

	events, leave := live.Subscribe(Filter{App: app, Script: script})
	defer leave()
	if e := take(t, events); e.Kind != RunStarted || e.Execution != already.Execution || e.ScriptName != "hello" || e.Subject != "GET /anna" {
		t.Errorf("replay %+v", e)
	}
	live.Start(&already.Identity) // heard twice, told once
	entry, strange := entryFor(app, script), testEntry()
	for _, e := range []*journal.Entry{strange, entry} {
		slot := j.Begin(e)
		live.Start(&e.Identity)
		live.Line(&e.Identity, call.Line{At: e.Started, Level: call.Warn, Message: "m", Fields: "{}"})
		record := testRecord(e)
		record.Failure, record.Limit = &call.Failure{Message: "f"}, execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}
		slot.Finish(record)
		live.End(record)
	}
	record := testRecord(already)
	running.Finish(record)
	live.End(record)
	for i, want := range []EventKind{RunStarted, RunLine, RunEnded, RunEnded} {
		e := take(t, events)
		if e.Kind != want || e.Execution != map[bool]id.Execution{true: already.Execution, false: entry.Execution}[i == 3] {
			t.Fatalf("event %d: %+v", i, e)
		}
		if want == RunLine && (e.Line == nil || e.Line.Message != "m" || e.Line.Level != call.Warn) {
			t.Errorf("line %+v", e.Line)
		}
		if i == 2 && (e.Failure == nil || e.Failure.Limit.Value != 2000 || e.Outcome != call.OK || e.WallUS != 1500) {
			t.Errorf("end %+v", e)
		}
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back Event
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		e.At, back.At = e.At.UTC().Round(0), back.At.UTC()
		e.Started, back.Started = e.Started.UTC().Round(0), back.Started.UTC()
		if e.Line != nil {
			back.Line.At = e.Line.At
		}
		if !reflect.DeepEqual(e, back) {
			t.Errorf("%+v came back as %+v", e, back)
		}
	}
	leave()
	if _, open := <-events; open {
		t.Error("the channel is open after leaving")
	}
	if live.watching.Load() != 0 {
		t.Error("somebody still watches")
	}
	live.Start(&entry.Identity)
	live.End(record)
}

func TestLiveSamples(t *testing.T) {
	t.Parallel()
	j := newJournal(t, 16, journal.MinRing)
	synctest.Test(t, func(t *testing.T) {
		live := NewHub(j)
		app := id.New[id.App]()
		events, leave := live.Subscribe(Filter{App: app})
		defer leave()
		chosen := entryFor(app, id.New[id.Script]())
		alone, leaveAlone := live.Subscribe(Filter{App: app, Execution: chosen.Execution})
		defer leaveAlone()
		for second := range 3 {
			for i := range 80 {
				entry := entryFor(app, id.New[id.Script]())
				if i == 79 {
					entry = chosen
				}
				live.Start(&entry.Identity)
				live.Line(&entry.Identity, call.Line{})
				live.End(testRecord(entry))
			}
			counts := make(map[EventKind]int)
			for range 151 {
				e := <-events
				if counts[e.Kind]++; e.Kind == Sampled && (e.Shown != 50 || e.Hidden != 30) {
					t.Errorf("second %d: %+v", second, e)
				}
			}
			if counts[RunStarted] != 50 || counts[RunLine] != 50 || counts[RunEnded] != 50 || counts[Sampled] != 1 {
				t.Errorf("second %d: %v", second, counts)
			}
			for range 3 {
				if e := <-alone; e.Execution != chosen.Execution {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}

func TestLiveSlowReader(t *testing.T) {
	t.Parallel()
	j := newJournal(t, 16, journal.MinRing)
	synctest.Test(t, func(t *testing.T) {
		live := NewHub(j)
		entry := testEntry()
		events, leave := live.Subscribe(Filter{App: entry.App})
		defer leave()
		live.Start(&entry.Identity)
		synctest.Wait() // the pump holds the start in its hand
		for range liveEvents + 500 {
			live.Line(&entry.Identity, call.Line{Message: "m"})
		}
		lines, dropped := 0, int64(0)
		<-events
		for dropped == 0 {
			switch e := <-events; e.Kind {
			case RunLine:
				lines++
			case Dropped:
				dropped = e.Hidden
			}
		}
		if lines != liveEvents || dropped != 500 {
			t.Errorf("%d lines, %d dropped", lines, dropped)
		}
		live.End(testRecord(entry))
		if e := <-events; e.Kind != RunEnded {
			t.Errorf("%+v", e)
		}
	})
}

func TestFilterText(t *testing.T) {
	t.Parallel()
	want := Filter{App: id.New[id.App](), Execution: id.New[id.Execution]()}
	if got, err := ParseFilter(want.Encode()); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	for _, text := range []string{"", ",,", "a,b,c", Filter{}.Encode(), want.Encode() + ","} {
		if _, err := ParseFilter(text); err == nil {
			t.Errorf("%q is a filter", text)
		}
	}
}

func TestLiveUnwatchedCostsNothing(t *testing.T) {
	live := NewHub(newJournal(t, 1, journal.MinRing))
	entry := testEntry()
	record := testRecord(entry)
	if n := testing.AllocsPerRun(100, func() {
		live.Start(&entry.Identity)
		live.Line(&entry.Identity, call.Line{})
		live.End(record)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLiveUnwatched(b *testing.B) {
	live := NewHub(newJournal(b, 1, journal.MinRing))
	entry := testEntry()
	for b.Loop() {
		live.Start(&entry.Identity)
	}
}
