package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A function of this instance is not asked over the network: it runs as a child.
func TestFunctionsFetchFunctions(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--functions-host", "localhost")
	p.app("shop")
	p.publish("shop", "price", `export default async (request, env, ctx) =>
  ({ path: new URL(request.url).pathname, method: request.method, body: await request.text(), depth: ctx.depth, root: ctx.rootExecutionId !== ctx.executionId,
     own: request.headers.get("x-own"), cookie: request.headers.get("cookie") })`)
	p.publish("main", "ask", `export default async (request) => {
	const answer = await fetch("`+p.url("/fn/shop/price/a%2Fb?c=d")+`", { method: "POST", body: "hello", headers: { "x-own": "1", cookie: "picloud_session=x; a=b" } });
	return { status: answer.status, ...(await answer.json()) };
}`)
	p.answers("/fn/main/ask", `{"status":200,"path":"/fn/shop/price/a%2Fb","method":"POST","body":"hello","depth":1,"root":true,"own":"1","cookie":"a=b"}`)
	var kind string
	var depth int
	var linked bool
	p.eventually(10e9, "both recorded", func() bool {
		return p.pool.QueryRow(t.Context(), `SELECT c.trigger, c.depth, c.parent_id = a.id AND c.root_id = a.id FROM executions a, executions c
			WHERE a.script_name = 'ask' AND c.script_name = 'price'`).Scan(&kind, &depth, &linked) == nil
	})
	if kind != "function" || depth != 1 || !linked {
		t.Errorf("the child is a %s run, %d deep, linked: %v", kind, depth, linked)
	}
	if _, run := p.api("GET", "/api/v1/executions/"+p.get("/fn/main/ask").header.Get("X-Execution-Id"), nil); strings.Contains(string(run), `"execution":"`) {
		t.Errorf("a run of another app is named: %s", run)
	}
	p.publish("main", "near", `export default async () => (await fetch("`+p.url("/fn/main/hello")+`")).status`)
	parent := p.get("/fn/main/near").header.Get("X-Execution-Id")
	var child string
	p.eventually(10e9, "recorded", func() bool {
		return p.pool.QueryRow(t.Context(), `SELECT id::text FROM executions WHERE parent_id = $1`, parent).Scan(&child) == nil
	})
	p.eventually(10e9, "both name each other", func() bool {
		_, run := p.api("GET", "/api/v1/executions/"+parent, nil)
		_, other := p.api("GET", "/api/v1/executions/"+child, nil)
		return strings.Contains(string(run), `"execution":"`+child+`"`) && strings.Contains(string(other), `"parent":"`+parent+`"`)
	})
	p.publish("shop", "host", `export default async () => (await fetch("http://shop.localhost:`+strings.Split(p.address, ":")[1]+`/price")).status`)
	p.answers("/fn/shop/host", "200")
	p.publish("shop", "gone", `export default async () => (await fetch("`+p.url("/fn/shop/nothing")+`")).status`)
	p.answers("/fn/shop/gone", "404")
}

// Functions that call themselves end after a few runs; the dashboard and its API are nobody's to fetch.
func TestFunctionsFetchThemselvesForAWhile(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.publish("main", "deep", `export default async (request, env, ctx) => {
	try { return "1" + await (await fetch("`+p.url("/fn/main/deep")+`")).text() } catch (e) { return e.cause.code + " " + e.message }
}`)
	if got := p.get("/fn/main/deep"); !strings.HasPrefix(got.body, "11111111policy fetch failed: functions may call one another 8 deep") {
		t.Errorf("%d %s", got.status, got.body)
	}
	p.publish("main", "wide", `export default async (request, env, ctx) => {
	if (ctx.depth === 3) return "leaf";
	const tries = await Promise.all(Array.from({ length: 6 }, () => fetch("`+p.url("/fn/main/wide")+`").then((r) => r.text(), (e) => e.cause.code)));
	return tries.join();
}`)
	got := p.get("/fn/main/wide")
	if leaves, refused := strings.Count(got.body, "leaf"), strings.Count(got.body, "policy"); got.status != http.StatusOK || refused == 0 || leaves > 200 || leaves < 100 {
		t.Errorf("%d: %d leaves, %d refused", got.status, leaves, refused)
	}
	var runs int
	p.eventually(15e9, "recorded", func() bool {
		return p.pool.QueryRow(t.Context(), `SELECT count(*) FROM executions WHERE script_name = 'wide'`).Scan(&runs) == nil && runs >= 201
	})
	if runs != 201 {
		t.Errorf("%d runs, want 201", runs)
	}
	p.publish("main", "door", `export default async (request) => {
	try { return (await fetch(new URL(request.url).searchParams.get("url"))).status } catch (e) { return e.cause.code }
}`)
	for _, path := range []string{"/", "/api/v1/apps", "/healthz", "/static/app.css", "/fnord", "//fn/main/deep"} {
		p.answers("/fn/main/door?url="+p.url(path), "policy")
	}
}

// What is in a private network is reached through a list alone: the instance's, or the app's. Its use
// is in the timeline.
func TestFetchThroughAnAllowList(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s of %s", r.URL.Path, r.Header.Get("Authorization"))
	}))
	t.Cleanup(service.Close)
	host := strings.TrimPrefix(service.URL, "http://")
	p := serveProduct(t)
	p.app("shop")
	p.set("shop", "secrets", "TOKEN", "hush-hush-hush")
	p.publish("shop", "ask", `export default async (request, env) => {
	try { return await (await fetch("`+service.URL+`/lamp?key=" + env.TOKEN, { headers: { Authorization: "Bearer " + env.TOKEN } })).text() } catch (e) { return e.cause.code }
}`)
	p.answers("/fn/shop/ask", "policy")
	if status, body := p.api("PUT", "/api/v1/apps/shop/outbound", map[string]any{"mode": "open", "networks": []string{host}}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	p.answers("/fn/shop/ask", "/lamp of Bearer hush-hush-hush")
	got := p.get("/fn/shop/ask")
	var run []byte
	p.eventually(10e9, "recorded", func() bool {
		_, run = p.api("GET", "/api/v1/executions/"+got.header.Get("X-Execution-Id"), nil)
		return strings.Contains(string(run), `"timeline"`)
	})
	for _, part := range []string{`"kind":"fetch"`, `"subject":"GET ` + service.URL + `/lamp?key=[redacted]"`, `"status":200`, `allowed by ` + host} {
		if !strings.Contains(string(run), part) {
			t.Errorf("the timeline lacks %s: %s", part, run)
		}
	}
	if strings.Contains(string(run), "hush-hush") {
		t.Errorf("the run tells the secret: %s", run)
	}
	if status, body := p.api("PUT", "/api/v1/apps/shop/outbound", map[string]any{"mode": "listed", "hosts": []string{"example.com"}}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	p.answers("/fn/shop/ask", "policy")
}

// In learn mode the hosts of each script are collected, and become the list.
func TestHostsAreLearnt(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(service.Close)
	host := strings.TrimPrefix(service.URL, "http://")
	p := serveProduct(t, "--fetch-allow", host)
	if status, body := p.api("PUT", "/api/v1/apps/main/outbound", map[string]any{"mode": "learn"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	p.publish("main", "ask", `export default async () => (await fetch("`+service.URL+`")).status`)
	p.answers("/fn/main/ask", "200")
	p.stop(p.cmd) // what was learnt is written then at the latest
	p.start()
	if _, body := p.api("GET", "/api/v1/apps/main/outbound", nil); !strings.Contains(string(body), `"script":"ask","host":"`+host+`"`) {
		t.Errorf("not learnt: %s", body)
	}
}
