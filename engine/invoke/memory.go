package invoke

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"picloud/engine/call"
)

// memory keeps the heap within its budget by stopping the run that has executed longest.
// Nobody is stopped for garbage: the heap is collected first, and judged by what is left.
// Nobody pays for another: while a stopped run is under way, deaf or not, it is the only one.
// It belongs to the watcher's goroutine.
type memory struct {
	budget    uint64 // bytes of live heap
	samples   []metrics.Sample
	collected chan struct{} // a send: the collection has ended
	asked     int64         // when it was asked for, as sinceStart; 0: none is under way
	rest      int64         // no collection before, as sinceStart
	judge     bool          // this look may stop a run
	stopped   *run
	underWay  bool // the stopped one, still
	suspect   *run
	executed  int64 // by the suspect, in nanoseconds
}

const (
	memoryAfter = 5 * time.Millisecond // executing in all, to be a suspect
	memoryPart  = 16                   // part of the budget that must have been allocated since a suspect began
)

// Places of the samples.
const (
	heapObjects   = iota // live bytes and garbage
	heapLive             // bytes that the last collection left
	heapAllocated        // bytes ever allocated
	heapFree             // bytes that could be given back to the system
)

func newMemory(budget int64) *memory {
	return &memory{
		budget:    uint64(budget),
		samples:   []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/free:bytes"}},
		collected: make(chan struct{}, 1),
	}
}

// begin starts a look at all runs.
func (m *memory) begin(now int64) {
	metrics.Read(m.samples)
	m.suspect, m.executed, m.judge, m.underWay = nil, 0, false, false
	if m.asked == 0 {
		if m.value(heapObjects) > m.budget && now >= m.rest {
			m.asked = now
			go func() {
				runtime.GC()
				m.collected <- struct{}{}
			}()
		}
		return
	}
	select {
	case <-m.collected:
		m.judge = m.value(heapLive) > m.budget
		m.rest, m.asked = now+(now-m.asked), 0 // half of the time, at most
	default:
	}
}

// see looks at one run.
func (m *memory) see(r *run, executed int64) {
	allocated := m.value(heapAllocated)
	switch {
	case r == m.stopped:
		m.underWay = true
	case executed > m.executed && executed > int64(memoryAfter) && allocated-r.allocated >= m.budget/memoryPart:
		m.suspect, m.executed = r, executed
	}
}

// end stops the suspect, if there is to be one.
func (m *memory) end() {
	if m.underWay {
		return
	}
	if m.stopped = nil; !m.judge || m.suspect == nil {
		return
	}
	m.stopped = m.suspect
	m.stopped.halt(call.Memory, fmt.Sprintf("The worker's memory went over its budget of %d MiB and this run had been executing longest. "+
		"The budget is set by --worker-memory.", m.budget>>20))
}

// rests is told that no run is under way, and gives back to the system what the last ones left.
func (m *memory) rests() {
	if metrics.Read(m.samples); m.value(heapObjects)+m.value(heapFree) > m.budget/2 {
		debug.FreeOSMemory()
	}
}

func (m *memory) value(sample int) uint64 { return m.samples[sample].Value.Uint64() }
