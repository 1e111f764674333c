package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	v1 "picloud/handlers/api/v1"
)

// TestBodiesHurtNobody: what anybody can send to a function that does nothing unusual ends
// by a limit at most, and costs no worker.
func TestBodiesHurtNobody(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	const size = 1_000_000
	text := `"` + strings.Repeat("x", size) + `"`
	var downwards, form strings.Builder
	for n := range 96_000 {
		fmt.Fprintf(&downwards, `,"%d":1`, 99_999-n)
		fmt.Fprintf(&form, "%d&", n)
	}
	type attack struct {
		name, code, body string
		status           []int
	}
	attacks := []attack{
		{"match-all", `[...(await r.text()).matchAll(/x(?:.*y)?/g)].length`, text, []int{507}},
		{"index-keys", `Object.keys(await r.json()).length`, "{" + downwards.String()[1:] + "}", []int{200, 507}},
		{"spread", `({ ...await r.json(), at: 1 })`, text, []int{500}},
		{"rest", `(({ id, ...rest } = 0) => rest)(await r.json().then((o) => { const { id, ...rest } = o; return rest; }))`, text, []int{500}},
		{"assign", `Object.assign({}, await r.json())`, text, []int{500}},
		{"form", `Object.fromEntries(await r.formData())`, form.String(), []int{500}},
		{"parameters", `[...new URLSearchParams(await r.text())].length`, form.String(), []int{500}},
	}
	for _, a := range attacks {
		p.publish("shop", a.name, `export default async (r: any) => String(JSON.stringify(`+a.code+`).length);`)
	}
	before := p.workers()
	for _, a := range attacks {
		got := p.call("POST", "/fn/shop/"+a.name, strings.NewReader(a.body), "Content-Type", "application/x-www-form-urlencoded")
		if got.err != nil || !slices.Contains(a.status, got.status) {
			t.Errorf("%s: %d %.200s, %v", a.name, got.status, got.body, got.err)
		}
	}
	if after := p.workers(); len(before) != 1 || !slices.Equal(before, after) {
		t.Errorf("the worker was %v and is %v", before, after)
	}
}

// TestFailuresAreTold: the outcome of answers that cannot be sent, and the place of a limit.
func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--cpu-limit", "300ms")
	p.app("shop")
	for name, c := range map[string]struct {
		source  string
		status  int
		outcome string
		place   string // in the row's stack
	}{
		"status-99":   {`export default () => new Response("", { status: 99 })`, 502, "invalid", ""},
		"status-1000": {`export default async () => new Response("", { status: 1000 })`, 502, "invalid", ""},
		"headers":     {`export default () => new Response("x", { headers: { a: "x".repeat(5e6) } })`, 502, "invalid", ""},
		"map":         {`export default () => new Map([[1, 2]])`, 502, "invalid", ""},
		"cpu":         {"function spin(n: number) {\n  for (;;) n = Math.sin(n);\n}\nexport default () => spin(1)", 507, "cpu", "cpu.ts:2"},
		"stack":       {"interface Unused {}\nfunction deep(): number {\n  return 1 + deep();\n}\nexport default () => deep()", 500, "stack", "stack.ts:3"},
	} {
		p.publish("shop", name, c.source)
		got := p.get("/fn/shop/" + name)
		id := got.header.Get("X-Execution-Id")
		if got.status != c.status || id == "" || p.outcome(id) != c.outcome {
			t.Errorf("%s: %d %.200s, want %d %s", name, got.status, got.body, c.status, c.outcome)
			continue
		}
		status, body := p.api("GET", "/api/v1/executions/"+id, nil)
		if status != http.StatusOK || !json.Valid(body) || !strings.Contains(placesIn(body), c.place) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if got := p.rawGet("/fn/shop/none%2Dsuch?a=1", p.address); !strings.Contains(got, `/fn/shop/none%2Dsuch\"`) {
		t.Error(got)
	}
	for _, method := range []string{"CONNECT", "TRACE"} {
		if got := p.raw(method + " /fn/shop/map HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n"); got != http.StatusNotImplemented {
			t.Errorf("%s: %d", method, got)
		}
	}
}

// TestLoggedErrorsHaveAPlace: what was caught and logged, or lost in the background, says where
// it was made in the person's own file.
func TestLoggedErrorsHaveAPlace(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "caught", `import { log } from "picloud";
interface Unused {}
function price(of: string): number {
  throw new TypeError("no price of " + of);
}
export default (request: Request, env: unknown, ctx: any) => {
  try {
    return price("tea");
  } catch (cause) {
    console.error("sold out:", cause);
    log.warn("again", { cause });
    ctx.waitUntil((async () => { price("milk"); })());
    return "caught";
  }
}
`)
	got := p.get("/fn/shop/caught")
	id := got.header.Get("X-Execution-Id")
	if got.body != "caught" || p.outcome(id) != "ok" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	_, body := p.api("GET", "/api/v1/executions/"+id, nil)
	var execution v1.Execution
	if err := json.Unmarshal(body, &execution); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, line := range execution.Log {
		lines = append(lines, line.Message)
	}
	want := []string{
		"sold out: TypeError: no price of tea\n    at price (caught.ts:4:9)\n    at default (caught.ts:8:12)",
		"again\n    at price (caught.ts:4:9)\n    at default (caught.ts:8:12)",
		"waitUntil: TypeError: no price of milk\n    at price (caught.ts:4:9)\n    at caught.ts:12:34\n    at default (caught.ts:12:49)",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
}

// placesIn lists "file:line" of the frames in an execution.
func placesIn(body []byte) string {
	var execution struct {
		Error struct {
			Stack []struct {
				File string
				Line int
			}
		}
	}
	_ = json.Unmarshal(body, &execution)
	var places []string
	for _, frame := range execution.Error.Stack {
		places = append(places, fmt.Sprintf("%s:%d", frame.File, frame.Line))
	}
	return strings.Join(places, " ")
}
