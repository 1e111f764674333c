package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// asked answers with what it was asked.
const asked = "export default async (request) => request.method + \" \" + new URL(request.url).search + \" \" + request.headers.get(\"x-one\") + \" \" + (await request.text());"

// asks waits until the run panel holds a request.
func (w *window) asks(method, path, query, headers, body string) {
	w.t.Helper()
	for name, value := range map[string]string{"method": method, "path": path, "query": query, "headers": headers, "body": body} {
		w.until(`document.getElementById("r-` + name + `")?.value === ` + quoted(value))
	}
}

// TestPublishKeepsThePage: who publishes goes on where they were, and a reload brings the last
// request back, until one signs out.
func TestPublishKeepsThePage(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	p.publish("shop", "other", answers("other"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.write(asked)
	w.choose("method", "POST")
	w.fill("Path below", "/orders")
	for label, text := range map[string]string{"Query": "name=Ada", "Headers": "x-one: 1", "Body": "two\nlines"} {
		w.press(label)
		w.fill(label, text)
	}
	w.press("Run draft")
	const answered = "POST ?name=Ada 1 two\nlines"
	w.until(`document.querySelector("#answer .out")?.textContent === ` + quoted(answered))

	w.until(`(window.stays = true, document.querySelector(".cm-content").focus(), scrollTo(0, 7), window.stood = scrollY, true)`)
	w.keys("P", control, shift)
	w.shows("dialog[open] h1", "Publish greet as v2")
	w.insert("Without leaving")
	w.keys("\r")
	w.shows("#live", "Live v2")
	w.until(`!document.querySelector("dialog[open]") && document.getElementById("say").textContent === "Published v2. It answers its URL now."`)
	w.shows("#differs", "Draft is the same")
	w.until(`window.stays && scrollY === window.stood && document.activeElement.matches(".cm-content")`)
	w.until(`document.querySelector("#answer .out").textContent === ` + quoted(answered))
	w.asks("POST", "/orders", "name=Ada", "x-one: 1", "two\nlines")
	w.keys("z", control) // what was typed is undone
	w.until(`document.getElementById("source").value !== ` + quoted(asked))
	w.shows("#differs", "Draft differs")
	w.keys("y", control)
	w.shows("#differs", "Draft is the same")
	w.keys("P", control, shift) // and the next version goes the same way
	w.shows("dialog[open] h1", "Publish greet as v3")
	w.press("Publish v3")
	w.until(`document.getElementById("say").textContent.includes("same as the live v2") && window.stays`)

	w.do(chromedp.Reload())
	w.until(`!window.stays && document.querySelector(".cm-content")`)
	w.asks("POST", "/orders", "name=Ada", "x-one: 1", "two\nlines")
	w.until(`document.getElementById("r-body").checkVisibility() && document.querySelector("[data-summary=query]").textContent === "name=Ada"`)
	w.edit("shop", "other")
	w.asks("GET", "", "", "", "")
	w.press("Account of")
	w.press("Sign out")
	w.shows("h1", "Sign in")
	w.signIn()
	w.edit("shop", "greet")
	w.asks("GET", "", "", "", "")
}

// TestRunAgain: the button on a run's page runs, once; an address runs nothing.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", asked)
	if got := p.get("/fn/shop/greet/orders?name=Ada"); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	p.rows("greet", 1)
	w := p.open(p.chromium())
	w.signIn()
	w.visit("/apps/shop/runs")
	w.until(`document.querySelector("#rows a")?.click() ?? document.querySelector("#rows a")`)
	w.shows("h1", "/orders")
	run, err := evaluate[string](w, `document.querySelector("[data-again]").dataset.again`)
	if err != nil {
		t.Fatal(err)
	}
	w.press("Run again on draft")
	w.until(`document.querySelector("#answer .out")?.textContent.startsWith("GET ?name=Ada")`)
	w.until(`location.pathname === "/apps/shop/scripts/greet" && location.search === ""`)
	const filled = `document.getElementById("r-path")?.value === "/orders" && document.getElementById("r-query").value === "name=Ada"`
	w.until(filled)
	p.rows("greet", 2)

	w.do(chromedp.Reload())
	w.until(filled)
	w.visit(run)
	w.until(filled)
	w.shows("#answer p", "The answer appears here")
	w.until(`document.querySelector(".cm-content") && sessionStorage.getItem("again") === null`)
	w.press("Run draft")
	w.shows("#answer .out", "GET ?name=Ada")
	p.rows("greet", 3)
	if counts, total := p.count("greet"); total != 3 {
		t.Errorf("%d runs: %v", total, counts)
	}
}

// TestPathWithAQuery: "?" in the path goes on in the query, as one types and as one pastes.
func TestPathWithAQuery(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", asked)
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.fill("Path below", "")
	w.keys("/a?b=1")
	w.asks("GET", "/a", "b=1", "", "")
	w.until(`document.activeElement.id === "r-query"`)
	w.fill("Path below", "/c?d=2")
	w.asks("GET", "/c", "d=2&b=1", "", "")
	w.keys("\r", control)
	w.until(`document.querySelector("#answer .out")?.textContent.startsWith("GET ?d=2&b=1")`)
}
