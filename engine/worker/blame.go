package worker

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// SlotLabel is the pprof label that carries a run's journal slot; with
// GODEBUG=tracebacklabels=1 Go's fatal traces show it.
const SlotLabel = "slot"

const killedFromOutside = "killed from outside"

// OutOfMemory is the Why of a death for want of memory.
const OutOfMemory = "out of memory"

const (
	traceBytes = 64 << 10 // of a fatal trace; the blame stands at its head
	maxLine    = 16 << 10 // of one line; the rest of it is dropped
	lastBytes  = 1 << 10  // of the last line
	largeBlock = 64 << 20 // an allocation of this size is its own proof
)

var (
	fatal            = regexp.MustCompile(`(?m)^(fatal error: |panic: |runtime: (goroutine stack exceeds|out of memory)|SIG[A-Z]+: )`)
	firstGoroutine   = regexp.MustCompile(`(?m)^goroutine \d+ .*$`)
	runningGoroutine = regexp.MustCompile(`\[running.*?"` + SlotLabel + `": ?"(\d+)"`)
	failedBlock      = regexp.MustCompile(`cannot allocate (\d+)-byte block`)
)

// lastWords is a worker's standard error: its log lines go on to ours, the head of a
// fatal trace and the last line are kept.
type lastWords struct {
	forward func(line []byte)

	mu    sync.Mutex
	line  []byte
	last  []byte
	trace []byte
}

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, tail, whole := bytes.Cut(rest, []byte("\n"))
		l.line = append(l.line, line[:min(len(line), maxLine-len(l.line))]...)
		if rest = tail; !whole {
			break
		}
		l.take()
	}
	return len(p), nil
}

func (l *lastWords) take() {
	switch {
	case len(l.trace) > 0 || fatal.Match(l.line):
		if len(l.trace)+len(l.line) < traceBytes {
			l.trace = append(append(l.trace, l.line...), '\n')
		}
	default:
		l.forward(l.line)
		l.last = append(l.last[:0], l.line[:min(len(l.line), lastBytes)]...)
	}
	l.line = l.line[:0]
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.trace)
}

// lastLine is what a process that ended with an error has said of it.
func (l *lastWords) lastLine() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(strings.TrimPrefix(string(l.last), "picloud: "))
}

// blame reads a fatal trace. Only the goroutine that was running when the process gave up, which
// stands first, is proof; when memory ran out only if it asked for much at once, and when a
// signal came from outside nobody is.
func blame(trace string) (slot int, why string) {
	why = reason(trace)
	switch why {
	case killedFromOutside:
		return -1, why
	case OutOfMemory:
		block := failedBlock.FindStringSubmatch(trace)
		if block == nil {
			return -1, why
		}
		if size, err := strconv.ParseUint(block[1], 10, 64); err != nil || size < largeBlock {
			return -1, why
		}
	}
	if label := runningGoroutine.FindStringSubmatch(firstGoroutine.FindString(trace)); label != nil {
		if n, err := strconv.Atoi(label[1]); err == nil {
			return n, why
		}
	}
	return -1, why
}

func reason(trace string) string {
	switch {
	case strings.Contains(trace, "stack exceeds"), strings.Contains(trace, "stack overflow"):
		return "native stack overflow"
	case strings.Contains(trace, "out of memory"), strings.Contains(trace, "cannot allocate memory"):
		return OutOfMemory
	case strings.Contains(trace, "fatal error: "):
		_, rest, _ := strings.Cut(trace, "fatal error: ")
		line, _, _ := strings.Cut(rest, "\n")
		return line
	case strings.Contains(trace, "panic: "):
		return "panic in the engine"
	}
	return killedFromOutside
}
