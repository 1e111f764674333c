package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// withoutScripts switches JavaScript off in the window's pages.
func (w *window) withoutScripts() {
	w.t.Helper()
	w.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

// writePlain replaces the text of the editor, which is a textarea without JavaScript.
func (w *window) writePlain(source string) {
	w.t.Helper()
	w.until(`!document.querySelector(".cm-content") && document.getElementById("source")?.checkVisibility()`)
	w.until(fmt.Sprintf(`(document.getElementById("source").value = %s, true)`, quoted(source)))
}

// choose takes an option of the select with the name.
func (w *window) choose(name, option string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`[...document.querySelectorAll("select[name=%s] option")].some((o) => o.textContent === %q && (o.selected = true))`, name, option))
}

// TestWithoutJavaScript plays the story with plain pages: each button is a button of a form.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := serveFresh(t)
	w := p.open(p.chromium())
	w.withoutScripts()
	w.becomeOwner()
	w.makeScript()
	w.plainDraft()
	w.plainPublish("v2", "Greets by name")
	if version := p.greets("Ada"); version != "one" {
		t.Errorf("the public URL answers as version %q", version)
	}
	w.plainRuns()
	w.writePlain(greet("two"))
	w.plainPublish("v3", "Says which version it is")
	w.compare()
	w.askToGoBack()
	w.goBack()
	if version := p.greets("Eve"); version != "one" {
		t.Errorf("after going back version %q answers", version)
	}
	w.plainConflict()
	w.plainSettings()
	w.plainProfile()
}

// plainDraft saves, runs and breaks the draft.
func (w *window) plainDraft() {
	w.t.Helper()
	w.expect("status of 422", "status of 409") // what is refused is refused with its status
	w.writePlain(greet("one"))
	w.press("Save")
	w.shows("main .banner", "Saved. Nothing went live.")
	w.press("Query")
	w.fill("Query", "name=Draft")
	w.press("Run draft")
	w.shows("#answer .out", `"version": "one"`)
	w.shows("#lines .line", "greeting Draft")
	w.shows("#answer .timeline .wait", "Waiting")
	w.shows("#answer .shown.body", "Draft")
	w.press("Headers 1")
	w.shows(".shown.headers", "content-type")
	w.until(`document.getElementById("r-query").value === "name=Draft"`)

	w.writePlain("const = 2;")
	w.fill("Path below", "/x")
	w.keys("\r") // runs, as the button beside it does
	w.shows("#problems li", "1:7")
	w.until(`document.getElementById("source").value === "const = 2;"`)
	w.press("Publish…")
	w.shows("h1", "Publish greet as v2")
	w.press("Publish v2")
	w.shows("[role=alert]", "It does not build")
	w.press("Back to the draft")
	w.writePlain(greet("one"))
	w.clean()
}

// plainPublish publishes on a page of its own.
func (w *window) plainPublish(version, note string) {
	w.t.Helper()
	w.press("Publish…")
	w.shows("h1", "Publish greet as "+version)
	w.shows(".diff", "Greeting")
	w.fill("Note", note)
	w.press("Publish " + version)
	w.shows("main .banner", "Published "+version)
	w.shows(".head .state", "Live "+version)
	w.clean()
}

// plainRuns filters the runs, opens one and takes it back to the draft.
func (w *window) plainRuns() {
	w.t.Helper()
	w.p.rows("greet", 2)
	w.visit("/apps/shop/runs")
	w.until(`!document.getElementById("live-bar").checkVisibility()`)
	w.choose("outcome", "error")
	w.press("Filter")
	w.shows("h2", "No run fits")
	w.press("Show all runs")
	w.until(`location.search === "" && document.querySelector("#rows tr")`)
	w.fill("Text", "greeting Ada")
	w.press("Filter")
	w.shows("#rows tr", "greeting Ada")
	w.until(`document.querySelectorAll("#rows tr").length === 1`)
	w.until(`document.querySelector("#rows a")?.click() ?? true`)
	w.shows("h1", "name=Ada")
	w.shows("#lines .line", "greeting Ada")
	w.press("As a curl command")
	w.shows("details pre", "curl")
	w.press("Run again on draft")
	w.until(`document.getElementById("r-query")?.value === "name=Ada"`)
	w.shows("#answer .out", "Ada")
	w.fill("Path below", "/x?a=1")
	w.press("Run draft")
	w.until(`document.getElementById("r-path")?.value === "/x" && document.getElementById("r-query").value === "a=1&name=Ada"`)
	w.clean()
}

// page opens a page.
func (b *browser) page(path string) string {
	b.t.Helper()
	request, err := http.NewRequest("GET", b.p.url(path), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(request)
}

// revision is that of the draft on a script's page.
func (b *browser) revision(path string) string {
	b.t.Helper()
	found := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(b.page(path))
	if found == nil {
		b.t.Fatal("the page has no revision")
	}
	return found[1]
}

// saveDraft saves from the page as it is now.
func (b *browser) saveDraft(app, script, source string) {
	b.t.Helper()
	path := "/apps/" + app + "/scripts/" + script
	b.post(path+"/draft", "revision", b.revision(path), "source", source)
}

// plainConflict saves over somebody else's save, and chooses.
func (w *window) plainConflict() {
	w.t.Helper()
	for _, mine := range []bool{false, true} {
		w.visit("/apps/shop/scripts/greet")
		other := w.p.signIn()
		other.saveDraft("shop", "greet", answers(fmt.Sprintf("theirs %v", mine)))
		w.writePlain(answers("mine"))
		w.press("Save")
		w.shows("h1", "Two drafts of greet")
		w.shows(".diff .add", "mine")
		if mine {
			w.press("Take mine, replace theirs")
			w.shows("main .banner", "Saved")
		} else {
			w.press("Take theirs, drop mine")
		}
		want := map[bool]string{false: "theirs false", true: "mine"}[mine]
		w.until(fmt.Sprintf(`document.getElementById("source")?.value === %s`, quoted(answers(want))))
	}
	w.clean()
}

// plainSettings describes, renames and deletes the script.
func (w *window) plainSettings() {
	w.t.Helper()
	w.visit("/apps/shop/scripts/greet/settings")
	w.fill("Description", "Said hello")
	w.press("Headers and bodies")
	w.press("Save")
	w.shows("main .lead", "Said hello")
	w.until(`document.querySelector("[name=capture][value=all]").checked`)
	w.fill("Name", "hello-there")
	w.press("Rename")
	w.shows("h1", "hello-there")
	if got := w.p.get("/fn/shop/greet"); got.status != 308 {
		w.t.Errorf("the old name answers %d", got.status)
	}
	w.visit("/apps/shop/scripts/hello-there/settings")
	w.fill(`Type "hello-there"`, "greet")
	w.press("Delete hello-there")
	w.shows(".fault", "is not the script's name")
	w.fill(`Type "hello-there"`, "hello-there")
	w.press("Delete hello-there")
	w.shows("h2", "No script yet")
	w.visit("/apps/shop/settings")
	w.fill("Name", "The shop")
	w.press("Save")
	w.shows(".crumbs", "The shop")
	w.clean()
}

// plainProfile makes and revokes a key, changes the password and signs out.
func (w *window) plainProfile() {
	w.t.Helper()
	w.press("Account of")
	w.press("Profile and keys")
	w.fill("New key", "from CI")
	w.choose("access", "read")
	w.press("Create")
	w.shows("code.secret", "pic_")
	w.press("Revoke the key from CI")
	w.until(`!document.querySelector("[aria-label='Revoke the key from CI']")`)
	w.fill("Password now", "wrong")
	w.fill("New password", ownerPassword+"!")
	w.press("Change the password")
	w.shows(".fault", "password")
	w.fill("Password now", ownerPassword)
	w.fill("New password", ownerPassword+"!")
	w.press("Change the password")
	w.shows("main .banner", "password")
	w.visit("/search?q=profile")
	w.press("Profile")
	w.press("Account of")
	w.press("Sign out")
	w.shows("h1", "Sign in")
	w.clean()
}
