package views_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// labels are what the list of completions has.
const labels = `[...document.querySelectorAll(".cm-tooltip-autocomplete .cm-completionLabel")].map((l) => l.textContent).join(" ")`

// take presses the first completion: keys are not taken by a list that has just come.
const take = `(document.querySelector(".cm-tooltip-autocomplete li").dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true })), true)`

// TestCompletionOfImports: modules of the app between the quotes, and what they export between the braces.
func TestCompletionOfImports(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-modules")
	const text = `document.getElementById("source").value`
	press(ctx, t, ".cm-content")
	do(ctx, t, control("a"), chromedp.KeyEvent(`import {} from "app:`))
	until(ctx, t, labels+` === "app:pricing app:tax"`)
	do(ctx, t, chromedp.KeyEvent("pr"))
	until(ctx, t, labels+` === "app:pricing" && document.querySelector(".cm-completionDetail").textContent === "v4"`)
	script(ctx, t, take)
	until(ctx, t, text+` === 'import {} from "app:pricing"'`)

	do(ctx, t, chromedp.KeyEvent(kb.Home))
	for range len("import {") {
		do(ctx, t, chromedp.KeyEvent(kb.ArrowRight))
	}
	do(ctx, t, control(" "))
	until(ctx, t, labels+` === "Item round total"`)
	do(ctx, t, chromedp.KeyEvent("to"))
	until(ctx, t, labels+` === "total" && document.querySelector(".cm-completionDetail").textContent === "(items: Item[]): number"`)
	script(ctx, t, take)
	until(ctx, t, text+` === 'import {total} from "app:pricing"'`)
	do(ctx, t, chromedp.KeyEvent(", I"))
	until(ctx, t, labels+` === "Item"`) // not what is there already
	script(ctx, t, take)
	until(ctx, t, text+` === 'import {total, type Item} from "app:pricing"'`)

	// A version, a module that nobody knows, another source, and a text that is no import.
	do(ctx, t, control("a"), chromedp.KeyEvent(`import {} from "app:pricing@`))
	until(ctx, t, labels+` === "app:pricing@4 app:pricing@3 app:pricing@2 app:pricing@1"`)
	do(ctx, t, control("a"), chromedp.KeyEvent(`import {l} from "picloud"`), chromedp.KeyEvent(kb.Home))
	for range len("import {l") {
		do(ctx, t, chromedp.KeyEvent(kb.ArrowRight))
	}
	do(ctx, t, control(" "))
	until(ctx, t, labels+`.split(" ")[0] === "log"`)
	do(ctx, t, chromedp.KeyEvent(kb.Escape), control("a"), chromedp.KeyEvent(`const x = import("ap`))
	until(ctx, t, labels+` === "app:pricing app:tax"`)
	do(ctx, t, chromedp.KeyEvent(kb.Escape), control("a"), chromedp.KeyEvent(`const x = "app:`), control(" "))
	until(ctx, t, `document.getElementById("source").value.startsWith('const x = "app:') && !document.querySelector(".cm-tooltip-autocomplete")`)
}

// TestPlacesOfOtherFiles: a place of the open text moves the cursor, one of another file is a link.
func TestPlacesOfOtherFiles(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/module-failure")
	press(ctx, t, "#answer details summary")
	const follows = `(() => {
		const link = [...document.querySelectorAll("#answer .stack-trace a")].find((a) => a.textContent === NAME);
		let follows;
		addEventListener("click", (e) => { follows = !e.defaultPrevented; e.preventDefault(); }, { once: true });
		link.click();
		return follows;
	})()`
	script(ctx, t, `(globalThis.NAME = "tax.ts:1:7", true)`)
	until(ctx, t, follows)
	until(ctx, t, `document.getElementById("position").textContent !== "Ln 1, Col 7"`)
	script(ctx, t, `(globalThis.NAME = "greet.ts:9:16", true)`)
	until(ctx, t, `!`+follows+` && document.activeElement.matches(".cm-content") && document.getElementById("position").textContent.startsWith("Ln 9")`)
}

// TestDraftOfAModuleInAFunction: the request is that of the function that was chosen, also after a reload.
func TestDraftOfAModuleInAFunction(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/module-refused")
	until(ctx, t, `document.querySelector(".req .prefix").textContent === "/greet" && document.getElementById("e-dependent").checkVisibility()`)
	do(ctx, t, control("\r"))
	until(ctx, t, `document.getElementById("lines").textContent.includes("ran POST in greet") && !document.querySelector(".runner .fault")`)
	press(ctx, t, "#r-dependent")
	do(ctx, t, chromedp.KeyEvent("ch"), chromedp.KeyEvent("\t"))
	until(ctx, t, `document.getElementById("r-dependent").value === "checkout" && document.querySelector(".req .prefix").textContent === "/checkout"`)
	do(ctx, t, chromedp.Reload())
	until(ctx, t, `document.querySelector(".cm-content") && document.getElementById("r-dependent").value === "checkout" && document.querySelector(".req .prefix").textContent === "/checkout"`)
	press(ctx, t, ".req .b")
	until(ctx, t, `document.getElementById("lines").textContent.includes("ran POST in checkout")`)
}

// TestModuleThatNothingRuns: its draft is checked by the same key, and nothing fails for want of a request.
func TestModuleThatNothingRuns(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/module-fresh")
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector("#answer .tag") && faults.length === 0`)
	until(ctx, t, `[...document.querySelectorAll(".b[data-act=run]")].map((b) => b.textContent.replace(/ ?(Ctrl|⌘).*/, "")).join() === "Check draft,Check that it builds"`)
}

// TestWhatIsBelowTheEditor: it is asked for anew when something went live.
func TestWhatIsBelowTheEditor(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/module")
	until(ctx, t, `document.querySelectorAll("#about .uses").length === 2 && !document.getElementById("about").textContent.includes("No script has it")`)
	script(ctx, t, `document.querySelector("dialog").dispatchEvent(new CustomEvent("published", { bubbles: true, detail: { version: 5, notice: "Published v5." } }))`)
	until(ctx, t, `document.getElementById("about").textContent.includes("No script has it") && document.getElementById("say").textContent === "Published v5." && document.querySelector(".cm-content")`)
}

// TestGraphInItsBox: on a phone it scrolls in a box of its own, and its boxes are links that a keyboard reaches.
func TestGraphInItsBox(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).visit(t, "/sample/module")
	do(ctx, t, dressed("dark", 360, 740))
	until(ctx, t, `document.documentElement.scrollWidth <= 360 && document.querySelector(".graph").scrollWidth > document.querySelector(".graph").clientWidth`)
	script(ctx, t, `document.querySelector(".graph").focus() ?? true`)
	do(ctx, t, chromedp.KeyEvent("\t"))
	until(ctx, t, `document.activeElement.matches(".graph a.box[href='/apps/shop/scripts/checkout']") && getComputedStyle(document.activeElement.querySelector("rect")).strokeWidth === "2.5px"`)
	until(ctx, t, `new Set(["rect", ".point"].map((s) => getComputedStyle(document.querySelector(".graph " + s)).fill)).size === 2 && getComputedStyle(document.querySelector(".graph .pinned .line")).strokeDasharray !== "none"`)
}

// TestKindOfANewScript: what is of endpoints alone goes when a module is chosen.
func TestKindOfANewScript(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).visit(t, "/sample/script-new")
	until(ctx, t, `[...document.querySelectorAll(".of-endpoint")].every((e) => e.checkVisibility()) && ![...document.querySelectorAll(".of-module")].some((e) => e.checkVisibility())`)
	press(ctx, t, "[name=kind][value=module]")
	until(ctx, t, `![...document.querySelectorAll(".of-endpoint")].some((e) => e.checkVisibility()) && [...document.querySelectorAll(".of-module")].every((e) => e.checkVisibility()) && document.querySelector("[name=template]:checked")`)
}
