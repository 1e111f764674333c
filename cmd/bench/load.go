package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a plain HTTP/1.1 client of many kept connections. It does as little as it can
// for each call, since it shares the processors with what it measures.
type load struct {
	address     string
	connections int
}

// result is what a load met with.
type result struct {
	answers int
	wrong   int // answers with another status than 200
	took    time.Duration
	times   []time.Duration // one in sixteen
}

func (r result) rate() float64 { return float64(r.answers) / r.took.Seconds() }

func (r result) percentile(p float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	slices.Sort(r.times)
	return r.times[min(len(r.times)-1, int(p*float64(len(r.times))))]
}

// during asks for the same path on every connection until the time is over.
func (l load) during(d time.Duration, path string) (result, error) {
	return l.send(d, []byte("GET "+path+" HTTP/1.1\r\nHost: "+l.address+"\r\n\r\n"))
}

// send sends the same request on every connection until the time is over.
func (l load) send(d time.Duration, request []byte) (result, error) {
	end := time.Now().Add(d)
	return l.run(func(n int) []byte {
		if time.Now().After(end) {
			return nil
		}
		return request
	}, 16)
}

// each sends every request once, shared by the connections.
func (l load) each(paths []string) (result, error) {
	var next atomic.Int64
	return l.run(func(int) []byte {
		i := int(next.Add(1)) - 1
		if i >= len(paths) {
			return nil
		}
		return []byte("GET " + paths[i] + " HTTP/1.1\r\nHost: " + l.address + "\r\n\r\n")
	}, 1)
}

func (l load) run(next func(n int) []byte, sample int) (result, error) {
	var mu sync.Mutex
	var all result
	var faults []error
	var group sync.WaitGroup
	began := time.Now()
	for range l.connections {
		group.Go(func() {
			one, err := l.connection(next, sample)
			mu.Lock()
			defer mu.Unlock()
			all.answers += one.answers
			all.wrong += one.wrong
			all.times = append(all.times, one.times...)
			if err != nil {
				faults = append(faults, err)
			}
		})
	}
	group.Wait()
	all.took = time.Since(began)
	return all, errors.Join(faults...)
}

func (l load) connection(next func(n int) []byte, sample int) (result, error) {
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return result{}, err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 16<<10)
	var r result
	for n := 0; ; n++ {
		request := next(n)
		if request == nil {
			return r, nil
		}
		began := time.Now()
		if _, err := conn.Write(request); err != nil {
			return r, err
		}
		status, err := readAnswer(in)
		if err != nil {
			return r, err
		}
		r.answers++
		if status != 200 {
			r.wrong++
		}
		if n%sample == 0 {
			r.times = append(r.times, time.Since(began))
		}
	}
}

var lengthName = []byte("Content-Length:")

// readAnswer reads one response with a Content-Length.
func readAnswer(in *bufio.Reader) (status int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("status line %q", line)
	}
	status = int(line[9]-'0')*100 + int(line[10]-'0')*10 + int(line[11]-'0')
	length := -1
	for {
		line, err = in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if rest, found := bytes.CutPrefix(line, lengthName); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("answer without Content-Length")
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return status, err
}
