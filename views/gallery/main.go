// Command gallery takes pictures of every sample page: light and dark, wide and 360 px.
// With -serve it serves the samples for looking at them in a browser instead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"picloud/static"
	"picloud/views/sample"
)

func main() {
	out := flag.String("out", "screenshots", "folder for the pictures")
	serve := flag.String("serve", "", "address to serve the samples on, instead of taking pictures")
	only := flag.String("only", "", "name of the one sample to take; empty: all")
	flag.Parse()
	if err := run(*out, *serve, *only); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(out, serve, only string) error {
	assets, err := static.Open()
	if err != nil {
		return err
	}
	if !assets.Built() {
		return errors.New("the style sheets and scripts are not built: run make build")
	}
	if serve != "" {
		return http.ListenAndServe(serve, sample.Handler(assets))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: sample.Handler(assets), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	defer func() { _ = server.Close() }()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	ctx, cancel := browser()
	defer cancel()
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as ctx
		return fmt.Errorf("start the browser: %w", err)
	}
	for _, p := range sample.Pages(assets) {
		if only != "" && p.Name != only {
			continue
		}
		for _, shot := range shots() {
			if err := take(ctx, "http://"+listener.Addr().String()+"/sample/"+p.Name, filepath.Join(out, p.Name+"-"+shot.name+".png"), shot); err != nil {
				return fmt.Errorf("picture of %s: %w", p.Name, err)
			}
		}
	}
	return nil
}

type shot struct {
	name, theme   string
	width, height int64
	mobile        bool
}

func shots() []shot {
	return []shot{
		{"light", "light", 1400, 900, false},
		{"dark", "dark", 1400, 900, false},
		{"light-360", "light", 360, 740, true},
		{"dark-360", "dark", 360, 740, true},
	}
}

func browser() (context.Context, context.CancelFunc) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("hide-scrollbars", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	return ctx, func() { cancel(); stop() }
}

// take loads a page at the size and takes it in its whole height.
func take(ctx context.Context, url, file string, s shot) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, dressed(s), chromedp.Navigate(url), chromedp.WaitReady("main"))
	if err != nil {
		return err
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}

// dressed sets size, theme and zone.
func dressed(s shot) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.mobile,
		}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: s.theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Berlin"})
		return err
	})
}
