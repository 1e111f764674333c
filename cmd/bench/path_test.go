package main

import (
	"testing"
	"time"
)

const wrkSays = `Running 1s test @ http://127.0.0.1:18999/bad
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.80ms    4.43ms  43.61ms   93.77%
    Req/Sec    23.25k     9.91k   31.04k    75.00%
  Latency Distribution
     50%  501.00us
     75%    1.02ms
     90%    3.32ms
     99%   25.87ms
  46376 requests in 1.00s, 6.06MB read
`

func TestReadWrk(t *testing.T) {
	t.Parallel()
	const end = "Requests/sec:  46175.28\nTransfer/sec:      6.03MB\n"
	well := figures{answers: 46376, rate: 46175.28, slow: 25870 * time.Microsecond}
	for amiss, wrong := range map[string]int{
		"": 0,
		"  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\n": 54321,
	} {
		want := well
		want.wrong = wrong
		if got, err := readWrk(wrkSays + amiss + end); err != nil || got != want {
			t.Errorf("got %+v %v, want %+v", got, err, want)
		}
	}
	if got, err := readWrk("unable to connect"); err == nil {
		t.Errorf("got %+v", got)
	}
}
