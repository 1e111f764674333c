package invoke

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"picloud/engine/id"
)

// gate admits runs: at most a number at a time, no app more than its share, a short
// queue behind. A place that comes free goes to the waiting app with the fewest runs.
type gate struct {
	places   int           // runs at a time
	share    int           // of one app
	queue    int           // waiting calls in all
	patience time.Duration // of a waiting call

	mu      sync.Mutex
	running int
	apps    map[id.App]*gateApp
	waiting int
	refused int // whose refusal is not recorded yet
	closed  bool
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
	held    atomic.Int64    // bytes that its runs hold
	line    []chan struct{} // in order of arrival; a send is the place
}

func newGate(places int) *gate {
	return &gate{
		places: places, share: max(1, places-places/4), queue: 4 * places, patience: 2 * time.Second,
		apps: make(map[id.App]*gateApp),
	}
}

// enter waits for a place, for as long as it says.
func (g *gate) enter(ctx context.Context, app id.App) (said verdict, waited time.Duration) {
	g.mu.Lock()
	a := g.of(app)
	if g.closed {
		g.forget(app, a)
		g.mu.Unlock()
		return closed, 0
	}
	if g.running < g.places && a.running < g.share {
		g.running++
		a.running++
		g.mu.Unlock()
		return admitted, 0
	}
	if g.waiting >= g.queue || len(a.line) >= max(1, g.queue/2) {
		g.refused++
		g.forget(app, a)
		g.mu.Unlock()
		return busy, 0
	}
	place := make(chan struct{}, 1)
	a.line = append(a.line, place)
	g.waiting++
	g.mu.Unlock()
	began := time.Now()
	said = g.await(ctx, app, place)
	return said, time.Since(began)
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

func (g *gate) await(ctx context.Context, app id.App, place chan struct{}) verdict {
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	said := busy
	select {
	case <-place:
		return admitted
	case <-patience.C:
	case <-ctx.Done():
		said = gone
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.apps[app]
	for i, waiting := range a.line {
		if waiting == place {
			a.line = append(a.line[:i], a.line[i+1:]...)
			g.waiting--
			g.refused++
			g.forget(app, a)
			return said
		}
	}
	return admitted // the place came at the last moment
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

func (g *gate) leave(app id.App) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.apps[app]
	a.running--
	g.running--
	for g.waiting > 0 && g.running < g.places {
		next := g.next()
		if next == nil {
			break
		}
		next.line[0] <- struct{}{}
		next.line = next.line[1:]
		next.running++
		g.running++
		g.waiting--
	}
	g.forget(app, a)
}

// close refuses who comes from now on.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
}

// inside is how many were admitted and have not left, or were refused and are not recorded.
func (g *gate) inside() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running + g.refused
}

func (g *gate) next() *gateApp {
	var best *gateApp
	for _, a := range g.apps {
		if len(a.line) > 0 && a.running < g.share && (best == nil || a.running < best.running) {
			best = a
		}
	}
	return best
}

// forget keeps the map from growing over all apps ever called. Busy apps stay, so that
// the common case allocates nothing.
func (g *gate) forget(app id.App, a *gateApp) {
	if a.running == 0 && len(a.line) == 0 && a.held.Load() == 0 && len(g.apps) > 64 {
		delete(g.apps, app)
	}
}
