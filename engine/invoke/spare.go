package invoke

import (
	"runtime"
	"time"
)

const spareLinger = 100 * time.Millisecond // shorter than the watcher's

// spare lets Go use one processor more than there are turns while long runs execute: else
// what serves connections would wait behind them for the 10 ms that Go leaves a goroutine at
// least, several times per call. Short calls are quicker without, so it is not there always.
// It belongs to the watcher's goroutine.
type spare struct {
	processors int
	until      int64 // as sinceStart; 0: it is not there
}

func newSpare() spare { return spare{processors: runtime.GOMAXPROCS(0)} }

// see is told at every look whether long runs execute.
func (s *spare) see(now int64, long bool) {
	switch {
	case long:
		if s.until == 0 {
			runtime.GOMAXPROCS(s.processors + 1)
		}
		s.until = now + int64(spareLinger)
	case s.until != 0 && now > s.until:
		runtime.GOMAXPROCS(s.processors)
		s.until = 0
	}
}
