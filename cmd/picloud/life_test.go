package main

import (
	"fmt"
	"testing"
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
	w.press("Undo")
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
