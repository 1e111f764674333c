package invoke

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
)

// memory keeps runs, apps and the heap within their limits. Over a limit the heap is collected
// first, since garbage is nobody's fault; then the run that has the most of the app that has the
// most ends, asleep or not (see shares). Nobody pays for another: a stopped run, deaf or not, is
// the only one until what it had is collected. Meanwhile apps that allocate much wait.
// It belongs to the watcher's goroutine, but for the limits and collect.
type memory struct {
	shares
	budget   uint64       // bytes of live heap
	aside    atomic.Int64 // bytes beside the budget, see Aside
	runLimit int64        // bytes that are known of one run
	appLimit int64        // bytes that are known of the runs of one app
	samples  []metrics.Sample

	stopped *run   // while it is under way
	settles uint64 // the collection that began after its end in any case; 0: is over

	asked     int64     // when a collection was asked for, as sinceStart; 0: none is under way
	rest      int64     // no collection before, as sinceStart
	collected chan bool // a send: the collection has ended; whether cleanups have run
	cleaned   bool      // one has ended since the last look, and they have

	full       atomic.Bool     // the heap is too large, and hungry apps wait
	hungry     map[id.App]bool // while it is
	collecting sync.Mutex
	last, took atomic.Int64 // when the last one ended, as sinceStart, and how long it took
	cleaner    atomic.Int64 // when the last one began after which the cleanups have run, as sinceStart
}

const (
	runMemory   = 128 << 20 // bytes that are known of a run, unless an app may hold less
	appPart     = 3         // part of the budget for the runs of one app
	cleanupTime = 100 * time.Millisecond
	collectRest = 20 * time.Millisecond // before a collection that a run waits for
)

// Places of the samples.
const (
	heapCycles    = iota // collections that have ended; read before what they have left
	heapObjects          // live bytes and garbage
	heapLive             // bytes that the last collection left
	heapAllocated        // bytes ever allocated
	heapFree             // bytes that could be given back to the system
)

func newMemory(budget int64) *memory {
	appLimit := max(budget/appPart, 1)
	return &memory{
		budget: uint64(budget), runLimit: min(runMemory, appLimit), appLimit: appLimit,
		samples: []metrics.Sample{
			{Name: "/gc/cycles/total:gc-cycles"},
			{Name: "/memory/classes/heap/objects:bytes"},
			{Name: "/gc/heap/live:bytes"},
			{Name: "/gc/heap/allocs:bytes"},
			{Name: "/memory/classes/heap/free:bytes"},
		},
		collected: make(chan bool, 1),
		hungry:    make(map[id.App]bool),
	}
}

// An app is hungry that has so much of what was allocated since the last collection, or a third
// of the budget.
const (
	hunger     = 8       // part of all
	hungerFrom = 8 << 20 // bytes
)

// begin starts a look at all runs. What a collection has left is read after it has ended.
func (m *memory) begin(now int64) {
	m.cleaned = m.asked != 0 && m.answered(now)
	metrics.Read(m.samples)
	m.shares.begin()
}

// end shares out what the heap grew by, and stops who is to be stopped.
func (m *memory) end(now int64) {
	m.shares.end(heap{cycles: m.value(heapCycles), live: m.value(heapLive), allocated: m.value(heapAllocated)})
	m.settle()
	limit, budget, large := m.overLimit(), m.overBudget(), m.large()
	switch {
	case m.stopped != nil || m.settles != 0:
	case m.cleaned && limit.run != nil:
		m.stop(limit)
	case m.cleaned && budget.run != nil:
		m.stop(budget)
	}
	if m.asked == 0 && now >= m.rest && !m.cleaned && (limit.run != nil || budget.run != nil || large) {
		m.asked = now
		go func() {
			m.collected <- m.collect(sinceStart())
		}()
	}
	m.letWait(large && (m.asked != 0 || m.stopped != nil || m.settles != 0 || budget.run != nil))
}

// answered tells whether the collection that was asked for has ended, and the cleanups have run.
func (m *memory) answered(now int64) (cleaned bool) {
	select {
	case cleaned = <-m.collected:
		m.rest, m.asked = now+m.took.Load(), 0 // half of the time, at most
	default:
	}
	return cleaned
}

// settle sees when the stopped run has ended, and when what it had is collected: the first
// collection that ends may have begun before.
func (m *memory) settle() {
	switch cycles := m.before.cycles; {
	case m.stopped != nil && m.stopped.look != m.looks:
		m.stopped, m.settles = nil, cycles+2
	case cycles >= m.settles:
		m.settles = 0
	}
}

// culprit is who is to be stopped, and why; without a run all are within their limits.
type culprit struct {
	run *run
	why string
}

func (m *memory) stop(c culprit) {
	m.stopped = c.run
	c.run.halt(call.Memory, c.why)
}

// allowed is how large the heap may be just now.
func (m *memory) allowed() int64 { return int64(m.budget) + m.aside.Load() }

// large tells whether the heap with its garbage is larger than it may be. While an app allocates
// much, something is kept for what it allocates until a collection has ended.
func (m *memory) large() bool {
	objects, allowed := int64(m.value(heapObjects)), m.allowed()
	if objects > allowed || objects <= allowed-allowed/6 {
		return objects > allowed
	}
	for _, recent := range m.recent() {
		if recent > float64(allowed)/16 {
			return true
		}
	}
	return false
}

// letWait lets hungry apps wait while the heap is full. Who was hungry stays so until then, since
// each collection forgets what was allocated.
func (m *memory) letWait(full bool) {
	if !full {
		clear(m.hungry)
	} else {
		most := max(hungerFrom, float64(m.before.allocated-m.collectedAt)/hunger)
		has := m.has()
		for app, recent := range m.recent() {
			m.hungry[app] = m.hungry[app] || recent > most || has[app] > m.appLimit
		}
		for _, r := range m.runs {
			r.hungry.Store(m.hungry[r.Script.App])
		}
	}
	m.full.Store(full)
}

// overLimit is who holds more than a run may, or the most of an app that holds more than one may.
func (m *memory) overLimit() (most culprit) {
	if m.known <= m.runLimit {
		return culprit{}
	}
	known := map[id.App]int64{}
	for _, r := range m.runs {
		known[r.Script.App] += r.known
		if r.known > m.runLimit && (most.run == nil || r.known > most.run.known) {
			most.run = r
		}
	}
	if most.run != nil {
		return culprit{most.run, m.overRun(most.run.known)}
	}
	if app, held := largest(known); held > m.appLimit {
		r := m.heaviest(app, func(r *run) int64 { return r.known })
		return culprit{r, m.overApp(held, r.known)}
	}
	return culprit{}
}

// overBudget is who has the most of a live heap over the budget. What those have who were told to
// stop is as good as gone.
func (m *memory) overBudget() culprit {
	over := int64(m.before.live) - m.left() - m.allowed()
	if over <= 0 {
		return culprit{}
	}
	going := shares{}
	for _, r := range m.runs {
		if r.halted.Load() != 0 {
			over -= r.bytes()
		} else {
			going.runs = append(going.runs, r)
		}
	}
	if over <= 0 || len(going.runs) == 0 {
		return culprit{}
	}
	all := going.has()
	app, has := largest(all)
	if has == 0 { // nothing is known: who executed for longest
		for _, r := range going.runs {
			all[r.Script.App] = max(all[r.Script.App], r.seen)
		}
		app, _ = largest(all)
	}
	r := going.heaviest(app, (*run).bytes)
	return culprit{r, fmt.Sprintf("The worker's memory went over its budget of %d MiB. The runs of this app held the most of it, %d MiB, and of them this one: %d MiB in buffers, bodies and its log, "+
		"and about %d MiB by what the heap grew while it executed. The budget is set by --worker-memory.", m.budget>>20, has>>20, r.known>>20, r.guessed>>20)}
}

func (m *memory) overRun(held int64) string {
	return fmt.Sprintf("The run held %d MiB in buffers, bodies and its log; a run may hold %d MiB.", held>>20, m.runLimit>>20)
}

func (m *memory) overApp(together, held int64) string {
	return fmt.Sprintf("The runs of this app held %d MiB together in buffers, bodies and logs, and this one the most of them: %d MiB. "+
		"An app may hold %d MiB, a third of --worker-memory.", together>>20, held>>20, m.appLimit>>20)
}

// collect collects the heap and lets the cleanups of what is gone run, unless that was begun
// since somebody asked, a moment as sinceStart. It tells whether they had time to.
func (m *memory) collect(since int64) (cleaned bool) {
	m.collecting.Lock()
	defer m.collecting.Unlock()
	if m.cleaner.Load() > since {
		return true
	}
	began := sinceStart()
	done := make(chan struct{})
	runtime.AddCleanup(new([64]byte), func(done chan struct{}) { close(done) }, done)
	runtime.GC()
	wait := time.NewTimer(cleanupTime)
	defer wait.Stop()
	select {
	case <-done:
		time.Sleep(time.Millisecond) // for those that came with it
		cleaned = true
		m.cleaner.Store(began)
	case <-wait.C:
	}
	m.took.Store(sinceStart() - began)
	m.last.Store(sinceStart())
	return cleaned
}

// within tells whether a run and its app are within their limits, as far as is known.
func (m *memory) within(r *run) bool {
	return r.held() <= m.runLimit && r.holding().app.Load() <= m.appLimit
}

// overLimit is for a run that has just made a buffer with which it, or its app, is over a
// limit: between two looks it could make many more.
func (w *watcher) overLimit(r *run) {
	m, cleaned := w.memory, false
	r.pause(func() {
		asked := sinceStart()
		ended := make(chan bool, 1)
		go func() {
			if rest := m.last.Load() + max(int64(collectRest), m.took.Load()) - asked; rest > 0 {
				time.Sleep(time.Duration(rest))
			}
			ended <- m.within(r) || m.collect(asked)
		}()
		select {
		case cleaned = <-ended:
		case <-r.stopping():
		}
	})
	if !cleaned || m.within(r) {
		return
	}
	culprit, held := r, r.held()
	if held > m.runLimit {
		r.halt(call.Memory, m.overRun(held))
		return
	}
	for i := range w.table {
		if other := w.table[i].Load(); other != nil && other.Script.App == r.Script.App && other.held() > held {
			culprit, held = other, other.held()
		}
	}
	if together := r.holding().app.Load(); together > m.appLimit {
		culprit.halt(call.Memory, m.overApp(together, held))
	}
}

// makesRoom waits while the heap is full: whoever allocates much would only make it larger.
func (r *run) makesRoom() {
	memory := r.invoker.watcher.memory
	r.pause(func() {
		look := time.NewTicker(watchTick)
		defer look.Stop()
		for memory.full.Load() {
			select {
			case <-look.C:
			case <-r.stopping():
				return
			}
		}
	})
}

// rests is told that no run is under way, and gives back to the system what the last ones left.
func (m *memory) rests() {
	m.gone, m.began = [2]int64{}, false
	if metrics.Read(m.samples); m.value(heapObjects)+m.value(heapFree) > m.budget/2 {
		debug.FreeOSMemory()
	}
}

func (m *memory) value(sample int) uint64 { return m.samples[sample].Value.Uint64() }
