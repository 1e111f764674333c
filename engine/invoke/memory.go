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

// memory keeps runs, apps and the heap within their limits. What a run holds is known where it
// can be (see holding); what else the heap grows by is shared among the runs that executed
// meanwhile, as a guess. Over a limit the heap is collected first, since garbage is nobody's
// fault; then the run that holds the most of the app that holds the most ends, asleep or not.
// Nobody pays for another: while a stopped run is under way, deaf or not, it is the only one.
// It belongs to the watcher's goroutine, but for the limits and collect.
type memory struct {
	budget   uint64       // bytes of live heap
	aside    atomic.Int64 // bytes beside the budget, see Aside
	runLimit int64        // bytes that are known of one run
	appLimit int64        // bytes that are known of the runs of one app
	samples  []metrics.Sample

	runs        []*run // of this look
	worked      int64  // nanoseconds that they executed since the last
	stopped     *run
	underWay    bool   // the stopped one, still
	before      heap   // at the last look
	collectedAt uint64 // bytes ever allocated at the last collection
	guessed     int64  // of all runs, also of those that ended since and whose bytes are still there
	began       bool   // there were runs at the last look

	asked     int64     // when a collection was asked for, as sinceStart; 0: none is under way
	rest      int64     // no collection before, as sinceStart
	collected chan bool // a send: the collection has ended; whether cleanups have run
	judge     bool      // this look may stop a run

	full       atomic.Bool // the heap is over its budget and being collected
	collecting sync.Mutex
	last, took atomic.Int64 // when the last one ended, as sinceStart, and how long it took
}

// heap is what it was at one look.
type heap struct {
	cycles, live, allocated uint64
	held                    int64 // known, of all runs
}

const (
	runMemory   = 128 << 20 // bytes that are known of a run, unless an app may hold less
	appPart     = 3         // part of the budget for the runs of one app
	cleanupTime = 100 * time.Millisecond
	collectRest = 20 * time.Millisecond // before a collection that a run waits for
)

// Places of the samples.
const (
	heapObjects   = iota // live bytes and garbage
	heapLive             // bytes that the last collection left
	heapAllocated        // bytes ever allocated
	heapFree             // bytes that could be given back to the system
	heapCycles           // collections that have ended
)

func newMemory(budget int64) *memory {
	appLimit := max(budget/appPart, 1)
	return &memory{
		budget: uint64(budget), runLimit: min(runMemory, appLimit), appLimit: appLimit,
		samples: []metrics.Sample{
			{Name: "/memory/classes/heap/objects:bytes"},
			{Name: "/gc/heap/live:bytes"},
			{Name: "/gc/heap/allocs:bytes"},
			{Name: "/memory/classes/heap/free:bytes"},
			{Name: "/gc/cycles/total:gc-cycles"},
		},
		collected: make(chan bool, 1),
	}
}

// begin starts a look at all runs.
func (m *memory) begin(now int64) {
	metrics.Read(m.samples)
	clear(m.runs)
	m.runs, m.worked, m.underWay, m.judge = m.runs[:0], 0, false, false
	if m.asked == 0 {
		return
	}
	select {
	case m.judge = <-m.collected:
		m.rest, m.asked = now+(now-m.asked), 0 // half of the time, at most
	default:
	}
}

// see looks at one run, which has executed so long in all.
func (m *memory) see(r *run, executed int64) {
	r.worked, r.seen = max(0, executed-r.seen), max(executed, r.seen)
	m.worked += r.worked
	m.runs = append(m.runs, r)
	m.underWay = m.underWay || r == m.stopped
}

// end shares out what the heap grew by, and stops who is to be stopped.
func (m *memory) end(now int64) {
	m.sees(heap{cycles: m.value(heapCycles), live: m.value(heapLive), allocated: m.value(heapAllocated)})
	culprit, why := m.culprit()
	large := m.value(heapObjects) > m.most()
	if m.asked == 0 && now >= m.rest && (culprit != nil || large) && !m.judge {
		m.asked = now
		go func() {
			m.collected <- m.collect(sinceStart())
		}()
	}
	m.full.Store(m.asked != 0 && large)
	if m.underWay {
		return
	}
	if m.stopped = nil; m.judge && culprit != nil {
		m.stopped = culprit
		culprit.halt(call.Memory, why)
	}
}

// Who allocated much since the last collection waits while a heap over its budget is collected.
const (
	hunger     = 8       // part of all that was allocated
	hungerFrom = 8 << 20 // bytes
)

// allowed is how large the heap may be just now.
func (m *memory) allowed() uint64 { return m.budget + uint64(m.aside.Load()) }

// most is how large the heap may be, with its garbage: while a run allocates much, something is
// kept for what it allocates until the collection has ended.
func (m *memory) most() uint64 {
	allowed := m.allowed()
	for _, r := range m.runs {
		if r.recent > float64(allowed)/16 {
			return allowed - allowed/6
		}
	}
	return allowed
}

// sees guesses what the runs have of what the last collection left, over and above what is
// known: each look notes how much was allocated while which of them executed for how long.
func (m *memory) sees(now heap) {
	for _, r := range m.runs {
		now.held += r.held()
		if m.worked > 0 && m.began {
			r.recent += float64(now.allocated-m.before.allocated) * float64(r.worked) / float64(m.worked)
		}
	}
	for _, r := range m.runs {
		r.hungry.Store(r.recent > max(hungerFrom, float64(now.allocated-m.collectedAt)/hunger))
	}
	began := m.began
	m.began = len(m.runs) > 0
	switch {
	case !began: // what came to the heap meanwhile is of no run
		m.before = now
	case now.cycles == m.before.cycles:
		m.before.allocated = now.allocated
	default:
		m.collectedAt = now.allocated
		m.grow(int64(now.live) - int64(m.before.live) - (now.held - m.before.held))
		m.before = now
	}
}

// grow shares out the growth of the live heap. What it shrinks by had first the runs that
// have ended, then all others.
func (m *memory) grow(bytes int64) {
	var recent float64
	var guessed int64
	for _, r := range m.runs {
		recent += r.recent
		guessed += r.guessed
	}
	if bytes < 0 {
		gone := min(-bytes, m.guessed-guessed)
		m.guessed -= gone
		bytes = max(bytes+gone, -guessed)
	}
	m.guessed += bytes
	for _, r := range m.runs {
		switch {
		case bytes > 0 && recent > 0:
			r.guessed += int64(float64(bytes) * r.recent / recent)
		case bytes < 0 && guessed > 0:
			r.guessed += int64(float64(bytes) * float64(r.guessed) / float64(guessed))
		}
		r.recent = 0
	}
}

// culprit is who is to be stopped, and why; nil: all are within their limits.
func (m *memory) culprit() (culprit *run, why string) {
	if m.before.held <= m.runLimit && m.value(heapLive) <= m.allowed() {
		return nil, ""
	}
	known, all := map[id.App]int64{}, map[id.App]int64{}
	for _, r := range m.runs {
		held := r.held()
		known[r.Script.App] += held
		all[r.Script.App] += held + r.guessed
		if held > m.runLimit && (culprit == nil || held > culprit.held()) {
			culprit = r
		}
	}
	if culprit != nil {
		return culprit, m.overRun(culprit.held())
	}
	if app, held := largest(known); held > m.appLimit {
		culprit = m.heaviest(app, (*run).held)
		return culprit, m.overApp(held, culprit.held())
	}
	if m.value(heapLive) > m.allowed() {
		app, held := largest(all)
		if held == 0 { // nothing is known: who executed for longest
			executed := map[id.App]int64{}
			for _, r := range m.runs {
				executed[r.Script.App] = max(executed[r.Script.App], r.seen)
			}
			app, _ = largest(executed)
		}
		if culprit = m.heaviest(app, (*run).bytes); culprit != nil {
			return culprit, fmt.Sprintf("The worker's memory went over its budget of %d MiB. The runs of this app held the most of it, %d MiB, and of them this one: %d MiB in buffers, bodies and its log, "+
				"and about %d MiB by what the heap grew while it executed. The budget is set by --worker-memory.", m.budget>>20, held>>20, culprit.held()>>20, culprit.guessed>>20)
		}
	}
	return nil, ""
}

func (m *memory) overRun(held int64) string {
	return fmt.Sprintf("The run held %d MiB in buffers, bodies and its log; a run may hold %d MiB.", held>>20, m.runLimit>>20)
}

func (m *memory) overApp(together, held int64) string {
	return fmt.Sprintf("The runs of this app held %d MiB together in buffers, bodies and logs, and this one the most of them: %d MiB. "+
		"An app may hold %d MiB, a third of --worker-memory.", together>>20, held>>20, m.appLimit>>20)
}

// bytes is what the run holds as far as it is known, and the rest as a guess.
func (r *run) bytes() int64 { return r.held() + r.guessed }

func largest(apps map[id.App]int64) (most id.App, bytes int64) {
	bytes = -1
	for app, has := range apps {
		if has > bytes {
			most, bytes = app, has
		}
	}
	return most, bytes
}

// heaviest is the run of an app that has the most.
func (m *memory) heaviest(app id.App, has func(*run) int64) (most *run) {
	for _, r := range m.runs {
		if r.Script.App == app && (most == nil || has(r) > has(most) || has(r) == has(most) && r.seen > most.seen) {
			most = r
		}
	}
	return most
}

// collect collects the heap and lets the cleanups of what is gone run, unless that was done
// since somebody asked, a moment as sinceStart. It tells whether they had time to.
func (m *memory) collect(since int64) (cleaned bool) {
	m.collecting.Lock()
	defer m.collecting.Unlock()
	if m.last.Load() > since {
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
		if rest := m.last.Load() + max(int64(collectRest), m.took.Load()) - asked; rest > 0 {
			time.Sleep(time.Duration(rest))
		}
		cleaned = m.within(r) || m.collect(asked)
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

// makesRoom waits while the heap is over its budget and being collected: whoever allocates much
// meanwhile would only make it larger.
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
	m.guessed, m.began = 0, false
	if metrics.Read(m.samples); m.value(heapObjects)+m.value(heapFree) > m.budget/2 {
		debug.FreeOSMemory()
	}
}

func (m *memory) value(sample int) uint64 { return m.samples[sample].Value.Uint64() }
