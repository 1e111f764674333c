package views_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"picloud/views/sample"
)

// TestTimes: the script writes times as the server does, counted from the server's clock.
func TestTimes(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(sample.Handler(built(t)))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	ctx := browser(t)
	do(ctx, t, chromedp.Navigate(server.URL+"/sample/runs"))
	until(ctx, t, `/^\d\d:\d\d:\d\d$/.test(document.querySelector("#run-r2 time").textContent)`)
	until(ctx, t, `/^2[12] Nov \d\d:\d\d:\d\d$/.test(document.querySelector("#run-r9 time").textContent)`)

	// What is typed is in the viewer's zone, and in the address in UTC.
	do(ctx, t, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kolkata"})
		return err
	}))
	do(ctx, t, chromedp.Navigate(server.URL+"/sample/runs-filtered"))
	until(ctx, t, `document.querySelector("input[name=until]").value === "2026-11-23T05:00" && new FormData(document.querySelector("form.chips")).get("until") === "2026-11-22T23:30"`)

	do(ctx, t, chromedp.Navigate(server.URL+"/sample/profile"))
	until(ctx, t, `[...document.querySelectorAll("time")].some((time) => time.textContent === "in 52 days")`)
}
