package invoke

import (
	"sync"
	"sync/atomic"

	"picloud/engine/id"
)

// processor lends the right to execute: as many at a time as there are processors, in
// turn between apps. A run that has held on for long gives its turn to others (run.tick);
// one that does not hear of it, in a built-in, is moved aside (see demote), so that short
// runs of others do not wait for it; there the Go scheduler shares the time.
type processor struct {
	mu      sync.Mutex
	free    int
	aside   int          // runs that execute without a turn
	most    int          // of those
	crowd   atomic.Int32 // how many wait
	waiting map[id.App][]*turn
	order   []id.App // apps with waiting runs, next first
}

// turn is one run's right to execute. Its fields are the processor's.
type turn struct {
	app     id.App
	ready   chan struct{} // a send is the turn; made at the first wait
	holding bool
	aside   bool
}

func newProcessor(processors int) *processor {
	return &processor{free: processors, most: processors, waiting: make(map[id.App][]*turn)}
}

// acquire waits for t; what stop gives ends the waiting.
func (p *processor) acquire(t *turn, stop func() <-chan struct{}) (got bool) {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
		t.holding = true
		p.mu.Unlock()
		return true
	}
	if t.ready == nil {
		t.ready = make(chan struct{}, 1)
	}
	line := p.waiting[t.app]
	if len(line) == 0 {
		p.order = append(p.order, t.app)
	}
	p.waiting[t.app] = append(line, t)
	p.crowd.Add(1)
	p.mu.Unlock()
	select {
	case <-t.ready:
		return true
	case <-stop():
		return p.withdraw(t)
	}
}

// withdraw takes a waiting run out of its line; it tells whether its turn came meanwhile.
func (p *processor) withdraw(t *turn) (got bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.waiting[t.app]
	for i, other := range line {
		if other == t {
			p.setLine(t.app, append(line[:i], line[i+1:]...))
			p.crowd.Add(-1)
			return false
		}
	}
	<-t.ready
	return true
}

func (p *processor) setLine(app id.App, line []*turn) {
	if len(line) > 0 {
		p.waiting[app] = line
		return
	}
	delete(p.waiting, app)
	for i, other := range p.order {
		if other == app {
			p.order = append(p.order[:i], p.order[i+1:]...)
			return
		}
	}
}

// release gives the turn back. Without one it does nothing.
func (p *processor) release(t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case t.aside:
		t.aside = false
		p.aside--
	case t.holding:
		t.holding = false
		p.pass()
	}
}

// pass hands a free turn to the next app in order, or keeps it.
func (p *processor) pass() {
	if len(p.order) == 0 {
		p.free++
		return
	}
	app := p.order[0]
	line := p.waiting[app]
	t := line[0]
	p.order = append(p.order[1:], app)
	p.setLine(app, line[1:])
	p.crowd.Add(-1)
	t.holding = true
	t.ready <- struct{}{}
}

// demote takes the turn of a long run and lets it execute aside: if somebody waits and
// there is room, or in any case when it must (the run cannot be stopped).
func (p *processor) demote(t *turn, must bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.holding || !must && (len(p.order) == 0 || p.aside >= p.most) {
		return
	}
	t.holding, t.aside = false, true
	p.aside++
	p.pass()
}
