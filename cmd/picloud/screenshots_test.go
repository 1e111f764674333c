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
	w := p.open(p.chromium())
	w.expect("status of 404") // of the pages that say so
	take := func(at place) {
		for _, view := range views() {
			w.do(w.dressed(view.theme, view.width, view.height))
			w.reach(at)
			w.picture(filepath.Join(folder, at.name+"-"+view.name+".png"))
		}
	}
	outside, inside := p.places()
	for _, at := range outside {
		take(at)
	}
	w.signIn()
	for _, at := range inside {
		take(at)
	}
	for _, view := range views() {
		w.do(w.dressed(view.theme, view.width, view.height))
		for _, act := range acts() {
			w.reach(place{path: "/apps/shop/scripts/greet", ready: `document.querySelector(".cm-content")`})
			act.play(w)
			w.picture(filepath.Join(folder, act.name+"-"+view.name+".png"))
		}
	}
	stranger := fresh.open(fresh.chromium())
	link := fresh.setupLink()
	for _, view := range views() {
		stranger.do(stranger.dressed(view.theme, view.width, view.height))
		stranger.visit(link)
		stranger.picture(filepath.Join(folder, "setup-"+view.name+".png"))
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
