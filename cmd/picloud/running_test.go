package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "picloud/handlers/api/v1"
)

// A run under way is in the lists of pages and API as soon as it begins, also without a
// script of ours in the browser, and a list that is watched hears of its end even when the
// worker dies with it.
func TestRunsUnderWayAreSeen(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "slow", `export default async (request: Request) => {
		await new Promise((done) => setTimeout(done, Number(new URL(request.url).searchParams.get("ms"))));
		return "done";
	};`)
	p.awaitReady()
	ended := make(chan reply, 1)
	go func() { ended <- p.get("/fn/shop/slow/first?ms=4000") }()
	run := p.running("shop", "/first")
	if got := p.execution(run.ID); got.Outcome != "running" || got.Path != run.Path || got.Script != "slow" {
		t.Errorf("the API gives %+v", got)
	}
	b := p.signIn()
	for _, page := range []string{"/apps/shop/runs", "/apps/shop/scripts/slow/runs", "/apps/shop/runs?outcome=running", "/apps/shop/runs/" + run.ID} {
		if text := b.page(page); !strings.Contains(text, run.ID) || !strings.Contains(text, "running") {
			t.Errorf("%s does not show the run", page)
		}
	}
	if text := b.page("/apps/shop/runs?outcome=ok"); strings.Contains(text, run.ID) {
		t.Error("a run under way is among those that ended well")
	}
	if answer := <-ended; answer.body != "done" {
		t.Errorf("answer: %+v", answer)
	}
	if got := p.execution(run.ID); got.Outcome != "ok" {
		t.Errorf("afterwards the API gives %+v", got)
	}

	go func() { ended <- p.get("/fn/shop/slow/second?ms=20000") }()
	run = p.running("shop", "/second")
	rows := b.stream("/apps/shop/runs/live?from=" + run.ID)
	p.eventually(10*time.Second, "shown", func() bool { return strings.Contains(rows(), run.ID) })
	if err := syscall.Kill(p.workers()[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.eventually(20*time.Second, "told of the crash", func() bool { return strings.Contains(rows(), "crashed") })
	if answer := <-ended; answer.err == nil && answer.status != http.StatusServiceUnavailable {
		t.Errorf("answer: %+v", answer)
	}
}

// running waits until the API lists a run of a path as under way.
func (p *product) running(app, path string) (run v1.Execution) {
	p.t.Helper()
	p.eventually(patience, "running: "+path, func() bool {
		status, body := p.api("GET", "/api/v1/apps/"+app+"/executions?outcome=running", nil)
		var list v1.Executions
		if status != http.StatusOK || json.Unmarshal(body, &list) != nil {
			p.t.Fatalf("%d %s", status, body)
		}
		for _, run = range list.Executions {
			if run.Path == path {
				return true
			}
		}
		return false
	})
	return run
}

func (p *product) execution(run string) (got v1.Execution) {
	p.t.Helper()
	status, body := p.api("GET", "/api/v1/executions/"+run, nil)
	if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
		p.t.Fatalf("%d %s", status, body)
	}
	return got
}

// stream follows a stream of events and opens it again when it ends, as a browser does; the
// function gives what came so far.
func (b *browser) stream(path string) func() string {
	b.t.Helper()
	var all logBuffer
	go func() {
		for b.t.Context().Err() == nil {
			_ = b.read(path, &all) // the worker through which it came may be gone
			select {
			case <-time.After(100 * time.Millisecond):
			case <-b.t.Context().Done():
			}
		}
	}()
	return all.String
}

func (b *browser) read(path string, all io.Writer) error {
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.p.url(path), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	answer, err := (&http.Client{Jar: b.client.Jar}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(all, answer.Body)
	return err
}
