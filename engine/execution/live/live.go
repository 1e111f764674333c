package live

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
)

// Hub tells those who watch what happens in this process. While nobody does, each of
// its methods costs one atomic load.
type Hub struct {
	journal  *journal.Journal
	watching atomic.Int32

	mu       sync.RWMutex
	watchers []*watcher
}

const (
	livePerSecond = 50      // runs shown to one watcher; more are counted
	liveEvents    = 1024    // waiting for one watcher
	liveBytes     = 2 << 20 // of them
	liveRuns      = 8192    // shown at once
)

// NewHub makes the hub of a process; the journal tells it what runs already when
// somebody begins to watch.
func NewHub(of *journal.Journal) *Hub { return &Hub{journal: of} }

// Start says that a call begins. It comes after Journal.Begin.
func (l *Hub) Start(who *execution.Identity) {
	if l.watching.Load() > 0 {
		l.tell(who, func() Event { return started(who) })
	}
}

// Line says that a run logs.
func (l *Hub) Line(who *execution.Identity, line call.Line) {
	if l.watching.Load() == 0 {
		return
	}
	l.tell(who, func() Event {
		return Event{
			Kind: RunLine, At: line.At, Identity: execution.Identity{Execution: who.Execution, App: who.App, Script: who.Script},
			Line: &execution.LogLine{At: line.At, Level: line.Level, Message: line.Message, Fields: line.Fields},
		}
	})
}

// End says that a run has ended. It comes after Slot.Finish, so that nobody who begins
// to watch in between waits for it for ever.
func (l *Hub) End(record *execution.Record) {
	if l.watching.Load() == 0 {
		return
	}
	kept := *record // so that the record itself can stay on its maker's stack
	l.tell(&kept.Identity, func() Event { return ended(&kept) })
}

func (l *Hub) tell(who *execution.Identity, event func() Event) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, w := range l.watchers {
		if w.filter.wants(who) {
			w.take(event())
		}
	}
}

// Subscribe gives what the filter wants, beginning with a start for each call that runs
// already. Of more than 50 runs a second only the first 50 are shown, with their lines and
// ends, and an event Sampled says how many are not; a single run is always shown. A
// reader that is too slow loses events and is told so by an event Dropped. leave ends
// the subscription and closes the channel.
func (l *Hub) Subscribe(filter Filter) (events <-chan Event, leave func()) {
	w := &watcher{
		filter: filter, out: make(chan Event), wake: make(chan struct{}, 1), done: make(chan struct{}),
		shown: make(map[id.Execution]struct{}), window: time.Now(),
	}
	w.mu.Lock() // what happens meanwhile waits for the replay
	l.mu.Lock()
	l.watchers = append(l.watchers, w)
	l.watching.Add(1)
	l.mu.Unlock()
	for run := range l.journal.Running() {
		if filter.wants(&run.Identity) {
			w.shown[run.Execution] = struct{}{}
			w.push(started(&run.Identity))
		}
	}
	w.mu.Unlock()
	var pump sync.WaitGroup
	pump.Go(w.pump)
	return w.out, sync.OnceFunc(func() {
		l.mu.Lock()
		l.watchers = slices.DeleteFunc(l.watchers, func(other *watcher) bool { return other == w })
		l.watching.Add(-1)
		l.mu.Unlock()
		close(w.done)
		pump.Wait()
	})
}

// watcher is one subscription.
type watcher struct {
	filter Filter
	out    chan Event
	wake   chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	queue   []Event
	bytes   int
	shown   map[id.Execution]struct{} // runs whose lines and end are wanted
	window  time.Time                 // the second that is being counted
	starts  int64                     // shown in it
	hidden  int64                     // and not shown
	dropped int64                     // events lost since the reader was last told
}

// take decides whether an event is for the reader.
func (w *watcher) take(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, shown := w.shown[e.Execution]
	switch e.Kind {
	case RunStarted:
		if shown || !w.admit() {
			return
		}
		w.shown[e.Execution] = struct{}{}
	case RunEnded:
		if !shown {
			return
		}
		delete(w.shown, e.Execution)
	default:
		if !shown {
			return
		}
	}
	w.push(e)
}

// admit tells whether one more run may be shown.
func (w *watcher) admit() bool {
	if now := time.Now(); w.hidden == 0 && now.Sub(w.window) >= time.Second {
		w.window, w.starts = now, 0
	}
	if w.starts >= livePerSecond && w.filter.Execution.IsZero() || len(w.shown) >= liveRuns {
		if w.hidden++; w.hidden == 1 {
			w.signal() // the reader's side ends the second
		}
		return false
	}
	w.starts++
	return true
}

func (w *watcher) push(e Event) {
	weight := e.weight()
	if len(w.queue) >= liveEvents || w.bytes+weight > liveBytes {
		w.dropped++
		return
	}
	w.queue = append(w.queue, e)
	w.bytes += weight
	w.signal()
}

func (w *watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// pump hands the queue to the reader.
func (w *watcher) pump() {
	defer close(w.out)
	for {
		events, second := w.next()
		for i := range events {
			select {
			case w.out <- events[i]:
			case <-w.done:
				return
			}
		}
		if len(events) > 0 {
			continue
		}
		var timer <-chan time.Time
		if second > 0 {
			timer = time.After(second)
		}
		select {
		case <-w.wake:
		case <-timer:
		case <-w.done:
			return
		}
	}
}

// next takes what waits, with what there is to say about it; second is how long until
// the next word about hidden runs is due, 0: there are none.
func (w *watcher) next() (events []Event, second time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	events, w.queue, w.bytes = w.queue, nil, 0
	if w.dropped > 0 {
		events = append(events, Event{Kind: Dropped, At: now, Hidden: w.dropped})
		w.dropped = 0
	}
	if w.hidden > 0 {
		if second = time.Second - now.Sub(w.window); second <= 0 {
			events = append(events, Event{Kind: Sampled, At: now, Shown: w.starts, Hidden: w.hidden})
			w.window, w.starts, w.hidden, second = now, 0, 0, 0
		}
	}
	return events, second
}
