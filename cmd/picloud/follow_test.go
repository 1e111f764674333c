package main

import (
	"net/http"
	"strings"
	"testing"
)

// library is a product with the module pricing: cart and store follow it, and museum needs what
// its draft has no more.
func library(t *testing.T) *product {
	t.Helper()
	p := serveProduct(t)
	p.app("shop")
	p.mustModule("shop", "pricing", `export const price = "v1", old = "old"`)
	p.publish("shop", "cart", `import { price } from "app:pricing"; export default () => price`)
	p.publish("shop", "store", `import { price } from "app:pricing"; export default () => price`)
	p.publish("shop", "museum", `import { old } from "app:pricing"; export default () => old`)
	return p
}

// isAt checks what the three answer.
func (p *product) isAt(cart, store, museum string) {
	p.t.Helper()
	p.answers("/fn/shop/cart", cart)
	p.answers("/fn/shop/store", store)
	p.answers("/fn/shop/museum", museum)
}

// TestWhoFollowsIsAskedFirst publishes a module in the dialog, with one of its dependents left out and
// one that does not build, and goes back to the version before.
func TestWhoFollowsIsAskedFirst(t *testing.T) {
	t.Parallel()
	p := library(t)
	w := p.open(p.chromium())
	w.signIn()
	w.edit("shop", "pricing")
	w.write(`export const price = "v2"`)
	w.press("Publish…")
	w.shows("dialog[open] #followers-said", "2 build with it, 1 does not build and stays as it is.")
	w.shows("dialog[open] #followers .problems", "app:pricing has no old; it exports price.")
	w.press("store")
	w.until(`!document.querySelector("[value=store]:checked[name=follow]") && document.querySelector("[name=follow][value=cart]:checked")`)
	w.press("Publish v2")
	w.shows("#say", "v2 is live. cart v2 follows. store stays, as you chose.")
	w.shows(".head .state", "Live v2")
	p.isAt("v2", "v1", "old")
	w.clean()

	w.press("History")
	w.press("Make live…")
	w.shows("h1", "Make v1 of pricing live")
	w.shows("#followers-said", "1 builds with it, 2 have it already.")
	w.fill("Why", "v2 was wrong")
	w.press("Make v1 live")
	w.shows("main .banner", "v1 is live. cart v3 follows.")
	w.shows(".events", "v2 was wrong")
	p.isAt("v1", "v1", "old")
	w.visit("/apps/shop/scripts/cart/versions")
	w.shows("#v3", "follows pricing v1")
	w.shows("#v3", "another build of v1")
	w.until(`!document.getElementById("v2")`)
	w.press("All builds")
	w.shows("#v2", "follows pricing v2")
	w.visit("/apps/shop/scripts/cart/diff?from=2&to=3")
	w.shows(".modules .diff .del", `"v2"`)
	w.clean()
}

// TestWhoFollowsIsAskedWithoutJavaScript does so with plain pages.
func TestWhoFollowsIsAskedWithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := library(t)
	w := p.open(p.chromium())
	w.withoutScripts()
	w.signIn()
	w.visit("/apps/shop/scripts/pricing")
	w.writePlain(`export const price = "v2"`)
	w.press("Publish…")
	w.shows("h1", "Publish pricing as v2")
	w.shows("#followers-said", "2 build with it, 1 does not build and stays as it is.")
	w.until(`document.querySelector("#followers a[href='/apps/shop/scripts/museum#L1:10']")`)
	w.press("cart")
	w.press("Publish v2")
	w.shows("main .banner", "v2 is live. store v2 follows. cart stays, as you chose.")
	p.isAt("v1", "v2", "old")

	w.expect("status of 409") // what is refused is refused with its status
	w.press("Unpublish…")
	w.press("Unpublish pricing")
	w.shows("[role=alert]", "pricing cannot be unpublished while others use it: cart, museum, store.")
	w.press("Make live…")
	w.press("Make v1 live")
	w.shows("main .banner", "v1 is live. store v3 follows.")
	p.isAt("v1", "v1", "old")
	w.clean()
}

// A build for a module leaves a draft and what was begun over the version before as they are.
func TestAFollowingVersionIsNobodysChange(t *testing.T) {
	t.Parallel()
	p := library(t)
	someone := p.signIn()
	const cart = "/apps/shop/scripts/cart"
	mine := `import { price } from "app:pricing"; export default () => "mine " + price`
	someone.saveDraft("shop", "cart", mine)
	revision := someone.revision(cart)
	p.mustModule("shop", "pricing", `export const price = "v2", old = "old"`)
	p.answers("/fn/shop/cart", "v2")
	if now := someone.revision(cart); now != revision {
		t.Errorf("the draft has revision %s, and had %s", now, revision)
	}
	page := someone.post(cart+"/publish", "revision", revision, "if_version", "1", "note", "begun before")
	if !strings.Contains(page, "Published v3.") {
		t.Errorf("%.2000s", page)
	}
	p.answers("/fn/shop/cart", "mine v2")
	if status, answer := p.api("PUT", "/api/v1/apps/shop/scripts/cart", map[string]any{"source": mine + " // more", "if_version": 2}); status != http.StatusConflict {
		t.Errorf("over what a person replaced: %d %s", status, answer)
	}
}
