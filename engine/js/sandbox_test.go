package js_test

import (
	"os"
	"testing"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}

func sandbox(t testing.TB, text string) *js.Sandbox {
	t.Helper()
	program, err := js.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return js.New(js.Config{Globals: js.NewGlobals(), Program: program, Limits: call.DefaultLimits})
}

// run gives the value that the text leaves in the global `out`, after the loop has ended.
func run(t testing.TB, text string) (string, *js.Ending) {
	t.Helper()
	s := sandbox(t, text)
	watch := time.AfterFunc(30*time.Second, func() { s.Stop(call.Timeout, "too long") })
	defer watch.Stop()
	ending := s.Run(s.Load)
	out := s.VM().GlobalObject().Get("out")
	if out == nil || goja.IsUndefined(out) {
		return "", ending
	}
	return out.String(), ending
}

func TestTimersAndMicrotasksRunInOrder(t *testing.T) {
	t.Parallel()
	out, ending := run(t, `var out = "";
		setTimeout(() => { out += "t2 "; Promise.resolve().then(() => { out += "m3 " }) }, 2);
		setTimeout(() => { out += "t0 "; queueMicrotask(() => { out += "m2 " }) }, 0);
		setTimeout(x => { out += x }, 1, "t1 ");
		const gone = setTimeout(() => { out += "never " }, 1); clearTimeout(gone);
		let n = 0; const every = setInterval(() => { out += "i "; if (++n === 2) clearInterval(every) }, 4);
		Promise.resolve().then(() => { out += "m1 " });
		out += "s ";`)
	if ending != nil {
		t.Fatal(ending)
	}
	if want := "s m1 t0 m2 t1 t2 m3 i i "; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}
