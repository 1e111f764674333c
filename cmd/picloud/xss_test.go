package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// evil is what an attacker writes wherever anything can be written: should a browser take
// any of it for HTML, xss is set, a dialog opens, or something with data-xss is there.
const evil = `"'><b data-xss hx-get=/x hx-trigger=load></b></textarea></title></script><script>xss=1;alert(1)</script><img src=x onerror="xss=1;alert(1)"><svg onload=xss=1>{{7*7}}`

// evilWord is the same without spaces and quotes, for a request target.
const evilWord = `'><b/data-xss/hx-trigger=load><script>xss=1</script><img/src=x/onerror=xss=1>`

func evilSource() string {
	return `import { log } from "picloud";

const evil = ` + quoted(evil) + `; // ` + evil + `

export default function (request: Request) {
  log.info(evil, { [evil]: evil });
  log.error({ toString: () => evil, evil });
  if (request.url.includes("throw")) {
    const error = new Error(evil);
    error.name = evil;
    throw error;
  }
  if (request.url.includes("page")) return new Response(evil, { headers: { "content-type": "text/html" } });
  return new Response(evil, { headers: { "x-evil": evil, "content-type": "text/plain" } });
}`
}

// serveEvil is a product in which every name, note and value is an attack.
func serveEvil(t *testing.T) *product {
	t.Helper()
	p := serveFresh(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, p: p, client: &http.Client{Jar: jar, Timeout: 2 * patience, Transport: agent(evilWord)}}
	link, err := url.Parse(p.setupLink())
	if err != nil {
		t.Fatal(err)
	}
	b.post("/setup", "token", link.Query().Get("token"), "name", evil[:100], "email", ownerEmail, "password", ownerPassword)
	b.post("/apps", "name", "</title><b data-xss>App", "slug", "evil")
	b.post("/apps/evil/scripts", "name", "evil", "description", evil, "language", "typescript")
	b.post("/apps/evil/scripts/evil/settings", "description", evil, "capture", "all")
	b.post("/apps/evil/variables", "name", "EVIL", "value", evil, "kind", "variable", "script", "")
	b.post("/profile/keys", "name", evil[:90], "access", "read", "expires", "30")
	p.key = p.token()
	for _, note := range []string{evil, evil + "again"} {
		source := evilSource() + "\n// " + note
		if status, body := p.api("PUT", "/api/v1/apps/evil/scripts/evil", map[string]any{"source": source, "note": note}); status >= 300 {
			t.Fatalf("publish: %d %s", status, body)
		}
	}
	b.post("/apps/evil/scripts/evil/versions/2/live", "note", evil)
	p.callEvil()
	return p
}

// agent is a transport that says who it is.
type agent string

func (a agent) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", string(a))
	return http.DefaultTransport.RoundTrip(r)
}

// callEvil leaves an answered run, a failed one and one with a path that is an attack.
func (p *product) callEvil() {
	p.t.Helper()
	p.call("POST", "/fn/evil/evil/plain?x="+url.QueryEscape(evil), strings.NewReader(evil), "X-Evil", evil, "User-Agent", evil, "Content-Type", "text/plain")
	p.get("/fn/evil/evil/throw", "Referer", evil)
	p.rawGet("/fn/evil/evil/"+evilWord+"?"+evilWord, p.address)
	p.rows("evil", 3)
}

// inert fails the test when anything evil on the page came to life, or, where it ought to be
// seen, is not there as text.
func (w *window) inert(name string, seen bool) {
	w.t.Helper()
	alive, err := evaluate[string](w, `[window.xss && "a script ran", document.querySelector("[data-xss], svg[onload], img[src=x]")?.outerHTML].filter(Boolean).join("; ")`)
	if err != nil || alive != "" {
		w.t.Errorf("%s: %s %v", name, alive, err)
	}
	shown, err := evaluate[bool](w, `document.title.includes("data-xss") || document.body.textContent.includes("data-xss") || [...document.querySelectorAll("input, textarea")].some((e) => e.value.includes("data-xss"))`)
	if err != nil || shown != seen {
		w.t.Errorf("%s: the attack is shown: %v (%v)", name, shown, err)
	}
	w.clean()
}

// TestInert draws every page around attacks.
func TestInert(t *testing.T) {
	t.Parallel()
	p := serveEvil(t)
	w := p.open(p.chromium())
	w.expect("status of 404", "status of 422")
	w.visit("/login?next=" + url.QueryEscape("javascript:alert(1)//"+evil))
	w.inert("login", false)
	w.visit("/setup?token=" + url.QueryEscape(evil))
	w.inert("set-up", false)
	w.visit("/login")
	w.until(`document.querySelector("form").noValidate = true`)
	w.fill("E-mail", `"><b data-xss>@example.com`)
	w.fill("Password", evil)
	w.press("Sign in")
	w.shows("[role=alert], .fault", "wrong")
	w.inert("sign-in refused", true)
	w.signIn()

	const script = "/apps/evil/scripts/evil"
	pages := []string{
		"/apps", "/apps/evil", "/apps/evil/settings", "/apps/evil/scripts/new", "/apps/evil/runs", "/apps/evil/runs?outcome=failed",
		"/apps/evil/runs?q=" + url.QueryEscape(evil), "/apps/evil/runs?path=" + url.QueryEscape("/"+evilWord), "/apps/evil/runs?outcome=" + url.QueryEscape(evil),
		script, script + "/publish", script + "/versions", script + "/versions/3", script + "/diff?from=2&to=3", script + "/runs", script + "/settings",
		"/apps/evil/variables", "/apps/evil/variables/EVIL", script + "/variables", "/search?q=" + url.QueryEscape(evil), "/profile",
	}
	found, err := p.pool.Query(t.Context(), `SELECT id::text FROM executions WHERE script_name = 'evil'`)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, "/apps/evil/runs/"+id, script+"?from="+id)
	}
	for _, path := range pages {
		w.visit(path)
		w.inert(path, true)
	}
	w.visit("/apps/evil/" + url.PathEscape(evil))
	w.inert("not found", true) // in the navigation
	w.visit("/apps/evil/variables/env-file")
	w.fill("Text", "A=`"+evil+"`\nB=1")
	w.press("Show what changes")
	w.shows("h1", "What changes")
	w.inert("preview of a paste", true)
	w.evilLive()
	w.evilEditor()
}

// evilLive looks at what comes while the page is open.
func (w *window) evilLive() {
	w.t.Helper()
	w.visit("/apps/evil/runs?since=15m")
	w.until(`document.getElementById("live-bar").checkVisibility()`)
	rows, err := evaluate[int](w, `document.querySelectorAll("#rows tr").length`)
	if err != nil {
		w.t.Fatal(err)
	}
	w.p.eventually(patience, "live", func() bool {
		w.p.callEvil()
		now, err := evaluate[int](w, `document.querySelectorAll("#rows tr:not(.running)").length`)
		return err == nil && now >= rows+3
	})
	w.inert("live rows", true)
}

// evilEditor runs and breaks the draft, searches, and looks at the preview.
func (w *window) evilEditor() {
	w.t.Helper()
	w.edit("evil", "evil")
	w.write(evilSource())
	w.fill("Path below", "/") // that of the run that was looked at last is still there
	w.keys("\r", control)
	w.shows("#answer .out", "data-xss")
	w.shows("#lines .line", "data-xss")
	w.inert("answer", true)
	w.fill("Path below", "/throw")
	w.press("Run draft")
	w.shows("#answer .failure", "data-xss")
	w.inert("failure", true)

	// The preview may run scripts, but in an origin of its own, and without dialogs.
	w.expect("Ignored call to 'alert()'", "net::ERR_", "status of 404", "sandboxed")
	w.fill("Path below", "/page")
	w.press("Run draft")
	w.shows("#answer .tag", "200")
	w.press("Preview")
	w.until(`document.querySelector("iframe")?.checkVisibility()`)
	w.until(`(() => { try { return !document.querySelector("iframe").contentDocument; } catch { return true; } })()`)
	w.inert("preview", true)

	w.write("import x from " + quoted(evil) + ";\nexport default x;")
	w.keys("\r", control)
	w.shows("#problems li", "data-xss")
	w.inert("problems", true)
	w.keys("P", control, shift)
	w.press("Publish v4")
	w.shows("dialog[open] .problems", "data-xss")
	w.inert("problems of publishing", true)
	w.do(chromedp.KeyEvent("\x1b"))
	w.until(`!document.querySelector("dialog[open]")`)
	w.keys("k", control)
	w.insert("evil")
	w.until(`document.querySelectorAll("#palette[open] li").length > 1`)
	w.inert("palette", true)
	w.until(fmt.Sprintf(`(document.querySelector("#palette input").value = %s, document.querySelector("#palette input").dispatchEvent(new Event("input")), true)`, quoted(evil)))
	w.inert("palette, nothing", true)
}
