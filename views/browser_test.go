package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"picloud/static"
	"picloud/views/sample"
)

// browser starts Chromium with a fresh profile.
func browser(t *testing.T) context.Context {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

func built(t *testing.T) *static.Assets {
	assets, err := static.Open()
	if err != nil {
		t.Fatal(err)
	}
	if !assets.Built() {
		t.Fatal("the style sheets and scripts are not built: run make build")
	}
	return assets
}

// watch records, from before the first script of a page, what the policy forbade and what
// scripts failed at.
const watch = `window.faults = [];
addEventListener("securitypolicyviolation", (e) => faults.push("policy " + e.violatedDirective + " " + e.blockedURI + " " + e.sample + " " + e.sourceFile + ":" + e.lineNumber));
addEventListener("error", (e) => faults.push("error " + e.message));
addEventListener("unhandledrejection", (e) => faults.push("rejection " + e.reason));`

// look is what is wrong with a page as a browser has it.
const look = `(async () => {
	const result = await axe.run(document, { resultTypes: ["violations"] });
	const found = result.violations.map((v) => v.id + ": " + v.help + "\n    " + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + " — " + (n.any[0]?.message ?? n.failureSummary)).join("\n    "));
	if (document.documentElement.scrollWidth > innerWidth) found.push("the page is " + document.documentElement.scrollWidth + " px wide in a window of " + innerWidth);
	return JSON.stringify([...found, ...faults]);
})()`

// TestPagesInABrowser looks at every page under the real Content-Security-Policy, light and
// wide, and dark at 360 px: axe finds nothing, no script fails, nothing is forbidden, and
// nothing sticks out.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	assets := built(t)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe is not installed, npm ci does it: %v", err)
	}
	server := httptest.NewServer(sample.Handler(assets))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	ctx := browser(t)
	for _, size := range []struct {
		name, theme   string
		width, height int64
	}{{"wide", "light", 1400, 900}, {"narrow", "dark", 360, 740}} {
		if err := chromedp.Do(ctx, dressed(size.theme, size.width, size.height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
			return err
		})); err != nil {
			t.Fatal(err)
		}
		for _, p := range sample.Pages(assets) {
			t.Run(p.Name+" "+size.name, func(t *testing.T) {
				for _, fault := range inspect(ctx, t, server.URL+"/sample/"+p.Name, string(axe)) {
					t.Error(fault)
				}
			})
		}
	}
}

func inspect(ctx context.Context, t *testing.T, url, axe string) []string {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitReady("main")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axe+"\n;true")); err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](look, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	if err := json.Unmarshal([]byte(text), &faults); err != nil {
		t.Fatal(fmt.Errorf("read %s: %w", strings.TrimSpace(text), err))
	}
	return faults
}

// dressed sets theme and size.
func dressed(theme string, width, height int64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}
