// Package journal is what a worker process writes down of its runs while they go on: a slot
// per running call, and a ring of finished ones that wait for the database, in one
// memory-mapped file. Its pages belong to the kernel, so they outlive a process that is killed
// at any instant, and the manager reads them while the worker lives. A record is committed
// before its slot is free, and what the ring holds stays until Advance says that it is
// written: each run is at every moment in at least one of slot, ring and table.
//
// The ring is bounded. Room for a bare record is set aside for a call before it runs, so that
// each has its row; logs and messages are left out, with a line that says so, when those that
// wait have filled their part. A call for which nothing can be set aside does not begin.
package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"picloud/engine/execution"
)

// Journal is the mapped file of one worker process. The process that made it writes; others
// only read.
type Journal struct {
	file  *os.File
	pages pages
	form  form
	slots int
	ring  *ring
	clock clock

	taken  []atomic.Uint64 // a bit per slot in use; nil where the journal was only opened
	crowds atomic.Int64    // slots that are crowds
}

// ErrNone says that a file was never finished being made: no run was in it.
var ErrNone = errors.New("not a journal")

// ErrUnreadable says that a file is no journal of a version that is known here, or damaged.
// It may hold runs that nobody has read.
var ErrUnreadable = errors.New("the journal cannot be read")

// ErrInUse says that the process that writes a journal still lives.
var ErrInUse = errors.New("the journal is in use")

// Create makes the file, or takes one that was reserved, with room for so many running
// calls and bytes of finished ones. The room is taken on disk at once, so that no later
// write finds the disk full. The file stays locked until Close or the end of the process.
func Create(path string, slots, ringBytes int) (*Journal, error) {
	if err := checkLayout(slots, ringBytes); err != nil {
		return nil, err
	}
	file, err := take(path, slots, ringBytes)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = reserve(path, slots, ringBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j, err := makeJournal(file, slots, ringBytes)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), file.Close())
	}
	return j, nil
}

func makeJournal(file *os.File, slots, ringBytes int) (*Journal, error) {
	layout := current()
	size := layout.fileSize(slots, ringBytes)
	mapped, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	j := &Journal{file: file, pages: mapped, form: layout, slots: slots, clock: startClock(), taken: make([]atomic.Uint64, (slots+63)/64)}
	j.ring = newRing(j.pages, j.form.ringAt(slots), ringBytes)
	j.pages.int(atSlots).Store(int64(slots))
	j.pages.int(atRing).Store(int64(ringBytes))
	j.pages.int(atWall).Store(j.clock.wall)
	j.pages.int(atMonotonic).Store(j.clock.monotonic)
	j.pages.word(atMagic).Store(magic)
	return j, nil
}

// Open opens another process's journal for reading, while that process lives or
// after its end.
func Open(path string) (*Journal, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j, err := readJournal(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), file.Close())
	}
	return j, nil
}

func readJournal(file *os.File) (*Journal, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("size: %w", err)
	}
	largest := current()
	if info.Size() < pageSize {
		return nil, ErrNone
	}
	if info.Size() > int64(largest.fileSize(maxSlots, maxRing)) {
		return nil, ErrUnreadable
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	j := &Journal{file: file, pages: mapped}
	slots, ringBytes := int(j.pages.int(atSlots).Load()), int(j.pages.int(atRing).Load())
	if err := j.recognize(slots, ringBytes, info.Size()); err != nil {
		return nil, errors.Join(err, unix.Munmap(mapped))
	}
	j.slots = slots
	j.ring = newRing(j.pages, j.form.ringAt(slots), ringBytes)
	j.clock = clock{wall: j.pages.int(atWall).Load(), monotonic: j.pages.int(atMonotonic).Load()}
	return j, nil
}

// recognize finds out which version of the file this is.
func (j *Journal) recognize(slots, ringBytes int, size int64) error {
	switch j.pages.word(atMagic).Load() {
	case 0:
		return ErrNone
	case magic:
		j.form = current()
	case magicOfVersion1:
		j.form = version1()
	case magicOfVersion2:
		j.form = version2()
	default:
		return ErrUnreadable
	}
	if checkLayout(slots, ringBytes) != nil || int64(j.form.fileSize(slots, ringBytes)) != size {
		return ErrUnreadable
	}
	return nil
}

// Close gives the mapping back. The file stays. Nothing of the journal may be used after.
func (j *Journal) Close() error {
	return errors.Join(unix.Munmap(j.pages), j.file.Close())
}

// OwnerGone fails with ErrInUse while the process that made the journal lives and has not closed it.
func (j *Journal) OwnerGone() error {
	err := unix.Flock(int(j.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}

// Entry is what a journal knows of a call that begins.
type Entry struct {
	execution.Identity // its subject is cut to what the slot has room for, some 200 bytes at least
	Deadline           time.Time
	Program            [32]byte // SHA-256 of the program that it runs
}

// Slot is a running call's place in the journal. Executing, Waiting and Finish belong to
// the one goroutine at a time that drives the call; after Finish they do nothing.
type Slot struct {
	journal    *Journal
	index      int32
	generation uint32
	full       bool
}

// Begin enters a call. It starts in the state waiting. When every slot is taken Index is
// negative; such a call is in the journal only by its record. When there is no room for its
// row, Full tells; it is counted as lost and may not run.
func (j *Journal) Begin(entry *Entry) Slot {
	if !j.ring.promise() {
		j.pages.int(atFull).Add(1)
		return Slot{index: -1, full: true}
	}
	return j.enter(waiting, func(slot []byte) { j.fill(slot, entry) })
}

// enter fills a free slot for a call that was promised its row; where there is none the
// promise goes back and the index is negative.
func (j *Journal) enter(in state, fill func(slot []byte)) Slot {
	index := j.claim()
	if index < 0 {
		j.ring.release()
		return j.NoSlot()
	}
	at := j.form.slotAt(index)
	word := j.pages.word(at + inWord)
	generation := uint32(word.Load()>>32) + 1
	word.Store(pack(generation, 0, claimed))
	fill(j.pages[at : at+slotSize : at+slotSize])
	word.Store(pack(generation, 1, in))
	return Slot{journal: j, index: int32(index), generation: generation}
}

// Slots is how many calls can be in the journal at once; their indexes are below it.
func (j *Journal) Slots() int { return j.slots }

func (j *Journal) claim() int {
	j.pages.int(atRunning).Add(1) // first, so that the count is never below the truth
	for i := range j.taken {
		for {
			set := j.taken[i].Load()
			index := i*64 + bits.TrailingZeros64(^set)
			if ^set == 0 || index >= j.slots {
				break
			}
			if j.taken[i].CompareAndSwap(set, set|1<<(index%64)) {
				return index
			}
		}
	}
	j.pages.int(atRunning).Add(-1)
	return -1
}

func (j *Journal) release(index int) {
	j.taken[index/64].And(^uint64(1 << (index % 64)))
	j.pages.int(atRunning).Add(-1)
}

func (j *Journal) fill(slot []byte, e *Entry) {
	putInt(slot, inStarted, j.clock.at(e.Started))
	putInt(slot, inDeadline, j.clock.at(e.Deadline))
	putInt(slot, inSince, j.clock.now())
	putInt(slot, inExecuted, 0)
	copy(slot[inProgram:inIdentity], e.Program[:])
	execution.AppendIdentity(slot[:inIdentity], &e.Identity, len(slot)-inIdentity)
}

// Index is the slot's number in the journal, -1 when there was none left.
func (s Slot) Index() int { return int(s.index) }

// Full tells that there is no room for the call's row: it must not run.
func (s Slot) Full() bool { return s.full }

// Executing says that the call holds a processor from now on.
func (s Slot) Executing() { s.change(waiting, executing) }

// Waiting says that the call holds none from now on.
func (s Slot) Waiting() { s.change(executing, waiting) }

// Expire moves the deadline of a running call to t: it was told to stop. Unlike the other
// methods it may be called from any goroutine, but not at the same time as Finish.
func (s Slot) Expire(t time.Time) {
	if s.word() != nil {
		s.journal.pages.int(s.journal.form.slotAt(int(s.index)) + inDeadline).Store(s.journal.clock.at(t))
	}
}

func (s Slot) change(from, to state) {
	word := s.word()
	if word == nil {
		return
	}
	old := word.Load()
	if state(old) != from {
		return
	}
	at := s.journal.form.slotAt(int(s.index))
	changes := uint32(old) >> 8
	word.Store(pack(s.generation, changes+1, changing))
	now := s.journal.clock.now()
	since := s.journal.pages.int(at + inSince)
	if from == executing {
		executed := s.journal.pages.int(at + inExecuted)
		executed.Store(executed.Load() + now - since.Load())
	}
	since.Store(now)
	word.Store(pack(s.generation, changes+2, to))
}

// word is nil once the slot belongs to another call.
func (s Slot) word() *atomic.Uint64 {
	if s.index < 0 || s.journal == nil {
		return nil
	}
	word := s.journal.pages.word(s.journal.form.slotAt(int(s.index)) + inWord)
	if old := word.Load(); uint32(old>>32) != s.generation || state(old) == free {
		return nil
	}
	return word
}

// Finish puts the record of the ended call into the ring and frees the slot, in this
// order: a crash between the two leaves both, and Recover takes the record. A log for which
// there is no room is left out, with a line that says so; the record of a call that has no
// slot is dropped and counted then. The record is copied; its strings and slices are the
// caller's again. A second Finish does nothing.
func (s Slot) Finish(record *execution.Record) {
	if s.journal == nil || s.index >= 0 && s.word() == nil {
		return
	}
	s.journal.append(record, s.index >= 0)
	s.leave()
}

// Discard frees the slot of a call that leaves no row.
func (s Slot) Discard() {
	if s.word() != nil {
		s.journal.ring.release()
		s.leave()
	}
}

func (s Slot) leave() {
	if word := s.word(); word != nil {
		if state(word.Load()) == counting {
			s.journal.crowds.Add(-1)
		}
		word.Store(pack(s.generation, 0, free))
		s.journal.release(int(s.index))
	}
}

// NoSlot is for a call that never begins: it is in the journal by its record alone.
func (j *Journal) NoSlot() Slot { return Slot{journal: j, index: -1} }

// append encodes into a buffer that is kept for the next record.
func (j *Journal) append(record *execution.Record, promised bool) {
	buffer := encodeBuffers.Get().(*[]byte)
	*buffer = execution.AppendRecord((*buffer)[:0], record)
	if !j.ring.append(record.App, *buffer, promised) {
		*buffer = execution.AppendBare((*buffer)[:0], record, bareSize-headerSize)
		if !j.ring.append(record.App, *buffer, promised) {
			j.pages.int(atFull).Add(1)
			if promised {
				j.ring.release()
			}
		}
	}
	if cap(*buffer) <= keptBuffer {
		encodeBuffers.Put(buffer)
	}
}

const keptBuffer = 64 << 10

var encodeBuffers = sync.Pool{New: func() any { return new([]byte) }}

func pack(generation, changes uint32, s state) uint64 {
	return uint64(generation)<<32 | uint64(changes&0xffffff)<<8 | uint64(s)
}
