package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
}

// test is a test at the top of its package.
type test struct{ pkg, name string }

func (t test) String() string { return t.pkg + "." + t.name }

// grave is what may stand nowhere in the output of a package that is tried again: the
// race detector's words, goleak's, and those with which tests say that a record that was
// promised to last did not.
func grave() []string { return []string{"DATA RACE", "found unexpected goroutines", "lost row"} }

func read(record string) ([]event, error) {
	file, err := os.Open(record)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var events []event
	for decoder := json.NewDecoder(bufio.NewReader(file)); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return events, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the events of go test: %w", err)
		}
		events = append(events, e)
	}
}

// outcome is what the events say of one package.
type outcome struct {
	failed  bool
	ended   bool // all tests were run: testing says so as its last word, and not when a process breaks off
	tests   map[string]bool
	output  strings.Builder
	pending map[string]bool
}

// judge gives the tests that failed and may be tried again, or the reason why none may:
// something grave was said, or a package failed otherwise than by its tests alone (it was
// not built, panicked, ran out of time, ended itself, or failed in its TestMain).
func judge(events []event) ([]test, error) {
	packages := map[string]*outcome{}
	for _, e := range events {
		if e.Package == "" {
			continue
		}
		p := packages[e.Package]
		if p == nil {
			p = &outcome{tests: map[string]bool{}, pending: map[string]bool{}}
			packages[e.Package] = p
		}
		p.add(e)
	}
	var failed []test
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		p := packages[name]
		if !p.failed {
			continue
		}
		if err := p.beyondRetry(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, one := range slices.Sorted(maps.Keys(p.tests)) {
			failed = append(failed, test{name, one})
		}
	}
	return failed, nil
}

func (p *outcome) add(e event) {
	top, _, inner := strings.Cut(e.Test, "/")
	switch e.Action {
	case "run":
		p.pending[e.Test] = true
	case "pass", "skip", "fail":
		delete(p.pending, e.Test)
		if e.Action != "fail" {
			return
		}
		if e.Test == "" {
			p.failed = true
		} else if !inner {
			p.tests[top] = true
		}
	case "output":
		p.output.WriteString(e.Output)
		p.ended = p.ended || e.Test == "" && (e.Output == "FAIL\n" || e.Output == "PASS\n")
	}
}

func (p *outcome) beyondRetry() error {
	for _, words := range grave() {
		if strings.Contains(p.output.String(), words) {
			return fmt.Errorf("%q is never tried again", words)
		}
	}
	if !p.ended || len(p.pending) > 0 {
		return errors.New("its tests did not all come to their end")
	}
	if len(p.tests) == 0 {
		return errors.New("it failed, but none of its tests did")
	}
	return nil
}

// passes tells whether a test was run and passed.
func passes(events []event, one test) bool {
	return slices.Contains(events, event{Action: "pass", Package: one.pkg, Test: one.name})
}
