package main

import (
	"bufio"
	"context"
	"embed"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demoSources are the scripts of the demo: <script>.ts, or <script>-<version>.ts.
//
//go:embed testdata/demo
var demoSources embed.FS

// serveDemo is a product as it looks after some weeks: apps, scripts, versions, a draft that
// differs, and runs of every outcome.
func serveDemo(t *testing.T) *product {
	t.Helper()
	p := serveProduct(t, "--cpu-limit", "2s", "--wall-limit", "10s", "--worker-memory", "192MiB", "--log-level", "error")
	for _, app := range [][2]string{{"shop", "Web shop"}, {"lab", "Laboratory"}, {"garden", "Garden"}} {
		if status, body := p.api("POST", "/api/v1/apps", map[string]string{"slug": app[0], "name": app[1]}); status != http.StatusCreated {
			t.Fatalf("make app %s: %d %s", app[0], status, body)
		}
	}
	for _, v := range [][2]string{{"1", "First"}, {"2", "Writes a log and knows the price"}, {"3", "Prices in dollars"}} {
		p.demoScript("shop", "greet", v[0], v[1])
	}
	for app, names := range map[string][]string{
		"shop": {"landing-page", "orders", "price-feed", "subscribe"},
		"lab":  {"archive", "categories", "import-csv", "nightly-report", "search-index", "thumbnails"},
	} {
		for _, name := range names {
			p.demoScript(app, name, "", "As it was in the old shop")
		}
	}
	if status, body := p.api("POST", "/api/v1/apps/shop/scripts", map[string]string{"name": "returns", "description": "Takes things back"}); status != http.StatusCreated {
		t.Fatalf("make a script: %d %s", status, body)
	}
	someone := p.signIn()
	p.demoModules(someone)
	someone.post("/apps/shop/scripts/greet/settings", "description", "Says hello, and tells the price in the caller's money", "capture", "heads")
	someone.post("/apps/shop/scripts/orders/settings", "description", "Takes an order and gives it a number", "capture", "all")
	someone.post("/apps/shop/scripts/greet/versions/2/live", "note", "v3 has no Swiss francs")
	someone.post("/apps/shop/scripts/greet/versions/3/live", "note", "Nobody asked for them")
	someone.saveDraft("shop", "greet", p.demoSource("greet-draft"))
	p.demoValues(someone)
	p.demoRuns(someone)
	p.demoPast()
	return p
}

// demoModules are modules of the shop with who uses them, and a draft of one of them.
func (p *product) demoModules(someone *browser) {
	p.t.Helper()
	for _, name := range []string{"tax", "pricing", "shipping"} {
		p.mustModule("shop", name, p.demoSource(name))
	}
	for _, name := range []string{"basket", "checkout", "receipts"} {
		p.demoScript("shop", name, "", "Counts with what the others count with")
	}
	someone.post("/apps/shop/scripts/pricing/settings", "description", "What things cost", "capture", "heads")
	someone.saveDraft("shop", "pricing", p.demoSource("pricing-draft"))
}

// demoValues are variables and secrets of the shop.
func (p *product) demoValues(someone *browser) {
	p.t.Helper()
	for _, v := range [][4]string{
		{"CURRENCY", "eur", "variable", ""},
		{"CURRENCY", "usd", "variable", "price-feed"},
		{"PAYMENT_TOKEN", "hush-hush-1234567", "secret", ""},
		{"RATES", `{"eur":1,"usd":1.08,"chf":0.95,"gbp":0.86,"sek":11.4,"nok":11.7,"dkk":7.46,"pln":4.27,"czk":25.2}`, "variable", ""},
	} {
		someone.post("/apps/shop/variables", "name", v[0], "value", v[1], "kind", v[2], "script", v[3])
	}
}

func (p *product) demoSource(name string) string {
	p.t.Helper()
	source, err := demoSources.ReadFile("testdata/demo/" + name + ".ts")
	if err != nil {
		p.t.Fatal(err)
	}
	return string(source)
}

func (p *product) demoScript(app, name, version, note string) {
	p.t.Helper()
	source := strings.TrimSuffix(name+"-"+version, "-")
	if status, body := p.api("PUT", "/api/v1/apps/"+app+"/scripts/"+name, map[string]any{"source": p.demoSource(source), "note": note}); status >= 300 {
		p.t.Fatalf("publish %s: %d %s", name, status, body)
	}
}

// demoRuns calls the scripts so that every outcome is there.
func (p *product) demoRuns(someone *browser) {
	p.t.Helper()
	// What may cost a worker comes first.
	for _, name := range []string{"archive", "search-index"} {
		before := p.workers()
		p.get("/fn/lab/" + name)
		p.awaitReady()
		if name == "search-index" {
			p.eventually(patience, "replaced", func() bool {
				now := p.workers()
				return len(now) == 1 && now[0] != before[0]
			})
		}
	}
	crash, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	ended := someone.wait(crash, "lab", "nightly-report")
	for _, pid := range p.workers() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-ended
	p.awaitReady()
	gone, leave := context.WithCancel(p.t.Context())
	ended = someone.wait(gone, "shop", "subscribe")
	leave()
	<-ended
	for _, name := range []string{"categories", "import-csv", "nightly-report", "thumbnails"} {
		p.served("GET", "/fn/lab/"+name, "")
	}
	for i, name := range []string{"Ada", "Grace", "Alan", "Edsger", "Barbara"} {
		p.served("GET", "/fn/shop/greet?name="+name+"&in="+[]string{"eur", "usd"}[i%2], "", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64)", "Authorization", "Bearer theirs")
	}
	p.served("GET", "/fn/shop/landing-page", "")
	p.served("GET", "/fn/shop/orders", "")
	for _, body := range []string{`{"item":"tea","count":2}`, `{"item":"coffee","count":0}`, `{"item":"cocoa","count":1}`} {
		p.served("POST", "/fn/shop/orders/new?from=page&token=secret", body, "Content-Type", "application/json")
	}
	p.served("POST", "/fn/shop/orders/new?from=phone", "two teas, please", "Content-Type", "text/plain")
	p.served("GET", "/fn/shop/price-feed?item=tea", "")
	p.served("GET", "/fn/shop/price-feed/daily?item=cocoa", "")
	outcomes := ""
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Log("outcomes of the demo: " + outcomes)
		}
	})
	const found = `SELECT count(*), coalesce(string_agg(outcome || ' ' || n, ', ' ORDER BY outcome), '') FROM (SELECT outcome, count(*) n FROM executions GROUP BY 1) o`
	p.eventually(patience, "recorded, all outcomes", func() bool {
		var kinds int
		err := p.pool.QueryRow(p.t.Context(), found).Scan(&kinds, &outcomes)
		return err == nil && kinds >= 9 && strings.Contains(outcomes, "ok 12") // on a busy machine the CPU limit may come before memory runs out
	})
}

// served calls a script until a worker is there that answers.
func (p *product) served(method, path, body string, header ...string) {
	p.t.Helper()
	p.eventually(2*patience, "served: "+path, func() bool {
		answer := p.call(method, path, strings.NewReader(body), header...)
		return answer.err == nil && answer.status != http.StatusServiceUnavailable
	})
}

// wait calls a script in the background and returns when it runs.
func (b *browser) wait(ctx context.Context, app, script string) (ended <-chan struct{}) {
	p := b.p
	p.t.Helper()
	request, err := http.NewRequestWithContext(ctx, "GET", p.url("/fn/"+app+"/"+script), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer, err := caller.Do(request)
		if err != nil {
			p.t.Logf("%s ended: %v", script, err)
			return
		}
		answer.Body.Close()
		p.t.Logf("%s answered: %s", script, answer.Status)
	}()
	b.follow("/apps/"+app+"/runs/live", func(row string) bool {
		return strings.Contains(row, `class="running"`) && strings.Contains(row, script)
	})
	return done
}

// follow reads a live stream until an event is what was waited for.
func (b *browser) follow(path string, found func(string) bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", b.p.url(path), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	answer, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	event := ""
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if event += lines.Text(); lines.Text() != "" {
			continue
		}
		if found(event) {
			return
		}
		event = ""
	}
	b.t.Fatalf("what was waited for did not come on %s", path)
}

// demoPast spreads copies of the runs over the day that has passed, and makes the versions
// older than they are.
func (p *product) demoPast() {
	p.t.Helper()
	const id = `(lpad(to_hex((extract(epoch FROM e.started_at - $1::interval) * 1000)::bigint), 12, '0') || substr(replace(e.id::text, '-', ''), 13))::uuid`
	statements := []string{
		`INSERT INTO log_lines SELECT ` + id + `, l.app_id, seq, at - $1::interval, level, message, fields
			FROM executions e JOIN log_lines l ON l.execution_id = e.id WHERE e.started_at > now() - interval '5 minutes' AND abs(hashtext(e.id::text || $1)) % 10 < CASE WHEN e.outcome = 'ok' AND e.status < 400 THEN 8 ELSE 1 END`,
		`INSERT INTO executions SELECT ` + id + `, app_id, script_id, script_name, version, trigger, method, path, status, outcome, started_at - $1::interval,
			(wall_us * CASE WHEN outcome = 'ok' THEN 1 + abs(hashtext(id::text || $1)) % 90 / 10.0 ELSE 1 END)::bigint, cpu_us, log_lines, error
			FROM executions e WHERE e.started_at > now() - interval '5 minutes' AND abs(hashtext(e.id::text || $1)) % 10 < CASE WHEN e.outcome = 'ok' AND e.status < 400 THEN 8 ELSE 1 END`,
	}
	step := 7 * time.Minute
	for past := step; past < 23*time.Hour; past += step {
		step = time.Duration(7+past.Minutes()/30) * time.Minute * time.Duration(60+int(past.Minutes())%50) / 60
		for _, statement := range statements {
			if _, err := p.pool.Exec(p.t.Context(), statement, fmt.Sprintf("%d seconds", int(past.Seconds()))); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	for _, statement := range []string{
		`DELETE FROM run_counts`,
		`INSERT INTO run_counts SELECT app_id, script_id, date_trunc('hour', started_at), count(*),
			count(*) FILTER (WHERE outcome NOT IN ('ok', 'cancelled') OR status >= 500), sum(wall_us), sum(cpu_us), max(wall_us)
			FROM executions WHERE version > 0 GROUP BY 1, 2, 3`,
		`UPDATE script_versions SET created_at = created_at - (4 - number) ^ 3 * interval '47 minutes'`,
		`UPDATE deployments SET created_at = created_at - (4 - to_version) ^ 3 * interval '47 minutes' WHERE to_version > coalesce(from_version, 0) AND note NOT LIKE 'Nobody%'`,
	} {
		if _, err := p.pool.Exec(p.t.Context(), statement); err != nil {
			p.t.Fatal(err)
		}
	}
}

// place is a page of the dashboard with its name in pictures and tests.
type place struct {
	name, path string
	ready      string // holds when the page is as it is meant to be seen
}

// places are the pages of the demo that one sees before and after signing in.
func (p *product) places() (outside, inside []place) {
	p.t.Helper()
	run := func(outcome, script string) string {
		var app, id string
		err := p.pool.QueryRow(p.t.Context(), `SELECT a.slug, e.id FROM executions e JOIN apps a ON a.id = e.app_id WHERE outcome = $1 AND script_name = $2 AND started_at > now() - interval '5 minutes' ORDER BY e.id DESC LIMIT 1`, outcome, script).Scan(&app, &id)
		if err != nil {
			p.t.Fatalf("a run of %s that ended as %s: %v", script, outcome, err)
		}
		return "/apps/" + app + "/runs/" + id
	}
	return []place{
		{name: "login", path: "/login"},
	}, []place{
		{name: "apps", path: "/apps"},
		{name: "app-new", path: "/apps/new"},
		{name: "app", path: "/apps/shop"},
		{name: "app-failing", path: "/apps/lab"},
		{name: "app-empty", path: "/apps/garden"},
		{name: "app-settings", path: "/apps/shop/settings"},
		{name: "app-network", path: "/apps/shop/outbound"},
		{name: "app-runs", path: "/apps/shop/runs"},
		{name: "app-runs-failed", path: "/apps/lab/runs?outcome=failed&since=24h"},
		{name: "app-runs-none", path: "/apps/shop/runs?q=nowhere"},
		{name: "app-runs-empty", path: "/apps/garden/runs"},
		{name: "run", path: run("ok", "greet")},
		{name: "run-bodies", path: run("ok", "orders")},
		{name: "run-error", path: run("error", "price-feed")},
		{name: "run-cpu", path: run("cpu", "thumbnails")},
		{name: "run-stack", path: run("stack", "categories")},
		{name: "run-crashed", path: run("crashed", "nightly-report")},
		{name: "variables", path: "/apps/shop/variables"},
		{name: "variables-empty", path: "/apps/garden/variables"},
		{name: "variables-script", path: "/apps/shop/scripts/price-feed/variables"},
		{name: "variable", path: "/apps/shop/variables/RATES"},
		{name: "variable-secret", path: "/apps/shop/variables/PAYMENT_TOKEN"},
		{name: "variables-paste", path: "/apps/shop/variables/env-file"},
		{name: "script-new", path: "/apps/shop/scripts/new"},
		{name: "script-new-module", path: "/apps/shop/scripts/new?kind=module"},
		{name: "module", path: pricingPage, ready: editor},
		{name: "module-of-modules", path: "/apps/shop/scripts/tax", ready: editor},
		{name: "module-settings", path: pricingPage + "/settings"},
		{name: "module-runs", path: pricingPage + "/runs"},
		{name: "script-modules", path: "/apps/shop/scripts/basket", ready: editor},
		{name: "script", path: greetPage, ready: editor},
		{name: "script-unpublished", path: "/apps/shop/scripts/returns", ready: editor},
		{name: "script-publish", path: greetPage + "/publish"},
		{name: "script-history", path: greetPage + "/versions"},
		{name: "script-version", path: greetPage + "/versions/2"},
		{name: "script-into-draft", path: greetPage + "/versions/2/draft"},
		{name: "script-diff", path: greetPage + "/diff?from=3&to=draft"},
		{name: "script-runs", path: greetPage + "/runs"},
		{name: "script-runs-empty", path: "/apps/shop/scripts/returns/runs"},
		{name: "script-settings", path: greetPage + "/settings"},
		{name: "search", path: "/search?q=re"},
		{name: "search-none", path: "/search?q=zebra"},
		{name: "profile", path: "/profile"},
		{name: "docs", path: "/docs"},
		{name: "docs-page", path: "/docs/functions"},
		{name: "docs-reference", path: "/docs/reference"},
		{name: "error", path: "/apps/shop/nothing"},
	}
}

// unowned are the pages of a product that nobody owns yet.
func (p *product) unowned() []place {
	return []place{
		{name: "setup", path: p.setupLink(), ready: `document.querySelector("[name=password]")`},
		{name: "setup-expired", path: "/setup?token=none", ready: `document.querySelector("h1").textContent.includes("had its day")`},
	}
}

// reach goes to a place and waits until it is ready.
func (w *window) reach(at place) {
	w.t.Helper()
	w.visit(at.path)
	if at.ready != "" {
		w.until(at.ready)
	}
}
