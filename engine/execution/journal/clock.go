package journal

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock is time as the process that made the journal sees it: the wall clock of that
// moment, moved on by the machine's monotonic clock. A later jump of the wall clock
// moves no deadline, and another process on the machine reads the same time.
type clock struct {
	began     time.Time // with its monotonic reading; only in the process that made the journal
	wall      int64
	monotonic int64
}

func startClock() clock {
	now := time.Now()
	return clock{began: now, wall: now.UnixNano(), monotonic: monotonic()}
}

// now is in nanoseconds. It costs a system call where the journal was only opened.
func (c *clock) now() int64 {
	if c.began.IsZero() {
		return c.wall + monotonic() - c.monotonic
	}
	return c.wall + int64(time.Since(c.began))
}

func (c *clock) at(t time.Time) int64 { return c.wall + int64(t.Sub(c.began)) }

func monotonic() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0
	}
	return now.Nano()
}
