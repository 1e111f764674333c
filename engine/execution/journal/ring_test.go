package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// records are all in the ring, as its consumer would see them.
func records(t testing.TB, j *Journal) (found []execution.Record) {
	t.Helper()
	j.ring.walk(j.ring.tail.Load(), true, func(payload []byte, _ uint64) bool {
		record, _, err := execution.DecodeRecord(payload)
		if err != nil {
			t.Fatalf("record of %d bytes: %v", len(payload), err)
		}
		found = append(found, record)
		return true
	}, func(uint64) { t.Fatal("damaged record") })
	return found
}

func TestRingKeepsOrderOverManyTurns(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, MinRing)
	var sent, got uint64
	app := id.New[id.App]()
	for turn := range 5000 {
		for range rand.N(8) {
			payload := make([]byte, 8+rand.N(3000))
			binary.BigEndian.PutUint64(payload, sent)
			if !j.ring.append(app, payload, false) {
				break
			}
			sent++
		}
		take := rand.N(10)
		at := j.ring.tail.Load()
		j.ring.walk(at, false, func(payload []byte, next uint64) bool {
			if n := binary.BigEndian.Uint64(payload); n != got {
				t.Fatalf("turn %d: record %d, want %d", turn, n, got)
			}
			got++
			at = next
			take--
			return take > 0
		}, func(uint64) { t.Fatalf("turn %d: damaged", turn) })
		j.ring.advance(at)
	}
	if got < 5000 {
		t.Errorf("only %d records went through", got)
	}
}

// With no room left for its row a call does not begin, and is counted; all that began have
// their rows, whatever they log.
func TestFullRing(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 16, MinRing)
	began := map[id.Execution]bool{}
	for turn := range 50 {
		var slots []Slot
		var entries []*Entry
		for range 16 {
			entry := testEntry()
			slot := j.Begin(entry)
			if slot.Full() {
				if slot.Index() >= 0 {
					t.Fatal("a call without room has a slot")
				}
				break
			}
			slots, entries = append(slots, slot), append(entries, entry)
		}
		if len(slots) < 12 {
			t.Fatalf("turn %d: %d calls began", turn, len(slots))
		}
		for i, slot := range slots {
			if i%5 == 4 {
				slot.Discard()
				continue
			}
			record := testRecord(entries[i])
			for range rand.N(20) {
				record.Lines = append(record.Lines, call.Line{Level: call.Info, Message: strings.Repeat("x", rand.N(2000))})
			}
			record.Failure = &call.Failure{Message: strings.Repeat("\x01", rand.N(20_000)), Stack: make([]call.Frame, rand.N(60))}
			began[entries[i].Execution] = true
			slot.Finish(record)
		}
		for _, record := range records(t, j) {
			delete(began, record.Execution)
		}
		if len(began) > 0 {
			t.Fatalf("turn %d: lost row: %d of them", turn, len(began))
		}
		_, to := j.Unwritten()
		j.Advance(to)
	}
	if len(running(j)) != 0 || j.ring.room.promised != 0 || j.ring.room.fat != 0 || len(j.ring.room.apps) != 0 {
		t.Errorf("%d run, room %+v", len(running(j)), j.ring.room)
	}
	if full, _ := j.Lost(); full == 0 {
		t.Error("none was counted")
	}
}

// Nobody writes down: an app that logs much takes nothing from another, whose runs keep their
// log until their own part is full.
func TestRoomOfAnApp(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 4, 1<<20)
	finish := func(app id.App, bytes int) string {
		entry := testEntry()
		entry.App = app
		record := testRecord(entry)
		record.App, record.Lines = app, []call.Line{{Level: call.Info, Message: strings.Repeat("x", bytes)}, {Level: call.Info, Message: "end"}}
		j.Begin(entry).Finish(record)
		all := records(t, j)
		return all[len(all)-1].Lines[len(all[len(all)-1].Lines)-1].Message
	}
	evil, innocent := id.New[id.App](), id.New[id.App]()
	kept := 0
	for range 100 {
		if finish(evil, 10_000) == "end" {
			kept++
		}
	}
	if want := 1 << 20 / fatPart / appPart / 10_500; kept < want-2 || kept > want+2 {
		t.Errorf("%d logs of one app kept, want about %d", kept, want)
	}
	if got := finish(evil, 10_000); !strings.HasPrefix(got, "Log (2 lines) and messages not kept") {
		t.Errorf("its next run says %q", got)
	}
	for range 10 {
		if got := finish(innocent, 10_000); got != "end" {
			t.Errorf("another app's run says %q", got)
		}
	}
	for range 10_000 { // refused calls, which nothing was promised
		entry := testEntry()
		j.NoSlot().Finish(testRecord(entry))
	}
	if slot := j.Begin(testEntry()); slot.Full() {
		t.Error("refused calls leave no room for those that run")
	}
	if full, _ := j.Lost(); full == 0 {
		t.Error("refused calls without a row are not counted")
	}
}

func TestDeadProducer(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, MinRing)
	var want []id.Execution
	for i := range 20 {
		entry := testEntry()
		if i%5 == 2 {
			place, ok := j.ring.reserve(entry.App, 320, false)
			if !ok {
				t.Fatal("no room")
			}
			copy(j.ring.data[place+headerSize:], bytes.Repeat([]byte{byte(i)}, 100))
			continue
		}
		want = append(want, entry.Execution)
		j.Begin(entry).Finish(testRecord(entry))
	}
	alive := 0
	j.ring.walk(0, false, func([]byte, uint64) bool { alive++; return true }, func(uint64) { t.Error("damaged") })
	if alive != 2 {
		t.Errorf("consumer of a living producer got %d records, want the 2 before the gap", alive)
	}
	got := records(t, j)
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Execution != want[i] {
			t.Errorf("record %d is another", i)
		}
	}
}

func TestDamagedRecordsHoldUpNothing(t *testing.T) {
	t.Parallel()
	for range 300 {
		j := newTestJournal(t, 1, MinRing)
		for range 10 {
			entry := testEntry()
			j.Begin(entry).Finish(testRecord(entry))
		}
		for range 1 + rand.N(20) {
			j.ring.data[rand.N(j.ring.head.Load())] ^= byte(1 + rand.N(255))
		}
		taken, damaged := 0, 0
		j.ring.walk(0, true, func(payload []byte, _ uint64) bool {
			_, _, err := execution.DecodeRecord(payload)
			if err != nil {
				t.Errorf("a damaged record was trusted: %v", err)
			}
			taken++
			return true
		}, func(uint64) { damaged++ })
		if taken+damaged > 10 {
			t.Errorf("%d records and %d damaged of 10", taken, damaged)
		}
	}
}

func TestManyProducers(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 64, 1<<20)
	const producers, each = 8, 2000
	var group sync.WaitGroup
	for range producers {
		group.Go(func() {
			for range each {
				entry := testEntry()
				slot := j.Begin(entry)
				slot.Executing()
				slot.Finish(testRecord(entry))
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	seen := make(map[id.Execution]bool)
	for finished := false; ; {
		select {
		case <-done:
			finished = true
		default:
		}
		at := j.ring.tail.Load()
		j.ring.walk(at, false, func(payload []byte, next uint64) bool {
			v, err := execution.Parse(payload)
			if err != nil || seen[v.Execution] {
				t.Errorf("bad or repeated record: %v", err)
			}
			seen[v.Execution] = true
			at = next
			return true
		}, func(uint64) { t.Error("damaged") })
		j.ring.advance(at)
		if finished && j.ring.empty() {
			break
		}
	}
	full, refused := j.Lost()
	if len(seen)+int(full) != producers*each || refused != 0 {
		t.Errorf("%d seen, %d dropped, %d refused of %d", len(seen), full, refused, producers*each)
	}
	if got := running(j); got != nil {
		t.Errorf("%d still running", len(got))
	}
}

// Whoever writes records down sleeps while there are none, and is woken by the first.
func TestAwait(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 4, MinRing)
	ctx, cancel := context.WithCancel(t.Context())
	woken := make(chan bool)
	go func() {
		for j.Await(ctx, func() {}) {
			_, to := j.Unwritten()
			j.Advance(to)
			woken <- true
		}
		close(woken)
	}()
	for range 3 {
		for !j.ring.sleeping.Load() {
			runtime.Gosched()
		}
		j.NoSlot().Finish(testRecord(testEntry()))
		<-woken
	}
	for !j.ring.sleeping.Load() {
		runtime.Gosched()
	}
	cancel()
	if <-woken {
		t.Error("woken for nothing")
	}
}
