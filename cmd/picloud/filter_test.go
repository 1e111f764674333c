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
