package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// long is a source that no window holds; its first line is wide, too.
var long = "// " + strings.Repeat("wide ", 100) + strings.Repeat("\nlet x;", 2999)

// paste replaces the text of the editor.
func paste(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	press(ctx, t, ".cm-content")
	do(ctx, t, control("a"))
	until(ctx, t, `(() => {
		const data = new DataTransfer();
		data.setData("text/plain", `+quoted(text)+`);
		document.querySelector(".cm-content").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
		return document.getElementById("source").value === `+quoted(text)+`;
	})()`)
}

// drag moves the mouse sideways with its button held.
func drag(x, y, to float64) chromedp.Action[chromedp.Void] {
	held := func(m *input.DispatchMouseEventParams) {
		m.Button, m.Buttons, m.ClickCount = input.MouseButtonLeft, 1, 1
	}
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		return chromedp.Do(ctx,
			chromedp.MouseEvent(chromedp.MousePressed, x, y, held),
			chromedp.MouseEvent(chromedp.MouseMoved, to, y, held),
			chromedp.MouseEvent(chromedp.MouseReleased, to, y, held))
	})
}

// scripts lets the page run scripts, or not.
func scripts(run bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	})
}

// quoted is a text as JavaScript writes it.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always marshals
	return string(b)
}

// TestEditorKeepsItsHeight: however long the source is, the page is as high as the window, and
// the run panel and the list of problems are in it.
func TestEditorKeepsItsHeight(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-problems")
	const inside = `[...document.querySelectorAll("#problems li, .req, .pane-foot")].every((e) => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().bottom <= innerHeight)`
	until(ctx, t, inside)
	do(ctx, t, control("\r")) // an answer is there as well
	until(ctx, t, `document.querySelector(".answer .tag")`)
	paste(ctx, t, long)
	until(ctx, t, `document.documentElement.scrollHeight <= innerHeight && `+inside)
	until(ctx, t, `document.querySelector(".cm-scroller").scrollHeight > 50_000 && document.querySelector(".cm-scroller").scrollTop > 0`)

	// On a phone the panel is below, and the editor leaves room to scroll the page by.
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, `document.querySelector(".ed").offsetHeight < innerHeight && document.documentElement.scrollHeight < 2200 && document.documentElement.scrollWidth === innerWidth`)
}

// TestWrap: long lines are wrapped or go under the opaque gutter, and the browser remembers which.
func TestWrap(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-start")
	const wide, ready = `document.querySelector(".cm-scroller").scrollWidth > document.querySelector(".cm-scroller").clientWidth`, `document.querySelector(".cm-content")`
	paste(ctx, t, long)
	do(ctx, t, chromedp.KeyEvent(kb.Home, chromedp.KeyModifiers(chromedp.ModifierCtrl))) // its wide line is drawn
	until(ctx, t, wide)
	until(ctx, t, `/^rgb\(/.test(getComputedStyle(document.querySelector(".cm-gutters")).backgroundColor)`)
	press(ctx, t, "#wrap")
	until(ctx, t, "!("+wide+")")
	do(ctx, t, control("s"))
	until(ctx, t, `document.getElementById("saved").textContent === "Saved just now"`)
	do(ctx, t, chromedp.Reload())
	until(ctx, t, ready+` && document.getElementById("wrap").checked && document.querySelector(".cm-lineWrapping")`)
	press(ctx, t, "#wrap")
	until(ctx, t, `!document.querySelector(".cm-lineWrapping") && localStorage.getItem("wrap") === null`)
}

// TestDivider: the run panel is made wider with the mouse and with keys, within bounds, and the
// browser remembers it.
func TestDivider(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-start")
	const now = `Number(document.getElementById("divider").getAttribute("aria-valuenow"))`
	const panel = `document.getElementById("runner").offsetWidth`
	until(ctx, t, now+` === Math.round(100 * `+panel+` / document.getElementById("edit").clientWidth)`)

	place, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(() => { const box = document.getElementById("divider").getBoundingClientRect(); return [box.x, box.y + box.height / 2]; })()`))
	if err != nil {
		t.Fatal(err)
	}
	x, y := place[0], place[1]
	do(ctx, t, drag(x, y, x-150))
	until(ctx, t, fmt.Sprintf(`Math.abs(document.getElementById("divider").getBoundingClientRect().x - %f) < 3`, x-150)+` && document.activeElement.id === "divider"`)
	script(ctx, t, `(window.was = `+panel+`) > 0`)
	do(ctx, t, chromedp.KeyEvent(kb.ArrowLeft))
	until(ctx, t, panel+` > was`)
	do(ctx, t, chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	until(ctx, t, panel+` < was`)
	do(ctx, t, chromedp.KeyEvent(kb.End))
	until(ctx, t, `Math.abs(document.querySelector(".ed").offsetWidth - 320) <= 2 && document.documentElement.scrollWidth === innerWidth`)
	until(ctx, t, now+` === Number(document.getElementById("divider").getAttribute("aria-valuemax"))`)
	do(ctx, t, chromedp.Reload())
	until(ctx, t, `document.querySelector(".cm-content") && Math.abs(document.querySelector(".ed").offsetWidth - 320) <= 2`)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	script(ctx, t, string(axe)+"\n;true")
	if found, err := chromedp.Run(ctx, chromedp.Evaluate[string](look, chromedp.EvalAwaitPromise)); err != nil || found != "[]" {
		t.Errorf("axe: %s, %v", found, err)
	}
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, `!document.getElementById("divider").checkVisibility() && document.documentElement.scrollWidth === innerWidth && `+panel+` > 300`)
}

// TestLayoutWithoutJavaScript: the textarea fills the window beside the panel, or above it on a phone.
func TestLayoutWithoutJavaScript(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).visit(t, "/sample/script-problems")
	do(ctx, t, scripts(false), chromedp.Reload(), scripts(true)) // those of the test are left
	const box = `((selector) => document.querySelector(selector).getBoundingClientRect())`
	until(ctx, t, `!document.querySelector("html.js, .cm-editor") && document.documentElement.scrollHeight <= innerHeight`)
	until(ctx, t, box+`("#source").height > 300 && `+box+`("#runner").width >= 320 && `+box+`("#problems").bottom <= innerHeight && ![...document.querySelectorAll(".js-only")].some((e) => e.checkVisibility())`)
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, box+`("#source").height > 150 && `+box+`("#runner").top >= `+box+`(".ed").bottom && document.documentElement.scrollWidth === innerWidth`)
}
