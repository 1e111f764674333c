//go:build screenshots

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots makes a picture of every page, light and dark, wide and narrow, in
// ./screenshots.
func TestScreenshots(t *testing.T) {
	folder := filepath.Join("..", "..", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	old, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	p := serveDemo(t)
	fresh := serveFresh(t)
	w, stranger := p.open(p.chromium()), fresh.open(fresh.chromium())
	for _, w := range []*window{w, stranger} {
		w.expect("status of 404") // of the pages that say so
	}
	name := func(what string, view view) string { return filepath.Join(folder, what+"-"+view.name+".png") }
	take := func(w *window, places []place) {
		for _, at := range places {
			for _, view := range views() {
				w.do(w.dressed(view.theme, view.width, view.height))
				w.reach(at)
				w.picture(name(at.name, view))
			}
		}
	}
	outside, inside := p.places()
	take(stranger, fresh.unowned())
	take(w, outside)
	w.signIn()
	take(w, inside)
	for _, view := range views() {
		w.do(w.dressed(view.theme, view.width, view.height))
		for _, act := range acts() {
			w.perform(act, func() { w.picture(name(act.name, view)) })
		}
	}
}

// picture writes what the window shows, the whole page.
func (w *window) picture(path string) {
	w.t.Helper()
	w.until(`document.fonts.status === "loaded"`)
	w.until(`(scrollTo(0, 0), true)`)
	take := chromedp.FullScreenshot(100)
	if over, err := evaluate[bool](w, `!!document.querySelector("dialog[open]")`); err != nil {
		w.t.Fatal(err)
	} else if over { // lies over the window, not over the page
		take = chromedp.CaptureScreenshot()
	}
	image, err := chromedp.Run(w.ctx, take)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, image, 0o644); err != nil {
		w.t.Fatal(err)
	}
}
