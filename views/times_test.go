package views_test

import (
	"net/http/httptest"
	"testing"

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

	do(ctx, t, chromedp.Navigate(server.URL+"/sample/profile"))
	until(ctx, t, `[...document.querySelectorAll("time")].some((time) => time.textContent === "in 52 days")`)
}
