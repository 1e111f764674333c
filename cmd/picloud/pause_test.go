package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	v1 "picloud/handlers/api/v1"
)

// TestWhoKillsTheWorkerIsPaused: three deaths pause a function, with the reason for its
// callers and its owner; a release or another source lets it run again.
func TestWhoKillsTheWorkerIsPaused(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("evil")
	p.publish("evil", "overflows", overflows)
	p.publish("evil", "kind", hello)
	someone := p.signIn()
	p.kill("/fn/evil/overflows")

	refused := p.get("/fn/evil/overflows")
	if refused.status != http.StatusServiceUnavailable || !strings.Contains(refused.body, "set aside") {
		t.Errorf("%d %s", refused.status, refused.body)
	}
	run := refused.header.Get("X-Execution-Id")
	if got := p.outcome(run); got != "paused" {
		t.Errorf("outcome %s", got)
	}
	if got := p.get("/fn/evil/kind"); got.status != http.StatusOK {
		t.Errorf("another function: %d %s", got.status, got.body)
	}
	for path, want := range map[string]string{
		"/apps/evil":                   "overflows is paused.",
		"/apps/evil/scripts/overflows": "overflows is paused.",
		"/apps/evil/runs/" + run:       "paused",
	} {
		if page := someone.page(path); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	script := p.script("evil", "overflows")
	if script.Paused == nil || len(script.Paused.Executions) != 3 || !strings.Contains(script.Paused.Why, "stack overflow") {
		t.Errorf("API: %+v", script.Paused)
	}

	someone.post("/apps/evil/scripts/overflows/release")
	if got := p.get("/fn/evil/overflows"); got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "set aside") {
		t.Error("released: it is refused")
	}
	p.kill("/fn/evil/overflows")
	p.publish("evil", "overflows", hello)
	if got := p.get("/fn/evil/overflows"); got.status != http.StatusOK {
		t.Errorf("another source: %d %s", got.status, got.body)
	}
	p.kill("/fn/evil/overflows", overflows)
	if status, body := p.api("DELETE", "/api/v1/apps/evil/scripts/overflows/pause", nil); status != http.StatusNoContent {
		t.Errorf("release by API: %d %s", status, body)
	}
	if script := p.script("evil", "overflows"); script.Paused != nil {
		t.Errorf("released by API: %+v", script.Paused)
	}
}

// TestThreeWhoKillPauseTheirApp.
func TestThreeWhoKillPauseTheirApp(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("evil")
	p.publish("evil", "kind", hello)
	for i := range 3 {
		name := fmt.Sprintf("overflows%d", i)
		p.publish("evil", name, overflows+fmt.Sprintf("\nconsole.log(%d);", i))
		p.kill("/fn/evil/" + name)
	}
	if got := p.get("/fn/evil/kind"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "set aside") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := p.get("/fn/main/hello"); got.status != http.StatusOK {
		t.Errorf("another app: %d %s", got.status, got.body)
	}
	someone := p.signIn()
	if page := someone.page("/apps/evil/runs"); !strings.Contains(page, "The app is paused.") {
		t.Error("its pages do not say so")
	}
	someone.post("/apps/evil/release")
	if got := p.get("/fn/evil/kind"); got.status != http.StatusOK {
		t.Errorf("released: %d %s", got.status, got.body)
	}
}

// TestDraftThatKillsIsPaused: by its text, which nothing is published of.
func TestDraftThatKillsIsPaused(t *testing.T) {
	t.Parallel()
	alone := freeAddress(t) // on the public listener pages die with the worker
	p := serveProduct(t, "--dashboard-addr", alone)
	there := *p
	there.address = alone
	someone := there.signIn()
	someone.saveDraft("main", "hello", overflows)
	const page = "/apps/main/scripts/hello"
	p.eventually(patience, "paused", func() bool {
		answer := someone.post(page+"/run", "source", overflows, "revision", someone.revision(page), "method", "GET")
		return strings.Contains(answer, "Paused")
	})
	if got := someone.page(page); !strings.Contains(got, "A draft of hello is paused.") {
		t.Error("the page does not say so")
	}
	if got := p.get("/fn/main/hello"); got.status != http.StatusOK {
		t.Errorf("what is live: %d %s", got.status, got.body)
	}
}

// kill calls a function, of another source when one is given, until it is paused.
func (p *product) kill(path string, source ...string) {
	p.t.Helper()
	parts := strings.Split(path, "/")
	for _, text := range source {
		p.publish(parts[2], parts[3], text)
	}
	p.eventually(patience, path+" is paused", func() bool {
		got := p.get(path)
		return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "set aside")
	})
}

func (p *product) script(app, name string) (script v1.Script) {
	p.t.Helper()
	if status, body := p.api("GET", "/api/v1/apps/"+app+"/scripts/"+name, nil); status != http.StatusOK || json.Unmarshal(body, &script) != nil {
		p.t.Fatalf("script %s: %d %s", name, status, body)
	}
	return script
}
