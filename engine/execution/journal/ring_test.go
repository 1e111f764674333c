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
	for turn := range 5000 {
		for range rand.N(8) {
			payload := make([]byte, 8+rand.N(3000))
			binary.BigEndian.PutUint64(payload, sent)
			if !j.ring.append(payload) {
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

func TestFullRingDropsAndCounts(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, MinRing)
	kept := 0
	for full := int64(0); full < 10; full, _ = j.Lost() {
		entry := testEntry()
		j.Begin(entry).Finish(testRecord(entry))
		kept++
	}
	if got := len(records(t, j)); got != kept-10 || got < 50 {
		t.Errorf("%d of %d records kept, 10 lost", got, kept)
	}
	if len(running(j)) != 0 {
		t.Error("a dropped record holds its slot")
	}
	j.ring.advance(j.ring.head.Load())
	if j.ring.head.Load()%j.ring.size != 0 {
		t.Error("an empty ring does not begin at its first place")
	}
	if entry := testEntry(); !j.ring.append(execution.AppendRecord(nil, testRecord(entry))) {
		t.Error("an emptied ring takes nothing")
	}
	if j.ring.append(make([]byte, MinRing/2)) {
		t.Error("a record of half the ring was taken")
	}
}

// What a producer left half done is stepped over; everything else is found.
// A run that logged more than a record may hold has its row, and a line that says so.
func TestRecordOverTheRoomOfARecord(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, MinRing)
	entry := testEntry()
	slot := j.Begin(entry)
	long := make([]call.Line, 100)
	for i := range long {
		long[i] = call.Line{Level: call.Info, Message: strings.Repeat("x", MinRing/100)}
	}
	slot.Finish(&execution.Record{Identity: entry.Identity, Outcome: call.OK, Status: 200, Lines: long})
	found := records(t, j)
	if full, _ := j.Lost(); full != 0 || len(found) != 1 || found[0].Execution != entry.Execution || found[0].Status != 200 ||
		len(found[0].Lines) != 1 || !strings.Contains(found[0].Lines[0].Message, "The log (100 lines)") {
		t.Errorf("%d lost, %d records: %+v", full, len(found), found)
	}
}

func TestDeadProducer(t *testing.T) {
	t.Parallel()
	j := newTestJournal(t, 1, MinRing)
	var want []id.Execution
	for i := range 20 {
		entry := testEntry()
		if i%5 == 2 {
			place, ok := j.ring.reserve(320)
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
