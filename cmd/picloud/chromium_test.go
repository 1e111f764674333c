package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for what is waited for; the machine may be busy.
const patience = 30 * time.Second

// chromium starts Chromium with a fresh profile; each window of it is a tab.
func (p *product) chromium() context.Context {
	p.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(p.t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(2*patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	p.t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	p.t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		p.t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// window is one tab of a signed-in person. What goes wrong in any of its pages is a fault
// of the test: what scripts fail at, what the Content-Security-Policy forbids, what is
// written to the console as an error, any dialog.
type window struct {
	t   *testing.T
	p   *product
	ctx context.Context

	mu       sync.Mutex
	faults   []string
	expected []string
}

// open makes a tab; tabs of one Chromium share its cookies.
func (p *product) open(chromium context.Context) *window {
	p.t.Helper()
	w := &window{t: p.t, p: p}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithListener(w.hear))
	w.ctx = ctx
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Logf("the page at the end:\n%s", w.seen())
		}
		w.clean()
		cancel()
	})
	w.do(w.dressed("light", 1280, 900))
	return w
}

// hear collects the faults of the tab.
func (w *window) hear(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.fault(fmt.Sprintf("%s: %s (%s:%d%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL, e.Entry.LineNumber, trace(e.Entry.StackTrace)))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.fault("exception: " + text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			said, _ := json.Marshal(e.Args)
			w.fault("console: " + string(said))
		}
	case *page.EventJavascriptDialogOpening:
		w.fault("dialog: " + e.Message)
		go w.dismiss()
	}
}

// trace is where a script was.
func trace(stack *runtime.StackTrace) string {
	var b strings.Builder
	for stack != nil {
		for _, f := range stack.CallFrames {
			fmt.Fprintf(&b, "; %s %s:%d:%d", f.FunctionName, f.URL, f.LineNumber+1, f.ColumnNumber+1)
		}
		stack = stack.Parent
	}
	return b.String()
}

func (w *window) dismiss() {
	_ = chromedp.Do(w.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		return err
	}))
}

func (w *window) fault(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(w.expected, func(part string) bool { return strings.Contains(text, part) }) {
		w.faults = append(w.faults, text)
	}
}

// expect allows faults that hold one of the parts, as a status that is shown to the person.
func (w *window) expect(parts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, parts...)
}

// clean fails the test for each fault since it was asked last.
func (w *window) clean() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, fault := range w.faults {
		w.t.Error(fault)
	}
	w.faults = nil
}

// do runs steps within the patience.
func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx); err != nil { // the tab lives as long as the window, not as long as its first step
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

// dressed sets the theme of the system and the size of the window.
func (w *window) dressed(theme string, width, height int64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

// visit opens a path and waits for its page.
func (w *window) visit(path string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.p.url(path)))
	w.until(`document.readyState === "complete"`)
}

// evaluate gives an expression's value, within the patience.
func evaluate[T any](w *window, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// until waits for an expression to hold, on whichever page the window comes to.
func (w *window) until(expression string) {
	w.t.Helper()
	look := time.NewTicker(30 * time.Millisecond)
	defer look.Stop()
	end := time.After(patience)
	for {
		if holds, err := evaluate[bool](w, "!!("+expression+")"); err == nil && holds {
			return
		}
		select {
		case <-look.C:
		case <-end:
			w.t.Fatalf("%s did not come true", expression)
		}
	}
}

// shows waits until a part of the page has the text.
func (w *window) shows(selector, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility() && e.textContent.replace(/\s+/g, " ").includes(%q))`, selector, text))
}

// seen is where the window is and what it says.
func (w *window) seen() string {
	text, err := evaluate[string](w, `location.href + "\n" + (document.body?.innerText ?? "")`)
	if err != nil {
		return err.Error()
	}
	return text[:min(len(text), 3000)]
}

// find gives the middle of what can be pressed and has the text, or begins with it, once it is
// there and nothing lies over it.
const find = `((text) => {
	const words = (e) => (e.getAttribute("aria-label") ?? e.textContent).replace(/\s+/g, " ").trim();
	const all = [...document.querySelectorAll("button, a, summary, label")].filter((e) => e.checkVisibility({ visibilityProperty: true }));
	for (const e of [...all.filter((e) => words(e) === text), ...all.filter((e) => words(e).startsWith(text))]) {
		e.scrollIntoView({ block: "center", behavior: "instant" });
		const box = e.getBoundingClientRect();
		const x = box.x + box.width / 2, y = box.y + box.height / 2;
		if (e.contains(document.elementFromPoint(x, y))) return [x, y];
	}
	return [];
})`

// press clicks on the button, link or label that has the text, or begins with it, once it has
// come to rest: what is still being drawn would move it from under the click.
func (w *window) press(text string) {
	w.t.Helper()
	var place []float64
	w.p.eventually(patience, fmt.Sprintf("there to press: %q", text), func() bool {
		found, err := evaluate[[]float64](w, fmt.Sprintf("%s(%q)", find, text))
		rests := err == nil && len(found) == 2 && slices.Equal(found, place)
		place = found
		return rests
	})
	w.do(chromedp.MouseClickXY(place[0], place[1]))
}

// unfold opens what has that summary; the page may have opened it already, for what was typed there
// before.
func (w *window) unfold(summary string) {
	w.t.Helper()
	open, err := evaluate[bool](w, fmt.Sprintf(`[...document.querySelectorAll("details[open] > summary")].some((s) => s.textContent.trim().startsWith(%q))`, summary))
	if err != nil {
		w.t.Fatal(err)
	}
	if !open {
		w.press(summary)
	}
}

// fill writes into the input in sight that has the label.
func (w *window) fill(label, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`((text) => {
		const labels = [...document.querySelectorAll("label, summary > [id]")].filter((l) => l.textContent.replace(/\s+/g, " ").trim().startsWith(text));
		const fields = labels.map((l) => l.control ?? document.querySelector("[aria-labelledby=" + l.id + "]"));
		const field = fields.find((f) => f?.checkVisibility());
		if (!field) return false;
		field.focus();
		field.select();
		return document.activeElement === field;
	})(%q)`, label))
	w.insert(text)
}

// insert puts text where the cursor is, as pasting does.
func (w *window) insert(text string) {
	w.t.Helper()
	w.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// keys presses keys, with Ctrl or Shift held.
func (w *window) keys(keys string, held ...chromedp.Modifier) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(held...)))
}

// write replaces the text of the editor and waits until it is saved.
func (w *window) write(source string) {
	w.t.Helper()
	w.paste(source)
	w.until(fmt.Sprintf(`document.getElementById("source").value === %s`, quoted(source)))
	w.until(`document.getElementById("saved").textContent === "Saved just now"`)
}

// paste replaces the text of the editor: pasted but for its last line, which is typed.
func (w *window) paste(source string) {
	w.t.Helper()
	w.until(`document.querySelector(".cm-content") && (document.querySelector(".cm-content").focus(), document.activeElement.matches(".cm-content"))`)
	w.keys("a", chromedp.ModifierCtrl)
	end := strings.LastIndexByte(source, '\n') + 1
	w.until(fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		data.setData("text/plain", %s);
		document.querySelector(".cm-content").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
		return true;
	})()`, quoted(source[:end])))
	w.keys(source[end:])
}

// quoted is a text as JavaScript writes it.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always marshals
	return string(b)
}
