package invoke

import (
	"sync/atomic"
	"time"
)

const (
	watchTick   = 2 * time.Millisecond
	watchLinger = 100                    // ticks without a run before the watcher sleeps
	turnLength  = 5 * time.Millisecond   // executing in one go while others wait
	longRun     = 20 * time.Millisecond  // the same in built-ins, which know no turns
	killAfter   = 500 * time.Millisecond // from being told to stop, if the process had as much of a processor meanwhile
	killLast    = 3 * time.Second        // in any case
)

// watcher looks at all runs every two milliseconds while there are any: a run costs
// nothing for it but a place in the table. It ends runs that are over a limit, gives up
// on those that do not end, and keeps the heap within its budget.
type watcher struct {
	table  []atomic.Pointer[run] // by journal slot
	memory *memory
	spare  spare
	awake  atomic.Bool
	wake   chan struct{}
}

func newWatcher(slots int, budget int64) *watcher {
	w := &watcher{table: make([]atomic.Pointer[run], slots), memory: newMemory(budget), spare: newSpare(), wake: make(chan struct{}, 1)}
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
		w.memory.rests()
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

// look checks every run once and tells whether there are any.
func (w *watcher) look() (any bool) {
	long := false
	now, given := sinceStart(), processorTime()
	w.memory.begin(now)
	for i := range w.table {
		r := w.table[i].Load()
		if r == nil {
			continue
		}
		any = true
		if r.from == 0 {
			r.from = given
		}
		spent := r.spent.Load() // first: a stretch that ends just now must not count twice
		stretch := r.stretch(now)
		w.memory.see(r, spent+stretch)
		long = r.long.Swap(false) || stretch > int64(turnLength) || long
		r.check(now, spent, stretch, given)
	}
	w.spare.see(now, long)
	w.memory.end(now)
	return any
}
