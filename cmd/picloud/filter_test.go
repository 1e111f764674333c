package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestFilters: what a filter changes beside the list comes with it.
func TestFilters(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	p.get("/fn/shop/greet")
	w := p.open(p.chromium())
	w.signIn()
	w.visit("/apps/shop/runs")
	pick := func(name, value string) {
		t.Helper()
		w.until(fmt.Sprintf(`((field) => (field.value = %s, field.dispatchEvent(new Event("change", { bubbles: true })), true))(document.querySelector("[name=%s]"))`, quoted(value), name))
	}
	w.until(`!document.getElementById("live-bar").hidden && !document.querySelector(".clear").checkVisibility()`)
	pick("status", "5xx")
	w.shows("#runs h2", "No run fits")
	w.until(`location.search === "?status=5xx" && document.querySelector(".clear").checkVisibility() && !document.getElementById("live-bar").hidden`)
	pick("until", "2024-01-01T00:00")
	w.until(`location.search.includes("until=") && document.getElementById("live-bar").hidden`)
	w.expect("status of 422")
	pick("path", strings.Repeat("a", 1001))
	w.shows("#runs .banner", "at most 1000 characters")
	w.press("Show all runs")
	w.until(`location.search === "" && document.querySelectorAll("#rows tr").length === 1`)

	// What is typed on in a field is one step of the history.
	w.until(`!document.getElementById("live-bar").hidden && (window.steps = history.length) > 0`)
	for _, text := range []string{"g", "gr"} {
		w.until(fmt.Sprintf(`((field) => (field.value = %s, field.dispatchEvent(new Event("input", { bubbles: true })), true))(document.querySelector(".chips [name=q]"))`, quoted(text)))
		w.until(`location.search === "?q=` + text + `"`)
	}
	w.until(`history.length === window.steps + 1`)
}

// TestLostConnectionIsAskedAgain: the part of a page that is lost with a worker is asked
// for once more, what changes something is not.
func TestLostConnectionIsAskedAgain(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	w := p.open(p.chromium())
	w.signIn()
	w.visit("/apps/shop/runs")
	w.expect("connection lost")
	w.until(`((real) => (window.fetch = (...what) => (window.asked++, window.lost-- > 0 ? Promise.reject(new TypeError("connection lost")) : real.apply(window, what)), true))(window.fetch)`)
	for _, c := range []struct {
		status, method string
		lost, asked    int
		fails          bool
	}{
		{"2xx", "GET", 0, 1, false}, {"3xx", "GET", 1, 2, false}, {"4xx", "GET", 2, 2, true}, {"5xx", "GET", 1, 2, false}, {"5xx", "POST", 1, 1, true},
	} {
		w.until(fmt.Sprintf(`(window.asked = 0, window.lost = %d, window.failed = window.ended = false, window.spoken = new AbortController(),
			document.addEventListener("htmx:error", () => window.failed = true, { once: true, signal: window.spoken.signal }),
			document.addEventListener("htmx:finally:request", () => window.ended = true, { once: true }),
			htmx.ajax(%q, "/apps/shop/runs?status=%s", { target: "#runs", select: "#runs" }), true)`, c.lost, c.method, c.status))
		w.until(fmt.Sprintf(`window.ended && window.asked === %d && window.failed === %v && (window.spoken.abort(), true)`, c.asked, c.fails))
	}
}

// TestLiveWithAText: a text filter goes on with the live list, and so does the chart.
func TestLiveWithAText(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", `export default (request) => { console.log("hello " + new URL(request.url).pathname.at(-1)); };`)
	w := p.open(p.chromium())
	w.signIn()
	for filter, path := range map[string]string{"q=name%3DADA": "/%s?name=ada", "q=Hello+7": "/%s/7"} {
		w.visit("/apps/shop/scripts/greet/runs?" + filter)
		w.shows("#runs h2", "No run fits")
		w.until(`document.getElementById("live-bar").checkVisibility() && !document.getElementById("chart").checkVisibility()`)
		p.eventually(patience, "live", func() bool {
			p.get("/fn/shop/greet" + fmt.Sprintf(path, "first"))
			live, err := evaluate[bool](w, `document.querySelectorAll("#rows tr").length > 0`)
			return err == nil && live
		})
		p.get("/fn/shop/greet/other")
		p.get("/fn/shop/greet" + fmt.Sprintf(path, "last"))
		w.shows("#rows tr", "/last")
		w.until(`![...document.querySelectorAll("#rows tr")].some((row) => row.textContent.includes("/other")) && !document.querySelector("#runs h2")`)
		w.until(`document.getElementById("chart").checkVisibility() && [...document.querySelectorAll("#chart title")].some((title) => title.textContent.includes("/last"))`)
	}
}
