package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// siege is an attack, a fault or both on the real product while neighbours call an innocent
// function and somebody asks for pages.
type siege struct {
	name       string
	flags      []string
	alone      bool              // the dashboard has a listener of its own, where no page may fail
	evil, shop map[string]string // functions of the two apps, by name
	neighbours int               // 0: four
	visited    string            // source of the function that they call; empty: neighbour
	fresh      bool              // they make a connection for each call
	body       int               // bytes that they send with it
	pace       time.Duration     // between two calls of a neighbour
	patience   time.Duration     // of a neighbour who waits for an answer; 0: 20 s
	attackers  []*attackers
	harm       []harm // one after the other, between them answers for the neighbours
	answers    int64  // how many; 0: 200
	deaths     int64  // workers that must have died of the attackers before it is over
	setAside   bool   // a call of theirs must have been refused, because the function is paused, before it is over
	leftOut    string // begins a line that a run of theirs must have in place of its log before it is over; "": any
	counted    bool   // runs of theirs must have been left without a row before it is over
	holds      bounds
}

// attackers come at the same time and do the same.
type attackers struct {
	count int
	path  string
	how   func(ctx context.Context, p *product, a *attackers) reply // one try
	tries int                                                       // of each of them; 0: until the siege is over
	// What each try must have met with, when that is known: the status, how soon, and the
	// outcome of all their runs.
	status  int
	within  time.Duration
	outcome string
	// How many connections they must have held at the same time before it is over. 0: a run of
	// their function must have begun.
	atOnce     int64
	held, most atomic.Int64
}

// hold counts a connection that the other side has put up with for a while.
func (a *attackers) hold() (end func()) {
	now := a.held.Add(1)
	for most := a.most.Load(); now > most && !a.most.CompareAndSwap(most, now); most = a.most.Load() {
	}
	return func() { a.held.Add(-1) }
}

// heldFor is how long a connection is there before it counts as held: who refuses a request
// may leave its connection open for half a second.
const heldFor = time.Second

// bounds are what must hold. Nothing wrong and no lost row are bounds of every siege.
type bounds struct {
	failed   int64         // calls of neighbours without a right answer
	refused  int64         // connections of neighbours
	gap      time.Duration // the longest time without a right answer; 0: any
	pages    int64         // of the dashboard, that did not come
	memory   int64         // the most anonymous resident memory of a worker, bytes; 0: any
	replaced bool          // there is one worker, and it is another
	counted  bool          // a row stands for each call of neighbours that was refused
}

// unbounded is for counts that nothing is promised about.
const unbounded = math.MaxInt64

// harm is what is done to the processes.
type harm func(p *product, n *neighbours)

func killWorkers(p *product, _ *neighbours) {
	signalWorkers(p, syscall.SIGKILL)
	if got := p.get("/healthz"); got.err != nil || got.status != 200 {
		p.t.Errorf("the dashboard: %d %v", got.status, got.err)
	}
}

func freezeWorkers(p *product, _ *neighbours) { signalWorkers(p, syscall.SIGSTOP) }

func signalWorkers(p *product, signal syscall.Signal) {
	for _, pid := range p.workers() {
		_ = syscall.Kill(pid, signal)
	}
}

// killManager kills the manager and starts it again when its workers are gone.
func killManager(p *product, n *neighbours) { restart(p, n, func() {}) }

func killAll(p *product, n *neighbours) { restart(p, n, func() { signalWorkers(p, syscall.SIGKILL) }) }

func restart(p *product, n *neighbours, also func()) {
	workers := p.workers()
	_ = p.cmd.Process.Kill()
	also()
	_ = p.cmd.Wait()
	n.away.Lock()
	defer n.away.Unlock()
	p.eventually(10*time.Second, "gone", func() bool {
		for _, pid := range workers {
			if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
				return false
			}
		}
		return true
	})
	p.start()
	p.rows("neighbour", n.right.Load()) // this start owes none
}

// calls calls and reads the answer.
func calls(ctx context.Context, p *product, a *attackers) reply {
	return request(ctx, p, a.path)
}

// leaves calls and goes away while the function runs.
func leaves(ctx context.Context, p *product, a *attackers) reply {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	return request(ctx, p, a.path)
}

func request(ctx context.Context, p *product, path string) reply {
	ask, err := http.NewRequestWithContext(ctx, "GET", p.url(path), nil)
	if err != nil {
		return reply{err: err}
	}
	answer, err := caller.Do(ask)
	if err != nil {
		return reply{err: err}
	}
	defer answer.Body.Close()
	return reply{status: answer.StatusCode, header: answer.Header}
}

// sendsSlowly sends most of a large body at once and the rest now and then.
func sendsSlowly(ctx context.Context, p *product, a *attackers) reply {
	const size, soon = 1_000_000, 900_000
	return converse(ctx, p, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", a.path, p.address, size), func(conn net.Conn) error {
		if _, err := conn.Write(make([]byte, soon)); err != nil {
			return err
		}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for began, held := time.Now(), false; ; {
			<-tick.C
			if _, err := conn.Write([]byte("x")); err != nil {
				return err
			}
			if !held && time.Since(began) > heldFor {
				held = true
				defer a.hold()()
			}
		}
	})
}

// readsNothing asks and leaves the answer where it is.
func readsNothing(ctx context.Context, p *product, a *attackers) reply {
	return converse(ctx, p, "GET "+a.path+" HTTP/1.1\r\nHost: "+p.address+"\r\n\r\n", func(net.Conn) error {
		<-ctx.Done()
		return nil
	})
}

// readsSlowly asks and takes a kilobyte of the answer now and then. Who is refused asks again.
func readsSlowly(ctx context.Context, p *product, a *attackers) reply {
	return converse(ctx, p, "GET "+a.path+" HTTP/1.1\r\nHost: "+p.address+"\r\n\r\n", func(conn net.Conn) error {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for first := true; ; first = false {
			part := make([]byte, 1<<10)
			n, err := conn.Read(part)
			if err != nil || first && !bytes.HasPrefix(part[:n], []byte("HTTP/1.1 200")) {
				return err
			}
			<-tick.C
		}
	})
}

// staysIdle opens a connection and says nothing; hung up on, it comes again a second later.
func staysIdle(ctx context.Context, p *product, a *attackers) reply {
	got := converse(ctx, p, "", func(conn net.Conn) error {
		_ = conn.SetReadDeadline(time.Now().Add(heldFor))
		_, err := conn.Read(make([]byte, 1))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			defer a.hold()()
			_ = conn.SetReadDeadline(time.Time{})
			_, err = conn.Read(make([]byte, 1)) // until the other side closes
		}
		return err
	})
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	return got
}

// converse holds a connection until the talk or the siege is over. It comes from one of eight
// addresses, none of which is the neighbours'.
func converse(ctx context.Context, p *product, first string, talk func(net.Conn) error) reply {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+rand.N(8)))}
	conn, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return reply{err: err}
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	if _, err := conn.Write([]byte(first)); err != nil {
		return reply{err: err}
	}
	return reply{err: talk(conn)}
}

// run is the one runner of all sieges.
func (s siege) run(t *testing.T) {
	if s.alone {
		s.flags = append(slices.Clone(s.flags), "--dashboard-addr", freeAddress(t))
	}
	p := serveProduct(t, s.flags...)
	for app, functions := range map[string]map[string]string{"evil": s.evil, "shop": s.shop} {
		p.app(app)
		for name, source := range functions {
			p.publish(app, name, source)
		}
	}
	if s.neighbours == 0 {
		s.neighbours = 4
	}
	if s.answers == 0 {
		s.answers = 200
	}
	if s.patience == 0 {
		s.patience = 20 * time.Second
	}
	before := p.workers()
	n := p.neighbours(s.neighbours, visit{source: s.visited, fresh: s.fresh, body: s.body, pace: s.pace, patience: s.patience})
	w := p.watch(n, p.address)
	alone := &watch{stop: func() {}}
	if s.alone {
		alone = p.watch(n, s.flags[len(s.flags)-1])
	}
	ended, stop := p.attack(s.attackers)
	for _, harm := range s.harm {
		n.await(10*time.Second, s.answers)
		harm(p, n)
	}
	n.await(60*time.Second, s.answers)
	p.eventually(60*time.Second, fmt.Sprintf("%d deaths of workers", s.deaths), func() bool { return p.deaths() >= s.deaths })
	p.eventually(60*time.Second, "set aside", func() bool { return !s.setAside || p.setAside() })
	p.eventually(60*time.Second, fmt.Sprintf("left out: %q", s.leftOut), func() bool { return s.leftOut == "" || p.logs(s.leftOut) })
	p.eventually(60*time.Second, "counted only", func() bool { return !s.counted || p.countedOnly() })
	p.eventually(60*time.Second, "attacked", ended)
	stop()
	n.await(10*time.Second, s.answers) // all is well again
	n.check()
	w.stop()
	alone.stop()
	if failed, asked := alone.failed.Load(), alone.asked.Load(); failed > 0 || s.alone && asked == 0 {
		t.Errorf("%d of %d pages of the dashboard's own listener failed", failed, asked)
	}
	s.check(p, n, w, before)
}

func (s siege) check(p *product, n *neighbours, w *watch, before []int) {
	t := p.t
	t.Logf("%d of %d pages failed, worker's memory at most %d MiB, %d deaths", w.failed.Load(), w.asked.Load(), w.memory.Load()>>20, p.deaths())
	if got := n.failed(); got > s.holds.failed {
		t.Errorf("%d calls of neighbours failed, more than %d", got, s.holds.failed)
	}
	if got := n.refused.Load(); got > s.holds.refused {
		t.Errorf("%d connections were refused, more than %d", got, s.holds.refused)
	}
	if gap := time.Duration(n.longest.Load()); s.holds.gap > 0 && gap > s.holds.gap {
		t.Errorf("%v without a right answer, longer than %v", gap, s.holds.gap)
	}
	if got := w.failed.Load(); got > s.holds.pages {
		t.Errorf("%d of %d pages failed, more than %d", got, w.asked.Load(), s.holds.pages)
	}
	if got := w.memory.Load(); s.holds.memory > 0 && got > s.holds.memory {
		t.Errorf("the worker's memory grew to %d bytes, more than %d", got, s.holds.memory)
	}
	if s.holds.replaced {
		p.eventually(5*time.Second, "replaced", func() bool {
			now := p.workers()
			return len(now) == 1 && now[0] != before[0]
		})
	}
	for _, a := range s.attackers {
		t.Logf("%s: at most %d connections held", a.path, a.most.Load())
		if a.atOnce == 0 {
			p.eventually(30*time.Second, "run: "+a.path, func() bool {
				rows, all := p.count(path.Base(a.path))
				return all > rows["busy"]+rows["unavailable"]
			})
		}
		if a.outcome == "" {
			continue
		}
		want := int64(a.count * a.tries)
		if rows := p.rows(path.Base(a.path), want); rows[a.outcome] != want {
			t.Errorf("outcomes of %s are %v, want %d %s", a.path, rows, want, a.outcome)
		}
	}
	if s.holds.counted {
		p.stop(p.cmd) // calls that share a row have it when their minute is over, or when all is
		if got, want := p.refusals("neighbour"), n.busy.Load(); got != want {
			t.Errorf("lost row: %d refused calls are in rows, want %d", got, want)
		}
	}
}

// deaths are the runs of the app "evil" that cost a worker.
func (p *product) deaths() (n int64) {
	_ = p.pool.QueryRow(p.t.Context(), `SELECT count(*) FROM executions JOIN apps ON apps.id = app_id WHERE slug = 'evil' AND outcome IN ('crashed', 'killed')`).Scan(&n)
	return n
}

// setAside tells whether a call of the app "evil" was refused because it is paused.
func (p *product) setAside() (is bool) {
	_ = p.pool.QueryRow(p.t.Context(), `SELECT EXISTS (SELECT FROM executions JOIN apps ON apps.id = app_id WHERE slug = 'evil' AND outcome = 'paused')`).Scan(&is)
	return is
}

// logs tells whether a run of the app "evil" has a line that begins so.
func (p *product) logs(line string) (has bool) {
	_ = p.pool.QueryRow(p.t.Context(), `SELECT EXISTS (SELECT FROM log_lines JOIN apps ON apps.id = app_id WHERE slug = 'evil' AND starts_with(message, $1))`, line).Scan(&has)
	return has
}

// countedOnly tells whether there are more runs of the app "evil" than rows.
func (p *product) countedOnly() (more bool) {
	_ = p.pool.QueryRow(p.t.Context(), `SELECT (SELECT sum(runs) FROM run_counts WHERE app_id = a.id) > (SELECT count(*) FROM executions WHERE app_id = a.id) FROM apps a WHERE slug = 'evil'`).Scan(&more)
	return more
}

// attack lets the attackers loose. ended tells whether those are through whose tries are
// numbered and the others have held their connections; stop ends those too.
func (p *product) attack(all []*attackers) (ended func() bool, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	through := make(chan struct{})
	var numbered, others sync.WaitGroup
	for _, a := range all {
		group := &others
		if a.tries > 0 {
			group = &numbered
		}
		for range a.count {
			group.Go(func() {
				for try := 0; ctx.Err() == nil && (a.tries == 0 || try < a.tries); try++ {
					a.once(ctx, p)
				}
			})
		}
	}
	go func() { numbered.Wait(); close(through) }()
	stop = sync.OnceFunc(func() {
		cancel()
		<-through
		others.Wait()
	})
	p.t.Cleanup(stop)
	return func() bool {
		select {
		case <-through:
			return !slices.ContainsFunc(all, func(a *attackers) bool { return a.most.Load() < a.atOnce })
		default:
			return false
		}
	}, stop
}

func (a *attackers) once(ctx context.Context, p *product) {
	began := time.Now()
	got := a.how(ctx, p, a)
	took := time.Since(began)
	if a.status != 0 && (got.err != nil || got.status != a.status) {
		p.t.Errorf("%s: got %d %v, want %d", a.path, got.status, got.err, a.status)
	}
	if a.within > 0 && took > a.within {
		p.t.Errorf("%s answered after %v, want %v", a.path, took, a.within)
	}
	if got.err != nil && ctx.Err() == nil { // nobody dials as fast as they can
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
