package main

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// inspection is what axe finds on a page, and what sticks out of the window, or a table out of its card.
const inspection = `(async () => {
	const result = await axe.run(document, { resultTypes: ["violations"] });
	const found = result.violations.map((v) => v.id + ": " + v.help + "\n    " + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ": " + (n.any[0]?.message ?? n.failureSummary)).join("\n    "));
	if (document.documentElement.scrollWidth > innerWidth) found.push("the page is " + document.documentElement.scrollWidth + " px wide in a window of " + innerWidth);
	const scrolls = (e) => !["visible", "clip"].includes(getComputedStyle(e).overflowX);
	for (const table of document.querySelectorAll(".card table")) {
		let around = table.parentElement;
		while (!scrolls(around) && !around.matches(".card")) around = around.parentElement;
		const over = table.getBoundingClientRect().right - around.getBoundingClientRect().right;
		if (!scrolls(around) && over > 1) found.push("a table sticks " + over + " px out of its card: " + table.outerHTML.slice(0, 160));
	}
	return JSON.stringify(found);
})()`

// TestAxe has axe look at every page, light and wide, and dark and narrow. axe comes in
// through the DevTools, which the Content-Security-Policy does not bind.
func TestAxe(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe is not installed, npm ci does it: %v", err)
	}
	p, fresh := serveDemo(t), serveFresh(t)
	outside, inside := p.places()
	w, stranger := p.open(p.chromium()), fresh.open(fresh.chromium())
	w.expect("status of 404") // of the pages that say so
	stranger.expect("status of 404")
	views := []view{views()[0], views()[3]}
	look := func(w *window, at place, view view) {
		w.reach(at)
		w.inspect(at.name+" "+view.name, string(axe))
	}
	for _, view := range views {
		w.do(w.dressed(view.theme, view.width, view.height))
		for _, at := range outside {
			look(w, at, view)
		}
		stranger.do(stranger.dressed(view.theme, view.width, view.height))
		for _, at := range fresh.unowned() {
			look(stranger, at, view)
		}
	}
	w.signIn()
	for _, view := range views {
		w.do(w.dressed(view.theme, view.width, view.height))
		for _, at := range inside {
			look(w, at, view)
		}
		for _, act := range acts() {
			w.perform(act, func() { w.inspect(act.name+" "+view.name, string(axe)) })
		}
	}
}

// inspect fails the test for everything axe finds.
func (w *window) inspect(name, axe string) {
	w.t.Helper()
	w.do(chromedp.Evaluate[chromedp.Void](axe))
	text, err := evaluate[string](w, inspection)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	var found []string
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		w.t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	for _, fault := range found {
		w.t.Errorf("%s: %s", name, fault)
	}
}
