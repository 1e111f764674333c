package egress

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// Fetching 1 KiB from loopback with sixteen at a time, beside net/http alone.
func BenchmarkFetch(b *testing.B) {
	answer := make([]byte, 1<<10)
	_, place := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
	url := "http://" + place + "/"
	c := client(b, Config{Allow: allow(b, place)})
	transport := &http.Transport{MaxIdleConnsPerHost: idleConnections}
	defer transport.CloseIdleConnections()
	plain := &http.Client{Transport: transport, Timeout: time.Minute}
	b.Run("egress", func(b *testing.B) {
		sixteen(b, func() (io.ReadCloser, error) {
			response, err := c.Do(b.Context(), Request{URL: url})
			if err != nil {
				return nil, err
			}
			return response.Body, nil
		})
	})
	b.Run("plain", func(b *testing.B) {
		sixteen(b, func() (io.ReadCloser, error) {
			response, err := plain.Get(url)
			if err != nil {
				return nil, err
			}
			return response.Body, nil
		})
	})
}

func sixteen(b *testing.B, ask func() (io.ReadCloser, error)) {
	b.ReportAllocs()
	b.SetParallelism(8) // of two processors
	b.RunParallel(func(turn *testing.PB) {
		for turn.Next() {
			body, err := ask()
			if err != nil {
				b.Error(err)
				return
			}
			if n, err := io.Copy(io.Discard, body); n != 1<<10 || err != nil {
				b.Error(n, err)
			}
			_ = body.Close()
		}
	})
}
