package views_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"picloud/views/sample"
)

const (
	source  = `document.getElementById("source").value`
	entries = `[...document.querySelectorAll("#reference .entry")].filter((e) => e.checkVisibility()).length`
	typing  = `document.activeElement.matches(".cm-content")`
)

// begin puts a text into the editor, and the cursor behind the "|" in it.
func begin(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	before, after, _ := strings.Cut(text, "|")
	paste(ctx, t, before+after)
	do(ctx, t, chromedp.KeyEvent(kb.Home, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	for range before {
		do(ctx, t, chromedp.KeyEvent(kb.ArrowRight))
	}
}

// choose opens the reference, filters it and takes the first entry.
func choose(ctx context.Context, t *testing.T, filter string) {
	t.Helper()
	until(ctx, t, `document.querySelector("#reference:not([hidden])") || document.querySelector("[data-act=reference]").click()`)
	press(ctx, t, "#reference-filter")
	script(ctx, t, `(document.getElementById("reference-filter").value = "", true)`)
	do(ctx, t, chromedp.KeyEvent(filter))
	until(ctx, t, entries+" > 0 && "+entries+" < 20")
	do(ctx, t, enter())
	until(ctx, t, typing)
}

// enter presses the key as a keyboard does: its character goes nowhere when the page has taken the
// key, where chromedp sends it by itself.
func enter() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13}
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, key); err != nil {
			return err
		}
		key.Type, key.Text = input.DispatchKeyEventTypeKeyUp, ""
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, key)
		return err
	})
}

// TestReferenceInserts: an example goes to the cursor, statements on lines of their own, and what it
// needs is imported once; one step takes all of it back.
func TestReferenceInserts(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-start")
	const handler = "export default (request: Request) => {\n"
	for _, c := range []struct{ text, filter, want string }{
		{handler + "  |\n}", "log.info(", "import { log } from \"picloud\";\n\n" + handler + "  log.info(\"greeting\", { name: \"Ada\" });\n}"},
		{"import { env } from \"picloud\";\n" + handler + "  const a = 1;|\n}", "log.info(", "import { env, log } from \"picloud\";\n" + handler + "  const a = 1;\n  log.info(\"greeting\", { name: \"Ada\" });\n}"},
		{"import { log } from \"picloud\";\n" + handler + "|\n}", "log.info(", "import { log } from \"picloud\";\n" + handler + "  log.info(\"greeting\", { name: \"Ada\" });\n}"},
		{"import { log as log } from 'picloud';\n" + handler + "|}", "log.info(", "import { log as log } from 'picloud';\n" + handler + "}\nlog.info(\"greeting\", { name: \"Ada\" });"},
		{"import type { Field } from \"picloud\";\n" + handler + "  |\n}", "secrets.require", "import type { Field } from \"picloud\";\nimport { secrets } from \"picloud\";\n" + handler + "  const token = await secrets.require(\"API_TOKEN\");\n}"},
		{"export default (request, env) => {\n  |\n}", "env.NAME", "export default (request, env) => {\n  const greeting = env.GREETING ?? \"Hello\";\n}"},
		{"const env = 1;\n" + handler + "  |\n}", "env.NAME", "const env = 1;\n" + handler + "  const greeting = env.GREETING ?? \"Hello\";\n}"},
		{"const f = (env) => env;\n" + handler + "  |\n}", "env.NAME", "import { env } from \"picloud\";\n\nconst f = (env) => env;\n" + handler + "  const greeting = env.GREETING ?? \"Hello\";\n}"},
		{handler + "  const id = |;\n}", "randomUUID", handler + "  const id = crypto.randomUUID();\n}"},
		{handler + "  if (request.body) {|\n  }\n}", "redirect(", handler + "  if (request.body) {\n    return Response.redirect(new URL(\"/\", request.url), 303);\n  }\n}"},
		{"|", "fetch post", "const made = await fetch(\"https://api.example.com/orders\", {\n  method: \"POST\",\n  headers: { \"Content-Type\": \"application/json\" },\n  body: JSON.stringify({ item: 3 }),\n});"},
	} {
		begin(ctx, t, c.text)
		choose(ctx, t, c.filter)
		until(ctx, t, source+" === "+quoted(c.want))
		do(ctx, t, control("z"))
		until(ctx, t, source+" === "+quoted(strings.Replace(c.text, "|", "", 1)))
	}
	until(ctx, t, `faults.every((fault) => fault.startsWith("policy style-src-attr inline"))`)
}

// TestReferencePanel: the panel is filtered, walked through and left by keyboard, clicked with the
// mouse, and makes room for an answer. axe finds nothing in it.
func TestReferencePanel(t *testing.T) {
	t.Parallel()
	ctx := (&desk{revision: 41}).open(t, "/sample/script-start")
	const open, expanded = `!!document.querySelector("#reference:not([hidden])")`, `document.querySelector("[data-act=reference]").getAttribute("aria-expanded")`
	until(ctx, t, expanded+` === "false" && !document.getElementById("reference")`)
	script(ctx, t, `(window.height = document.querySelector(".ed").offsetHeight) > 0 && document.querySelector("[data-act=reference]").focus() === undefined`)
	do(ctx, t, chromedp.KeyEvent(" "))
	until(ctx, t, open+` && `+expanded+` === "true" && document.activeElement.id === "reference-filter" && `+entries+` > 50`)
	until(ctx, t, `!document.querySelector(".req .b").checkVisibility({ visibilityProperty: true }) && document.querySelector(".ed").offsetHeight === height && document.getElementById("reference").offsetHeight === height`)
	do(ctx, t, chromedp.KeyEvent("field; null"))
	until(ctx, t, entries+` === 1 && document.getElementById("reference-count").textContent.startsWith("1 of ")`)
	do(ctx, t, chromedp.KeyEvent(" nothing"))
	until(ctx, t, entries+` === 0 && document.getElementById("reference-count").textContent.startsWith("none of ")`)
	do(ctx, t, control("a"), chromedp.KeyEvent(kb.Delete), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	until(ctx, t, `document.activeElement === document.querySelectorAll("#reference .entry button")[1]`)
	do(ctx, t, chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.ArrowUp))
	until(ctx, t, `document.activeElement.id === "reference-filter"`)

	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	script(ctx, t, string(axe)+"\n;true")
	for _, size := range [][2]any{{"light", int64(1400)}, {"dark", int64(360)}} {
		do(ctx, t, dressed(size[0].(string), size[1].(int64), 800))
		if found, err := chromedp.Run(ctx, chromedp.Evaluate[string](look, chromedp.EvalAwaitPromise)); err != nil || found != "[]" {
			t.Errorf("%v: %s, %v", size, found, err)
		}
	}
	do(ctx, t, dressed("light", 1400, 900), chromedp.KeyEvent(kb.Escape))
	until(ctx, t, "!"+open+" && "+expanded+` === "false" && `+typing)

	// The mouse may press anywhere on an entry; what leads away inserts nothing.
	press(ctx, t, "[data-act=reference]")
	until(ctx, t, open)
	script(ctx, t, `(window.was = `+source+`, document.querySelector("#reference a").addEventListener("click", (e) => e.preventDefault()), document.querySelector("#reference a").click(), was === `+source+`)`)
	click(ctx, t, "#reference .entry pre")
	until(ctx, t, source+` !== was && `+typing+` && `+open)
	press(ctx, t, "[data-act=close-reference]")
	until(ctx, t, "!"+open+" && "+typing)

	// Who runs sees the answer.
	press(ctx, t, "[data-act=reference]")
	until(ctx, t, open)
	do(ctx, t, control("\r"))
	until(ctx, t, "!"+open+` && document.querySelector(".answer .tag")?.checkVisibility({ visibilityProperty: true })`)

	// The palette has it, too.
	do(ctx, t, control("k"), chromedp.KeyEvent("reference"))
	until(ctx, t, `document.querySelector("#palette[open] [aria-selected=true]")?.textContent.includes("Reference")`)
	do(ctx, t, enter())
	until(ctx, t, open)
}

// TestDocsInABrowser: a listing is copied as it stands, a place of the page is reached below the bar, and
// without JavaScript nothing offers what it cannot do.
func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).visit(t, "/sample/docs-fetch")
	until(ctx, t, `[...document.querySelectorAll(".listing .b")].every((b) => !b.hidden)`)
	script(ctx, t, `(navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }, true)`)
	press(ctx, t, ".listing .b")
	until(ctx, t, `copied === document.querySelector(".listing code").textContent && copied.startsWith("export default async function () {\n  const answer = await fetch(") && !document.getElementById("say").hidden`)
	click(ctx, t, `.docs-here a[href="#redirects"]`)
	until(ctx, t, `location.hash === "#redirects" && document.getElementById("redirects").getBoundingClientRect().top >= 48 && document.getElementById("redirects").getBoundingClientRect().top < innerHeight`)
	until(ctx, t, `document.querySelector(".docs-here").getBoundingClientRect().top < 100 && document.querySelector(".docs-pages [aria-current]").textContent === "Fetch"`)
	do(ctx, t, scripts(false), chromedp.Reload(), scripts(true))
	until(ctx, t, `!document.querySelector("html.js") && ![...document.querySelectorAll(".listing .b")].some((b) => b.checkVisibility()) && document.querySelector(".listing code .k")`)
}

// TestReferenceWithoutJavaScript: the editor leads to the reference and the documentation, and the
// reference is a list that leads to more.
func TestReferenceWithoutJavaScript(t *testing.T) {
	t.Parallel()
	for _, p := range sample.Pages(built(t)) {
		wanted := map[string][]string{
			"script":         {`<a href="/docs/reference" target="_blank" data-act="reference"`, `<a href="/docs" target="_blank"`},
			"docs-reference": {`<code>log.info(message, fields?)</code>`, `<a href="/docs/globals#console-and-log"`, `<span class="k">import</span> { log }`},
		}[p.Name]
		var text strings.Builder
		if err := p.Body.Render(t.Context(), &text); err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s lacks %s", p.Name, want)
			}
		}
	}
}
