package views_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// click presses the mouse on the words of an element, not beside them.
func click(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	place, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => {
		const range = document.createRange();
		const element = document.querySelector(%q);
		element.scrollIntoView({ block: "center", behavior: "instant" });
		range.selectNodeContents(element);
		const box = range.getBoundingClientRect();
		return [box.x + box.width / 2, box.y + box.height / 2];
	})()`, selector)))
	if err != nil {
		t.Fatal(err)
	}
	do(ctx, t, chromedp.MouseClickXY(place[0], place[1]))
}

// TestRefusedRequest: what is wrong with a request is told at its field, until the next run.
func TestRefusedRequest(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-unpublished")
	press(ctx, t, "#r-headers")
	do(ctx, t, control("a"), chromedp.KeyEvent("bad"))
	press(ctx, t, "#l-headers")
	until(ctx, t, `!document.getElementById("r-headers").closest("details").open`)
	press(ctx, t, ".cm-content")
	do(ctx, t, control("\r"))
	until(ctx, t, `document.activeElement.matches("#r-headers[aria-invalid=true][aria-describedby=e-headers]") && document.getElementById("e-headers").checkVisibility()`)
	do(ctx, t, control("a"), chromedp.KeyEvent("a: b"))
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector(".answer .tag")?.textContent === "201" && !document.querySelector(".runner [aria-invalid], .runner .fault")`)
}

// pace says whether runs go on until they are stopped.
func (d *desk) pace(slow bool) {
	d.Lock()
	defer d.Unlock()
	d.slow = slow
}

// TestStop: what runs can be stopped, and run again at once.
func TestStop(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41, slow: true}
	ctx := d.open(t, "/sample/script-start")
	const stops = `[...document.querySelectorAll(".b[data-act=stop]")].filter((b) => b.textContent === "Stop").length === 2`
	press(ctx, t, ".req .b")
	until(ctx, t, stops+` && document.querySelector("#answer[aria-busy=true]").textContent.startsWith("Running… ")`)
	press(ctx, t, ".req .b")
	until(ctx, t, `document.getElementById("answer").textContent.startsWith("Stopped after ") && !document.querySelector("[aria-busy], [data-act=stop]")`)
	press(ctx, t, ".cm-content")
	do(ctx, t, control("\r"))
	until(ctx, t, stops+` && document.querySelector("#answer[aria-busy=true]").textContent.startsWith("Running… ")`)
	d.pace(false)
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector(".answer .tag")?.textContent === "201" && document.querySelector(".head .acts").innerText.includes("Run draft")`)

	// What of the answer was chosen to be seen is seen in the next one too, however long it takes.
	const chosen = `document.querySelector(".answer [name=show]:checked")?.value`
	press(ctx, t, ".answer [value=headers]")
	d.pace(true)
	press(ctx, t, ".req .b")
	until(ctx, t, `document.querySelector("#answer[aria-busy=true]").textContent.startsWith("Running… ")`)
	press(ctx, t, ".req .b")
	until(ctx, t, `document.getElementById("answer").textContent.startsWith("Stopped after ") && !document.querySelector("[data-act=stop]")`)
	d.pace(false)
	press(ctx, t, ".req .b")
	until(ctx, t, chosen+` === "headers"`)
	d.Lock()
	defer d.Unlock()
	if d.stopped != 3 {
		t.Errorf("%d runs were stopped", d.stopped)
	}
}

// TestProblemsOfPublishing marks what a publish says in the text, and goes there.
func TestProblemsOfPublishing(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-start#L3:7")
	until(ctx, t, `document.getElementById("position").textContent === "Ln 3, Col 7"`)
	do(ctx, t, chromedp.KeyEvent("P", chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift)))
	until(ctx, t, `document.querySelector("dialog[open] #publish")`)
	press(ctx, t, "#publish .b.primary")
	until(ctx, t, `document.querySelector("dialog[open] [role=alert] p")?.textContent === "It does not build at line 9, so nothing was published."`)
	until(ctx, t, `document.querySelector("dialog[open] .problems a[data-line]")?.textContent === "9:16" && document.querySelector("#problems button")?.textContent === "9:16"`)
	press(ctx, t, "dialog[open] a[data-line]")
	until(ctx, t, `!document.querySelector("dialog[open]") && document.getElementById("position").textContent === "Ln 9, Col 16" && document.activeElement.matches(".cm-content")`)
}

// TestRunPanel makes a request with the mouse and with Enter.
func TestRunPanel(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-start")

	// The words Query, Headers and Body unfold their fields.
	for _, name := range []string{"query", "headers", "body"} {
		was := fmt.Sprintf(`document.getElementById("r-%s").closest("details").open`, name)
		open, err := chromedp.Run(ctx, chromedp.Evaluate[bool](was))
		if err != nil {
			t.Fatal(err)
		}
		if open {
			click(ctx, t, "#l-"+name)
			until(ctx, t, "!"+was)
		}
		click(ctx, t, "#l-"+name)
		until(ctx, t, was+fmt.Sprintf(` && document.activeElement.id === "r-%s"`, name))
	}

	// Enter in the path runs.
	press(ctx, t, "#r-path")
	do(ctx, t, chromedp.KeyEvent("/a\r"))
	until(ctx, t, `document.querySelector(".answer .tag")?.textContent === "201"`)
}

// TestFocusOfTheEditor: who comes to the editor by keyboard sees that it has the focus.
func TestFocusOfTheEditor(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).open(t, "/sample/script-start")
	const ring = `getComputedStyle(document.querySelector(".editor"), "::after").outlineStyle`
	until(ctx, t, ring+` !== "solid"`)
	script(ctx, t, `document.querySelector(".tabs a:last-child").focus() ?? true`)
	do(ctx, t, chromedp.KeyEvent("\t"))
	until(ctx, t, `document.activeElement.matches(".cm-content") && `+ring+` === "solid"`)
}

// TestSaving: who saves a draft that is saved is told so, and who is signed out where to sign in.
func TestSaving(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-start")
	press(ctx, t, ".cm-content")
	do(ctx, t, control("s"))
	until(ctx, t, `!document.getElementById("say").hidden && document.getElementById("say").textContent.startsWith("Saved.")`)
	d.Lock()
	d.ended = true
	d.Unlock()
	do(ctx, t, chromedp.KeyEvent("x"))
	until(ctx, t, `document.querySelector("#saved.fail a[target=_blank][href='/login']")?.checkVisibility()`)
	d.Lock()
	d.ended = false
	d.Unlock()
	do(ctx, t, control("s"))
	until(ctx, t, `document.getElementById("saved").textContent === "Saved just now"`)
}

// TestRunOnAPhone: the answer comes into view for who runs from above it.
func TestRunOnAPhone(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-start")
	do(ctx, t, dressed("light", 360, 640))
	const top = `document.getElementById("answer").firstElementChild.getBoundingClientRect().top`
	until(ctx, t, `(scrollTo(0, 0), `+top+` > innerHeight)`)
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector("#answer .tag") && `+top+` >= 0 && `+top+` < innerHeight`)
}
