package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"picloud/static"
	"picloud/views"
	"picloud/views/sample"
	"picloud/views/ui"
)

// desk answers the editor's requests as views/doc.go says, and remembers what came.
type desk struct {
	sync.Mutex
	saves    []string
	revision int64
	theirs   string // when set, the next save is refused with it
	problems []views.Problem
	slow     bool // runs go on until they are stopped
	stopped  int  // how many were
	ended    bool // the session has
}

func (d *desk) ServeHTTP(assets *static.Assets) http.Handler {
	mux, pages := http.NewServeMux(), sample.Handler(assets)
	mux.HandleFunc("PUT /apps/shop/scripts/{script}/draft", d.save)
	mux.HandleFunc("POST /apps/shop/scripts/{script}/run", d.run)
	mux.HandleFunc("GET /apps/shop/scripts/pricing", func(w http.ResponseWriter, _ *http.Request) {
		pages.ServeHTTP(w, httptest.NewRequest("GET", "/sample/module-alone", nil))
	})
	mux.HandleFunc("GET /apps/shop/runs/live", d.live)
	mux.HandleFunc("GET /apps/shop/scripts/greet/publish", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/sample/publish", http.StatusFound)
	})
	mux.HandleFunc("POST /apps/shop/scripts/greet/publish", func(w http.ResponseWriter, _ *http.Request) {
		pages.ServeHTTP(w, httptest.NewRequest("GET", "/sample/publish-problems", nil))
	})
	mux.HandleFunc("GET /search", func(w http.ResponseWriter, r *http.Request) {
		_ = views.SearchResults(views.SearchProps{Results: []views.SearchResult{{Kind: "Script", Title: "greet-old", Hint: "Attic", Href: "/sample/apps"}}}).Render(r.Context(), w)
	})
	mux.HandleFunc("GET /docs/reference", func(w http.ResponseWriter, r *http.Request) {
		_ = views.ReferencePanel(sample.Reference()).Render(r.Context(), w)
	})
	mux.Handle("/", pages)
	return mux
}

func (d *desk) save(w http.ResponseWriter, r *http.Request) {
	d.Lock()
	defer d.Unlock()
	var draft struct {
		Source   string `json:"source"`
		Revision int64  `json:"revision"`
	}
	if err := json.NewDecoder(r.Body).Decode(&draft); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if d.ended {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if d.theirs != "" || draft.Revision != d.revision {
		w.WriteHeader(http.StatusConflict)
		d.revision += 5
		_ = json.NewEncoder(w).Encode(map[string]any{"source": d.theirs, "revision": d.revision, "by": "ben", "at": time.Now()})
		d.theirs = ""
		return
	}
	d.revision++
	d.saves = append(d.saves, draft.Source)
	_ = json.NewEncoder(w).Encode(map[string]any{"revision": d.revision, "saved_at": time.Now(), "differs": map[string]int{"added": 9, "removed": 3}})
}

func (d *desk) run(w http.ResponseWriter, r *http.Request) {
	d.Lock()
	defer d.Unlock()
	method := r.PostFormValue("method") // who has not read the body does not hear that the caller went
	if in := r.PostFormValue("dependent"); in != "" {
		method += " in " + in
	}
	if d.slow {
		d.Unlock()
		<-r.Context().Done()
		d.Lock()
		d.stopped++
		return
	}
	if strings.Contains(r.PostFormValue("headers"), "bad") {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"errors":[{"field":"headers","message":"\"bad\" is none."}]}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	event := func(name string, draw func(*strings.Builder)) {
		var b strings.Builder
		draw(&b)
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, strings.ReplaceAll(b.String(), "\n", "\ndata: "))
		w.(http.Flusher).Flush()
	}
	if len(d.problems) > 0 {
		event("problems", func(b *strings.Builder) { _ = json.NewEncoder(b).Encode(d.problems) })
		if !d.problems[0].Warning {
			return
		}
	}
	event("line", func(b *strings.Builder) {
		_ = views.LogLine(views.LogLineProps{At: sample.Now(), Level: "info", Message: "ran " + method}).Render(r.Context(), b)
	})
	event("answer", func(b *strings.Builder) {
		_ = views.AnswerPart(views.Answer{Outcome: "ok", Status: 201, Wall: time.Millisecond, Body: "two\nlines", Size: 9, Headers: []views.HeaderField{{Name: "x-one", Value: "1"}}}).Render(r.Context(), b)
	})
}

// live streams two lines of a run that goes on.
func (d *desk) live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, text := range []string{"one", "two"} {
		fmt.Fprint(w, "event: line\ndata: ")
		_ = views.LogLine(views.LogLineProps{At: sample.Now(), Level: "info", Message: text}).Render(r.Context(), w)
		fmt.Fprint(w, "\n\n")
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// open shows a page of the desk with its editor.
func (d *desk) open(t *testing.T, path string) context.Context {
	t.Helper()
	ctx := d.visit(t, path)
	until(ctx, t, `document.querySelector(".cm-content")`)
	return ctx
}

// visit shows a page of the desk in a browser, under the real Content-Security-Policy.
func (d *desk) visit(t *testing.T, path string) context.Context {
	t.Helper()
	return visit(t, d.ServeHTTP(built(t)), path)
}

func visit(t *testing.T, pages http.Handler, path string) context.Context {
	t.Helper()
	server := httptest.NewServer(pages)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	ctx, cancel := context.WithTimeout(browser(t), 2*time.Minute)
	t.Cleanup(cancel)
	do(ctx, t, dressed("light", 1400, 900), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
		return err
	}), chromedp.Navigate(server.URL+path))
	return ctx
}

// until waits for an expression to hold on the page.
func until(ctx context.Context, t *testing.T, expression string) {
	t.Helper()
	within, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	script := "new Promise((done) => { const look = () => (" + expression + ") ? done(true) : requestAnimationFrame(look); look(); })"
	if _, err := chromedp.Run(within, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise)); err != nil {
		seen, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("main").innerText + "\n" + JSON.stringify(faults)`))
		t.Fatalf("%s did not come true: %v\n%s", expression, err, seen)
	}
}

func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// press focuses and clicks what a selector finds.
func press(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	script := fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.click(); return true; })()`, selector)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script)); err != nil {
		t.Fatal(err)
	}
}

func control(key string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierCtrl))
}

// TestEditor plays with the script page under the real Content-Security-Policy.
func TestEditor(t *testing.T) {
	t.Parallel()
	d := &desk{revision: 41}
	ctx := d.open(t, "/sample/script-start")
	press(ctx, t, ".cm-content")

	// What is typed is saved by itself, over the revision it was made from.
	do(ctx, t, control("a"), chromedp.KeyEvent("let x = 1;"))
	until(ctx, t, `document.getElementById("saved").textContent === "Saved just now"`)
	d.Lock()
	if last := d.saves[len(d.saves)-1]; last != "let x = 1;" {
		t.Errorf("saved %q", last)
	}
	d.Unlock()
	until(ctx, t, `document.getElementById("differs").textContent.includes("+9")`)
	// Typing over coloured text, Chromium itself tries to carry the style along; the policy
	// forbids it and the editor draws the line anew. Nothing else may be forbidden.
	until(ctx, t, `faults.every((fault) => fault.startsWith("policy style-src-attr inline"))`)

	// A run streams its log and its answer.
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector(".answer .tag")?.textContent === "201" && document.getElementById("lines").textContent.includes("ran GET")`)
	until(ctx, t, `document.querySelector(".answer .out").textContent === "two\nlines"`)

	// What does not build is marked at its line and told below.
	d.Lock()
	d.problems = []views.Problem{{Line: 1, Column: 5, Message: "no <b>x</b>"}}
	d.Unlock()
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector("#problems li")?.textContent === "1:5no <b>x</b>" && document.querySelector(".cm-lint-marker-error")`)
	until(ctx, t, `document.getElementById("answer").textContent === "It does not build at line 1, so it was not run."`)
	press(ctx, t, "#answer button")
	until(ctx, t, `document.getElementById("position").textContent === "Ln 1, Col 5" && document.activeElement.matches(".cm-content")`)

	// A warning is told in another way, and does not keep it from running.
	d.Lock()
	d.problems = []views.Problem{{Line: 1, Column: 5, Message: "not here", Warning: true}}
	d.Unlock()
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector("#problems .warn li")?.textContent === "1:5not here" && document.querySelector(".cm-lint-marker-warning") && !document.querySelector(".cm-lint-marker-error")`)
	until(ctx, t, `document.getElementById("problem-count").textContent === "1 warning" && document.querySelector(".answer .tag")?.textContent === "201"`)
	d.Lock()
	d.problems = []views.Problem{{Line: 1, Column: 5, Message: "no <b>x</b>"}}
	d.Unlock()
	do(ctx, t, control("\r"))
	until(ctx, t, `document.querySelector(".cm-lint-marker-error") && !document.querySelector("#problems .warn")`)

	// The list follows the text until the next run: its places move, and go with what they were in.
	press(ctx, t, ".cm-content")
	do(ctx, t, chromedp.KeyEvent(kb.Home, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent("  "))
	until(ctx, t, `document.querySelector("#problems li")?.textContent === "1:7no <b>x</b>" && document.getElementById("problem-count").textContent === "1 problem before this change"`)
	do(ctx, t, control("a"), chromedp.KeyEvent("let z = 1;"))
	until(ctx, t, `!document.querySelector("#problems li") && document.getElementById("problem-count").textContent === ""`)

	// A save over another revision is refused, and one may take theirs.
	d.Lock()
	d.theirs = "const theirs = true;"
	d.Unlock()
	press(ctx, t, ".cm-content")
	do(ctx, t, chromedp.KeyEvent("y"))
	until(ctx, t, `!document.getElementById("conflict").hidden`)
	press(ctx, t, "#conflict [data-act=theirs]")
	until(ctx, t, `document.querySelector(".cm-content").textContent === "const theirs = true;" && document.getElementById("conflict").hidden`)

	// Publishing opens its dialog, ⌘K its list.
	do(ctx, t, chromedp.KeyEvent("P", chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift)))
	until(ctx, t, `document.querySelector("dialog[open] #publish input[name=note]") === document.activeElement`)
	press(ctx, t, "dialog [data-act=close]")
	press(ctx, t, ".cm-content")
	do(ctx, t, chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl, chromedp.ModifierShift)))
	until(ctx, t, `document.querySelector("dialog[open] #publish input[name=note]") === document.activeElement && document.getElementById("source").value === "const theirs = true;"`)
	until(ctx, t, `document.querySelector(".b[data-act=publish]").title === "Ctrl ⇧ ↵ or Ctrl ⇧ P" && document.getElementById("keys").textContent.includes("Ctrl ⇧ ↵")`)
	press(ctx, t, "dialog [data-act=close]")
	do(ctx, t, control("k"))
	until(ctx, t, `document.querySelector("#palette[open] li[aria-selected=true]") && document.getElementById("palette").textContent.includes("greet-old")`)
	do(ctx, t, chromedp.KeyEvent("greet-o\r"))
	do(ctx, t, chromedp.WaitReady("ul.apps"))
}

// TestWithoutJavaScript has the text in a textarea and a button for everything.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	for _, p := range sample.Pages(built(t)) {
		if p.Name != "script" {
			continue
		}
		var text strings.Builder
		if err := p.Body.Render(t.Context(), &text); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`<textarea id="source" name="source"`, `formaction="/apps/shop/scripts/greet/draft"`, `name="then" value="publish"`, ">Last live run<", ui.Bytes(35)} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the page lacks %s", want)
			}
		}
	}
}
