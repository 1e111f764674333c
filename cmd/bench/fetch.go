package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	waiters    = 1000 // calls that wait at the same time
	waitLength = time.Second
	fetchers   = 16 // of a Go client
	callers    = 3  // of a function that fetches six at a time
	inOneCall  = 48
)

// upstream answers on loopback: /slow after a second, all else with 1 KiB.
func upstream() (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	body := []byte(strings.Repeat("x", 1<<10))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			time.Sleep(waitLength)
		}
		_, _ = w.Write(body)
	})}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), func() { server.Close() }, nil
}

// fetches measures functions that ask a server on this machine, in two apps.
func fetches(p *product, how plan) ([]row, error) {
	address, stop, err := upstream()
	if err != nil {
		return nil, err
	}
	defer stop()
	var slow []string
	for _, slug := range []string{"fetch-a", "fetch-b"} {
		err := errors.Join(
			p.api("POST", "/api/v1/apps", map[string]any{"name": slug, "slug": slug}, nil),
			p.api("PUT", "/api/v1/apps/"+slug+"/outbound", map[string]any{"mode": "open", "networks": []string{address}}, nil),
			p.api("PUT", "/api/v1/apps/"+slug+"/scripts/slow", map[string]any{"source": asks(address, "/slow"), "note": "bench"}, nil),
			p.api("PUT", "/api/v1/apps/"+slug+"/scripts/quick", map[string]any{"source": asks(address, "/"), "note": "bench"}, nil),
			p.api("PUT", "/api/v1/apps/"+slug+"/scripts/many", map[string]any{"source": asksOften(address), "note": "bench"}, nil),
		)
		if err != nil {
			return nil, err
		}
		slow = append(slow, "/fn/"+slug+"/slow")
	}
	waiting, err := p.waits(slow)
	if err != nil {
		return nil, err
	}
	quick, err := p.quick(address, how)
	return append(waiting, quick...), err
}

// asks is a function that fetches a path and answers with it.
func asks(address, path string) string {
	return `export default async () => (await fetch("http://` + address + path + `")).text()`
}

// asksOften is a function that fetches many times.
func asksOften(address string) string {
	return fmt.Sprintf(`export default async () => {
  const texts = await Promise.all(Array.from({ length: %d }, async () => (await fetch("http://%s/")).text()));
  return texts.length;
}`, inOneCall, address)
}

// waits makes many calls at once that each wait for a second.
func (p *product) waits(paths []string) ([]row, error) {
	for _, path := range paths { // compiled before
		if _, err := (load{address: p.address, connections: 1}).each([]string{path}); err != nil {
			return nil, err
		}
	}
	var all []string
	for n := range waiters {
		all = append(all, paths[n%len(paths)])
	}
	done := make(chan struct{})
	most := make(chan float64)
	workers := p.processes()[1:]
	go func() {
		highest := 0.0
		for {
			select {
			case <-done:
				most <- highest
				return
			case <-time.After(50 * time.Millisecond):
				highest = max(highest, rss(workers...))
			}
		}
	}()
	r, err := load{address: p.address, connections: waiters}.each(all)
	close(done)
	memory := <-most
	if r.wrong > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d calls that wait were refused", r.wrong, r.answers))
	}
	return []row{
		{fmt.Sprintf("%d calls of two apps that wait 1 s in fetch", waiters), "all within 1.6 s", fmt.Sprintf("p50 %v, last %v",
			r.percentile(0.5).Round(time.Millisecond), r.percentile(1).Round(time.Millisecond))},
		{"the worker's memory meanwhile", "≤ 200 MiB", fmt.Sprintf("%.0f MiB", memory)},
	}, err
}

// quick compares functions that fetch 1 KiB with a Go client: calls that fetch often, and calls that
// fetch once, which are calls of two servers.
func (p *product) quick(address string, how plan) ([]row, error) {
	var often, once, bare []float64
	for range how.rounds {
		plain, err := clientRate("http://"+address+"/", how.length/3)
		if err != nil {
			return nil, err
		}
		many, err := p.rate(callers, "/fn/fetch-a/many", how.length/3)
		if err != nil {
			return nil, err
		}
		single, err := p.rate(fetchers, "/fn/fetch-a/quick", how.length/3)
		if err != nil {
			return nil, err
		}
		often, once, bare = append(often, many*inOneCall/plain), append(once, single/plain), append(bare, plain)
	}
	client := median(bare)
	return []row{
		{
			fmt.Sprintf("fetch of 1 KiB from loopback, %d callers, six at a time", callers), "≥ 0.40 of a Go client",
			fmt.Sprintf("%.2f (%.0f/s of %.0f/s)", median(often), median(often)*client, client),
		},
		{"a call that fetches once", "", fmt.Sprintf("%.2f (%.0f/s)", median(once), median(once)*client)},
	}, nil
}

// rate is how many answers of a path a second there are.
func (p *product) rate(connections int, path string, length time.Duration) (float64, error) {
	r, err := load{address: p.address, connections: connections}.during(length, path)
	if r.wrong > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d calls of %s went wrong", r.wrong, r.answers, path))
	}
	return r.rate(), err
}

// clientRate is how many answers a second a Go client gets.
func clientRate(url string, length time.Duration) (float64, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: fetchers}}
	defer client.CloseIdleConnections()
	var group sync.WaitGroup
	counts, faults := make([]int, fetchers), make([]error, fetchers)
	began := time.Now()
	for n := range fetchers {
		group.Go(func() {
			for time.Since(began) < length && faults[n] == nil {
				answer, err := client.Get(url)
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
				faults[n] = err
				counts[n]++
			}
		})
	}
	group.Wait()
	total := 0
	for _, count := range counts {
		total += count
	}
	return float64(total) / time.Since(began).Seconds(), errors.Join(faults...)
}
