package invoke

import (
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"picloud/engine/call"
)

const (
	watchTick   = 2 * time.Millisecond
	watchLinger = 100                    // ticks without a run before the watcher sleeps
	longRun     = 20 * time.Millisecond  // executing in one go: others may pass
	killAfter   = 500 * time.Millisecond // from being told to stop
	memoryAfter = 5 * time.Millisecond   // executing in all: worth asking for memory
	memoryGrown = 16                     // part of the budget that the heap must have grown by in a run
)

// watcher looks at all runs every two milliseconds while there are any: a run costs
// nothing for it but a place in the table. It ends runs that are over a limit, gives up
// on those that do not end, and keeps the heap within its budget.
type watcher struct {
	table  []atomic.Pointer[run] // by journal slot
	budget uint64                // bytes of live heap
	awake  atomic.Bool
	wake   chan struct{}
	heap   []metrics.Sample
	struck atomic.Pointer[run] // stopped for memory; nobody else is until its memory is back
}

func newWatcher(slots int, budget int64) *watcher {
	w := &watcher{
		table: make([]atomic.Pointer[run], slots), budget: uint64(budget), wake: make(chan struct{}, 1),
		heap: []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}},
	}
	w.awake.Store(true)
	return w
}

func (w *watcher) add(r *run) {
	w.table[r.slot.Index()].Store(r)
	if !w.awake.Load() && w.awake.CompareAndSwap(false, true) {
		w.wake <- struct{}{}
	}
}

func (w *watcher) remove(r *run) { w.table[r.slot.Index()].Store(nil) }

// run watches until done is closed.
func (w *watcher) run(done <-chan struct{}) {
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	for idle := 0; ; {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		if w.look() {
			idle = 0
			continue
		}
		if idle++; idle < watchLinger {
			continue
		}
		tick.Stop()
		w.awake.Store(false)
		if !w.look() {
			select {
			case <-w.wake:
			case <-done:
				return
			}
		} else if !w.awake.CompareAndSwap(false, true) {
			<-w.wake
		}
		idle = 0
		tick.Reset(watchTick)
	}
}

// look checks every run once and tells whether there are any. Memory is asked of the run
// that has executed longest of those in which the heap has grown.
func (w *watcher) look() (any bool) {
	now := sinceStart()
	var longest *run
	var longestFor int64
	var used uint64
	for i := range w.table {
		r := w.table[i].Load()
		if r == nil {
			continue
		}
		if !any {
			any = true
			metrics.Read(w.heap)
			used = w.heap[0].Value.Uint64()
		}
		if r.heap == 0 {
			r.heap = used
		}
		stretch := r.stretch(now)
		if spent := r.spent.Load() + stretch; spent > longestFor && !r.lost.Load() && used >= r.heap+w.budget/memoryGrown {
			longest, longestFor = r, spent
		}
		r.check(now, stretch)
	}
	if longestFor > int64(memoryAfter) && used > w.budget {
		w.checkMemory(longest)
	}
	return any
}

// checkMemory stops the run that has executed longest when the heap is over its budget.
// All its stretches count: who fills the heap and then waits holds it all the same, and who
// executes just now may be innocent.
func (w *watcher) checkMemory(longest *run) {
	if metrics.Read(w.heap); w.heap[0].Value.Uint64() <= w.budget {
		return // collected since it was looked at
	}
	struck := w.struck.Load()
	if struck != nil && !struck.lost.Load() || !w.struck.CompareAndSwap(struck, longest) {
		return
	}
	if !longest.halt(call.Memory, fmt.Sprintf("The worker's memory went over its budget of %d MiB and this run had been executing longest. "+
		"The budget is set by --worker-memory.", w.budget>>20)) {
		w.struck.CompareAndSwap(longest, nil) // it has just ended
	}
}

// claimGarbage is told of a run before it leaves the table: one that filled the heap and
// ended by itself leaves garbage, for which nobody is struck before it is collected.
func (w *watcher) claimGarbage(r *run) {
	if r.executing() < memoryAfter {
		return
	}
	heap := []metrics.Sample{{Name: w.heap[0].Name}}
	if metrics.Read(heap); heap[0].Value.Uint64() > w.budget/2 {
		w.struck.CompareAndSwap(nil, r)
	}
}

// afterMemory collects what a struck run has left before another run can be struck: its
// garbage is not the next one's fault.
func (w *watcher) afterMemory(r *run) {
	if w.struck.Load() == r {
		go func() {
			heap := []metrics.Sample{{Name: w.heap[0].Name}}
			for range 40 { // the run's goroutine may hold on to its sandbox a moment longer
				debug.FreeOSMemory()
				if metrics.Read(heap); heap[0].Value.Uint64() <= w.budget/2 {
					break
				}
				time.Sleep(25 * time.Millisecond)
			}
			w.struck.CompareAndSwap(r, nil)
		}()
	}
}
