package views_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// heard keeps what a screen reader is given to read out.
const heard = `(window.heard = [], [...document.querySelectorAll("[role=status], [role=alert], [aria-live]")].every((part) =>
	new MutationObserver((changes) => changes.some((c) => !c.target.closest("[aria-hidden]")) && heard.push(part.textContent)).observe(part, { childList: true, subtree: true }) ?? true))`

// TestStatus: pauses in typing, and errors that come and go with them, are not read out; that
// saving fails is, once, and that it works again.
func TestStatus(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-start")
	script(ctx, t, heard)
	press(ctx, t, ".cm-content")
	do(ctx, t, control("a"))
	for _, text := range []string{"let x = ", "1;", " let y = 2;"} {
		do(ctx, t, chromedp.KeyEvent(text))
		until(ctx, t, `document.getElementById("saved").textContent === "Saved just now"`)
		until(ctx, t, counted+` === `+map[bool]string{true: `"1 problem"`, false: `""`}[text == "let x = "])
	}
	until(ctx, t, `heard.length === 0`)

	d.Lock()
	d.ended = true
	d.Unlock()
	for range 2 {
		do(ctx, t, chromedp.KeyEvent("z"))
		until(ctx, t, `document.querySelector("#saved.fail a")`)
	}
	until(ctx, t, `heard.join() === "Not saved: your session has ended. Sign in in another tab, then save again."`)
	d.Lock()
	d.ended = false
	d.Unlock()
	for range 2 {
		do(ctx, t, chromedp.KeyEvent("z"))
		until(ctx, t, `document.getElementById("saved").textContent === "Saved just now"`)
	}
	until(ctx, t, `heard.length === 2 && heard[1] === "Saved."`)

	// A run is read out when it begins and when it ends, not with each tick of its clock.
	d.pace(true)
	script(ctx, t, `(heard.length = 0, true)`)
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector("#answer span[aria-hidden]")?.textContent.startsWith("1.")`)
	press(ctx, t, ".req .b")
	until(ctx, t, `document.getElementById("answer").textContent.startsWith("Stopped after ")`)
	until(ctx, t, `heard.length === 2 && heard[0].startsWith("Running… ") && heard[1].startsWith("Stopped after ")`)
}
