package journal

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// The file: one page of header, the slots, the ring. All numbers are in the byte order
// of the machine, for the file never leaves it.
const (
	magic       = 0x33306c6e726a6370 // "pcjrnl03"; the last two characters are the version
	pageSize    = 4096
	slotSize    = 768
	maxSlots    = 1 << 16
	MinRing     = 64 << 10
	maxRing     = 1 << 31
	DefaultSlot = 1024     // slots of a journal
	DefaultRing = 96 << 20 // bytes of a ring
)

// Offsets in the header. What different processors write at the same time lies in
// different cache lines.
const (
	atMagic       = 0
	atSlots       = 8
	atRing        = 16
	atWall        = 24  // Unix nanoseconds when the journal was made
	atMonotonic   = 32  // CLOCK_MONOTONIC nanoseconds at the same moment
	atRunning     = 64  // slots in use; never below the truth
	atHead        = 128 // where the next record begins
	atTail        = 192 // the first record not yet in the database
	atFull        = 256 // records dropped because the ring was full
	atRefused     = 264 // records the database did not take, or that could not be read
	atFullTold    = 272 // how many of these have their row in run_losses
	atRefusedTold = 280
)

// Offsets in a slot. Those of earlier versions are in earlier.go.
const (
	inWord     = 0 // generation<<32 | changes<<8 | state
	inStarted  = 8 // Unix nanoseconds by the journal's clock
	inDeadline = 16
	inSince    = 24 // when the present state began
	inExecuted = 32 // nanoseconds spent executing before that; of a crowd, how many others there are
	inProgram  = 40 // 32 bytes, as [execution.Running] has it
	inIdentity = 72 // see execution.AppendIdentity
)

type state uint8

const (
	free      state = iota
	claimed         // being filled; the fields mean nothing yet
	executing       // holds a processor
	waiting         // for a timer or an answer
	changing        // between the last two; who it is stays readable
	counting        // no run, but calls that share a row; see Crowd
)

// pages is a mapped file.
type pages []byte

func (p pages) word(at int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&p[at])) }

func (p pages) int(at int) *atomic.Int64 { return (*atomic.Int64)(unsafe.Pointer(&p[at])) }

// form is how a version of the file is laid out.
type form struct {
	slotSize, inSince, inExecuted int
	decode                        func(slot []byte) (slotView, bool)
}

func current() form {
	return form{slotSize: slotSize, inSince: inSince, inExecuted: inExecuted, decode: decodeSlot}
}

func (f *form) slotAt(index int) int { return pageSize + index*f.slotSize }

func (f *form) ringAt(slots int) int {
	end := f.slotAt(slots)
	return (end + pageSize - 1) / pageSize * pageSize
}

func (f *form) fileSize(slots, ring int) int { return f.ringAt(slots) + ring }

func checkLayout(slots, ring int) error {
	if slots < 1 || slots > maxSlots {
		return fmt.Errorf("journal of %d slots: 1 to %d can be had", slots, maxSlots)
	}
	if ring < MinRing || ring > maxRing || ring%pageSize != 0 {
		return fmt.Errorf("ring of %d bytes: whole pages of %d, %d to %d bytes can be had", ring, pageSize, MinRing, maxRing)
	}
	return nil
}

func putInt(p []byte, at int, v int64) { binary.NativeEndian.PutUint64(p[at:], uint64(v)) }

func getInt(p []byte, at int) int64 { return int64(binary.NativeEndian.Uint64(p[at:])) }
