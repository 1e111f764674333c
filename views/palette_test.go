package views_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// late has the server's answers wait until the page calls come().
const late = `(() => {
	const ask = window.fetch;
	const held = new Promise((come) => (window.come = come));
	window.fetch = async (...what) => { await held; return ask(...what); };
	return true;
})()`

func script(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](text)); err != nil {
		t.Fatal(err)
	}
}

// TestSearchOnAPhone: where the field has no room, a button opens the palette.
func TestSearchOnAPhone(t *testing.T) {
	t.Parallel()
	d := &desk{}
	ctx := d.visit(t, "/sample/apps")
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, `document.querySelector(".find-small").getAttribute("href") === "/search"`)
	click(ctx, t, ".find-small")
	until(ctx, t, `document.querySelector("#palette[open]") && document.activeElement.id === "palette-text"`)
}

// TestPalette: what an action is called says what it does, the theme is among the actions, what
// the server adds leaves the choice alone, and Esc closes.
func TestPalette(t *testing.T) {
	t.Parallel()
	d := &desk{}
	ctx := d.visit(t, "/sample/app-settings")
	script(ctx, t, late)
	const (
		items  = `[...document.querySelectorAll("#palette[open] li")]`
		chosen = `document.querySelector("#palette[open] [aria-selected=true]")`
	)
	do(ctx, t, control("k"))
	for _, name := range []string{"Copy http://127.0.0.1:8080/fn/shop", "Open http://127.0.0.1:8080/fn/shop in a new tab", "Copy http://shop.localhost:8080", "Theme: Dark"} {
		until(ctx, t, items+`.some((item) => item.lastChild.textContent === "`+name+`")`)
	}
	do(ctx, t, chromedp.KeyEvent(kb.ArrowDown))
	until(ctx, t, chosen+` === `+items+`[1]`)
	script(ctx, t, `come() ?? true`)
	until(ctx, t, `document.getElementById("palette").textContent.includes("greet-old") && `+chosen+` === `+items+`[1]`)

	do(ctx, t, chromedp.KeyEvent("theme dark"))
	until(ctx, t, chosen+`?.textContent === "ActionTheme: Dark"`)
	do(ctx, t, chromedp.KeyEvent("\r"))
	until(ctx, t, `document.documentElement.dataset.theme === "dark" && !document.querySelector("dialog[open]")`)

	do(ctx, t, control("k"), chromedp.KeyEvent("gre"))
	until(ctx, t, `document.getElementById("palette-text").value === "gre"`)
	do(ctx, t, chromedp.KeyEvent(kb.Escape))
	until(ctx, t, `!document.querySelector("dialog[open]")`)
}

// TestPaletteOnAScript: the parts of the script are told from those of its app.
func TestPaletteOnAScript(t *testing.T) {
	t.Parallel()
	d := &desk{}
	ctx := d.visit(t, "/sample/script")
	do(ctx, t, control("k"))
	for name, href := range map[string]string{"greet: Settings": "/apps/shop/scripts/greet/settings", "Settings": "/apps/shop/settings", "greet: Runs": "/apps/shop/scripts/greet/runs", "Runs": "/apps/shop/runs"} {
		until(ctx, t, `[...document.querySelectorAll("#palette[open] li")].some((item) => item.children[1].textContent === "`+name+`" && item.dataset.href === "`+href+`")`)
	}
}
