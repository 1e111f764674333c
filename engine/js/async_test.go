package js_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dop251/goja"
	"go.uber.org/goleak"

	"picloud/engine/call"
	"picloud/engine/js"
)

// errands is a sandbox whose global function work(name) does host work: it ends when let is
// closed, or with the run.
type errands struct {
	s              *js.Sandbox
	lane           js.Lane
	let            chan struct{}
	begun, ended   atomic.Int32
	under, highest atomic.Int32
	giveUp         []func(goja.Value)
}

func newErrands(t *testing.T, text string) *errands {
	t.Helper()
	program, err := js.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	e := &errands{lane: js.Lane{Kind: call.Fetching, Most: 5, AtOnce: 2}, let: make(chan struct{})}
	globals := js.NewGlobals(map[string]func(*js.Sandbox) goja.Value{
		"work": func(s *js.Sandbox) goja.Value { return s.Function("work", 1, e.work) },
		"giveUp": func(s *js.Sandbox) goja.Value {
			return s.Function("giveUp", 2, func(c goja.FunctionCall) goja.Value {
				e.giveUp[c.Argument(0).ToInteger()](c.Argument(1))
				return goja.Undefined()
			})
		},
		"let": func(s *js.Sandbox) goja.Value {
			return s.Function("let", 0, func(goja.FunctionCall) goja.Value { close(e.let); return goja.Undefined() })
		},
		"out": func(s *js.Sandbox) goja.Value { return s.VM().NewArray() },
	})
	e.s = js.New(js.Config{Globals: globals, Program: program, Limits: call.DefaultLimits})
	return e
}

func (e *errands) work(c goja.FunctionCall) goja.Value {
	name := c.Argument(0).String()
	promise, giveUp, more := e.s.Async(&e.lane, name, func(ctx context.Context, span *call.Span) func() (goja.Value, error) {
		e.begun.Add(1)
		if now := e.under.Add(1); now > e.highest.Load() {
			e.highest.Store(now)
		}
		defer e.ended.Add(1)
		defer e.under.Add(-1)
		select {
		case <-e.let:
		case <-ctx.Done():
		}
		span.Status = 200
		return func() (goja.Value, error) {
			if strings.HasPrefix(name, "bad") {
				return nil, errors.New(name)
			}
			return e.s.VM().ToValue(name), nil
		}
	})
	if !more {
		panic(e.s.VM().NewTypeError("no more"))
	}
	e.giveUp = append(e.giveUp, giveUp)
	return e.s.VM().ToValue(promise)
}

func (e *errands) run(t *testing.T) (out string, ending *js.Ending) {
	t.Helper()
	watch := time.AfterFunc(30*time.Second, func() { e.s.Stop(call.Timeout, "too long") })
	defer watch.Stop()
	ending = e.s.Run(e.s.Load)
	return e.s.VM().Get("out").String(), ending
}

func TestHostWork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`work("a").then((v) => out.push(v)); let()`:                                                                                                            "a",
		`work("bad a").catch((e) => out.push(e instanceof TypeError, e.message)); let()`:                                                                       "true,bad a",
		`Promise.all(["a", "b", "c", "d"].map(work)).then((v) => out.push(v)); setTimeout(let, 1)`:                                                             "a,b,c,d",
		`for (const n of "abcde") work(n).then((v) => { out.push(v); out.sort() }); try { work("f") } catch (e) { out.push(e.message) } let()`:                 "a,b,c,d,e,no more",
		`work("a").catch((e) => out.push(e)); giveUp(0, "given up")`:                                                                                           "given up",
		`work("a").then((v) => out.push(v)); work("b").catch(() => 0); work("c").catch((e) => out.push(e)); giveUp(2, "c"); let(); giveUp(1, 0); giveUp(1, 1)`: "c,a",
		`out.push(1); work("a").then(() => out.push(3)); setTimeout(() => { out.push(2); let() }, 5)`:                                                          "1,2,3",
	} {
		e := newErrands(t, "globalThis.out = [];"+text)
		got, ending := e.run(t)
		if ending != nil || got != want {
			t.Errorf("%s\ngives %s, want %s; %v", text, got, want, ending)
		}
		if e.highest.Load() > 2 {
			t.Errorf("%s\n%d at once", text, e.highest.Load())
		}
	}
}

// Whatever is under way when a run ends is given up with it, and nothing of it stays.
func TestHostWorkEndsWithItsRun(t *testing.T) {
	others := goleak.IgnoreCurrent()
	stopped := newErrands(t, `globalThis.out = []; for (const n of "abcd") work(n)`)
	time.AfterFunc(20*time.Millisecond, func() { stopped.s.Stop(call.Cancelled, "") })
	if _, ending := stopped.run(t); ending == nil || ending.Outcome != call.Cancelled {
		t.Errorf("ended with %v", ending)
	}
	quit := newErrands(t, `globalThis.out = []; for (const n of "abcd") work(n)`)
	if ending := quit.s.Run(func() error { quit.s.Quit(); return quit.s.Load() }); ending != nil {
		t.Error(ending)
	}
	goleak.VerifyNone(t, others)
	for _, e := range []*errands{stopped, quit} {
		if e.begun.Load() != 2 || e.ended.Load() != 2 {
			t.Errorf("%d begun, %d ended; want 2 of each", e.begun.Load(), e.ended.Load())
		}
		for _, span := range e.s.Spans() {
			if span.Kind == call.Fetching && span.Failure == "" {
				t.Errorf("%+v has not failed", span)
			}
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	e := newErrands(t, `globalThis.out = []; work("a"); work("bad").catch(() => 0); setTimeout(let, 20)`)
	if _, ending := e.run(t); ending != nil {
		t.Fatal(ending)
	}
	spans := e.s.Spans()
	if len(spans) < 3 || spans[0].Kind != call.Fetching || spans[0].Subject != "a" || spans[0].Status != 200 || spans[2].Kind != call.Waiting {
		t.Fatalf("%+v", spans)
	}
	for _, span := range spans[:3] {
		if span.Took < 15*time.Millisecond {
			t.Errorf("%+v took less than it waited", span)
		}
	}
}
