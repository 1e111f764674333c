package invoke

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"picloud/engine/id"
)

// gate admits runs. Those that execute, or are ready to, have a place each; one that waits for
// something outside (a timer, an answer) gives its place to others and needs no gate to go on.
// All together are bounded too. An app has no more than its share of either, and a part of both
// is kept for apps that have little or nothing. A short queue is behind: what comes free goes to
// the app in it with the fewest runs.
type gate struct {
	running  quota         // runs that execute or are ready to; more where several wake at once
	inside   quota         // those that wait, too
	queue    int           // calls in the queue
	patience time.Duration // of one of them

	mu      sync.Mutex
	apps    map[id.App]*gateApp
	queued  int
	refused int // whose refusal is not recorded yet
	closed  bool
}

// quota is a number of things for all apps.
type quota struct {
	most int
	kept int // of them, for apps that have less than an eighth
	now  int
}

// admits tells whether an app that has some of them may have one more. None has more than three
// quarters, and the last sixteenth is for those that have none.
func (q *quota) admits(has int) bool {
	left := q.most - q.now
	switch {
	case has == 0:
		return left > 0
	case has < q.most/8:
		return left > q.most/16
	}
	return left > q.kept && has < q.share()
}

// share is the most that an app has.
func (q *quota) share() int { return q.most - q.most/4 }

// place is a run's in the gate. Its fields are the gate's.
type place struct {
	app    id.App
	inside bool
	asleep bool // it has no place of those that execute
}

// verdict is what the gate says to a call.
type verdict uint8

const (
	admitted verdict = iota // leave gives the place back
	busy                    // told says that the refusal is recorded
	gone                    // the caller went away; told, too
	closed                  // nothing may be recorded any more
)

type gateApp struct {
	running int
	inside  int
	held    atomic.Int64 // bytes that its runs hold
	line    []*waiting   // in order of arrival
}

// waiting is a call in the queue.
type waiting struct {
	place *place
	let   chan struct{} // a send lets it in
}

// newGate makes one for so many runs that execute or are ready to, and so many that wait.
func newGate(running, waiting int) *gate {
	all := running + waiting
	return &gate{
		running: quota{most: running, kept: running / 4}, inside: quota{most: all, kept: all / 16},
		queue: queueOf(running, waiting), patience: 2 * time.Second,
		apps: make(map[id.App]*gateApp),
	}
}

// queueOf is how many may wait to come in: as many as may be inside soon, where runs wait more
// than they execute.
func queueOf(running, waiting int) int { return max(4*running, waiting) }

// enter waits until the place is inside, for as long as it says.
func (g *gate) enter(ctx context.Context, p *place) (said verdict, waited time.Duration) {
	g.mu.Lock()
	a := g.of(p.app)
	if g.closed {
		g.forget(p.app, a)
		g.mu.Unlock()
		return closed, 0
	}
	if g.admits(a) {
		g.take(a, p)
		g.mu.Unlock()
		return admitted, 0
	}
	if g.queued >= g.queue || len(a.line) >= max(1, g.queue/2) {
		g.refused++
		g.forget(p.app, a)
		g.mu.Unlock()
		return busy, 0
	}
	in := &waiting{place: p, let: make(chan struct{}, 1)}
	a.line = append(a.line, in)
	g.queued++
	g.mu.Unlock()
	began := time.Now()
	said = g.await(ctx, in)
	return said, time.Since(began)
}

func (g *gate) admits(a *gateApp) bool {
	return g.running.admits(a.running) && g.inside.admits(a.inside)
}

func (g *gate) take(a *gateApp, p *place) {
	p.inside = true
	g.running.now++
	g.inside.now++
	a.running++
	a.inside++
}

// turnAway is for a call that may not run whatever room there is: busy, or closed.
func (g *gate) turnAway() verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return closed
	}
	g.refused++
	return busy
}

func (g *gate) await(ctx context.Context, in *waiting) verdict {
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	said := busy
	select {
	case <-in.let:
		return admitted
	case <-patience.C:
	case <-ctx.Done():
		said = gone
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.apps[in.place.app]
	if at := slices.Index(a.line, in); at >= 0 {
		a.line = slices.Delete(a.line, at, at+1)
		g.queued--
		g.refused++
		g.forget(in.place.app, a)
		return said
	}
	return admitted // it was let in at the last moment
}

// held counts what the runs of an app hold.
func (g *gate) held(app id.App) *atomic.Int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return &g.of(app).held
}

func (g *gate) of(app id.App) *gateApp {
	a := g.apps[app]
	if a == nil {
		a = &gateApp{}
		g.apps[app] = a
	}
	return a
}

// told says that a refusal is recorded.
func (g *gate) told() {
	g.mu.Lock()
	g.refused--
	g.mu.Unlock()
}

// leave gives the place back. One that has left already does nothing.
func (g *gate) leave(p *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !p.inside {
		return
	}
	a := g.apps[p.app]
	if p.inside = false; !p.asleep {
		g.running.now--
		a.running--
	}
	g.inside.now--
	a.inside--
	g.letIn()
	g.forget(p.app, a)
}

// sleep lets others execute while the run waits for something outside.
func (g *gate) sleep(p *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.inside && !p.asleep {
		p.asleep = true
		g.running.now--
		g.apps[p.app].running--
		g.letIn()
	}
}

// wake lets the run go on at once, however many others do. What is over its app's share then takes
// no place of others'.
func (g *gate) wake(p *place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a := g.apps[p.app]; p.inside && p.asleep && a.running < g.running.share() {
		p.asleep = false
		g.running.now++
		a.running++
	}
}

// letIn takes in from the queue who may come in now.
func (g *gate) letIn() {
	for g.queued > 0 {
		next := g.next()
		if next == nil {
			return
		}
		in := next.line[0]
		next.line = next.line[1:]
		g.queued--
		g.take(next, in.place)
		in.let <- struct{}{}
	}
}

// close refuses who comes from now on.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
}

// count is how many were admitted and have not left, or were refused and are not recorded.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside.now + g.refused
}

func (g *gate) next() *gateApp {
	var best *gateApp
	for _, a := range g.apps {
		if len(a.line) > 0 && g.admits(a) && (best == nil || a.running < best.running) {
			best = a
		}
	}
	return best
}

// forget keeps the map from growing over all apps ever called. Busy apps stay, so that
// the common case allocates nothing.
func (g *gate) forget(app id.App, a *gateApp) {
	if a.inside == 0 && len(a.line) == 0 && a.held.Load() == 0 && len(g.apps) > 64 {
		delete(g.apps, app)
	}
}
