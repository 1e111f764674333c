package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

//go:embed testdata/attacks.txt
var attacks string

// hardLimit is how soon every attack must be over: its wall or CPU limit, half a second
// of grace, and the time of a new worker.
const hardLimit = 6 * time.Second

// TestAttacks runs every known attack on the engine against the real worker. Each must
// end with an answer or leave its row, the manager must live, and a neighbour that is
// called all the while may get nothing wrong.
func TestAttacks(t *testing.T) {
	p := serveProduct(t, "--cpu-limit", "400ms", "--wall-limit", "1500ms", "--worker-memory", "256MiB", "--log-level", "error")
	p.app("shop")
	p.app("evil")
	p.publish("shop", "neighbour", `export default (request: Request) => new Response("right " + new URL(request.url).searchParams.get("n"));`)
	stop := p.neighbour()
	defer stop()
	ends := map[string]int{}
	for line := range strings.Lines(attacks) {
		name, code, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		t.Run(name, func(t *testing.T) { ends[p.attack(t, name, code)]++ })
	}
	right, away := stop()
	t.Logf("ends: %v; neighbour: %d right, %d away", ends, right, away)
	if right < 1000 {
		t.Errorf("the neighbour got only %d answers", right)
	}
	called := -ends["refused"]
	for _, n := range ends {
		called += n
	}
	p.eventually(15*time.Second, "every attack recorded", func() bool {
		var recorded int
		err := p.pool.QueryRow(t.Context(), `SELECT count(DISTINCT script_id) FROM executions JOIN apps ON apps.id = app_id WHERE slug = 'evil'`).Scan(&recorded)
		return err == nil && recorded >= called
	})
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if _, state, _ := strings.Cut(string(stat), ") "); err != nil || strings.HasPrefix(state, "Z") {
		t.Errorf("the manager died: %.80s %v", stat, err)
	}
	p.eventually(5*time.Second, "back under budget", func() bool {
		workers := p.workers()
		return len(workers) == 1 && resident(workers[0]) < 256<<20
	})
}

// attack publishes and calls one attack and tells how it ended.
func (whole *product) attack(t *testing.T, name, code string) string {
	p := *whole
	p.t = t
	script := strings.ToLower(strings.NewReplacer("/", "-", ".", "-", "^", "-", "_", "-").Replace(name))
	source := "export default async function () {\n" + code + "\n;return \"done\";\n}"
	p.awaitReady() // the attack before may have cost a worker
	status, body, err := p.tryAPI("PUT", "/api/v1/apps/evil/scripts/"+script, map[string]any{"source": source})
	if err != nil { // a connection of the worker that went
		if status, body, err = p.tryAPI("PUT", "/api/v1/apps/evil/scripts/"+script, map[string]any{"source": source}); err != nil {
			t.Fatalf("publish: %v", err)
		}
	}
	if status == http.StatusUnprocessableEntity {
		return "refused"
	}
	if status >= 300 {
		t.Fatalf("publish: %d %s", status, body)
	}
	answer, took := p.strike(script)
	for tries := 0; answer.err != nil && tries < 3; tries++ { // the worker died
		if outcome := p.lastOutcome(script); outcome == "crashed" || outcome == "killed" {
			return outcome
		} else if outcome != "" {
			t.Errorf("no answer (%v), but the row says %s", answer.err, outcome)
			return outcome
		}
		answer, took = p.strike(script) // of the attack before, when this call had not begun
	}
	if answer.err != nil {
		t.Fatalf("no answer and no row: %v", answer.err)
	}
	if took > hardLimit {
		t.Errorf("took %v", took)
	}
	execution := answer.header.Get("X-Execution-Id")
	if execution == "" {
		t.Fatalf("status %d without an execution: %s", answer.status, answer.body)
	}
	if answer.status == http.StatusGatewayTimeout {
		return fmt.Sprint(answer.status)
	}
	return p.outcome(execution)
}

// lastOutcome waits a while for the row of an attack; "": there is none.
func (p *product) lastOutcome(script string) (outcome string) {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for range 120 {
		if p.pool.QueryRow(p.t.Context(), `SELECT outcome FROM executions WHERE script_name = $1 ORDER BY id DESC LIMIT 1`, script).Scan(&outcome) == nil {
			return outcome
		}
		<-look.C
	}
	return ""
}

// strike calls an attack until it has run: the one before may cost the worker late.
func (p *product) strike(script string) (answer reply, took time.Duration) {
	for range 20 {
		p.awaitReady()
		began := time.Now()
		answer = p.get("/fn/evil/" + script)
		took = time.Since(began)
		if answer.err != nil || answer.status != http.StatusServiceUnavailable || answer.header.Get("X-Execution-Id") != "" {
			break
		}
	}
	return answer, took
}

// neighbour calls an innocent function all the while, on connections of its own. The
// stop function tells how many answers were right and how many calls met a worker that
// was just dying; anything else fails the test.
func (p *product) neighbour() (stop func() (right, away int64)) {
	var right, away atomic.Int64
	done := make(chan struct{})
	var group sync.WaitGroup
	for c := range 2 {
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
		group.Go(func() {
			pace := time.NewTicker(2 * time.Millisecond) // a neighbour, not a load
			defer pace.Stop()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-pace.C:
				}
				want := fmt.Sprintf("right %d-%d", c, n)
				switch got, err := fetch(client, p.url(fmt.Sprintf("/fn/shop/neighbour?n=%d-%d", c, n))); {
				case err == nil && got.status == 200 && got.body == want:
					right.Add(1)
				case err == nil && got.status == http.StatusServiceUnavailable, errors.Is(err, errClosed):
					away.Add(1)
				default:
					p.t.Errorf("neighbour: %d %q, %v", got.status, got.body, err)
					return
				}
			}
		})
	}
	return sync.OnceValues(func() (int64, int64) {
		close(done)
		group.Wait()
		return right.Load(), away.Load()
	})
}

var errClosed = errors.New("connection closed")

// fetch tells a closed connection from a refused one.
func fetch(client *http.Client, url string) (reply, error) {
	answer, err := client.Get(url)
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
