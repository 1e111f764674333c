package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	hello     = `export default () => "hello";`
	neighbour = `export default (request: Request) => new Response("right " + new URL(request.url).searchParams.get("n"));`
)

// neighbours call the innocent function "neighbour" of the app "shop" all the while, each
// on a connection of its own, and count what they got. An answer that is neither right nor
// a 503 fails the test.
type neighbours struct {
	p                            *product
	right, busy, closed, refused atomic.Int64 // answers, 503s, connections that broke, connections that were refused
	last, longest                atomic.Int64 // the latest right answer, Unix nanoseconds; the longest time without one, nanoseconds
	away                         sync.RWMutex // held while there is no product that could be called
	stop                         func()
}

// visit is how a neighbour calls.
type visit struct {
	source   string        // of the function; empty: neighbour
	fresh    bool          // a connection for each call
	body     int           // bytes that are sent with it; 0: it is a GET
	pace     time.Duration // between two calls; 0: none
	patience time.Duration // for an answer
}

// neighbours begin to call.
func (p *product) neighbours(count int, how visit) *neighbours {
	p.publish("shop", "neighbour", cmp.Or(how.source, neighbour))
	n := &neighbours{p: p}
	n.last.Store(time.Now().UnixNano())
	done := make(chan struct{})
	var group sync.WaitGroup
	for c := range count {
		group.Go(func() { n.call(c, how, done) })
	}
	n.stop = sync.OnceFunc(func() {
		close(done)
		group.Wait()
		n.gap()
	})
	p.t.Cleanup(n.stop)
	return n
}

func (n *neighbours) call(c int, how visit, done <-chan struct{}) {
	client := &http.Client{Timeout: how.patience, Transport: &http.Transport{DisableKeepAlives: how.fresh}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(max(how.pace, 1))
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		n.away.RLock()
		got, err := fetch(client, n.p.url(fmt.Sprintf("/fn/shop/neighbour?n=%d-%d", c, i)), how.body)
		n.away.RUnlock()
		switch {
		case err == nil && got.status == http.StatusOK && got.body == fmt.Sprintf("right %d-%d", c, i):
			n.right.Add(1)
			n.gap()
		case err == nil && got.status == http.StatusServiceUnavailable:
			n.busy.Add(1)
		case errors.Is(err, syscall.ECONNREFUSED):
			n.refused.Add(1)
		case errors.Is(err, errClosed):
			n.closed.Add(1)
		default:
			n.p.t.Errorf("neighbour: %d %q, %v", got.status, got.body, err)
			return
		}
	}
}

// gap ends the time without a right answer.
func (n *neighbours) gap() {
	now := time.Now().UnixNano()
	gap := now - n.last.Swap(now)
	for old := n.longest.Load(); gap > old && !n.longest.CompareAndSwap(old, gap); old = n.longest.Load() {
	}
}

func (n *neighbours) failed() int64 { return n.busy.Load() + n.closed.Load() + n.refused.Load() }

// await waits until the neighbours have got so many more right answers.
func (n *neighbours) await(limit time.Duration, answers int64) {
	n.p.t.Helper()
	before := n.right.Load()
	n.p.eventually(limit, fmt.Sprintf("%d more right answers", answers), func() bool { return n.right.Load() >= before+answers })
}

// check stops the neighbours and waits for a row for each right answer.
func (n *neighbours) check() {
	n.p.t.Helper()
	n.stop()
	rows := n.p.rows("neighbour", n.right.Load())
	n.p.t.Logf("neighbours: %d right, %d busy, %d closed, %d refused, longest gap %v, rows %v",
		n.right.Load(), n.busy.Load(), n.closed.Load(), n.refused.Load(), time.Duration(n.longest.Load()).Round(time.Millisecond), rows)
}

// rows waits until the script has at least so many rows of calls that were not refused, and
// gives their number by outcome.
func (p *product) rows(script string, least int64) map[string]int64 {
	p.t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.After(30 * time.Second); ; {
		counts, total := p.count(script)
		if total-counts["busy"]-counts["unavailable"] >= least {
			return counts
		}
		select {
		case <-look.C:
		case <-end:
			p.t.Fatalf("lost row: %d of %s after 30 s, want %d: %v", total, script, least, counts)
		}
	}
}

func (p *product) count(script string) (counts map[string]int64, total int64) {
	counts = map[string]int64{}
	found, err := p.pool.Query(p.t.Context(), `SELECT outcome, sum(1 + coalesce(others, 0))::bigint FROM executions WHERE script_name = $1 GROUP BY outcome`, script)
	if err != nil {
		return counts, 0
	}
	defer found.Close()
	for found.Next() {
		var outcome string
		var n int64
		if found.Scan(&outcome, &n) != nil {
			return counts, 0
		}
		counts[outcome] = n
		total += n
	}
	return counts, total
}

// refusals are the calls of a script that were refused: those whose row says so, and those
// that these rows stand for.
func (p *product) refusals(script string) (calls int64) {
	p.t.Helper()
	err := p.pool.QueryRow(p.t.Context(), `SELECT coalesce(sum(1 + coalesce(others, 0)), 0)
		FROM executions WHERE script_name = $1 AND outcome IN ('busy', 'unavailable')`, script).Scan(&calls)
	if err != nil {
		p.t.Fatal(err)
	}
	return calls
}

var errClosed = errors.New("connection closed")

// fetch tells a closed connection from a refused one.
func fetch(client *http.Client, url string, sent int) (reply, error) {
	method := http.MethodGet
	if sent > 0 {
		method = http.MethodPost
	}
	ask, err := http.NewRequest(method, url, bytes.NewReader(make([]byte, sent)))
	if err != nil {
		return reply{}, err
	}
	answer, err := client.Do(ask)
	if err != nil {
		text := err.Error()
		if strings.Contains(text, "EOF") || strings.Contains(text, "reset by peer") || strings.Contains(text, "broken pipe") {
			return reply{}, fmt.Errorf("%w: %v", errClosed, err)
		}
		return reply{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return reply{}, fmt.Errorf("%w: %v", errClosed, err)
	}
	return reply{status: answer.StatusCode, header: answer.Header, body: string(body)}, nil
}

// watch asks an address for pages as somebody who is signed in, and looks at the workers' memory, all
// the while.
type watch struct {
	asked, failed atomic.Int64 // pages
	memory        atomic.Int64 // the most anonymous resident memory of a worker, bytes
	stop          func()
}

func (p *product) watch(n *neighbours, address string) *watch {
	w := &watch{}
	client := &http.Client{
		Jar: p.signIn().client.Jar, Timeout: 20 * time.Second, Transport: &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	every := func(pace time.Duration, do func()) {
		group.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for {
				select {
				case <-done:
					return
				case <-tick.C:
					n.away.RLock()
					do()
					n.away.RUnlock()
				}
			}
		})
	}
	every(20*time.Millisecond, func() {
		w.asked.Add(1)
		if got, err := fetch(client, "http://"+address+"/apps/shop", 0); err != nil || got.status != http.StatusOK {
			w.failed.Add(1)
		}
	})
	every(50*time.Millisecond, func() {
		for _, pid := range p.workers() {
			w.memory.Store(max(w.memory.Load(), anonymous(pid)))
		}
	})
	w.stop = sync.OnceFunc(func() {
		close(done)
		group.Wait()
		client.CloseIdleConnections()
	})
	p.t.Cleanup(w.stop)
	return w
}

// anonymous is the resident memory of a process that is of no file, in bytes.
func anonymous(pid int) (size int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	_, _ = fmt.Sscan(rest, &size)
	return size << 10
}

func TestAnonymousMemoryIsSeen(t *testing.T) {
	t.Parallel()
	if size := anonymous(os.Getpid()); size < 1<<20 {
		t.Errorf("%d bytes", size)
	}
}
