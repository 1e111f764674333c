package main

import (
	"context"
	"strings"
)

// view is how a page is looked at.
type view struct {
	name, theme   string
	width, height int64
}

func views() []view {
	return []view{
		{"light-1280", "light", 1280, 900},
		{"dark-1280", "dark", 1280, 900},
		{"light-360", "light", 360, 740},
		{"dark-360", "dark", 360, 740},
	}
}

// act is something that a page shows only after one did something.
type act struct {
	name string
	path string        // of the page, empty for the script page
	play func(*window) // does it
	end  func(*window) // undoes what would be seen in other pictures; may be nil
}

const (
	greetPage   = "/apps/shop/scripts/greet"
	pricingPage = "/apps/shop/scripts/pricing"
	editor      = `document.querySelector(".cm-content")`
)

// perform plays an act on its page, looks, and ends it.
func (w *window) perform(a act, look func()) {
	w.t.Helper()
	at := place{path: a.path}
	if at.path == "" {
		at = place{path: greetPage, ready: editor}
	}
	w.reach(at)
	a.play(w)
	look()
	if a.end != nil {
		a.end(w)
	}
}

func acts() []act {
	var leave context.CancelFunc // the run of run-running
	var ended <-chan struct{}
	return append(scriptActs(), []act{
		{name: "script-conflict", play: (*window).contradict, end: func(w *window) {
			w.press("Take theirs")
			w.restore()
		}},
		{name: "script-conflict-page", play: func(w *window) {
			w.contradict()
			w.press("Show the difference")
			w.shows("h1", "Two drafts of greet")
		}, end: func(w *window) {
			w.press("Take theirs, drop mine")
			w.until(editor)
			w.restore()
		}},
		{name: "script-live", path: greetPage + "/versions", play: func(w *window) {
			w.press("Make live…")
			w.shows("details[open] button", "Make v")
		}},
		{name: "script-unpublish", play: func(w *window) {
			w.press("Unpublish…")
			w.shows("details[open] button", "Unpublish greet")
		}},
		{name: "variables-preview", path: "/apps/shop/variables/env-file", play: func(w *window) {
			w.fill("Text", "CURRENCY=chf\nPAYMENT_TOKEN=hush-hush-7654321\nAPI_KEY=hush-hush-1111111\nCOLOUR=blue\n")
			w.press("Show what changes")
			w.shows("h1", "What changes")
		}},
		{name: "run-running", path: "/apps/shop", play: func(w *window) {
			var ctx context.Context
			ctx, leave = context.WithCancel(w.t.Context())
			ended = w.p.signIn().wait(ctx, "shop", "subscribe")
			w.visit("/apps/shop/runs/" + w.p.running("shop", "/").ID)
			w.shows("#outcome", "running")
		}, end: func(w *window) {
			leave()
			<-ended
			w.shows("#outcome", "cancelled") // it loads itself again then, which would end another way that is begun
		}},
		{name: "account", path: "/apps/shop", play: func(w *window) {
			w.press("Account of")
			w.shows("button", "Sign out")
		}},
		{name: "palette", play: func(w *window) {
			w.keys("k", control)
			w.until(`document.querySelectorAll("#palette[open] li").length > 5`)
			w.insert("re")
			w.shows("#palette[open] li", "returns")
		}},
		{name: "keys", play: func(w *window) {
			w.until(`document.activeElement === document.body`)
			w.keys("?")
			w.shows("dialog[open]", "Keyboard")
		}},
	}...)
}

// scriptActs are those of the editor, its run panel and its dialog.
func scriptActs() []act {
	return []act{
		{name: "script-answer", play: func(w *window) {
			w.unfold("Query")
			w.fill("Query", "name=Ada&in=usd")
			w.keys("\r", control)
			w.shows("#answer .out", "45.36")
			w.shows("#lines", "price")
		}},
		{name: "script-running", path: "/apps/shop/scripts/subscribe", play: func(w *window) {
			w.until(editor)
			w.press("Run draft")
			w.p.running("shop", "/")
			w.shows("#answer p", "Running…")
		}, end: func(w *window) {
			w.press("Stop")
			w.shows("#answer p", "Stopped after")
		}},
		{name: "script-preview", path: "/apps/shop/scripts/landing-page", play: func(w *window) {
			w.until(editor)
			w.press("Run draft")
			w.press("Preview")
			w.until(`performance.getEntriesByType("resource").some((e) => e.initiatorType === "iframe" && e.responseEnd)`)
		}},
		{name: "module-answer", path: pricingPage, play: func(w *window) {
			w.until(editor)
			w.unfold("Query")
			w.fill("Query", "count=12")
			w.keys("\r", control)
			w.shows("#answer .ran", "Ran basket v1 with this draft of pricing")
			w.shows("#answer .out", "57.83")
		}},
		{name: "module-imports", path: "/apps/shop/scripts/basket", play: func(w *window) {
			w.until(editor)
			w.paste("import { } from \"app:")
			w.shows("#saved", "Saved just now")
			w.keys(" ", control)
			w.shows(".cm-tooltip-autocomplete li", "app:pricing")
		}, end: func(w *window) { w.p.signIn().saveDraft("shop", "basket", w.p.demoSource("basket")) }},
		{name: "app-together", path: "/apps/shop", play: func(w *window) {
			w.expect("status of 422")
			w.p.signIn().saveDraft("shop", "pricing", strings.ReplaceAll(w.p.demoSource("pricing-draft"), "withTax", "withTaxes"))
			w.visit("/apps/shop")
			w.press("Publish together")
			w.shows(".draft-row .fault", "app:tax has no withTaxes")
		}, end: func(w *window) { w.p.signIn().saveDraft("shop", "pricing", w.p.demoSource("pricing-draft")) }},
		{name: "script-problems", play: func(w *window) {
			w.until(`(document.querySelector("[data-problems]"), true)`)
			w.write("export default () => {\n  const = 2;\n};")
			w.keys("\r", control)
			w.shows("#problems li", "2:9")
		}, end: (*window).restore},
		{name: "script-words", play: func(w *window) {
			before, _, _ := strings.Cut(w.p.demoSource("greet-draft"), "  log.info(")
			w.write(before + "  log.")
			w.keys(" ", control) // on a busy machine the list that typing opens may be gone when the draft is saved
			w.shows(".cm-tooltip-autocomplete li", "debug")
		}, end: (*window).restore},
		{name: "script-find", play: func(w *window) {
			w.until(`(` + editor + `.focus(), document.activeElement.matches(".cm-content"))`)
			w.keys("f", control)
			w.until(`document.activeElement.matches(".cm-search [name=search]")`)
			w.keys("money") // the panel hears keys
			w.until(`document.querySelectorAll(".cm-searchMatch").length > 3`)
		}},
		{name: "script-reference", play: func(w *window) {
			w.press("Reference")
			w.fill("Filter the reference", "log")
			w.shows("#reference .entry code", "log.info(message, fields?)")
		}},
		{name: "script-dialog", play: func(w *window) {
			w.keys("P", control, shift)
			w.shows("dialog[open] h1", "Publish")
		}},
	}
}

// contradict writes another draft than the one that somebody else has just saved.
func (w *window) contradict() {
	w.t.Helper()
	w.expect("status of 409")
	draft := strings.TrimSpace(w.p.demoSource("greet-draft"))
	w.p.signIn().saveDraft("shop", "greet", strings.Replace(draft, "1.08", "1.11", 1))
	w.paste(strings.Replace(draft, `"world"`, `"friend"`, 1))
	w.shows("#conflict", "This draft was saved elsewhere")
}

// restore puts the draft back as the demo has it, without the window's page.
func (w *window) restore() {
	w.t.Helper()
	w.p.signIn().saveDraft("shop", "greet", w.p.demoSource("greet-draft"))
}
