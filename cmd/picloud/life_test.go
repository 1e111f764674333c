package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestDiscard: what was typed last goes along to the question, and comes back by Undo.
func TestDiscard(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	p.publish("shop", "greet", answers("second"))
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "greet")
	w.until(`!document.querySelector(".discard").checkVisibility()`) // nothing differs
	w.write(answers("being written"))
	w.until(`document.querySelector(".discard").checkVisibility()`)
	w.paste(answers("typed last")) // and not saved yet
	w.press("Discard changes…")
	w.shows("h1", "Discard the changes of greet")
	w.shows(".diff .del", "typed last")
	w.press("Discard the changes")
	w.shows("main .banner", "The draft is as v2 now.")
	w.shows("main .banner", "Your earlier draft was set aside.")
	w.until(fmt.Sprintf(`document.getElementById("source")?.value === %s`, quoted(answers("second"))))
	w.paste(answers("typed since"))
	w.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const undo = [...document.querySelectorAll("button")].find((b) => b.textContent === "Undo");
		undo.click();
		setInterval(() => undo.click(), 10); // pressed again and again
	})()`))
	w.shows("main .banner", "The draft is what was set aside.")
	w.until(fmt.Sprintf(`document.getElementById("source")?.value === %s`, quoted(answers("typed last"))))

	w.press("History")
	w.press("Take it back")
	w.until(fmt.Sprintf(`document.getElementById("source")?.value === %s`, quoted(answers("typed since"))))
	w.press("History")
	w.press("Into draft… v1")
	w.shows("h1", "Take v1 of greet into the draft")
	w.press("Take v1 into the draft")
	w.until(fmt.Sprintf(`document.getElementById("source")?.value === %s`, quoted(answers("first"))))
	if got := p.get("/fn/shop/greet"); got.body != "second" {
		t.Errorf("now it answers %q", got.body)
	}
	w.clean()
}

// TestUnpublishWithoutJavaScript takes a function off the air and puts it back by plain forms.
func TestUnpublishWithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.withoutScripts()
	w.signIn()
	w.visit("/apps/shop/scripts/greet")
	w.press("Unpublish…")
	w.fill("Why", "wrong prices")
	w.press("Unpublish greet")
	w.shows("main .banner", "its URL answers 404")
	if got := p.get("/fn/shop/greet"); got.status != 404 {
		t.Errorf("unpublished, it answers %d", got.status)
	}
	w.press("History")
	w.shows(".events li", "wrong prices")
	w.press("Make live…")
	w.press("Make v1 live")
	w.shows(".head .state", "Live v1")
	if got := p.get("/fn/shop/greet"); got.body != "first" {
		t.Errorf("live again, it answers %q", got.body)
	}
	w.clean()
}

// TestTemplates: what a script can begin as works as it is.
func TestTemplates(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	someone := p.signIn()
	for _, language := range []string{"typescript", "javascript"} {
		url, secret := map[string]string{}, ""
		for _, template := range []string{"plain", "json", "form", "webhook"} {
			name := template + "-" + language
			someone.post("/apps/shop/scripts", "name", name, "language", language, "template", template)
			url[template] = "/fn/shop/" + name
		}
		if found := regexp.MustCompile(`const secret = &#34;(\w{26})&#34;`).FindStringSubmatch(someone.page("/apps/shop/scripts/webhook-" + language)); found != nil {
			secret = found[1]
		}
		typed, known := []string{"Content-Type", "application/x-www-form-urlencoded"}, []string{"X-Webhook-Secret", secret}
		for _, c := range []struct {
			template, method, path, body string
			header                       []string
			status                       int
			has                          string
		}{
			{"plain", "GET", "?name=Ada", "", nil, 200, "Hello, Ada!"},
			{"json", "GET", "", "", nil, 200, `{"items":[{"id":1,`},
			{"json", "GET", "/2", "", nil, 200, `"Coffee"`},
			{"json", "GET", "/3", "", nil, 404, "There is no item 3."},
			{"json", "POST", "", `{"name": "Cocoa", "price": 5}`, nil, 201, `{"id":3,"name":"Cocoa","price":5}`},
			{"json", "POST", "", `{"name": "Cocoa"}`, nil, 422, "Send {"},
			{"json", "POST", "", `{`, nil, 422, "Send {"},
			{"json", "DELETE", "/1", "", nil, 405, "DELETE is not possible here."},
			{"form", "GET", "", "", nil, 200, `<form method="post">`},
			{"form", "POST", "", "name=%3Cb%3EAda", typed, 200, "Hello, &#60;b&#62;Ada!"},
			{"form", "POST", "", "name=+", typed, 422, "Please tell your name."},
			{"form", "POST", "", "no form", nil, 422, "Please tell your name."},
			{"webhook", "GET", "", "", known, 405, "Send a POST."},
			{"webhook", "POST", "", `{"paid": 3}`, known, 202, "Thank you."},
			{"webhook", "POST", "", `{`, known, 400, "not JSON"},
			{"webhook", "POST", "", `{}`, nil, 401, "missing or wrong"},
			{"webhook", "POST", "", `{}`, []string{"X-Webhook-Secret", secret + "x"}, 401, "missing or wrong"},
			{"webhook", "POST", "", `{}`, []string{"X-Webhook-Secret", strings.ToLower(secret)}, 401, "missing or wrong"},
		} {
			got := p.call(c.method, url[c.template]+c.path, strings.NewReader(c.body), c.header...)
			if got.status != c.status || !strings.Contains(got.body, c.has) {
				t.Errorf("%s %s%s %s: %d %q", c.method, url[c.template], c.path, c.body, got.status, got.body)
			}
		}
	}
}

// TestNameWhileTyping: what is wrong with a name is said before the form is sent, in the words
// that sending it would bring.
func TestNameWhileTyping(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.publish("shop", "greet", answers("first"))
	w := p.open(p.chromium())
	w.signIn()
	w.visit("/apps/shop/scripts/new")
	w.shows("#h-name", "1 to 63 of a-z, 0-9")
	for _, c := range [][2]string{
		{"Greet", `allowed are a-z, 0-9 and "-".`}, {"greet", `The app has a script "greet" already.`}, {"api", "reserved word"}, {"-", `begins with "-"`},
	} {
		w.fill("Name", c[0])
		w.shows("#e-name", c[1])
	}
	w.fill("Name", "paid")
	w.shows("#name-said", "It will answer at "+p.url("/fn/shop/paid"))
	w.until(`!document.getElementById("e-name")`)
	w.press("A webhook")
	w.press("Create and publish")
	w.shows("main .banner", "Live: "+p.url("/fn/shop/paid"))
	w.until(`document.getElementById("source")?.value.includes("x-webhook-secret")`)
	w.clean()
}
