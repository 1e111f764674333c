package views_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"picloud/views"
)

const (
	listed  = `document.querySelector("#problems").innerText.trim().replace(/\s+/g, " ")`
	counted = `document.getElementById("problem-count").textContent`
	dots    = `document.querySelectorAll(".cm-lint-marker-error").length`
)

// TestErrorsWhileTyping: a syntax error is told at its place without a run, and goes when mended.
func TestErrorsWhileTyping(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-start")
	paste(ctx, t, "type A = string;\nlet x: A = ;\nlet y = 1;")
	until(ctx, t, listed+` === '2:12 Unexpected ";".' && `+counted+` === "1 problem" && `+dots+` === 1`)
	until(ctx, t, `(() => {
		const marker = document.querySelector(".cm-lint-marker-error").getBoundingClientRect(), line = document.querySelectorAll(".cm-line")[1].getBoundingClientRect();
		return marker.top >= line.top - 1 && marker.bottom <= line.bottom + 1;
	})()`)
	press(ctx, t, "#problems button")
	until(ctx, t, `document.getElementById("position").textContent === "Ln 2, Col 12" && document.activeElement.matches(".cm-content")`)
	do(ctx, t, chromedp.KeyEvent("1"))
	until(ctx, t, listed+` === "" && `+counted+` === "" && `+dots+` === 0`)
	until(ctx, t, `faults.every((fault) => fault.startsWith("policy style-src-attr inline"))`)
}

// TestSyntaxOfABuild: what a build says of the syntax is in its words until the text changes, then
// in the parser's, and gone when mended.
func TestSyntaxOfABuild(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41, problems: []views.Problem{{Line: 1, Column: 9, Message: "Expected a value"}}}
	ctx := d.open(t, "/sample/script-start")
	paste(ctx, t, "let x = ;")
	do(ctx, t, control("\r"))
	until(ctx, t, listed+` === "1:9 Expected a value"`)
	press(ctx, t, ".cm-content")
	do(ctx, t, chromedp.KeyEvent(kb.End), chromedp.KeyEvent(" "))
	until(ctx, t, listed+` === '1:9 Unexpected ";".' && `+counted+` === "1 problem"`)
	do(ctx, t, chromedp.KeyEvent(kb.Backspace)) // what was built
	until(ctx, t, listed+` === "1:9 Expected a value"`)
	do(ctx, t, chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent("1"))
	until(ctx, t, listed+` === "" && `+dots+` === 0`)
}

// TestRestOfABuild: what no parser sees stays beside the syntax errors until its place changes.
func TestRestOfABuild(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41, problems: []views.Problem{{Line: 1, Column: 17, Message: "No lodash"}}}
	ctx := d.open(t, "/sample/script-start")
	paste(ctx, t, "import _ from \"./lodash\";")
	do(ctx, t, control("\r"))
	until(ctx, t, listed+` === "1:17 No lodash" && `+dots+` === 1`)
	press(ctx, t, ".cm-content")
	do(ctx, t, chromedp.KeyEvent(kb.End), chromedp.KeyEvent("let x = ;"))
	until(ctx, t, listed+` === '1:17 No lodash 1:34 Unexpected ";".' && `+counted+` === "2 problems, 1 before this change" && document.querySelectorAll(".cm-lintRange-error").length === 2`)
	do(ctx, t, chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent("1"))
	until(ctx, t, listed+` === "1:17 No lodash" && `+counted+` === "1 problem before this change"`)
	for range len(`sh";let x = 1`) {
		do(ctx, t, chromedp.KeyEvent(kb.ArrowLeft))
	}
	do(ctx, t, chromedp.KeyEvent(kb.Backspace))
	until(ctx, t, listed+` === "" && `+counted+` === "" && `+dots+` === 0`)
}
