package invoke

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/egress"
	"picloud/engine/execution"
)

// networked is an invoker whose functions reach one server on this machine.
func networked(t *testing.T, serve http.HandlerFunc) (i *Invoker, server *httptest.Server) {
	t.Helper()
	server = httptest.NewServer(serve)
	t.Cleanup(server.Close)
	allow, err := egress.ParseAllow(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	i = invoker(t, 1<<40)
	if i.network, err = egress.New(egress.Config{Allow: allow}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.network.Close)
	watched(t, i)
	t.Cleanup(func() {
		if err := i.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return i, server
}

// fetches runs a function's body, in which SERVER stands for the address of the server.
func fetches(t *testing.T, i *Invoker, server *httptest.Server, body string) (string, call.Result) {
	t.Helper()
	result := i.Run(t.Context(), Job{
		Call: testCall(), Code: Code{Draft: &Draft{Program: "(async (request, env, ctx) => {\n" + strings.ReplaceAll(body, "SERVER", server.URL) + "});"}},
		Capture: execution.CaptureHeads,
	})
	if result.Failure != nil {
		return result.Failure.Name + ": " + result.Failure.Message, result
	}
	if result.Response.Body == nil {
		return "", result
	}
	text, err := io.ReadAll(result.Response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), result
}

func TestFetch(t *testing.T) {
	t.Parallel()
	i, server := networked(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		case "/big":
			_, _ = w.Write(make([]byte, 11<<20))
		case "/teapot":
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			w.WriteHeader(http.StatusTeapot)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		default:
			fmt.Fprintf(w, `{"method":%q,"path":%q,"body":%q,"type":%q,"cookie":%q,"agent":%q}`,
				r.Method, r.URL.RequestURI(), body, r.Header.Get("Content-Type"), r.Header.Get("Cookie"), r.UserAgent())
		}
	})
	failing := func(code string) string {
		return `try { await ` + code + `; return "nothing" } catch (e) { return [e.name, e.cause?.code, e.message].join(", ") }`
	}
	for body, want := range map[string]string{
		`return (await fetch("SERVER/a?b=c")).json()`: `{"method":"GET","path":"/a?b=c","body":"","type":"","cookie":"","agent":"PiCloud"}`,
		`return (await fetch(new URL("SERVER/a"), { method: "post", body: "x", headers: { Cookie: "c=1", Host: "evil" } })).json()`:                         `{"method":"POST","path":"/a","body":"x","type":"text/plain;charset=UTF-8","cookie":"c=1","agent":"PiCloud"}`,
		`return (await fetch(new Request("SERVER/a", { method: "PUT", body: new URLSearchParams({ a: 1 }) }))).json()`:                                      `{"method":"PUT","path":"/a","body":"a=1","type":"application/x-www-form-urlencoded;charset=UTF-8","cookie":"","agent":"PiCloud"}`,
		`const r = await fetch("SERVER/teapot"); return [r.status, r.ok, r.type, r.redirected, r.headers.getSetCookie().join(), r.url.endsWith("/teapot")]`: `[418,false,"basic",false,"a=1,b=2",true]`,
		`const r = await fetch("SERVER/moved"); return [r.status, r.redirected, new URL(r.url).pathname]`:                                                   `[200,true,"/there"]`,
		`const r = await fetch("SERVER/moved", { redirect: "manual" }); return [r.status, r.headers.get("location")]`:                                       `[302,"/there"]`,
		`const r = await fetch("SERVER/none"); return [r.status, r.body]`:                                                                                   `[204,null]`,
		`const r = await fetch("SERVER/a"); await r.text(); return r.text().catch((e) => e.name)`:                                                           `TypeError`,
		`const r = await fetch("SERVER/a"); try { r.headers.set("a", "b") } catch (e) { return e.name }`:                                                    `TypeError`,
		failing(`fetch("SERVER/moved", { redirect: "error" })`):                                                                                             "TypeError, redirect, fetch failed: ",
		failing(`fetch("SERVER/slow", { signal: AbortSignal.timeout(20) })`):                                                                                "TimeoutError, , The operation was aborted due to timeout",
		failing(`fetch("SERVER/slow", { signal: AbortSignal.any([AbortSignal.abort("why"), ctx.signal]) })`):                                                "",
		failing(`fetch("SERVER/big")`):                              "TypeError, too large, fetch failed: ",
		failing(`fetch("http://10.0.0.1/")`):                        "TypeError, policy, fetch failed: 10.0.0.1 is in a private network",
		failing(`fetch("http://169.254.169.254/latest/meta-data")`): "TypeError, policy, fetch failed: ",
		failing(`fetch("http://127.0.0.1:1/")`):                     "TypeError, policy, fetch failed: ",
		failing(`fetch("ftp://example.com/")`):                      "TypeError, invalid, fetch failed: only http and https",
		failing(`fetch("/relative")`):                               "TypeError, , ",
		failing(`fetch("http://user:secret@example.com/")`):         "TypeError, , ",
		failing(`fetch()`):                                          "TypeError, , ",
		`return (await Promise.all(Array.from({ length: 50 }, (_, n) => fetch("SERVER/" + n)))).length`: `50`,
		failing(`Promise.all(Array.from({ length: 51 }, (_, n) => fetch("SERVER/" + n)))`):              "TypeError, limit, fetch failed: a run may fetch 50 times",
		`ctx.waitUntil(fetch("SERVER/later")); return "answered"`:                                       "answered",
		`fetch("SERVER/forgotten"); return "answered"`:                                                  "answered",
	} {
		if got, _ := fetches(t, i, server, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngives %s, want %s", body, got, want)
		}
	}
	until(t, "everything given back", func() bool { return i.Left() == "" })
}

// A run that is stopped while it waits for answers ends at once, and its requests with it.
func TestFetchEndsWithItsRun(t *testing.T) {
	t.Parallel()
	var under atomic.Int32
	i, server := networked(t, func(_ http.ResponseWriter, r *http.Request) {
		under.Add(1)
		defer under.Add(-1)
		<-r.Context().Done()
	})
	c := testCall()
	c.Limits.Wall = 200 * time.Millisecond
	began := time.Now()
	result := i.Run(t.Context(), Job{Call: c, Code: Code{Draft: &Draft{Program: `(async () => { await Promise.all(Array.from({ length: 9 }, () => fetch("` + server.URL + `"))) });`}}})
	if result.Outcome != call.Timeout || time.Since(began) > 5*time.Second || len(result.Spans) < 9 {
		t.Errorf("%s after %v, %d spans", result.Outcome, time.Since(began), len(result.Spans))
	}
	for _, span := range result.Spans {
		if span.Kind == call.Fetching && span.Failure == "" {
			t.Errorf("%+v did not fail", span)
		}
	}
	until(t, "all requests ended", func() bool { return under.Load() == 0 })
}

func TestFetchIsInTheTimeline(t *testing.T) {
	t.Parallel()
	i, server := networked(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "hello")
	})
	host := strings.TrimPrefix(server.URL, "http://")
	var spans []call.Span
	i.Run(t.Context(), Job{
		Call: testCall(), Code: Code{Draft: &Draft{Program: `(async () => {
			await fetch("` + server.URL + `/moved?token=hush", { method: "POST", body: "abc" }); await fetch("http://10.1.1.1/").catch(() => 0)
		});`}},
		OnSpan: func(span call.Span) {
			if span.Kind == call.Fetching {
				spans = append(spans, span)
			}
		},
	})
	if len(spans) != 2 {
		t.Fatalf("%+v", spans)
	}
	if s := spans[0]; s.Subject != "POST http://"+host+"/moved?token=[redacted]" || s.Status != 200 || s.Sent != 3 || s.Received != 5 || s.Took <= 0 ||
		!strings.Contains(s.Note, "redirected to "+host) || !strings.Contains(s.Note, "allowed by "+host) {
		t.Errorf("%+v", s)
	}
	if s := spans[1]; !strings.HasPrefix(s.Failure, "policy: 10.1.1.1 is in a private network") {
		t.Errorf("%+v", s)
	}
}

// watched has the invoker watch over its runs while the test goes on.
func watched(t *testing.T, i *Invoker) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = i.Watch(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	end := time.After(20 * time.Second)
	for !is() {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("not %s in time", what)
		}
	}
}

// What was decoded is passed on as it is now; a panic of ours is the fetch's failure, not the process's end.
func TestFetchedIsWhatItSays(t *testing.T) {
	t.Parallel()
	i, server := networked(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, r.Header.Get("Picloud-Depth"))
		_ = packed.Close()
	})
	got, result := fetches(t, i, server, `return fetch("SERVER", { headers: { "picloud-depth": "0" } })`)
	for _, field := range result.Response.Header {
		if field.Name == "content-encoding" || field.Name == "content-length" {
			t.Errorf("it is passed on with %+v", field)
		}
	}
	if got != "1" {
		t.Errorf("the depth that is sent is %q", got)
	}
	if got, _ := fetches(t, i, server, `globalThis.Error = 1; try { await fetch("http://10.0.0.1") } catch (e) { return e.cause.code }`); got != "policy" {
		t.Errorf("with a replaced Error: %s", got)
	}
}
