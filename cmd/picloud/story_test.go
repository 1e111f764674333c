package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
)

// serveFresh starts the binary on an empty database: nobody owns it yet.
func serveFresh(t *testing.T) *product {
	t.Helper()
	address := dbtest.URL(t)
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	p := newProduct(t)
	p.pool = pool
	p.env = slices.DeleteFunc(p.env, func(entry string) bool { return strings.HasPrefix(entry, "PICLOUD_ADMIN") })
	p.env = append(p.env, "DATABASE_URL="+address, "PICLOUD_WORKER_DATABASE_URL="+dbtest.WorkerURL(t, pool))
	p.start()
	return p
}

// setupLink is the way in that the product prints, as a path.
func (p *product) setupLink() string {
	p.t.Helper()
	var found []string
	p.eventually(patience, "a set-up link", func() bool {
		found = regexp.MustCompile(`http://\S+?(/setup\?token=\S+)`).FindStringSubmatch(p.log.String())
		return found != nil
	})
	return found[1]
}

// greet is the function of the story; its answer names the version.
func greet(version string) string {
	return `import { log } from "picloud";

type Greeting = { hello: string; version: string };

export default async function (request: Request): Promise<Response> {
  const name = new URL(request.url).searchParams.get("name") ?? "world";
  log.info("greeting " + name, { name });
  await new Promise<void>((done) => setTimeout(done, 300));
  const greeting: Greeting = { hello: name, version: "` + version + `" };
  return Response.json(greeting);
}`
}

// greets calls the public URL and tells which version answered.
func (p *product) greets(name string) string {
	p.t.Helper()
	got := p.get("/fn/shop/greet?name=" + name)
	var greeting struct{ Hello, Version string }
	if err := json.Unmarshal([]byte(got.body), &greeting); err != nil || got.status != 200 || greeting.Hello != name {
		p.t.Fatalf("the public URL: %d %q %v", got.status, got.body, got.err)
	}
	return greeting.Version
}

// TestStory plays the whole main path in Chromium: from a product without an owner to a public
// function, its runs as they happen, its second version and the way back to the first.
func TestStory(t *testing.T) {
	t.Parallel()
	p := serveFresh(t)
	chromium := p.chromium()
	w := p.open(chromium)
	w.becomeOwner()
	w.makeScript()

	w.write(greet("one"))
	w.runDraft()
	if got := p.get("/fn/shop/greet"); strings.Contains(got.body, "one") {
		t.Errorf("the draft answers the public URL: %q", got.body)
	}
	w.publish("v2", "Greets by name")

	runs := p.open(chromium)
	runs.watchRuns()
	if version := p.greets("Ada"); version != "one" {
		t.Errorf("the public URL answers as version %q", version)
	}
	runs.shows("#rows tr", "greeting Ada")
	runs.until(`[...document.querySelectorAll("#rows tr")].find((r) => r.textContent.includes("Ada")).querySelector(".tag").textContent === "200"`)
	runs.openRun("Ada")

	w.write(greet("two"))
	w.publish("v3", "Says which version it is")
	if version := p.greets("Bob"); version != "two" {
		t.Errorf("after the second publish version %q answers", version)
	}
	w.compare()
	w.askToGoBack()
	w.until(`document.activeElement.name === "note"`)
	w.goBack()
	if version := p.greets("Eve"); version != "one" {
		t.Errorf("after going back version %q answers", version)
	}
}

// becomeOwner follows the set-up link and makes the owner.
func (w *window) becomeOwner() {
	w.t.Helper()
	link := w.p.setupLink()
	w.visit(link)
	w.visit(link) // looking consumes nothing
	w.fill("Your name", "Anna")
	w.fill("E-mail", ownerEmail)
	w.fill("Password", ownerPassword)
	w.press("Create the account")
	w.shows("main", "hello")
	w.clean()
}

// makeScript makes an app and a script in it.
func (w *window) makeScript() {
	w.t.Helper()
	w.press("PiCloud, all apps")
	w.press("New app")
	w.fill("Name", "Web shop")
	w.fill("Address", "shop")
	w.press("Create the app")
	w.shows("h2", "No script yet")
	w.press("Create the first script")
	w.fill("Name", "greet")
	w.fill("Description", "Says hello by name")
	w.press("Create and publish")
	w.shows("h1", "greet")
	w.shows(".head .state", "Live v1")
	if got := w.p.get("/fn/shop/greet"); got.status != 200 {
		w.t.Errorf("the new script answers %d %q", got.status, got.body)
	}
	w.clean()
}

// runDraft runs the draft and sees its log line come before its answer.
func (w *window) runDraft() {
	w.t.Helper()
	w.do(chromedp.Evaluate[chromedp.Void](`
		window.came = {};
		new MutationObserver(() => {
			if (document.getElementById("lines").children.length) came.line ??= performance.now();
			if (document.querySelector("#answer .answer")) came.answer ??= performance.now();
		}).observe(document.querySelector(".runner"), { childList: true, subtree: true });`))
	w.press("Query")
	w.fill("Query", "name=Draft")
	w.press("Run draft")
	w.shows("#lines .line", "greeting Draft")
	w.shows("#answer .out", `"version": "one"`)
	w.shows("#answer .tag", "200")
	if ahead, err := evaluate[float64](w, `came.answer - came.line`); err != nil || ahead < 150 {
		w.t.Errorf("the log line came %v ms before the answer, which the function gives 300 ms after it (%v)", ahead, err)
	}
	w.press("Headers 1")
	w.shows(".shown.headers", "content-type")
	w.clean()
}

// publish publishes the draft of greet in the dialog, with a note.
func (w *window) publish(version, note string) {
	w.t.Helper()
	w.publishOf("greet", version, note)
}

func (w *window) publishOf(script, version, note string) {
	w.t.Helper()
	w.press("Publish…")
	w.shows("dialog[open] h1", "Publish "+script+" as "+version)
	w.fill("Note", note)
	w.press("Publish " + version)
	w.until(`[` + quoted("Published "+version) + `, ` + quoted(version+" is live") + `].some((text) => document.getElementById("say").textContent.startsWith(text))`)
	w.shows(".head .state", "Live "+version)
	w.shows("#differs", "Draft is the same")
	w.until(`document.querySelector(".cm-content")`)
	w.clean()
}

// watchRuns opens the runs of the script and waits until calls are seen as they happen.
func (w *window) watchRuns() {
	w.t.Helper()
	w.visit("/apps/shop/scripts/greet/runs")
	w.until(`document.getElementById("live-bar").checkVisibility()`)
	w.until(`document.querySelectorAll("#rows tr").length > 0`)
	w.p.eventually(patience, "live", func() bool {
		w.p.greets("warm")
		live, err := evaluate[bool](w, `document.getElementById("rows").textContent.includes("warm")`)
		return err == nil && live
	})
}

// openRun opens the page of the run with the name in its query.
func (w *window) openRun(name string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`[...document.querySelectorAll("#rows tr")].find((r) => r.textContent.includes(%q)).querySelector("a").click() ?? true`, "greeting "+name))
	w.shows("h1", "name="+name)
	w.shows("#lines .line", "greeting "+name)
	w.shows("#outcome", "200")
	w.shows(".facts", "v2")
	w.shows("section[aria-label=Request]", "user-agent")
	w.shows("section[aria-label=Answer]", "application/json")
	w.press("Run again on draft")
	w.until(`document.getElementById("r-query")?.value === ` + fmt.Sprintf("%q", "name="+name))
	w.clean()
}

// compare looks at what the second version changed.
func (w *window) compare() {
	w.t.Helper()
	w.press("History")
	w.shows("table.history", "Says which version it is")
	w.until(`[...document.querySelectorAll("input[name=from]")].find((i) => i.value === "2").checked`)
	w.press("Compare chosen")
	w.shows("h2", "v2 → v3, live")
	w.shows(".diff .del", `version: "one"`)
	w.shows(".diff .add", `version: "two"`)
	w.clean()
}

// askToGoBack opens what confirms that version 2 is live again.
func (w *window) askToGoBack() {
	w.t.Helper()
	w.press("History")
	w.shows("#v3", "Live")
	w.until(`document.querySelector("#v2 details.confirm summary")?.click() ?? document.querySelector("#v2 details.confirm")?.open`)
}

// goBack confirms it.
func (w *window) goBack() {
	w.t.Helper()
	w.fill("Why", "v3 talks too much")
	w.press("Make v2 live")
	w.shows("main .banner", "v2 is live")
	w.shows("#v2", "Live")
	w.shows(".timeline, main", "v3 talks too much")
	w.clean()
}
