package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	burners    = 32 // callers
	burnSource = `export default function () {
  for (let n = 0; n < 2_000_000; n++); // about 200 ms
  return "burnt";
}
`
)

// neighbours calls a small function while 32 callers of other apps burn processor time.
func neighbours(p *product, how plan) ([]row, error) {
	if err := p.publish("hello", helloSource); err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range []struct {
		apps  int
		reach string
	}{{1, "p99 ≤ 60 ms"}, {8, "p99 ≤ 150 ms"}} {
		var paths []string
		for n := range c.apps {
			slug := fmt.Sprintf("burn-%d-%d", c.apps, n)
			path := "/api/v1/apps"
			err := p.api("POST", path, map[string]any{"name": slug, "slug": slug}, nil)
			if err == nil {
				err = p.api("PUT", path+"/"+slug+"/scripts/burn", map[string]any{"source": burnSource, "note": "bench"}, nil)
			}
			if err != nil {
				return nil, err
			}
			paths = append(paths, "/fn/"+slug+"/burn")
		}
		r, err := p.beside(paths, how.length)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{
			fmt.Sprintf("neighbour of %d callers that burn, %d apps", burners, c.apps), c.reach,
			fmt.Sprintf("p50 %v, p99 %v, most %v", r.percentile(0.5).Round(100*time.Microsecond),
				r.percentile(0.99).Round(100*time.Microsecond), r.percentile(1).Round(100*time.Microsecond)),
		})
	}
	return rows, nil
}

// beside calls hello on one connection while the burners share paths.
func (p *product) beside(paths []string, length time.Duration) (result, error) {
	var group sync.WaitGroup
	faults := make([]error, len(paths))
	for n, path := range paths {
		group.Go(func() {
			_, faults[n] = load{address: p.address, connections: burners / len(paths)}.during(length+time.Second, path)
		})
	}
	time.Sleep(500 * time.Millisecond) // until all of them burn
	end := time.Now().Add(length)
	request := []byte("GET /fn/" + appSlug + "/hello HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n")
	r, err := load{address: p.address, connections: 1}.run(func(int) []byte {
		if time.Now().After(end) {
			return nil
		}
		return request
	}, 1)
	group.Wait()
	if r.wrong > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d answers were wrong", r.wrong, r.answers))
	}
	return r, errors.Join(append(faults, err)...)
}
