package js_test

import (
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
)

// changed fails a test whose goja is as it was published.
func changed(t *testing.T) {
	t.Helper()
	if _, ok := any(goja.New()).(interface{ SetLimits(func(), int, int) }); !ok {
		t.Fatal("goja lacks the changes of tools/goja. Use make test, or after any make build: export GOFLAGS=-modfile=$PWD/bin/goja.mod")
	}
}

// What operators would make too large is an error that a script may catch, and costs nothing.
func TestOperatorsHaveLimits(t *testing.T) {
	changed(t)
	const text, number = "Invalid string length", "Maximum BigInt size exceeded"
	for name, c := range map[string]struct{ code, want string }{
		"text":                {`let s = "x"; for (;;) s += s;`, text},
		"wide text":           {`let s = "é"; for (;;) s = s + s;`, text},
		"text of the host":    {`let s = host; for (;;) s += s;`, text},
		"template":            {"let s = 'x'; for (;;) s = `${s}${s}`;", text},
		"concat":              {`let s = "x"; for (;;) s = s["con" + "cat"](s);`, text},
		"list as text":        {`let s = "x"; for (let n = 0; n < 24; n++) s += s; "" + [s, s, s, s, s, s]`, text},
		"shift":               {`let n = 10_000_000n; 1n << n`, number},
		"constant shift":      {`1n << 10_000_000n`, number},
		"shift to the right":  {`1n >> -10_000_000n`, number},
		"shift far":           {`1n << (1n << 1000n)`, number},
		"power":               {`let n = 10_000_000n; 2n ** n`, number},
		"constant power":      {`3n ** 100_000_000n`, number},
		"power far":           {`2n ** (1n << 1000n)`, number},
		"squares":             {`let a = 1n << 1000n; for (;;) a *= a;`, number},
		"doubles":             {`let a = 1n << 1_048_570n; for (;;) a += a;`, number},
		"less":                {`let a = -(1n << 1_048_570n); for (;;) a = a - -a;`, number},
		"nothing shifted":     {`0n << (1n << 1000n)`, ""},
		"powers of one":       {`1n ** (1n << 1000n) + (-1n) ** (1n << 1000n)`, ""},
		"a million bits":      {`2n ** 1_000_000n; 1n << 1_000_000n`, ""},
		"sixty million units": {`let s = "x"; for (let n = 0; n < 25; n++) s += s; s + s`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := sandbox(t, `var out = ""; try { `+c.code+` } catch (error) { out = error.name + ": " + error.message }`)
			if err := s.VM().Set("host", "Grüße"); err != nil {
				t.Fatal(err)
			}
			before := allocated()
			if ending := s.Run(s.Load); ending != nil {
				t.Fatal(ending)
			}
			want := c.want
			if want != "" {
				want = "RangeError: " + want
			}
			if out := s.VM().Get("out").String(); out != want {
				t.Errorf("%q, want %q", out, want)
			}
			if bytes := allocated() - before; bytes > 800<<20 { // doubling up to 64 Mi units of two bytes
				t.Errorf("%d MiB allocated", bytes>>20)
			}
		})
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}

func TestTick(t *testing.T) {
	t.Parallel()
	changed(t)
	program, err := js.Compile(`let n = 0; for (let i = 0; i < 100_000; i++) n += i; [1, 2, 3].forEach(() => n++); n`)
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	s := js.New(js.Config{Globals: js.NewGlobals(), Program: program, Limits: call.DefaultLimits, Tick: func() { ticks++ }})
	if ending := s.Run(s.Load); ending != nil {
		t.Fatal(ending)
	}
	if ticks < 5_000 || ticks > 50_000 {
		t.Errorf("%d ticks of a hundred thousand rounds", ticks)
	}
}

// A run that is stopped while it waits in its tick executes nothing afterwards.
func TestStopInATick(t *testing.T) {
	t.Parallel()
	changed(t)
	program, err := js.Compile(`var n = 0; try { for (;;) n++; } finally { n = -1 }`)
	if err != nil {
		t.Fatal(err)
	}
	var s *js.Sandbox
	ticks, n := 0, ""
	s = js.New(js.Config{Globals: js.NewGlobals(), Program: program, Limits: call.DefaultLimits, Tick: func() {
		if ticks++; ticks == 100 {
			n = s.VM().Get("n").String()
			s.Stop(call.Cancelled, "gone")
		}
	}})
	ending := s.Run(s.Load)
	if ending == nil || ending.Outcome != call.Cancelled {
		t.Fatal(ending)
	}
	if after := s.VM().Get("n").String(); after != n || strings.HasPrefix(n, "-") || ticks != 100 {
		t.Errorf("n was %s and is %s; %d ticks", n, after, ticks)
	}
}
