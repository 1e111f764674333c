package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestOutcomes goes through the table of limits: what the caller gets, and what the row says.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--cpu-limit", "1s", "--wall-limit", "3s")
	p.app("shop")
	for _, c := range []struct {
		name, body string
		status     int
		outcome    string
	}{
		{"ok", `return "fine"`, 200, "ok"},
		{"nothing", `return null`, 204, "ok"},
		{"teapot", `return new Response("short", { status: 418 })`, 418, "ok"},
		{"throws", `throw new TypeError("private words")`, 500, "error"},
		{"throws-string", `throw "private words"`, 500, "error"},
		{"throws-looping", `throw { toString() { for (;;); } }`, 500, "error"},
		{"throws-null", `throw null`, 500, "error"},
		{"rejects", `return Promise.reject(new Error("private words"))`, 500, "error"},
		{"never", `return new Promise(() => {})`, 500, "error"},
		{"reads-twice", `const r = new Response("x"); await r.text(); await r.text()`, 500, "error"},
		{"timeout", `await new Promise((done) => setTimeout(done, 60000))`, 504, "timeout"},
		{"cpu", `for (;;);`, 507, "cpu"},
		{"stack", `const f = () => f() + 1; f()`, 500, "stack"},
		{"wrong-type", `return Symbol("private words")`, 502, "invalid"},
		{"status-99", `return new Response("", { status: 99 })`, 502, "invalid"},
		{"status-101", `return new Response(null, { status: 101 })`, 502, "invalid"},
		{"status-1000", `return new Response("", { status: 1000 })`, 502, "invalid"},
		{"too-large", `return "x".repeat(5e6) + "x".repeat(6e6)`, 502, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.publish("shop", c.name, "export default async function (request: Request) {\n"+c.body+"\n}")
			answer := p.get("/fn/shop/" + c.name)
			if answer.err != nil || answer.status != c.status {
				t.Fatalf("got %d %q %v, want %d", answer.status, answer.body, answer.err, c.status)
			}
			if strings.Contains(answer.body, "private words") {
				t.Errorf("the caller sees the failure: %s", answer.body)
			}
			if got := p.outcome(answer.header.Get("X-Execution-Id")); got != c.outcome {
				t.Errorf("outcome %s, want %s", got, c.outcome)
			}
		})
	}
}

// TestFailureIsShownInside: the owner sees message, place in the own file, limit and value.
func TestFailureIsShownInside(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--cpu-limit", "300ms")
	p.app("shop")
	p.publish("shop", "fails", "interface A { a: number }\n\nexport default function () {\n  const a: A | null = null as any;\n  return a!.a;\n}\n")
	id := p.get("/fn/shop/fails").header.Get("X-Execution-Id")
	p.outcome(id)
	_, body := p.api("GET", "/api/v1/executions/"+id, nil)
	var run struct {
		Error struct {
			Name, Message string
			Stack         []struct {
				File         string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(body, &run); err != nil {
		t.Fatal(err)
	}
	if run.Error.Name != "TypeError" || len(run.Error.Stack) == 0 || run.Error.Stack[0].Line != 5 {
		t.Errorf("failure is %s", body)
	}
	p.publish("shop", "loops", "export default () => {\n  for (;;);\n}\n")
	id = p.get("/fn/shop/loops").header.Get("X-Execution-Id")
	p.outcome(id)
	if _, body = p.api("GET", "/api/v1/executions/"+id, nil); !strings.Contains(string(body), "--cpu-limit") || !strings.Contains(string(body), "300") {
		t.Errorf("the limit, its value and where to raise it are not told: %s", body)
	}
}

// TestBodies: the limit, the slow and the chunked body.
func TestBodies(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--max-body", "64KiB")
	p.app("shop")
	p.publish("shop", "size", `export default async (request: Request) => String((await request.bytes()).length);`)
	if got := p.call("POST", "/fn/shop/size", strings.NewReader(strings.Repeat("x", 64<<10))); got.body != "65536" {
		t.Errorf("a body at the limit: %d %s", got.status, got.body)
	}
	if got := p.call("POST", "/fn/shop/size", strings.NewReader(strings.Repeat("x", 64<<10+1))); got.status != 413 {
		t.Errorf("a body over the limit: %d", got.status)
	}
	chunked := struct{ *strings.Reader }{strings.NewReader(strings.Repeat("x", 100<<10))}
	if got := p.call("POST", "/fn/shop/size", bufio.NewReader(chunked)); got.status != 413 {
		t.Errorf("a chunked body over the limit: %d", got.status)
	}
	if got := p.raw("GET /fn/shop/size HTTP/1.1\r\nHost: " + p.address + "\r\nX-Bomb: " + strings.Repeat("x", 100<<10) + "\r\n\r\n"); got != 431 {
		t.Errorf("a header bomb: %d", got)
	}
}

// raw sends bytes and gives the status of the answer.
func (p *product) raw(message string) int {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Write([]byte(message)); err != nil {
		p.t.Fatal(err)
	}
	line, err := textproto.NewReader(bufio.NewReader(conn)).ReadLine()
	if err != nil {
		return 0
	}
	var status int
	_, _ = fmt.Sscanf(line, "HTTP/1.1 %d", &status)
	return status
}

// TestAnonymousBombs: what a visitor can send to an innocent function never kills the worker.
func TestAnonymousBombs(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--max-body", "12MiB", "--cpu-limit", "1s")
	p.app("shop")
	p.publish("shop", "innocent", `
		export default async function (request: Request) {
			const url = new URL(request.url);
			const seen = [...url.searchParams].length + [...request.headers].length;
			const type = request.headers.get("content-type") ?? "";
			if (type.includes("json")) return Response.json({ seen, got: typeof (await request.json()) });
			if (type.includes("form")) return Response.json({ seen, got: [...(await request.formData())].length });
			const text = await request.text();
			return Response.json({ seen, words: text.split(/\s+/).length, mail: /^[\w.+-]+@[\w-]+\.[\w.]+$/.test(text), trimmed: text.trim().length });
		}`)
	before := p.workers()
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	for n := range 20_000 {
		_ = parts.WriteField(fmt.Sprint("f", n), "x")
	}
	parts.Close()
	for _, c := range []struct{ name, kind, body string }{
		{"deep array", "application/json", strings.Repeat("[", 3<<20)},
		{"deep closed array", "application/json", strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)},
		{"deep object", "application/json", strings.Repeat(`{"a":`, 1<<20)},
		{"wide array", "application/json", "[" + strings.Repeat("[],", 3<<20) + "[]]"},
		{"many keys", "application/json", "{" + strings.Repeat(`"k":1,`, 1<<20) + `"k":1}`},
		{"long string", "application/json", `"` + strings.Repeat("x", 10<<20) + `"`},
		{"long number", "application/json", strings.Repeat("9", 5<<20)},
		{"escapes", "application/json", `"` + strings.Repeat(`\u0000`, 1<<20) + `"`},
		{"form", "application/x-www-form-urlencoded", strings.Repeat("a=b&", 2<<20)},
		{"form of escapes", "application/x-www-form-urlencoded", strings.Repeat("%F0%9F%92%A9", 1<<18)},
		{"parts", parts.FormDataContentType(), form.String()},
		{"broken parts", "multipart/form-data; boundary=x", strings.Repeat("--x\r\n", 1<<20)},
		{"regex letters", "text/plain", strings.Repeat("a", 5<<20)},
		{"regex dots", "text/plain", "a@" + strings.Repeat("a.", 2<<20)},
		{"regex blanks", "text/plain", strings.Repeat(" ", 8<<20) + "x"},
		{"not UTF-8", "text/plain", strings.Repeat("\xff\xfe", 1<<20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := p.call("POST", "/fn/shop/innocent?"+strings.Repeat("a=b&", 4000), strings.NewReader(c.body), "Content-Type", c.kind)
			if got.err != nil || got.status == http.StatusGatewayTimeout {
				t.Errorf("got %d, %v", got.status, got.err)
			}
		})
	}
	many := strings.Repeat("X-H: v\r\n", 5000)
	if got := p.raw("GET /fn/shop/innocent HTTP/1.1\r\nHost: " + p.address + "\r\n" + many + "\r\n"); got != 200 && got != 431 {
		t.Errorf("many headers: %d", got)
	}
	if after := p.workers(); len(before) != 1 || len(after) != 1 || before[0] != after[0] {
		t.Errorf("the worker was %v and is %v", before, after)
	}
}

// TestSlowBody: a body that does not come in time costs its caller the call, nobody else; who
// sends it to the dashboard was told that it is not reachable.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "size", `export default async (request: Request) => String((await request.bytes()).length);`)
	for _, path := range []string{"/fn/shop/size", "/login", "/api/v1/apps"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(50 * time.Second))
			began := time.Now()
			if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
				"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\nonly this", path, p.address, p.key); err != nil {
				t.Fatal(err)
			}
			line, err := textproto.NewReader(bufio.NewReader(conn)).ReadLine()
			if err != nil || !strings.HasPrefix(line, "HTTP/1.1 408") {
				t.Errorf("got %q, %v", line, err)
			}
			if took := time.Since(began); took > 40*time.Second {
				t.Errorf("after %v", took)
			}
		})
	}
}

// TestSingleProcess: the same product without a worker process.
func TestSingleProcess(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--single-process")
	p.app("shop")
	p.publish("shop", "hello", hello)
	if got := p.get("/fn/shop/hello"); got.body != "hello" {
		t.Errorf("got %d %q", got.status, got.body)
	}
	if workers := p.workers(); len(workers) != 0 {
		t.Errorf("worker processes %v", workers)
	}
	p.rows("hello", 1)
}

// Calls over the limit of running ones are refused with an id, and have rows like all others,
// which keep nothing of their messages, the query included.
func TestRefusedCallsHaveRows(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--max-running", "1", "--max-waiting", "0")
	p.app("shop")
	p.publish("shop", "slow", `export default () => new Promise((done) => setTimeout(() => done("done"), 300));`)
	p.awaitReady()
	const calls = 12
	answers := make(chan reply, calls)
	for range calls {
		go func() { answers <- p.get("/fn/shop/slow?name=Ada&token=hidden") }()
	}
	var refused int
	for range calls {
		switch answer := <-answers; answer.status {
		case http.StatusOK:
		case http.StatusServiceUnavailable:
			refused++
			if answer.header.Get("Retry-After") == "" || p.outcome(answer.header.Get("X-Execution-Id")) != "busy" {
				t.Errorf("%v %s", answer.header, answer.body)
			}
		default:
			t.Errorf("%+v", answer)
		}
	}
	if refused == 0 {
		t.Error("none was refused")
	}
	var rows int
	p.eventually(10*time.Second, "a row for every call", func() bool {
		return p.pool.QueryRow(t.Context(), `SELECT count(*) FROM executions WHERE script_name = 'slow'`).Scan(&rows) == nil && rows == calls
	})
	for subject, outcome := range map[string]string{"GET /": "busy", "GET /?name=Ada&token=[redacted]": "ok"} {
		var others int
		if err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM executions WHERE outcome = $1 AND subject <> $2`, outcome, subject).Scan(&others); err != nil || others > 0 {
			t.Errorf("%d of %s are about something else than %q, %v", others, outcome, subject, err)
		}
	}
}

// A flood of refused calls leaves a row for the first of a minute and one for all others, which
// counts them, also when the worker is killed. Each caller's id leads to a row.
func TestFloodOfRefusalsSharesRows(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--max-running", "1", "--max-waiting", "0")
	p.app("shop")
	p.publish("shop", "slow", `export default () => new Promise((done) => setTimeout(done, 29000));`)
	go p.get("/fn/shop/slow")
	p.eventually(10*time.Second, "its place taken", func() bool {
		_, running := p.api("GET", "/api/v1/apps/shop/executions?outcome=running", nil)
		return strings.Contains(string(running), `"slow"`)
	})
	refused, ids, began := atomic.Int64{}, sync.Map{}, time.Now()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for refused.Load() < 500 {
				if answer := p.get("/fn/shop/slow"); answer.status == http.StatusServiceUnavailable {
					refused.Add(1)
					ids.Store(answer.header.Get("X-Execution-Id"), true)
				} else {
					t.Errorf("got %d %v", answer.status, answer.err)
					return
				}
			}
		})
	}
	callers.Wait()
	minutes := 2 + int64(time.Since(began)/time.Minute)
	signalWorkers(p, syscall.SIGKILL)
	var rows, calls int64
	p.eventually(20*time.Second, "a row for each refused call or with it", func() bool {
		return p.pool.QueryRow(t.Context(), `SELECT count(*), sum(1 + coalesce(others, 0)) FROM executions WHERE outcome = 'busy'`).Scan(&rows, &calls) == nil && calls == refused.Load()
	})
	if rows > 61*minutes {
		t.Errorf("%d rows of %d refused calls", rows, calls)
	}
	ids.Range(func(id, _ any) bool {
		if got := p.outcome(id.(string)); got != "busy" {
			t.Errorf("run %v: %s", id, got)
		}
		return true
	})
	var counted int64
	if err := p.pool.QueryRow(t.Context(), `SELECT sum(failures) FROM run_counts`).Scan(&counted); err != nil || counted < calls {
		t.Errorf("%d calls are counted of %d: %v", counted, calls, err)
	}
}

// A run that fills the heap is stopped before the process dies of it, and the next call
// finds the memory free again.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--worker-memory", "128MiB", "--cpu-limit", "25s")
	p.app("shop")
	p.publish("shop", "hoards", `export default () => { const kept: unknown[] = []; for (;;) kept.push({ n: "x" + kept.length }); };`)
	p.publish("shop", "modest", `export default () => "fine";`)
	p.awaitReady()
	worker := p.workers()
	for range 2 {
		answer := p.get("/fn/shop/hoards")
		if answer.status != http.StatusInsufficientStorage || p.outcome(answer.header.Get("X-Execution-Id")) != "memory" {
			t.Errorf("%d %v %s %v", answer.status, answer.header, answer.body, answer.err)
		}
		if answer := p.get("/fn/shop/modest"); answer.body != "fine" {
			t.Errorf("afterwards: %+v", answer)
		}
	}
	if after := p.workers(); len(after) != 1 || after[0] != worker[0] {
		t.Errorf("workers %v became %v", worker, after)
	}
	p.eventually(5*time.Second, "back under the budget", func() bool { return resident(worker[0]) < 128<<20 })
}

// Calls of two apps that wait, before their answer or after it, were once all that could be under way.
func TestCallsThatWaitKeepNobodyOut(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	const calls = 50 // of each app; there are 64 places
	gone, leave := context.WithCancel(t.Context())
	defer leave()
	for app, source := range map[string]string{
		"first":  `export default () => new Promise((done) => setTimeout(done, 15000));`,
		"second": `export default (r, env, ctx) => { ctx.waitUntil(new Promise((done) => setTimeout(done, 15000))); return "answered" }`,
	} {
		p.app(app)
		p.publish(app, "waits", source)
		for range calls {
			go func() {
				request, err := http.NewRequestWithContext(gone, "GET", p.url("/fn/"+app+"/waits"), nil)
				if err != nil {
					return
				}
				if answer, err := caller.Do(request); err == nil {
					answer.Body.Close()
				}
			}()
		}
	}
	p.eventually(20*time.Second, "all under way", func() bool {
		running := 0
		for _, app := range []string{"first", "second"} {
			var list struct{ Executions []any }
			_, body := p.api("GET", "/api/v1/apps/"+app+"/executions?outcome=running", nil)
			if err := json.Unmarshal(body, &list); err != nil {
				t.Fatal(err)
			}
			running += len(list.Executions)
		}
		return running == 2*calls
	})
	if got := p.get("/fn/main/hello"); got.status != http.StatusOK {
		t.Errorf("a third app answers %d %s", got.status, got.body)
	}
}
