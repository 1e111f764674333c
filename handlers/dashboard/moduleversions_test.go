package dashboard_test

import (
	"fmt"
	"strings"
	"testing"

	"picloud/engine/actor"
	"picloud/engine/script"
)

func TestGoingBackToAVersionOfAModuleAsksWhoFollows(t *testing.T) {
	t.Parallel()
	s := library(t)
	s.release("pricing", "", `export const price = 2`)
	s.sees(s.get(pricingPage+"/versions"), 200, `href="/apps/shop/scripts/pricing/versions/1/live"`)
	s.release("newcomer", script.Endpoint, `import { price } from "app:pricing"; export default () => price`)
	s.release("pricing", "", `export const price = 3, fresh = 3`)
	s.release("fan", script.Endpoint, `import { fresh } from "app:pricing"; export default () => fresh`)

	page := s.get(pricingPage + "/versions/2/live")
	s.sees(page, 200, `href="/apps/shop/scripts/pricing/diff?from=3&amp;to=2"`, `href="/apps/shop/scripts/fan#L1:10"`)
	s.says(page, "Make v2 of pricing live", "It takes the place of v3 at once.", "4 build with it, 2 do not build and stay as they are, 1 is pinned.",
		"fan", "app:pricing has no fresh; it exports price.", "museum", "cart", "v3 of cart", "has v3", "builds", "newcomer", "pins")
	values := s.publishFormOf(page, "note", strings.Repeat("n", 501))
	values["follow"] = []string{"cart"}
	page = s.post(pricingPage+"/versions/2/live", values)
	s.sees(page, 422, "501", `value="cart" checked`, `name="follow" value="store"`, "e-note")
	if strings.Contains(page.body, `value="store" checked`) {
		t.Error("who was left out is chosen again")
	}
	values.Set("note", "three was wrong")
	s.goes(s.post(pricingPage+"/versions/2/live", values), pricingPage+"/versions")
	page = s.get(pricingPage + "/versions")
	s.sees(page, 200, "v2 is live. cart v4 follows. newcomer, store and tax-free stay, as you chose. The draft is as it was.")
	s.says(page, "What was live", "v2", "back from v3", "three was wrong")
	if s.live("cart") != 4 || s.live("store") != 3 || s.live("fan") != 1 {
		t.Error("others follow than those that were chosen")
	}
	s.goes(s.post(pricingPage+"/versions/1/live", s.publishFormOf(s.get(pricingPage+"/versions/1/live"))), pricingPage+"/versions")
	s.says(s.get(pricingPage+"/versions"), "v1 is live. cart v5, newcomer v3, store v4 and tax-free v4 follow. fan stays: app:pricing has no fresh; it exports")

	s.says(s.get(pricingPage+"/versions/1/live"), "It is live already.")
	s.goes(s.post("/apps/shop/scripts/tax-free/versions/2/live", form()), "/apps/shop/scripts/tax-free/versions") // built with pricing v2, then
	s.says(s.get("/apps/shop/scripts/tax-free/versions"), "v5 is live, another build of v2 with the modules of now.")
	s.sees(s.get(pricingPage+"/versions/99/live"), 404)
	s.sees(s.get(pricingPage+"/versions/x/live"), 404)
	s.sees(s.post(pricingPage+"/versions/99/live", form("note", "")), 404)
	// Of an endpoint nobody is asked about: its list does it at once, and so does the page.
	s.sees(s.get("/apps/shop/scripts/hello/versions"), 200, "Make v1 live")
	page = s.get("/apps/shop/scripts/hello/versions/1/live")
	s.sees(page, 200, "Make v1 live")
	if strings.Contains(page.text(), "Who uses") {
		t.Error("who uses an endpoint is asked about")
	}
	s.goes(s.post("/apps/shop/scripts/hello/versions/1/live", form("note", "")), "/apps/shop/scripts/hello/versions")
	s.sees(s.get("/apps/shop/scripts/hello/versions"), 200, "v1 is live. The draft is as it was.")
}

// A version of a module may not build any more, for what it imports is gone.
func TestAVersionThatDoesNotBuildAnyMoreStays(t *testing.T) {
	t.Parallel()
	s := library(t)
	s.release("shelf", script.Module, "// first\nimport { old } from \"app:pricing\"; export const shelf = old")
	s.release("shelf", "", `export const shelf = 1`)
	s.release("pricing", "", `export const price = 2`)
	page := s.get("/apps/shop/scripts/shelf/versions/1/live")
	s.sees(page, 200, `href="/apps/shop/scripts/shelf/versions/1#L2"`)
	s.says(page, "It does not build with the modules that are live now, so it stays as it is.", "2:10", "app:pricing has no old; it exports price.")
	page = s.post("/apps/shop/scripts/shelf/versions/1/live", form("note", "all the same"))
	s.sees(page, 422, `value="all the same"`)
	s.says(page, "It does not build with the modules that are live now, so it stays as it is.", "2:10", "app:pricing has no old")
	if s.live("shelf") != 2 {
		t.Error("what does not build is live")
	}
}

func TestVersionsOfAnotherKindAreNotOffered(t *testing.T) {
	t.Parallel()
	s := library(t)
	shop, cart := s.find("shop", "cart")
	_, err := s.scripts.Describe(t.Context(), s.may(actor.WriteScript, shop.ID), cart.ID, script.Settings{Capture: cart.Capture, Kind: script.Module, Unpublish: true})
	s.must(err)
	const versions = "/apps/shop/scripts/cart/versions"
	page := s.get(versions)
	s.says(page, "was an endpoint then", "Into draft…")
	if strings.Contains(page.text(), "Make live") {
		t.Error("a version of another kind can be made live")
	}
	s.says(s.get(versions+"/1"), "was an endpoint then")
	page = s.get(versions + "/1/live")
	s.says(page, "It was an endpoint then, and cart is a module now.", "Take v1 into the draft")
	if strings.Contains(page.body, "<form class=\"stack\"") {
		t.Error("a version of another kind can be made live")
	}
	s.sees(s.post(versions+"/1/live", form("note", "")), 422, "Version 1 of cart was an endpoint, and it is a module now.")
}

func TestAUsedModuleIsNotUnpublished(t *testing.T) {
	t.Parallel()
	s := library(t)
	s.sees(s.post(pricingPage+"/unpublish", form("note", "")), 409, "pricing cannot be unpublished while others use it: cart, museum, pins, 2 more.")
	s.release("alone", script.Module, `export const a = 1`)
	s.goes(s.post("/apps/shop/scripts/alone/unpublish", form("note", "")), "/apps/shop/scripts/alone")
	s.sees(s.get("/apps/shop/scripts/alone"), 200, "alone is unpublished: nothing can import it now.")
}

func TestHistorySetsApartWhatWasBuiltAnew(t *testing.T) {
	t.Parallel()
	s := library(t)
	for n := range 3 {
		s.release("pricing", "", fmt.Sprintf(`export const price = %d`, n+2))
	}
	const cart = "/apps/shop/scripts/cart"
	s.release("cart", "", `import { price } from "app:pricing"; export default () => price // mine`)
	s.release("pricing", "", `export const price = 9`)
	page := s.get(cart + "/versions")
	s.says(page, "Published", "All builds", "v6", "follows pricing v5", "another build of", "v5", "v5", "built anew once for its modules, last as", "v6", "v1", "built anew 3 times for its modules, last as", "v4")
	for _, number := range []string{"2", "3", "4"} {
		if strings.Contains(page.body, `id="v`+number+`"`) {
			t.Errorf("v%s is among what persons published", number)
		}
	}
	all := s.get(cart + "/versions?builds=yes")
	s.says(all, "v6", "another build of", "v5", "v4", "follows pricing v4", "another build of", "v1", "v3", "v2", "v1")
	s.sees(all, 200, `id="v3" class="rebuilt"`, `href="/apps/shop/scripts/cart/versions"`)
	if page := s.get("/apps/shop/scripts/hello/versions"); strings.Contains(page.body, "All builds") {
		t.Error("a script that follows nothing has builds")
	}
	page = s.get(cart + "/diff")
	s.sees(page, 200, `<option value="1">v1`, `<option value="5">v5`, `<option value="6" selected>v6, live`)
	if strings.Contains(page.body, `<option value="3"`) {
		t.Error("builds are among the versions to choose from")
	}
	s.sees(s.get(cart+"/diff?from=3&to=5"), 200, `<option value="3" selected>v3`)
	page = s.get(cart + "/versions/4")
	s.sees(page, 200, `href="/apps/shop/scripts/pricing/versions/4"`)
	s.says(page, "follows pricing v4", "another build of", "v1", "Modules", "as they were when v4 was built", "pricing v4", "pricing.ts")
	s.says(s.get("/apps/shop/scripts/pins/versions/1"), "pricing v1", "pricing@1.ts", "pinned")
	s.says(s.get("/apps/shop/scripts/store/versions/1"), "pricing v1", "imported by tax-free", "tax-free v1")
}

func TestADifferenceShowsModules(t *testing.T) {
	t.Parallel()
	s := library(t)
	s.release("old", script.Module, "export const old = 1\n")
	const cart = "/apps/shop/scripts/cart"
	s.release("cart", "", `import { price } from "app:pricing"; import { old } from "app:old"; export default () => price + old`)
	var long strings.Builder
	for n := range 600 {
		fmt.Fprintf(&long, "// line %d\n", n)
	}
	s.release("pricing", "", "export const price = 2\n"+long.String())
	s.release("pricing", "", "export const price = 3\n"+long.String())
	page := s.get(cart + "/diff?from=3&to=4")
	s.sees(page, 200, "<details open>", `aria-label="pricing.ts"`)
	s.says(page, "Modules", "pricing", "pricing.ts", "v2 → v3", "+1", "−1", "The same in both: old.ts v1.")
	page = s.get(cart + "/diff?from=1&to=4")
	s.sees(page, 200, "<details>", "<details open>", `href="/apps/shop/scripts/pricing/diff?from=1&amp;to=3"`)
	s.says(page, "old", "added", "v1", "pricing", "v1 → v3", "202 more lines not shown.", "All of it")
	if strings.Contains(page.body, "line 599") {
		t.Error("all of a long difference is there")
	}
	s.says(s.get(cart+"/diff?from=4&to=1"), "old", "removed", "v1")
	page = s.get(cart + "/diff?from=3&to=draft")
	s.says(page, "of the draft: those of the live v4; when it is published it gets what is live then", "v2 → v3")
	s.says(s.get(cart+"/diff"), "of the draft: those of the live v4", "The same in both: old.ts v1, pricing.ts v3.")
	if page := s.get(cart + "/diff?from=1&to=4"); strings.Contains(page.text(), "of the draft") {
		t.Error("what is no side is told of")
	}
	shop, found := s.find("shop", "store")
	_, err := s.scripts.Unpublish(t.Context(), s.may(actor.WriteScript, shop.ID), found.ID, "")
	s.must(err)
	s.says(s.get("/apps/shop/scripts/store/diff?from=1&to=draft"), "of the draft: none, for nothing is live", "pricing.ts", "removed")
	s.goes(s.post("/apps/shop/scripts/store/versions/1/live", form()), "/apps/shop/scripts/store/versions")
	if page := s.get("/apps/shop/scripts/hello/diff?from=1&to=2"); strings.Contains(page.text(), "Modules") {
		t.Error("what has no modules shows some")
	}
	s.release("tax-free", "", `import { price } from "app:pricing"; export const free = price // again`)
	s.says(s.get("/apps/shop/scripts/tax-free/diff?from=3&to=4"), "The same in both: pricing.ts v3.")
	s.release("pricing", "", "export const price = 3\n"+long.String()+"// last")
	s.release("pricing", "", "export const price = 3\n"+long.String())
	s.says(s.get("/apps/shop/scripts/store/diff?from=4&to=6"), "The same in both: pricing.ts v3 → v5 with the same text")
}

// What was built anew for a module is no change by a person: what was begun over the version before
// goes on.
func TestABuildForAModuleLeavesWhatWasBegun(t *testing.T) {
	t.Parallel()
	s := library(t)
	const cart = "/apps/shop/scripts/cart"
	const mine = `import { price } from "app:pricing"; export default () => price // mine`
	editor := s.get(cart)
	s.goes(s.post(cart+"/draft", form("revision", s.input(editor, "revision"), "source", mine)), cart)
	editor, dialog := s.get(cart), s.get(cart+"/publish")
	untouched := s.get("/apps/shop/scripts/store")
	s.release("pricing", "", `export const price = 2`)
	if s.live("cart") != 2 || s.live("store") != 2 {
		t.Fatal("they did not follow")
	}
	s.sees(s.get(cart), 200, "Live v2", "Draft differs")
	s.sees(s.get("/apps/shop/scripts/store"), 200, "Live v2", "Draft is the same")
	s.goes(s.post(cart+"/draft", form("revision", s.input(editor, "revision"), "source", mine+" more")), cart)
	s.goes(s.post("/apps/shop/scripts/store/draft", form("revision", s.input(untouched, "revision"), "source", "export default () => 1")), "/apps/shop/scripts/store")

	later := s.get(cart + "/publish")
	s.says(later, "against the live v2")
	values := s.publishForm(dialog, "revision", s.input(later, "revision"))
	if values.Get("if_version") != "1" {
		t.Fatal(values)
	}
	s.goes(s.post(cart+"/publish", values), cart)
	s.sees(s.get(cart), 200, "Published v3.", "Live v3")

	// What another person published since is one.
	stale := s.get(cart + "/publish")
	s.release("pricing", "", `export const price = 3`)
	s.release("cart", "", mine+" theirs")
	s.begin("cart", mine+" again")
	values = s.publishForm(stale, "revision", s.input(s.get(cart), "revision"))
	s.sees(s.post(cart+"/publish", values), 409, "Version 3 was expected to be live, but version 5 is.")
}

// What a module is called, says and exports is text wherever it is shown.
func TestNothingWrittenInModulesRuns(t *testing.T) {
	t.Parallel()
	s := library(t)
	shop, found := s.find("shop", "pricing")
	exports := fmt.Sprintf("const one = 1; export { one as price, one as %q }; // %s", evil, evil)
	for n := range 2 {
		source := fmt.Sprintf("%s %d\n", exports, n)
		_, err := s.scripts.Publish(t.Context(), s.may(actor.WriteScript, shop.ID), found.ID, script.Publishing{Source: &source, Note: evil})
		s.must(err)
	}
	s.begin("pricing", exports)
	for _, path := range []string{
		pricingPage + "/publish", pricingPage + "/versions", pricingPage + "/versions/2", pricingPage + "/versions/2/live", pricingPage + "/diff?from=1&to=3",
		"/apps/shop/scripts/cart/versions", "/apps/shop/scripts/cart/versions/3", "/apps/shop/scripts/cart/diff?from=1&to=3",
	} {
		page := s.get(path)
		if s.inert(path, page); !strings.Contains(page.text(), "alert(1)") && strings.Contains(path, "pricing") {
			t.Errorf("%s shows nothing of it", path)
		}
	}
	page := s.get(pricingPage + "/publish")
	s.sees(page, 200, "app:pricing has no old; it exports &#34;&#39;&gt;&lt;script&gt;alert(1)")
	values := s.publishForm(page, "note", evil+strings.Repeat("n", 500))
	values["offered"], values["follow"] = append(values["offered"], evil), append(values["follow"], evil+evil)
	s.inert("publish", s.post(pricingPage+"/publish", values))
	s.inert("make live", s.post(pricingPage+"/versions/2/live", values))
	values.Set("note", evil)
	s.goes(s.post(pricingPage+"/publish", values), pricingPage)
	page = s.get(pricingPage)
	s.inert("notice", page)
	s.says(page, "v4 is live. cart")
	if strings.Contains(page.text(), "as you chose") {
		t.Error("what is no name is told of")
	}
}
