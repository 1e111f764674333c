package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/executiontest"
	"picloud/engine/id"
)

func newTestJournal(t testing.TB, slots, ring int) *Journal {
	t.Helper()
	j, err := Create(filepath.Join(t.TempDir(), "worker.journal"), slots, ring)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func testEntry() *Entry {
	who := executiontest.Identity()
	return &Entry{Identity: who, Deadline: who.Started.Add(30 * time.Second)}
}

func testRecord(e *Entry) *execution.Record { return executiontest.Record(e.Identity) }

func running(j *Journal) (runs []execution.Running) {
	for run := range j.Running() {
		runs = append(runs, run)
	}
	return runs
}

func TestSlotSeenFromOutside(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 4, MinRing)
	outside, err := Open(j.file.Name())
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
		run.Version != 3 || run.Cause != entry.Cause || run.Event != call.Fetch || run.Subject != "GET /anna" || run.Slot != slot.Index() {
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
	j := newTestJournal(t, 1, MinRing)
	entry := testEntry()
	entry.ScriptName, entry.Subject = strings.Repeat("n", 63), "GET /"+strings.Repeat("ü", 400)
	entry.Cause = call.Cause{Kind: call.HTTP, Root: id.New[id.Execution](), Parent: id.New[id.Execution](), Depth: 3, Attempt: 2, Source: "mail"}
	j.Begin(entry)
	run := running(j)[0]
	if run.ScriptName != entry.ScriptName || run.Cause != entry.Cause || !strings.HasPrefix(entry.Subject, run.Subject) || len(run.Subject) < 250 {
		t.Errorf("name %q cause %+v subject %q", run.ScriptName, run.Cause, run.Subject)
	}
}

func TestEverySlotTaken(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 70, 1<<20)
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
	j := newTestJournal(t, 2, MinRing)
	outside, err := Open(j.file.Name())
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
				entry.Subject = strings.Repeat(string('a'+rune(n%26)), 30+i)
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
			if want := string('a' + rune(n%26)); strings.Trim(run.Subject, want) != "" {
				t.Fatalf("subject %q in run %d", run.Subject, n)
			}
		}
	}
	close(stop)
	writers.Wait()
}

func TestNoJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x")
	for content, want := range map[string]error{
		"": ErrNone, "short": ErrNone, strings.Repeat("\x00", 300<<10): ErrNone, // it was never finished being made
		strings.Repeat("x", 3*pageSize): ErrUnreadable, "pcjrnl02" + strings.Repeat("\x00", 3*pageSize): ErrUnreadable,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", len(content), err)
		}
	}
	if _, err := Create(path, 1, MinRing); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file was overwritten: %v", err)
	}
}

func TestJournalInUse(t *testing.T) {
	t.Parallel()
	j, err := Create(filepath.Join(t.TempDir(), "j"), 1, MinRing)
	if err != nil {
		t.Fatal(err)
	}
	outside, err := Open(j.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	if err := outside.OwnerGone(); !errors.Is(err, ErrInUse) {
		t.Errorf("living owner: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := outside.OwnerGone(); err != nil {
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
