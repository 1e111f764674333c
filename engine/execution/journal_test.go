package execution

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
)

func newTestJournal(t testing.TB, slots, ring int) *Journal {
	t.Helper()
	j, err := CreateJournal(filepath.Join(t.TempDir(), "worker.journal"), slots, ring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func testEntry() *Entry {
	now := time.Now()
	return &Entry{
		Execution: id.New[id.Execution](), App: id.New[id.App](), Script: id.New[id.Script](), ScriptName: "hello", Version: 3,
		Trigger: call.HTTP, Method: "GET", Path: "/anna", Started: now, Deadline: now.Add(30 * time.Second),
	}
}

func testRecord(e *Entry) *Record {
	return &Record{
		Execution: e.Execution, App: e.App, Script: e.Script, ScriptName: e.ScriptName, Version: e.Version, Trigger: e.Trigger,
		Method: e.Method, Path: e.Path, Status: 200, Outcome: call.OK, Started: e.Started, Wall: 1500 * time.Microsecond, Executing: time.Millisecond,
		Policy: CaptureHeads,
		Request: &call.Request{Method: e.Method, URL: "http://localhost:8080/fn/default/hello/anna?token=abc&x=1", Header: []call.Field{
			{Name: "host", Value: "localhost:8080"}, {Name: "user-agent", Value: "curl/8.0"}, {Name: "accept", Value: "*/*"}, {Name: "authorization", Value: "Bearer abc"},
		}},
		Response: ResponseHead{Header: []call.Field{{Name: "content-type", Value: "text/plain;charset=UTF-8"}}, Body: []byte("Hello"), Size: 5},
	}
}

func running(j *Journal) (runs []Running) {
	for run := range j.Running() {
		runs = append(runs, run)
	}
	return runs
}

func TestSlotSeenFromOutside(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 4, minRing)
	outside, err := OpenJournal(j.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	if got := running(outside); got != nil {
		t.Fatalf("idle journal runs %v", got)
	}
	entry := testEntry()
	slot := j.Begin(entry)
	slot.Executing()
	got := running(outside)
	if len(got) != 1 {
		t.Fatalf("%d runs, want 1", len(got))
	}
	run := got[0]
	if run.Execution != entry.Execution || run.App != entry.App || run.Script != entry.Script || run.ScriptName != "hello" ||
		run.Version != 3 || run.Trigger != call.HTTP || run.Method != "GET" || run.Path != "/anna" || run.Slot != slot.Index() {
		t.Errorf("run is %+v", run)
	}
	if run.Waiting || run.ExecutingSince.IsZero() {
		t.Errorf("run does not execute: %+v", run)
	}
	if off := run.Deadline.Sub(entry.Deadline).Abs(); off > 50*time.Millisecond {
		t.Errorf("deadline is %v off", off)
	}
	if off := run.Started.Sub(entry.Started).Abs(); off > time.Millisecond {
		t.Errorf("start is %v off", off)
	}
	slot.Waiting()
	if run = running(outside)[0]; !run.Waiting || run.Executing <= 0 {
		t.Errorf("run does not wait, or never executed: %+v", run)
	}
	slot.Expire(time.Now().Add(-time.Hour))
	if run = running(outside)[0]; time.Since(run.Deadline) < 59*time.Minute {
		t.Errorf("deadline %v did not move", run.Deadline)
	}
	slot.Finish(testRecord(entry))
	if got := running(outside); got != nil {
		t.Errorf("finished run is still there: %v", got)
	}
	slot.Executing()
	slot.Finish(testRecord(entry))
	if n := len(records(t, outside)); n != 1 {
		t.Errorf("%d records after a second Finish, want 1", n)
	}
}

func TestLongTextsAreCutInSlot(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, minRing)
	entry := testEntry()
	entry.ScriptName, entry.Path = strings.Repeat("n", 63), "/"+strings.Repeat("ü", 400)
	j.Begin(entry)
	run := running(j)[0]
	if run.ScriptName != entry.ScriptName || !strings.HasPrefix(entry.Path, run.Path) || len(run.Path) < 60 {
		t.Errorf("name %q path %q", run.ScriptName, run.Path)
	}
}

func TestEverySlotTaken(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 70, minRing)
	var slots []Slot
	for range 70 {
		slot := j.Begin(testEntry())
		if slot.Index() < 0 {
			t.Fatal("no slot left")
		}
		slots = append(slots, slot)
	}
	entry := testEntry()
	extra := j.Begin(entry)
	if extra.Index() >= 0 {
		t.Fatalf("slot %d of 70", extra.Index())
	}
	extra.Executing()
	extra.Waiting()
	extra.Finish(testRecord(entry))
	if len(running(j)) != 70 || len(records(t, j)) != 1 {
		t.Errorf("%d running, %d records", len(running(j)), len(records(t, j)))
	}
	slots[66].Discard()
	if again := j.Begin(testEntry()); again.Index() != 66 {
		t.Errorf("freed slot 66, got %d", again.Index())
	}
	slots[66].Finish(testRecord(entry))
	if len(running(j)) != 70 {
		t.Error("an old slot freed its successor")
	}
}

// A reader may never see fields of two runs mixed.
func TestSlotNeverHalfWritten(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 2, minRing)
	outside, err := OpenJournal(j.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 2 {
		writers.Go(func() {
			entry := testEntry()
			for n := byte(0); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				for k := range 16 {
					entry.Execution[k], entry.App[k], entry.Script[k] = n, n, n
				}
				entry.Path = strings.Repeat(string('a'+rune(n%26)), 30+i)
				slot := j.Begin(entry)
				slot.Executing()
				slot.Waiting()
				slot.Discard()
			}
		})
	}
	for range 20000 {
		for run := range outside.Running() {
			n := run.Execution[0]
			for k := range 16 {
				if run.Execution[k] != n || run.App[k] != n || run.Script[k] != n {
					t.Fatalf("mixed run %+v", run)
				}
			}
			if want := string('a' + rune(n%26)); strings.Trim(run.Path, want) != "" {
				t.Fatalf("path %q in run %d", run.Path, n)
			}
		}
	}
	close(stop)
	writers.Wait()
}

func TestNoJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x")
	for _, content := range []string{"", "short", strings.Repeat("x", 3*pageSize), strings.Repeat("\x00", 300<<10)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenJournal(path); !errors.Is(err, ErrNoJournal) {
			t.Errorf("%d bytes: %v", len(content), err)
		}
	}
	if _, err := CreateJournal(path, 1, minRing); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file was overwritten: %v", err)
	}
}

func TestJournalInUse(t *testing.T) {
	t.Parallel()
	j, err := CreateJournal(filepath.Join(t.TempDir(), "j"), 1, minRing)
	if err != nil {
		t.Fatal(err)
	}
	outside, err := OpenJournal(j.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	if err := outside.ownerGone(); !errors.Is(err, ErrInUse) {
		t.Errorf("living owner: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := outside.ownerGone(); err != nil {
		t.Errorf("owner gone: %v", err)
	}
}

func BenchmarkBeginFinish(b *testing.B) {
	j := newTestJournal(b, DefaultSlot, DefaultRing)
	entry := testEntry()
	record := testRecord(entry)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		slot := j.Begin(entry)
		slot.Executing()
		slot.Waiting()
		slot.Finish(record)
		if i%1000 == 999 {
			j.ring.advance(j.ring.head.Load())
		}
	}
}
