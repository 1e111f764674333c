package main

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"strings"
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
	n := p.neighbours(2, visit{pace: 2 * time.Millisecond, patience: 20 * time.Second}) // neighbours, not a load
	ends := map[string]int{}
	for line := range strings.Lines(attacks) {
		name, code, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		t.Run(name, func(t *testing.T) { ends[p.try(t, name, code)]++ })
	}
	n.check()
	t.Logf("ends: %v", ends)
	if right, refused := n.right.Load(), n.refused.Load(); right < 1000 || refused > 0 {
		t.Errorf("the neighbours got only %d answers, and %d connections were refused", right, refused)
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

// try publishes and calls one attack and tells how it ended.
func (whole *product) try(t *testing.T, name, code string) string {
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
