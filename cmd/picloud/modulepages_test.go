package main

import (
	"strings"
	"testing"
)

const (
	pricingOne = `/** With the rate of whoever asks. */
export function total(n: number): number {
  return n * Number(process.env.RATE);
}`
	pricingTwo = `export function total(n: number): number {
  if (n < 0) throw new RangeError("less than nothing");
  console.log("of the draft");
  return 100 * n * Number(process.env.RATE);
}`
	payPricing = `import { total } from "app:pricing";
export default (request: Request) => {
  const n = Number(new URL(request.url).searchParams.get("n"));
  return total(n);
};`
)

// TestModulesByHand makes a module and a function that uses it by forms, publishes them together, and runs
// the draft of the one in the other.
func TestModulesByHand(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	w := p.open(p.chromium())
	w.signIn()
	w.makeByHand("pricing", "A module")
	w.shows(".head .tag", "module")
	w.shows("#ways", `import { greeting } from "app:pricing"`)
	w.write(pricingOne)
	w.keys("\r", control)
	w.shows("#answer p", "The draft builds, and exports total")

	w.makeByHand("pay", "An endpoint")
	p.signIn().post("/apps/shop/scripts/pay/variables", "name", "RATE", "value", "3", "kind", "variable")
	w.until(`document.querySelector(".cm-content") && (document.querySelector(".cm-content").focus(), document.activeElement.matches(".cm-content"))`)
	w.keys("a", control)
	w.keys(`import { } from "app:`)
	w.shows(".cm-tooltip-autocomplete li", "app:pricing")
	w.write(payPricing)
	w.keys("\r", control)
	w.shows("#problems li", "app:pricing has no total; it exports greeting.") // which is live
	w.press("1:10")
	w.shows("#position", "Ln 1, Col 10")

	w.visit("/apps/shop")
	w.shows(".head", "2 drafts differ")
	w.press("Publish together")
	w.shows("main .banner", "Published pay v2, pricing v2.")
	p.answers("/fn/shop/pay?n=2", "6")
	if module, nothing := p.get("/fn/shop/pricing"), p.get("/fn/shop/nothing"); module.status != 404 || strings.ReplaceAll(module.body, "pricing", "nothing") != nothing.body {
		t.Errorf("a module answers %d %s, an unknown name %s", module.status, module.body, nothing.body)
	}
	w.runModuleDraft()
	p.answers("/fn/shop/pay?n=2", "6") // as before
	w.clean()

	plain := p.open(p.chromium())
	plain.withoutScripts()
	plain.signIn()
	plain.visit("/apps/shop/scripts/pricing")
	plain.shows("#about .graph", "pay")
	plain.press("Query")
	plain.fill("Query", "n=7")
	plain.press("Run draft")
	plain.shows("#answer .out", "2100")
	plain.shows("#answer .ran", "Ran pay v2 with this draft of pricing.")
	plain.choose("dependent", "none: only check that it builds")
	plain.press("Run draft")
	plain.shows("#answer p", "The draft builds")
	plain.clean()
}

// makeByHand makes a script of a kind by its form.
func (w *window) makeByHand(name, kind string) {
	w.t.Helper()
	w.visit("/apps/shop/scripts/new")
	w.press(kind)
	w.fill("Name", name)
	// What is said of the name, where there is JavaScript, moves what is below it.
	w.until(`!document.documentElement.classList.contains("js") || document.getElementById("name-said").textContent.includes(` + quoted(name) + `)`)
	w.press("Create and publish")
	w.shows("h1", name)
	w.until(editor)
}

// runModuleDraft changes the module and runs its draft in the function that uses it.
func (w *window) runModuleDraft() {
	w.t.Helper()
	w.edit("shop", "pricing")
	w.shows(".head", "Used by 1")
	w.shows("#about .exports", "With the rate of whoever asks.")
	w.until(`document.querySelectorAll(".graph a.box").length === 2 && document.querySelector(".graph a.current")`)
	w.write(pricingTwo)
	w.unfold("Query")
	w.fill("Query", "n=2")
	w.keys("\r", control)
	w.shows("#answer .ran", "Ran pay v2 with this draft of pricing.")
	w.shows("#answer .out", "600")
	w.shows("#lines", "of the draft")

	w.fill("Query", "n=-1")
	w.keys("\r", control)
	w.shows("#answer .failure-title", "less than nothing")
	w.shows("#answer .failure", "pricing.ts:2:")
	w.shows("#answer .hit", `throw new RangeError("less than nothing")`)
	w.press("2 calls deep")
	w.until(`[...document.querySelectorAll("#answer .stack-trace a")].map((a) => a.textContent.split(":").slice(0, 2).join() + " " + (a.dataset.line ?? a.getAttribute("href"))).join("; ") === "pricing.ts,2 2; pay.ts,4 /apps/shop/scripts/pay/versions/2#L4"`)
	w.p.rows("pay", 2)
	w.visit("/apps/shop/scripts/pay/runs")
	w.until(`document.querySelectorAll("#rows tr").length >= 2`)
	w.until(`document.querySelector("#rows a")?.click() ?? true`)
	w.shows(".facts", "Run with the draft of pricing")
	w.shows(".failure", "pricing.ts:2:")
	w.press("pricing.ts:2:")
	w.until(`location.pathname === "/apps/shop/scripts/pricing" && document.getElementById("position")?.textContent.startsWith("Ln 2")`)
}
