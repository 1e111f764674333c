package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// callers call a function on four connections until stop; it counts answers, answers that could
// not be given, connections that broke, and connections that were refused.
type callers struct {
	right, busy, broken, refused atomic.Int64
	longest                      atomic.Int64 // nanoseconds without a right answer
}

func (p *product) callers(path string) (l *callers, stop func()) {
	l = &callers{}
	done := make(chan struct{})
	var group sync.WaitGroup
	var last atomic.Int64
	last.Store(time.Now().UnixNano())
	for range 4 {
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				got, err := fetch(client, p.url(path))
				switch {
				case err == nil && got.status == 200:
					l.right.Add(1)
					now := time.Now().UnixNano()
					gap := now - last.Swap(now)
					for old := l.longest.Load(); gap > old && !l.longest.CompareAndSwap(old, gap); old = l.longest.Load() {
					}
				case err == nil && got.status == 503:
					l.busy.Add(1)
				case err != nil && strings.Contains(err.Error(), "refused"):
					l.refused.Add(1)
				case err != nil:
					l.broken.Add(1)
				default:
					p.t.Errorf("got %d %q", got.status, got.body)
				}
			}
		})
	}
	return l, func() { close(done); group.Wait() }
}

// rows waits until the script has at least so many rows and gives their number by outcome.
func (p *product) rows(script string, least int64) map[string]int64 {
	p.t.Helper()
	counts := map[string]int64{}
	p.eventually(30*time.Second, fmt.Sprintf("%d rows of %s", least, script), func() bool {
		clear(counts)
		found, err := p.pool.Query(p.t.Context(), `SELECT outcome, count(*) FROM executions WHERE script_name = $1 GROUP BY outcome`, script)
		if err != nil {
			return false
		}
		defer found.Close()
		total := int64(0)
		for found.Next() {
			var outcome string
			var n int64
			if found.Scan(&outcome, &n) != nil {
				return false
			}
			counts[outcome] = n
			total += n
		}
		return total >= least
	})
	return counts
}

const hello = `export default () => "hello";`

// TestWorkerKilled kills the worker under load: back within half a second, no connection
// refused, the dashboard up all the while, a row for every answer.
func TestWorkerKilled(t *testing.T) {
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "hello", hello)
	l, stop := p.callers("/fn/shop/hello")
	for range 5 {
		before := l.right.Load()
		p.eventually(10*time.Second, "under load", func() bool { return l.right.Load() > before+200 })
		for _, pid := range p.workers() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if got := p.get("/healthz"); got.err != nil || got.status != 200 {
			t.Errorf("the dashboard: %d %v", got.status, got.err)
		}
	}
	before := l.right.Load()
	p.eventually(10*time.Second, "back", func() bool { return l.right.Load() > before+200 })
	stop()
	if l.refused.Load() > 0 {
		t.Errorf("%d connections were refused", l.refused.Load())
	}
	if gap := time.Duration(l.longest.Load()); gap > 500*time.Millisecond {
		t.Errorf("%v without an answer", gap)
	}
	rows := p.rows("hello", l.right.Load())
	t.Logf("right %d, 503 %d, broken %d, longest gap %v, rows %v", l.right.Load(), l.busy.Load(), l.broken.Load(), time.Duration(l.longest.Load()), rows)
}

// TestManagerKilled kills the manager, and then everything, under load. The next start
// must be clean and owe no row for an answer.
func TestManagerKilled(t *testing.T) {
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "hello", hello)
	answers := int64(0)
	for _, all := range []bool{false, true} {
		l, stop := p.callers("/fn/shop/hello")
		p.eventually(10*time.Second, "under load", func() bool { return l.right.Load() > 500 })
		workers := p.workers()
		_ = p.cmd.Process.Kill()
		if all {
			for _, pid := range workers {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		_ = p.cmd.Wait()
		stop()
		p.eventually(10*time.Second, "gone", func() bool {
			for _, pid := range workers {
				if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
					return false
				}
			}
			return true
		})
		p.start()
		answers += l.right.Load()
		rows := p.rows("hello", answers)
		t.Logf("all %v: right %d, rows %v", all, l.right.Load(), rows)
	}
}

// TestHang: a run that ignores its deadline is answered 504 and recorded as killed, while
// others are served by a new worker.
func TestHang(t *testing.T) {
	p := serveProduct(t, "--cpu-limit", "200ms", "--wall-limit", "1s")
	p.app("shop")
	p.publish("shop", "hello", hello)
	p.publish("shop", "hang", `export default () => {
		const name = ["ind", "exOf"].join("");
		(Array.prototype as any)[name].call({ length: 2 ** 53 - 1 }, 1);
	}`)
	before := p.workers()
	began := time.Now()
	got := p.get("/fn/shop/hang")
	if got.err != nil || got.status != 504 {
		t.Fatalf("got %d %v", got.status, got.err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("answered after %v", took)
	}
	if outcome := p.outcome(got.header.Get("X-Execution-Id")); outcome != "killed" {
		t.Errorf("outcome %s", outcome)
	}
	p.eventually(5*time.Second, "replaced", func() bool {
		now := p.workers()
		return len(now) == 1 && now[0] != before[0]
	})
	if got := p.get("/fn/shop/hello"); got.body != "hello" {
		t.Errorf("the next call: %d %s", got.status, got.body)
	}
}

// TestCancelled: a caller who goes away ends the run.
func TestCancelled(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "waits", `export default async () => { await new Promise((done) => setTimeout(done, 20000)); return "late"; };`)
	client := &http.Client{Timeout: 300 * time.Millisecond}
	if answer, err := client.Get(p.url("/fn/shop/waits")); err == nil {
		answer.Body.Close()
		t.Fatalf("an answer: %s", answer.Status)
	}
	if rows := p.rows("waits", 1); rows["cancelled"] != 1 {
		t.Errorf("rows %v", rows)
	}
}
