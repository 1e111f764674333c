package journal

import (
	"encoding/binary"
	"hash/crc32"
	"sync"
	"sync/atomic"

	"picloud/engine/id"
)

// ring is a queue of records between many producers and one consumer. Head and tail only
// grow; modulo the size they are places. A record is never split: what is left before
// the end is filled with a pad.
//
//	word 0: state<<32 | bytes with header and alignment     word 1: CRC-32C<<32 | bytes of the payload
type ring struct {
	data       []byte
	size       uint64
	head, tail *atomic.Uint64

	mu   sync.Mutex // one producer reserves at a time; the copying is done outside
	room room
	peak uint64 // furthest place used since pages were given back

	sleeping atomic.Bool
	wake     chan struct{}
	crowd    atomic.Int64 // records appended since the consumer last looked
}

type recordState uint64

const (
	reserved recordState = iota + 1 // its producer still copies
	committed
	pad // 8 bytes are enough for one
)

const (
	headerSize  = 16
	manyRecords = 2000    // end the consumer's pause
	keepMapped  = 1 << 20 // bytes of the ring that stay in memory once it is empty
	giveFrom    = 4 << 20 // peak from which the rest is given back
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newRing(p pages, at, size int) *ring {
	return &ring{
		data: p[at : at+size : at+size], size: uint64(size),
		head: p.word(atHead), tail: p.word(atTail),
		room: room{size: uint64(size), apps: make(map[id.App]uint64)},
		wake: make(chan struct{}, 1),
	}
}

func (r *ring) word(place uint64) *atomic.Uint64 { return pages(r.data).word(int(place)) }

func recordWord(s recordState, size uint64) uint64 { return uint64(s)<<32 | size }

func splitWord(word uint64) (recordState, uint64) { return recordState(word >> 32), word & 0xffffffff }

// promise sets room aside for the bare record of a call of which take is told later.
func (r *ring) promise() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.room.promise(r.head.Load() - r.tail.Load())
}

// release gives a promise back that no record is made of.
func (r *ring) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.room.promised -= bareSize
}

// append copies the payload of an app's record in; false when there is no room for it.
func (r *ring) append(app id.App, payload []byte, promised bool) bool {
	size := recordSize(len(payload))
	place, ok := r.reserve(app, size, promised)
	if !ok {
		return false
	}
	copy(r.data[place+headerSize:], payload)
	sum := crc32.Checksum(payload, castagnoli)
	binary.NativeEndian.PutUint64(r.data[place+8:], uint64(sum)<<32|uint64(len(payload)))
	r.word(place).Store(recordWord(committed, size))
	if n := r.crowd.Add(1); r.sleeping.Load() || n == manyRecords {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return true
}

func recordSize(payload int) uint64 { return (headerSize + uint64(payload) + 7) &^ 7 }

// reserve writes the header of a record before it moves the head past it, so that after
// a crash the way from tail to head can always be walked.
func (r *ring) reserve(app id.App, size uint64, promised bool) (place uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	head, tail := r.head.Load(), r.tail.Load()
	place = head % r.size
	var padding uint64
	if place+size > r.size {
		padding = r.size - place
	}
	if head+padding+size-tail > r.size || !r.room.allows(app, size, padding, head-tail, promised) {
		return 0, false
	}
	if padding > 0 {
		r.word(place).Store(recordWord(pad, padding))
		place = 0
	}
	r.word(place).Store(recordWord(reserved, size))
	r.head.Store(head + padding + size)
	r.room.took(app, size, head+padding+size, promised)
	r.peak = max(r.peak, place+size)
	return place, true
}

// walk gives the payloads from position from on, each with the position after it, until
// take returns false. At a record that is not committed it stops, or, when its producer
// is dead, steps over it; damaged reports what cannot be trusted.
func (r *ring) walk(from uint64, dead bool, take func(payload []byte, next uint64) bool, damaged func(next uint64)) {
	for at, head := from, r.head.Load(); at < head; {
		place := at % r.size
		s, size := splitWord(r.word(place).Load())
		if size < 8 || size%8 != 0 || place+size > r.size || at+size > head || s < reserved || s > pad {
			damaged(head)
			return
		}
		next := at + size
		if s == reserved && !dead {
			return
		}
		if s == committed {
			if payload, ok := r.payload(place, size); !ok {
				damaged(next)
			} else if !take(payload, next) {
				return
			}
		}
		at = next
	}
}

func (r *ring) payload(place, size uint64) ([]byte, bool) {
	if size < headerSize {
		return nil, false
	}
	check := binary.NativeEndian.Uint64(r.data[place+8:])
	length := check & 0xffffffff
	if headerSize+length > size {
		return nil, false
	}
	payload := r.data[place+headerSize : place+headerSize+length : place+headerSize+length]
	return payload, crc32.Checksum(payload, castagnoli) == uint32(check>>32)
}

// advance gives the room before position to back to the producers. An empty ring begins
// again at its first place, so that a quiet worker touches few pages.
func (r *ring) advance(to uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tail.Store(to)
	r.room.gave(to)
	place := to % r.size
	if to != r.head.Load() || place == 0 {
		return
	}
	rest := r.size - place
	r.word(place).Store(recordWord(pad, rest))
	r.head.Store(to + rest)
	r.tail.Store(to + rest)
	if r.peak > giveFrom && r.size > keepMapped {
		giveBack(r.data[keepMapped:min((r.peak+pageSize-1)/pageSize*pageSize, r.size)])
		r.peak = 0
	}
}

func (r *ring) empty() bool { return r.head.Load() == r.tail.Load() }
