package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// echo tells what a function sees.
const echo = `export default async (request: Request) => Response.json({
	method: request.method, url: request.url, headers: [...request.headers], body: await request.text(),
});`

type seen struct {
	Method, URL, Body string
	Headers           [][2]string
}

func (s seen) header(name string) (values []string) {
	for _, field := range s.Headers {
		if field[0] == name {
			values = append(values, field[1])
		}
	}
	return values
}

// TestPublicURLs: what a function sees of a call, and what a caller sees of an answer.
func TestPublicURLs(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "echo", echo)
	p.publish("shop", "sets", `export default () => {
		const headers = new Headers({ "x-own": "1", "content-security-policy": "default-src *", "clear-site-data": "*", "service-worker-allowed": "/", "connection": "close, x-own", "transfer-encoding": "gzip", "content-length": "3" });
		headers.append("set-cookie", "a=1"); headers.append("set-cookie", "b=2; Path=/"); headers.append("vary", "a"); headers.append("vary", "b");
		return new Response("<h1>hello</h1>", { headers });
	};`)
	p.publish("shop", "html", `export default () => new Response("<b>x</b>", { headers: { "content-type": "text/html" } });`)
	own := strings.Replace("shop.localhost:PORT", "PORT", p.address[strings.LastIndex(p.address, ":")+1:], 1)

	look := func(method, path string, body string, header ...string) seen {
		t.Helper()
		got := p.call(method, path, strings.NewReader(body), header...)
		var s seen
		if err := json.Unmarshal([]byte(got.body), &s); err != nil {
			t.Fatalf("%s %s: %d %q", method, path, got.status, got.body)
		}
		return s
	}
	t.Run("true path", func(t *testing.T) {
		for _, path := range []string{"/", "//a//b", "/a%2Fb", "/%2e%2e/x", "/a/../b", "/%E4%BD%A0", "/a;b=c", "/?q=%20+", ""} {
			got := p.rawGet("/fn/shop/echo"+path, p.address)
			var s seen
			if err := json.Unmarshal([]byte(got), &s); err != nil {
				t.Fatalf("%s: %q", path, got)
			}
			if want := "http://" + p.address + "/fn/shop/echo" + path; s.URL != want {
				t.Errorf("url %q, want %q", s.URL, want)
			}
		}
	})
	t.Run("non-ASCII path", func(t *testing.T) {
		var s seen
		if err := json.Unmarshal([]byte(p.rawGet("/fn/shop/echo/你", p.address)), &s); err != nil || !strings.HasSuffix(s.URL, "/echo/%E4%BD%A0") {
			t.Errorf("url %q, %v", s.URL, err)
		}
	})
	t.Run("own host", func(t *testing.T) {
		if s := look("PUT", "/echo/deep?x=1", "body", "Host", own); s.URL != "http://"+own+"/echo/deep?x=1" || s.Method != "PUT" || s.Body != "body" {
			t.Errorf("saw %+v", s)
		}
	})
	t.Run("inbound", func(t *testing.T) {
		s := look("GET", "/fn/shop/echo", "", "Cookie", "picloud_session=secret; theirs=1; __Host-picloud_session=secret", "Authorization", "Bearer pic_"+strings.Repeat("secret", 7)+"x_000000",
			"X-Forwarded-For", "6.6.6.6", "X-Forwarded-Host", "evil", "X-Twice", "1", "X-Twice", "2", "Te", "trailers", "Keep-Alive", "x")
		all, _ := json.Marshal(s.Headers)
		if strings.Contains(string(all), "secret") || strings.Contains(string(all), "6.6.6.6") || strings.Contains(string(all), "evil") {
			t.Errorf("saw %s", all)
		}
		if got := s.header("cookie"); len(got) != 1 || got[0] != "theirs=1" {
			t.Errorf("cookie %q", got)
		}
		if got := s.header("x-twice"); len(got) != 1 || got[0] != "1, 2" {
			t.Errorf("x-twice %q", got)
		}
		if s.header("te") != nil || s.header("keep-alive") != nil {
			t.Errorf("hop-by-hop fields: %s", all)
		}
		if got := look("GET", "/fn/shop/echo", "", "Authorization", "Bearer theirs").header("authorization"); len(got) != 1 {
			t.Errorf("their own authorization is gone: %q", got)
		}
	})
	t.Run("outbound, shared host", func(t *testing.T) {
		got := p.get("/fn/shop/sets")
		policies := got.header.Values("Content-Security-Policy")
		if len(policies) != 2 || !strings.HasPrefix(policies[0], "sandbox") || strings.Contains(policies[0], "allow-same-origin") {
			t.Errorf("policies %q", policies)
		}
		for _, name := range []string{"Set-Cookie", "Clear-Site-Data", "Service-Worker-Allowed", "Connection"} {
			if got.header.Get(name) != "" {
				t.Errorf("%s: %q", name, got.header.Values(name))
			}
		}
		if got.header.Get("X-Own") != "1" || got.header.Get("X-Content-Type-Options") != "nosniff" || got.body != "<h1>hello</h1>" {
			t.Errorf("got %v %q", got.header, got.body)
		}
		if vary := strings.Join(got.header.Values("Vary"), ", "); vary != "a, b" {
			t.Errorf("vary %q", vary)
		}
		if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
			t.Errorf("an answer without a type became %q", kind)
		}
	})
	t.Run("outbound, own host", func(t *testing.T) {
		got := p.get("/sets", "Host", own)
		if cookies := got.header.Values("Set-Cookie"); !slices.Equal(cookies, []string{"a=1", "b=2; Path=/"}) {
			t.Errorf("cookies %q", cookies)
		}
		if policies := got.header.Values("Content-Security-Policy"); !slices.Equal(policies, []string{"default-src *"}) {
			t.Errorf("policies %q", policies)
		}
	})
	t.Run("sandbox on answers of ours", func(t *testing.T) {
		for _, path := range []string{"/fn/shop/absent", "/fn/none/hello", "/fn/", "/fn", "/fn/shop"} {
			got := p.get(path)
			if got.status != 404 || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") || got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %v", path, got.status, got.header)
			}
		}
		if got := p.get("/fn/shop/absent", "Accept", "text/html"); !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.Contains(got.body, "<h1>") {
			t.Errorf("a person gets %v %q", got.header, got.body)
		}
	})
	t.Run("methods", func(t *testing.T) {
		head := p.call("HEAD", "/fn/shop/html", nil)
		if head.status != 200 || head.body != "" || head.header.Get("Content-Length") != "8" || head.header.Get("Content-Type") != "text/html" {
			t.Errorf("HEAD: %d %v", head.status, head.header)
		}
		if s := look("OPTIONS", "/fn/shop/echo", ""); s.Method != "OPTIONS" {
			t.Errorf("OPTIONS: %+v", s)
		}
	})
	t.Run("no content", func(t *testing.T) {
		p.publish("shop", "bare", `export default (request: Request) => new Response(null, { status: Number(new URL(request.url).searchParams.get("s")), headers: { etag: "x" } });`)
		for _, status := range []string{"204", "304"} {
			got := p.get("/fn/shop/bare?s=" + status)
			if fmt.Sprint(got.status) != status || got.body != "" || got.header.Get("Content-Type") != "" || got.header.Get("Etag") != "x" || got.header.Get("Content-Length") != "" {
				t.Errorf("%s: %d %v", status, got.status, got.header)
			}
		}
	})
	t.Run("unknown host", func(t *testing.T) {
		for _, host := range []string{"evil.example", "shop.evil.example", "a.shop.localhost"} {
			if got := p.get("/fn/shop/echo", "Host", host); got.status != http.StatusMisdirectedRequest {
				t.Errorf("%s: %d", host, got.status)
			}
		}
		if got := p.get("/readyz", "Host", "192.0.2.1"); got.status != http.StatusOK {
			t.Errorf("a probe by address: %d", got.status)
		}
		if got := p.get("/login", "Host", own); got.status != 404 {
			t.Errorf("the dashboard answers on an app's host: %d", got.status)
		}
	})
	t.Run("private sockets", func(t *testing.T) {
		for _, path := range []string{"/draft", "/live", "/refresh", "/fn/../draft"} {
			for _, method := range []string{"GET", "POST"} {
				if got := p.call(method, path, strings.NewReader("{}"), "Authorization", "Bearer "+p.key); got.status < 300 {
					t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
				}
			}
		}
		entries, err := os.ReadDir(p.dataDir + "/run")
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(p.dataDir + "/run"); err != nil || info.Mode().Perm() != 0o700 || len(entries) == 0 {
			t.Errorf("the folder of the sockets: %v %v", info.Mode(), err)
		}
	})
}

// TestRename: the old address answers 308 until its name is used again.
func TestRename(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "old", hello)
	if _, err := p.pool.Exec(t.Context(), `SELECT 1`); err != nil {
		t.Fatal(err)
	}
	browser := p.signIn()
	browser.post("/apps/shop/scripts/old/rename", "name", "fresh")
	got := p.get("/fn/shop/old/deep?x=1")
	if got.status != 308 || got.header.Get("Location") != "/fn/shop/fresh/deep?x=1" {
		t.Errorf("the old name: %d %q", got.status, got.header.Get("Location"))
	}
	if got := p.get("/fn/shop/fresh"); got.body != "hello" {
		t.Errorf("the new name: %d %q", got.status, got.body)
	}
	p.publish("shop", "old", `export default () => "another";`)
	if got := p.get("/fn/shop/old"); got.body != "another" {
		t.Errorf("the name used again: %d %q", got.status, got.body)
	}
}

// TestIndex: the script of that name answers at the root address of its app.
func TestIndex(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	own := "shop.localhost" + p.address[strings.LastIndex(p.address, ":"):]
	for _, at := range []struct{ path, host string }{{"/fn/shop", p.address}, {"/fn/shop/", p.address}, {"/", own}} {
		if got := p.call("GET", at.path, nil, "Host", at.host); got.status != 404 {
			t.Errorf("without an index %s%s answers %d", at.host, at.path, got.status)
		}
	}
	p.publish("shop", "index", echo)
	for _, c := range []struct {
		host, target string
		url          string // that the function sees; empty: none is called
		status       int
		location     string
	}{
		{p.address, "/fn/shop/", "http://" + p.address + "/fn/shop/", 200, ""},
		{p.address, "/fn/shop/?q=%20+", "http://" + p.address + "/fn/shop/?q=%20+", 200, ""},
		{p.address, "/fn/shop", "", 308, "/fn/shop/"},
		{p.address, "/fn/shop?q=a/b", "", 308, "/fn/shop/?q=a/b"},
		{p.address, "/fn/shop/index", "http://" + p.address + "/fn/shop/index", 200, ""},
		{p.address, "/fn/shop/index/", "http://" + p.address + "/fn/shop/index/", 200, ""},
		{p.address, "/fn/shop//", "", 404, ""},
		{p.address, "/fn/shop//index", "", 404, ""},
		{p.address, "/fn/shop/other", "", 404, ""},
		{p.address, "/fn/", "", 404, ""},
		{own, "/", "http://" + own + "/", 200, ""},
		{own, "/?q=1", "http://" + own + "/?q=1", 200, ""},
		{own, "/index", "http://" + own + "/index", 200, ""},
		{own, "//", "", 404, ""},
		{own, "/favicon.ico", "", 404, ""},
	} {
		got := p.call("POST", c.target, strings.NewReader("body"), "Host", c.host)
		if got.status != c.status || got.header.Get("Location") != c.location {
			t.Errorf("%s%s: %d to %q, want %d to %q", c.host, c.target, got.status, got.header.Get("Location"), c.status, c.location)
		}
		var s seen
		if c.url != "" && (json.Unmarshal([]byte(got.body), &s) != nil || s.URL != c.url || s.Body != "body") {
			t.Errorf("%s%s: saw %+v", c.host, c.target, s)
		}
	}
	someone := p.signIn()
	someone.post("/apps/shop/settings", "name", "Shop", "slug", "store")
	if got := p.call("GET", "/fn/shop/?a=1", nil); got.status != 308 || got.header.Get("Location") != "/fn/store/?a=1" {
		t.Errorf("the old slug: %d to %q", got.status, got.header.Get("Location"))
	}
	someone.post("/apps/store/scripts/index/rename", "name", "home")
	if got := p.call("GET", "/fn/store/", nil); got.status != 308 || got.header.Get("Location") != "/fn/store/home" {
		t.Errorf("the old index: %d to %q", got.status, got.header.Get("Location"))
	}
}
