package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// signIn signs a person in through the page.
func (w *window) signIn() {
	w.t.Helper()
	w.visit("/login")
	w.fill("E-mail", ownerEmail)
	w.fill("Password", ownerPassword)
	w.press("Sign in")
	w.until(`location.pathname.startsWith("/apps")`)
}

// edit opens the editor of a script.
func (w *window) edit(app, script string) {
	w.t.Helper()
	w.visit("/apps/" + app + "/scripts/" + script)
	w.until(`document.querySelector(".cm-content")`)
}

// answers is a function that gives a text.
func answers(text string) string {
	return "// A function of one line.\nexport default () => " + quoted(text) + ";"
}

const control, shift = chromedp.ModifierCtrl, chromedp.ModifierShift

// TestKeys does everything on the script page by keyboard.
func TestKeys(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	p.publish("shop", "orders-of-today", hello)
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")

	w.write(answers("second"))
	w.keys("\r", control)
	w.shows("#answer .out", "second")

	w.until(`(window.revision = Number(document.querySelector("#edit [name=revision]").value)) > 1`) // how many saves it took is the machine's matter
	w.keys(" ")
	w.keys("s", control)
	w.shows("#saved", "Saved just now")
	w.until(`Number(document.querySelector("#edit [name=revision]").value) === window.revision + 1`)

	w.keys("P", control, shift)
	w.shows("dialog[open] h1", "Publish greet as v2")
	w.until(`document.activeElement.name === "note"`)
	w.keys("\x1b")
	w.until(`!document.querySelector("dialog[open]")`)
	w.keys("P", control, shift)
	w.shows("dialog[open] h1", "Publish greet as v2")
	w.insert("By keyboard")
	w.keys("\r")
	w.shows("#live", "Live v2")
	if got := p.get("/fn/shop/greet"); got.body != "second" {
		t.Errorf("published %q", got.body)
	}

	w.until(`document.querySelector(".cm-content")`)
	w.keys("k", control)
	w.until(`document.querySelector("#palette[open] li")`)
	w.insert("orders")
	w.shows("#palette[open] [aria-selected=true]", "orders-of-today")
	w.keys("\r")
	w.until(`location.pathname === "/apps/shop/scripts/orders-of-today"`)
	w.until(`document.querySelector(".cm-content")`)
	w.keys("?")
	w.shows("dialog[open]", "Publish")
	w.keys("\x1b")
	w.until(`!document.querySelector("dialog[open]")`)
	w.keys("/")
	w.until(`document.activeElement.id === "find"`)
}

// TestBuildErrors: what does not build is shown at its line, and nothing of it goes live.
func TestBuildErrors(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.write("const fine = 1;\n\n  const = 2;\nexport default () => fine;")
	w.keys("\r", control)
	w.shows("#problems li", "3:9")
	w.shows("#problem-count", "1 problem")
	w.shows("#answer p", "It does not build")
	w.until(`(() => {
		const marker = document.querySelector(".cm-lint-marker-error").getBoundingClientRect();
		const line = document.querySelectorAll(".cm-line")[2].getBoundingClientRect();
		return marker.top >= line.top - 1 && marker.bottom <= line.bottom + 1;
	})()`)
	w.press("3:9")
	w.shows("#position", "Ln 3, Col 9")
	w.expect("status of 422") // that it was not published
	w.press("Publish…")
	w.press("Publish v2")
	w.shows("dialog[open] [role=alert]", "It does not build")
	w.press("3:9")
	w.until(`!document.querySelector("dialog[open]")`)
	w.shows("#position", "Ln 3, Col 9")
	if got := p.get("/fn/shop/greet"); got.body != "first" {
		t.Errorf("now it answers %q", got.body)
	}
	w.write("import lodash from \"lodash\";\nexport default () => lodash;")
	w.keys("\r", control)
	w.shows("#problems li", "1:")
	w.shows("#problems li", "lodash")
	w.write(answers("again"))
	w.keys("\r", control)
	w.shows("#answer .out", "again")
	w.until(`!document.querySelector("#problems li") && !document.querySelector(".cm-lint-marker-error")`)
}

// TestErrorsWhileTyping: a syntax error is told at its place before anything is built, and goes when mended.
func TestErrorsWhileTyping(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.paste("const fine: number = 1;\n\nexport default () => fine +;")
	w.shows("#problems li", "3:28")
	w.shows("#problems li", `Unexpected ";".`)
	w.until(`document.querySelectorAll(".cm-lint-marker-error").length === 1`)
	w.press("3:28")
	w.keys("1")
	w.until(`!document.querySelector("#problems li") && !document.querySelector(".cm-lint-marker-error")`)
	w.keys("\r", control)
	w.shows("#answer .out", "2")
}

// TestCompletion: the editor completes along chains, and of the language what functions find.
func TestCompletion(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	const listed = `[...document.querySelectorAll(".cm-tooltip-autocomplete .cm-completionLabel")].map((e) => e.textContent)`
	for _, c := range []struct{ text, has, lacks string }{
		{"const handle = (request: Request) =>\nrequest.headers.", "getSetCookie", "url"},
		{"const url = new URL(request.url);\nurl.searchParams.", "getAll", "href"},
		{"const query = new URL(request?.url).searchParams;\nquery.get('a')?.", "toUpperCase", "getAll"},
		{"const prices = new Map<string, number>();\nprices.", "set", "groupBy"},
		{"export default (request, env, ctx) =>\nctx.app.", "slug", "signal"},
		{"const form = await request.formData();\nform.", "getAll", "then"},
		{"\nRegExp.", "escape", "lastMatch"},
		{"\nError.", "captureStackTrace", "stackTraceLimit"},
		{"\nPromise.w", "withResolvers", "then"},
		{"\nconst all = [...JSO", "JSON", "log"},
	} {
		w.paste(c.text)
		w.until(listed + `.includes(` + quoted(c.has) + `)`)
		w.until(`!` + listed + `.includes(` + quoted(c.lacks) + `)`)
	}
	w.until(`document.getElementById("saved").textContent === "Saved just now"`)
}

// TestCompletionOfTheEnvironment: the editor knows the names that the script gets, and of which kind
// they are, and no value of them.
func TestCompletionOfTheEnvironment(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	p.publish("shop", "other", answers("other"))
	someone := p.signIn()
	for _, v := range [][3]string{{"GREETING", "variable", ""}, {"PAYMENT_TOKEN", "secret", ""}, {"OWN", "variable", "greet"}, {"NOT_ITS", "variable", "other"}} {
		someone.post("/apps/shop/variables", "name", v[0], "value", "only-known-to-functions", "kind", v[1], "script", v[2])
	}
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	const listed = `[...document.querySelectorAll(".cm-tooltip-autocomplete li")].map((e) => e.textContent)`
	for _, text := range []string{
		"export default (request, env) =>\nenv.", "\nprocess.env.", "\nprocess.env?.", "\nenv[\"", "const token = 1;\nprocess.env['PAY",
	} {
		w.paste(text)
		w.until(listed + `.includes("PAYMENT_TOKENsecret")`)
		if !strings.HasSuffix(text, "PAY") {
			w.until(listed + `.includes("GREETINGvariable") && ` + listed + `.includes("OWNvariable")`)
		}
		w.until(`!` + listed + `.some((e) => e.startsWith("NOT_ITS"))`)
	}
	w.paste("export default (request, env) =>\nenv.PAY")
	w.until(listed + `.includes("PAYMENT_TOKENsecret")`)
	w.until(`document.querySelector(".cm-tooltip-autocomplete li")?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true })) ?? true`)
	w.until(`document.getElementById("source").value.endsWith("env.PAYMENT_TOKEN")`)
	w.paste("const env = new Map<string, string>();\nenv.")
	w.until(listed + `.some((e) => e.startsWith("set"))`)
	w.until(`!` + listed + `.includes("GREETINGvariable")`)
	w.until(`!document.documentElement.innerHTML.includes("only-known-to-functions")`)
	w.until(`document.getElementById("saved").textContent === "Saved just now"`)
}

// TestTypingOverASelection: what is typed with keys over marked text takes its place, and the
// browser has nothing to say about it. Chromium puts the style of the replaced text on what is
// typed, which the Content-Security-Policy forbids.
func TestTypingOverASelection(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	const source = "// A comment.\nconst one = 1; // Another.\n// A third.\nexport default () => \"first\";"
	p.publish("shop", "greet", source)
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	holds := func(source string) {
		w.until(`document.getElementById("source").value === ` + quoted(source))
		w.until(`document.querySelector(".cm-content").innerText.trimEnd() === ` + quoted(source))
		w.clean()
	}
	w.until(`(document.querySelector(".cm-content").focus(), document.activeElement.matches(".cm-content"))`)
	w.keys("a", control)
	w.keys("x")
	holds("x")
	w.keys("z", control)
	holds(source)
	w.keys(kb.Home, control)
	for range 3 {
		w.keys(kb.ArrowDown, shift)
	}
	w.keys("y")
	holds("yexport default () => \"first\";")
	w.keys(kb.End, control)
	w.keys(kb.ArrowLeft)
	for range len(`"first"`) {
		w.keys(kb.ArrowLeft, shift)
	}
	w.keys("(") // goes around what is marked
	holds("yexport default () => (\"first\");")
	w.keys("1")
	holds("yexport default () => (1);")
	w.until(`document.getElementById("saved").textContent === "Saved just now"`)
}

// TestStopDraft: a draft that runs can be stopped, and its run tells so.
func TestStopDraft(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.write("export default () => new Promise((done) => setTimeout(done, 20000));")
	w.press("Run draft")
	w.shows("#answer p", "Running…")
	p.running("shop", "/") // it was built, and has begun
	w.press("Stop")
	w.shows("#answer p", "Stopped after")
	w.visit("/apps/shop/scripts/greet/runs?outcome=cancelled")
	p.eventually(patience, "listed as cancelled", func() bool {
		listed, err := evaluate[bool](w, `document.querySelector("#rows .tag")?.textContent === "cancelled" || (location.reload(), false)`)
		return err == nil && listed
	})
}

// TestFormInThePreview: that a form cannot send from the preview is said where one is.
func TestFormInThePreview(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	page := func(body string) string {
		return "export default () => new Response(" + quoted(body) + ", { headers: { \"content-type\": \"text/html\" } });"
	}
	p.publish("shop", "greet", page("<FORM\nmethod=post><button>Send</button></FORM>"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.keys("\r", control)
	w.press("Preview")
	w.shows(".answer .hint", "A form cannot send from the preview.")
	w.write(page("<formula>1</formula>"))
	w.keys("\r", control)
	w.until(`document.querySelector(".answer .out").textContent.includes("formula") && document.querySelector(".answer iframe").checkVisibility() && !document.querySelector(".answer .hint")`)
}

// TestTwoTabs: a save over another tab's save is refused; one may take mine, theirs, or look.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	chromium := p.chromium()
	left, right := p.open(chromium), p.open(chromium)
	for _, w := range []*window{left, right} {
		w.expect("status of 409")
	}
	left.signIn()
	left.edit("shop", "greet")
	right.edit("shop", "greet")

	left.write(answers("left"))
	right.paste(answers("right"))
	right.shows("#conflict", "This draft was saved elsewhere")
	right.shows("#saved", "Not saved")
	right.press("Take mine")
	right.shows("#saved", "Saved just now")
	right.until(`document.getElementById("conflict").hidden`)

	left.paste(answers("left again"))
	left.shows("#conflict", "Your text is still here")
	left.press("Take theirs")
	left.until(fmt.Sprintf(`document.getElementById("source").value === %s`, quoted(answers("right"))))
	left.write(answers("left at last"))

	right.paste(answers("mine"))
	right.shows("#conflict", "saved elsewhere")
	right.press("Show the difference")
	right.shows("h1", "Two drafts of greet")
	if _, err := evaluate[bool](right, `(history.back(), true)`); err != nil { // and nothing is lost
		t.Fatal(err)
	}
	right.shows("#conflict", "saved elsewhere")
	right.until(fmt.Sprintf(`document.getElementById("source").value === %s`, quoted(answers("mine"))))
	right.press("Show the difference")
	right.shows("h1", "Two drafts of greet")
	right.shows(".diff .del", "left at last")
	right.shows(".diff .add", "mine")
	right.press("Take mine, replace theirs")
	right.shows("main .banner", "Saved")
	right.until(fmt.Sprintf(`document.getElementById("source").value === %s`, quoted(answers("mine"))))

	left.paste(answers("left, not saved"))
	left.keys("\r", control) // a run saves first
	left.shows("#conflict", "saved elsewhere")
	left.shows("#answer p", "Not run: the draft is not saved")
}

// TestSessionEnds: a session that is revoked or signed out ends its open live pages at once.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	here, there := p.open(p.chromium()), p.open(p.chromium())
	for _, w := range []*window{here, there} {
		w.signIn()
		w.visit("/apps/shop/runs")
		p.eventually(patience, "live", func() bool {
			p.get("/fn/shop/greet")
			live, err := evaluate[bool](w, `document.querySelectorAll("#rows tr").length > 0`)
			return err == nil && live
		})
	}
	ending := p.open(here.ctx)
	ending.visit("/profile")
	ending.press("End: ")
	ending.until(`!document.querySelector("[aria-label^='End: ']")`)
	there.shows("#live-state", "Ended")
	there.visit("/apps/shop/runs")
	there.shows("h1", "Sign in")
	there.shows(".banner", "Your session has ended")

	paused := p.open(here.ctx)
	paused.visit("/apps/shop/runs")
	paused.until(`(document.getElementById("live-on").click(), !document.getElementById("live-on").checked)`)
	ending.press("Account of")
	ending.press("Sign out")
	ending.shows("h1", "Sign in")
	here.shows("#live-state", "Ended")
	paused.expect("status of 401")
	paused.until(`(document.getElementById("live-on").click(), document.getElementById("live-on").checked)`)
	paused.shows("#live-state", "Your session has ended")
	paused.until(`((field) => (field.value = "5xx", field.dispatchEvent(new Event("change", { bubbles: true })), true))(document.querySelector("[name=status]"))`)
	paused.until(`location.pathname === "/login" && location.search === "?next=%2Fapps%2Fshop%2Fruns"`)
}
