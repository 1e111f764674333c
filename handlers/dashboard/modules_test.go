package dashboard_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/script"
)

// put publishes a source under a name of the shop.
func (s *site) put(name string, kind script.Kind, source string) script.Script {
	s.t.Helper()
	shop, _ := s.find("shop", "hello")
	published, err := s.scripts.Put(s.t.Context(), s.may(actor.WriteScript, shop.ID), script.New{Name: name, Kind: kind}, script.Publishing{Source: &source})
	s.must(err)
	return published.Script
}

// draft saves the draft of a script of the shop.
func (s *site) draft(name, source string) {
	s.t.Helper()
	shop, found := s.find("shop", name)
	_, err := s.scripts.SaveDraft(s.t.Context(), s.may(actor.WriteScript, shop.ID), found.ID, source, found.Revision)
	s.must(err)
}

const (
	taxText     = "/** Of the country. */\nexport const rate = 1.5;\n"
	pricingText = "import { rate } from \"app:tax\";\n/** What is to be paid. <b>In cents.</b> */\nexport function total(n: number): number {\n  if (n < 0) throw new RangeError(\"less than nothing\");\n  return n * rate;\n}\nexport interface Item { price: number }\n"
	payText     = "import { total } from \"app:pricing\";\nexport default (request: Request) => total(Number(new URL(request.url).searchParams.get(\"n\")));\n"
)

// openShop is a site whose shop has two modules, of which the one imports the other, and who uses them.
func openShop(t *testing.T) *site {
	t.Helper()
	s := open(t)
	s.put("tax", script.Module, taxText)
	s.put("pricing", script.Module, pricingText)
	s.put("pay", script.Endpoint, payText)
	s.put("museum", script.Endpoint, strings.Replace(payText, "app:pricing", "app:pricing@1", 1))
	return s
}

// lacks fails where a page has what it must not.
func (s *site) lacks(a answer, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if at := strings.Index(a.body, text); at >= 0 {
			s.t.Errorf("%q is there: %s", text, a.body[max(0, at-200):min(len(a.body), at+200)])
		}
	}
}

// row is the part of a page from a text on, up to the next end of a row.
func row(a answer, from, end string) string {
	_, rest, _ := strings.Cut(a.body, from)
	part, _, _ := strings.Cut(rest, end)
	return strings.Join(strings.Fields(part), " ")
}

func TestNewModule(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.get("/apps/shop/scripts/new"), 200, `name="kind" value="endpoint" checked`, "has exports, which the other scripts")
	s.sees(s.get("/apps/shop/scripts/new?kind=module"), 200, `name="kind" value="module" checked`)
	s.sees(s.get("/apps/shop/scripts/new?kind=spa"), 200, `name="kind" value="endpoint" checked`)
	s.sees(s.get("/apps/shop/scripts/new/name?name=free"), 200, "/fn/shop/free", `"app:free"`)
	s.sees(s.post("/apps/shop/scripts", form("name", "x", "kind", "library")), 422, "e-kind", "is no kind of script")
	refused := s.post("/apps/shop/scripts", form("name", "Not Good", "kind", "module"))
	s.sees(refused, 422, "e-name", `name="kind" value="module" checked`)
	s.goes(s.post("/apps/shop/scripts", form("name", "pricing", "kind", "module", "template", "spa", "language", "javascript")), "/apps/shop/scripts/pricing")
	page := s.get("/apps/shop/scripts/pricing")
	s.sees(page, 200, "Live: the scripts of this app import it from", "export function greeting", `<span class="tag">module</span>`, "pricing.js",
		html.EscapeString(`import { greeting } from "app:pricing"`), "Not used yet", "No script has it in what is live", "Check draft")
	s.lacks(page, "/fn/shop/pricing", "http://shop.fn.example", "Last live run", "/scripts/pricing/runs\"", "/scripts/pricing/variables", `name="path"`)
	s.goes(s.post("/apps/shop/scripts", form("name", "plain")), "/apps/shop/scripts/plain") // without a kind it is an endpoint, as before
	s.sees(s.get("/apps/shop/scripts/plain"), 200, "/fn/shop/plain")
}

func TestPageOfAModule(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.put("cart", script.Module, `export { total as sum } from "app:pricing"`)
	s.put("shop", script.Endpoint, `import { sum } from "app:cart"; export default () => sum(1)`)
	page := s.get("/apps/shop/scripts/pricing")
	s.sees(page, 200, html.EscapeString(`import { total } from "app:pricing"`), "Used by 4", "What is to be paid. &lt;b&gt;In cents.&lt;/b&gt;", `<svg width=`, `id="graph-title">Who imports pricing`)
	s.lacks(page, "/fn/shop/pricing", "<b>In cents")
	exports, types, _ := strings.Cut(row(page, `id="exports"`, "</section>"), "Types")
	if !strings.Contains(exports, ">total<") || strings.Contains(exports, ">Item<") || !strings.Contains(types, ">Item<") {
		t.Errorf("values %s, types %s", exports, types)
	}
	for name, wants := range map[string][]string{
		"pay":    {"v1", "follows", "directly"},
		"museum": {"v1", "pinned", "directly"},
		"shop":   {"v1", "follows", "through", `href="/apps/shop/scripts/cart">cart<`},
		"cart":   {"module", "follows", "directly"},
	} {
		user := row(page, `<th scope="row"><a class="mono" href="/apps/shop/scripts/`+name+`"`, "</tr>")
		for _, want := range wants {
			if !strings.Contains(user, want) {
				t.Errorf("%s lacks %q: %s", name, want, user)
			}
		}
	}
	boxes, arrows := strings.Count(page.body, `class="box`), strings.Count(page.body, `<g class="arrow`)
	if pinned := strings.Count(page.body, `<g class="arrow pinned"`); boxes != 6 || arrows != 5 || pinned != 1 {
		t.Errorf("%d boxes, %d arrows, %d of them dashed", boxes, arrows, pinned)
	}
	s.sees(page, 200, `class="box module current" aria-current="page"`, `<desc id="graph-words">cart imports pricing v1; museum imports pricing v1, pinned; `)
	used := row(page, `id="modules"`, "</section>")
	if !strings.Contains(used, `/apps/shop/scripts/tax"`) || !strings.Contains(used, "directly") {
		t.Errorf("its own modules: %s", used)
	}

	// A version that does not fit a follower, and one that nobody imports any more.
	s.put("pricing", "", `export const total = 1`)
	s.sees(s.get("/apps/shop/scripts/pricing"), 200, "Used by 4")
	s.put("tax", "", `export const rates = 2`)
	users := row(s.get("/apps/shop/scripts/tax"), `id="used-by"`, "</section>")
	if museum := row(answer{body: users}, `<th scope="row"><a class="mono" href="/apps/shop/scripts/museum"`, "</tr>"); !strings.Contains(museum, "pinned") || !strings.Contains(museum, ">pricing<") {
		t.Errorf("users of tax: %s", users)
	}
	if follower := row(answer{body: users}, `<th scope="row"><a class="mono" href="/apps/shop/scripts/pay"`, "</tr>"); follower != "" {
		t.Errorf("pay uses tax: %s", follower)
	}
}

func TestModulesOfAnEndpoint(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	hello := s.get("/apps/shop/scripts/hello")
	s.lacks(hello, `id="modules"`)
	page := s.get("/apps/shop/scripts/pay")
	s.sees(page, 200, "Takes this draft, and of its modules the live versions", "/fn/shop/pay")
	for name, wants := range map[string][]string{
		"pricing": {`/apps/shop/scripts/pricing/versions/1"`, "follows", "directly"},
		"tax":     {`/apps/shop/scripts/tax/versions/1"`, "follows", "through", ">pricing<"},
	} {
		use := row(page, `<th scope="row"><a class="mono" href="/apps/shop/scripts/`+name+`"`, "</tr>")
		for _, want := range wants {
			if !strings.Contains(use, want) {
				t.Errorf("%s lacks %q: %s", name, want, use)
			}
		}
	}
	s.sees(s.get("/apps/shop/scripts/museum"), 200, "pinned")
}

// What the editor completes of imports.
func TestEditorKnowsTheModules(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	known := func(name string) (found []struct {
		Name    string
		Version int
		Exports []struct{ Name, Kind, Detail, Doc string }
	},
	) {
		t.Helper()
		_, rest, _ := strings.Cut(s.get("/apps/shop/scripts/"+name).body, `data-modules="`)
		text, _, _ := strings.Cut(rest, `"`)
		s.must(json.Unmarshal([]byte(html.UnescapeString(text)), &found))
		return found
	}
	all := known("pay")
	if len(all) != 2 || all[0].Name != "pricing" || all[0].Version != 1 || len(all[0].Exports) != 2 {
		t.Fatalf("%+v", all)
	}
	if total, item := all[0].Exports[0], all[0].Exports[1]; total.Kind != "function" || total.Detail != "(n: number): number" || !strings.HasPrefix(total.Doc, "What is") || item.Kind != "type" || item.Name != "Item" {
		t.Errorf("%+v", all[0].Exports)
	}
	if others := known("pricing"); len(others) != 1 || others[0].Name != "tax" {
		t.Errorf("a module completes %+v", others)
	}
	shop, _ := s.find("shop", "pay")
	s.goes(s.post("/apps/shop/scripts/pay/variables", form("name", "OF_PAY", "value", "1", "kind", "variable")), "/apps/shop/scripts/pay/variables")
	s.sees(s.get("/apps/"+shop.Slug+"/scripts/pricing"), 200, "OF_PAY") // who imports it may have it
	s.lacks(s.get("/apps/"+shop.Slug+"/scripts/hello"), "OF_PAY")
}

func TestModulesInLists(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	page := s.get("/apps/shop")
	entry := row(page, `<a class="row-title" href="/apps/shop/scripts/pricing"`, "</li>")
	if !strings.Contains(entry, `<span class="tag">module</span>`) || !strings.Contains(entry, `href="/apps/shop/scripts/pricing#used-by">used by 2 scripts`) || strings.Contains(entry, "spark") {
		t.Errorf("%s", entry)
	}
	if entry := row(page, `<a class="row-title" href="/apps/shop/scripts/pay"`, "</li>"); strings.Contains(entry, "module") || !strings.Contains(entry, "spark") {
		t.Errorf("%s", entry)
	}
	part := s.ask("GET", "/search?q=pric", nil, http.Header{"Hx-Request": {"true"}})
	s.sees(part, 200, `<span class="kind">Module</span>`, `data-href="/apps/shop/scripts/pricing"`)
	s.sees(s.get("/search?q=new+module"), 200, "/apps/shop/scripts/new?kind=module")
	s.sees(s.get("/apps/shop/scripts/pricing/runs"), 200, "A module has no runs of its own")
	s.lacks(s.get("/apps/shop/scripts/pricing/runs"), "curl ")
}

// The draft of a module is built alone, or with a function that follows it; what is wrong with either is
// told where it can be changed.
func TestDraftOfAModule(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	const page = "/apps/shop/scripts/pricing"
	send := func(source string, dependent string) url.Values {
		return form("source", source, "revision", s.input(s.get(page), "revision"), "dependent", dependent, "method", "GET", "headers", "accept: */*")
	}
	s.sees(s.get(page), 200, `<option value="pay" selected>pay</option>`, "none: only check that it builds")
	s.lacks(s.get(page), `<option value="museum"`) // it is pinned
	s.sees(s.post(page+"/run", send(pricingText+"export const more = 1;\n", "")), 200, "The draft builds, and exports", "more, total, Item", "No function was run")
	s.sees(s.post(page+"/run", send("export const = 1;\n", "")), 422, "It does not build", "1:14")
	s.sees(s.post(page+"/run", send("import { none } from \"app:tax\";\nexport const total = none;\n", "pay")), 422, "1:10", "app:tax has no none; it exports rate.")
	misfit := s.post(page+"/run", send("export const cost = 1;\n", "pay"))
	s.sees(misfit, 422, "e-dependent", "pay does not build with this draft: pay.ts:1:10: app:pricing has no total; it exports cost.", "export const cost = 1;")
	s.lacks(misfit, `data-line="1"`)
	for _, nobody := range []string{"museum", "hello", "tax", "nobody"} {
		s.sees(s.post(page+"/run", send(pricingText, nobody)), 422, "e-dependent", "No function &#34;"+nobody+"&#34; follows pricing")
	}
	stream := s.ask("POST", page+"/run", send("export const cost = 1;\n", "pay"), http.Header{"Accept": {"text/event-stream"}})
	s.sees(stream, 422, `"field":"dependent"`, "pay.ts:1:10")
	stream = s.ask("POST", page+"/run", send(pricingText, ""), http.Header{"Accept": {"text/event-stream"}})
	s.sees(stream, 200, "event: saved", "event: answer", "The draft builds")
	if stream.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", stream.header)
	}
}

// A place in a module leads to the version that ran, and not to a line of the page's own source.
func TestPlacesInModules(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	shop, pay := s.find("shop", "pay")
	_, museum := s.find("shop", "museum")
	fails := func(of script.Script, version int, cause string, stack ...call.Frame) string {
		r := runOf(shop, of, "/x")
		r.Version, r.Status, r.Outcome, r.Cause.Source = version, 500, call.Error, cause
		if version == 0 {
			r.Cause.Kind = call.Draft
		}
		r.Failure = &call.Failure{Name: "RangeError", Message: "less than nothing", Stack: stack}
		s.record(r)
		return "/apps/shop/runs/" + r.Execution.String()
	}
	inPay, inPricing := call.Frame{Function: "default", File: "pay.ts", Line: 2, Column: 40}, call.Frame{Function: "total", File: "pricing.ts", Line: 4, Column: 22}
	live := s.get(fails(pay, 1, "", inPricing, inPay))
	s.sees(live, 200, `<a class="link" href="/apps/shop/scripts/pricing/versions/1#L4">pricing.ts:4:22</a>`, `href="/apps/shop/scripts/pay/versions/1#L2"`, `<tr class="hit">`, "less than nothing")
	s.lacks(live, `data-line="4"`)
	pinned := s.get(fails(museum, 1, "", call.Frame{File: "pricing@1/tax.ts", Line: 2, Column: 1}, call.Frame{File: "pricing@1.ts", Line: 4, Column: 22}))
	s.sees(pinned, 200, `/apps/shop/scripts/tax/versions/1#L2">pricing@1/tax.ts:2:1`, `/apps/shop/scripts/pricing/versions/1#L4">pricing@1.ts:4:22`)

	// Of a draft nobody has written down which modules it had: those that are live since before.
	draft := s.get(fails(pay, 0, "", inPricing, inPay))
	s.sees(draft, 200, `/apps/shop/scripts/pricing/versions/1#L4"`, `href="/apps/shop/scripts/pay#L2:40"`)
	trial := fails(pay, 0, "pricing", inPricing, inPay)
	s.sees(s.get(trial), 200, `<a class="link" href="/apps/shop/scripts/pricing#L4:22">pricing.ts:4:22</a>`, `/apps/shop/scripts/pay/versions/1#L2"`, "Run with the draft of", "Run again with the draft of pricing")
	s.sees(s.get("/apps/shop/scripts/pricing?from="+strings.TrimPrefix(trial, "/apps/shop/runs/")), 200, `<option value="pay" selected>`, `value="/x"`)
	s.put("pricing", "", pricingText+"// later\n")
	later := s.get(trial)
	s.sees(later, 200, `<a class="link" href="/apps/shop/scripts/pricing">pricing.ts:4:22</a>`)
	s.lacks(later, "pricing#L4", "pay/versions/1#L2") // pay was built anew with it
	s.sees(s.get(fails(pay, 0, "gone", inPay)), 200, `<span class="mono">gone</span>`)
}

// What runs left of an endpoint that became a module offers no URL.
func TestRunsOfWhatBecameAModule(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, hello := s.find("shop", "hello")
	run := runOf(shop, hello, "/")
	s.record(run)
	page := "/apps/shop/runs/" + run.Execution.String()
	s.sees(s.get(page), 200, "Copy as curl", "Run again on draft")
	s.goes(s.post("/apps/shop/scripts/hello/kind", form("kind", "module", "unpublish", "yes")), "/apps/shop/scripts/hello/settings")
	s.sees(s.get(page), 200, "hello")
	s.lacks(s.get(page), "curl", "Run again", "http://pi.example:8080/fn/shop/hello\"")
}

func TestKindIsChanged(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	const hello, pricing = "/apps/shop/scripts/hello", "/apps/shop/scripts/pricing"
	s.sees(s.get(hello+"/settings"), 200, `<option value="endpoint" selected>`, "Unpublish v2, which is live", "Values of its own")
	refused := s.post(hello+"/kind", form("kind", "module"))
	s.sees(refused, 409, "e-unpublish", "Version 2 of hello is live, and would be unpublished.", `<option value="module" selected>`)
	s.sees(s.post(hello+"/kind", form("kind", "spa")), 422, "e-kind", "is no kind of script")
	s.sees(s.post(pricing+"/kind", form("kind", "endpoint", "unpublish", "yes")), 409, "e-kind", "pricing cannot become an endpoint while others use it: museum, pay.", `value="yes" checked`)
	s.goes(s.post(hello+"/kind", form("kind", "endpoint")), hello+"/settings")
	s.sees(s.get(hello+"/settings"), 200, "The kind is as it was.", "Unpublish v2")
	s.goes(s.post(hello+"/kind", form("kind", "module", "unpublish", "yes")), hello+"/settings")
	page := s.get(hello + "/settings")
	s.sees(page, 200, "It is a module now.", `<option value="module" selected>`)
	s.lacks(page, "Unpublish v", "Values of its own", "What to keep of each run", "/fn/shop/hello")
	s.goes(s.post(hello+"/settings", form("description", "Was a function", "capture", s.input(page, "capture"), "language", "typescript")), hello+"/settings")
	s.goes(s.post(hello+"/kind", form("kind", "endpoint")), hello+"/settings")
	s.sees(s.get(hello+"/settings"), 200, "It is an endpoint now.", `value="heads" checked`)
}

func TestSettingsOfAModule(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	const tax = "/apps/shop/scripts/tax"
	s.sees(s.get(tax+"/settings"), 200, "A module that others use cannot be deleted", "Imports of the old name still lead to it, with a warning")
	s.sees(s.post(tax+"/delete", form("confirm", "tax")), 409, "e-confirm", "tax cannot be deleted while others use it: museum, pay, pricing.", `value="tax"`)
	s.goes(s.post(tax+"/rename", form("name", "taxes")), "/apps/shop/scripts/taxes/settings")
	s.sees(s.get("/apps/shop/scripts/taxes/settings"), 200, "The module is called taxes. Imports of its old name still lead to it, with a warning.")
	s.sees(s.get("/apps/shop/scripts/pricing"), 200, `<a class="mono" href="/apps/shop/scripts/taxes">taxes</a>`) // in the graph and in the list
	page := s.get("/apps/shop/scripts/pricing")
	tried := s.post("/apps/shop/scripts/pricing/run", form("source", pricingText, "revision", s.input(page, "revision"), "dependent", ""))
	s.sees(tried, 200, "The draft builds", "The module tax is called taxes now.")
}

func TestPublishTogether(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.lacks(s.get("/apps/shop"), "Publish together")
	s.draft("pricing", strings.Replace(pricingText, "function total", "function sum", 1))
	s.lacks(s.get("/apps/shop"), "Publish together") // there is nothing to publish it with
	s.draft("pay", strings.ReplaceAll(payText, "total", "suma"))
	page := s.get("/apps/shop")
	s.sees(page, 200, "2 drafts differ", `<details class="card together" id="together" open>`, `name="scripts" value="pay" checked`, `name="scripts" value="pricing" checked`)
	values := func(page answer, names ...string) url.Values {
		v := form("note", "a new <b>name</b>")
		for _, name := range []string{"pay", "pricing", "fresh"} {
			if strings.Contains(page.body, `"revision.`+name+`"`) {
				v.Set("revision."+name, s.input(page, "revision."+name))
			}
		}
		v["scripts"] = names
		return v
	}
	refused := s.post("/apps/shop/publish", values(page, "pay", "pricing"))
	s.sees(refused, 422, "Nothing was published.", `id="e-scripts-pay"`, `href="/apps/shop/scripts/pay#L1:10">pay.ts:1:10</a>`, "app:pricing has no suma; it exports sum.", "a new &lt;b&gt;name&lt;/b&gt;")
	s.lacks(refused, `id="e-scripts-pricing"`)
	alone := s.post("/apps/shop/publish", values(page, "pay"))
	s.sees(alone, 422, "app:pricing has no suma; it exports total.", `name="scripts" value="pay" checked`)
	if strings.Contains(row(alone, `value="pricing"`, ">"), "checked") {
		t.Error("what was not chosen is chosen now")
	}
	s.sees(s.post("/apps/shop/publish", values(page)), 422, "e-scripts", "0 scripts are named")
	s.sees(s.post("/apps/shop/publish", values(page, "pay", "nobody")), 422, "There is no script &#34;nobody&#34;.")
	long := values(page, "pay")
	long.Set("note", strings.Repeat("a", 501))
	s.sees(s.post("/apps/shop/publish", long), 422, "501")

	s.draft("pay", strings.ReplaceAll(payText, "total", "sum"))
	s.sees(s.post("/apps/shop/publish", values(page, "pay", "pricing")), 409, `id="e-scripts-pay"`, "The draft was saved again since this page was drawn.")
	_, pay := s.find("shop", "pay")
	if pay.LiveVersion != 1 {
		t.Fatalf("v%d of pay is live", pay.LiveVersion)
	}
	s.goes(s.post("/apps/shop/publish", values(s.get("/apps/shop"), "pay", "pricing")), "/apps/shop")
	done := s.get("/apps/shop")
	s.sees(done, 200, "Published pay v2, pricing v2.")
	s.lacks(done, "Publish together", "drafts differ")
	s.sees(s.get("/apps/shop/scripts/pay/versions"), 200, "a new &lt;b&gt;name&lt;/b&gt;")
}

// What follows and what cannot is told afterwards; what was never live is offered, and not chosen.
func TestPublishTogetherTellsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.put("cart", script.Endpoint, strings.ReplaceAll(payText, "default", "default"))
	s.draft("pricing", strings.Replace(pricingText, "function total", "function sum", 1))
	s.draft("pay", strings.ReplaceAll(payText, "total", "sum"))
	shop, _ := s.find("shop", "pay")
	_, err := s.scripts.Create(t.Context(), s.may(actor.WriteScript, shop.ID), script.New{Name: "fresh"})
	s.must(err)
	s.put("ledger", script.Module, `import { rate } from "app:tax"; export const half = rate / 2`)
	s.draft("tax", taxText+"export const none = 0;\n")
	page := s.get("/apps/shop")
	if strings.Contains(row(page, `name="scripts" value="fresh"`, ">"), "checked") || !strings.Contains(row(page, `name="scripts" value="tax"`, ">"), "checked") {
		t.Error("what was never live is chosen, or what is changed is not")
	}
	s.sees(page, 200, "3 drafts differ", "nothing is live")
	v := form()
	v["scripts"] = []string{"pricing", "pay", "tax"}
	for _, name := range v["scripts"] {
		v.Set("revision."+name, s.input(page, "revision."+name))
	}
	s.goes(s.post("/apps/shop/publish", v), "/apps/shop")
	s.sees(s.get("/apps/shop"), 200, "Published pricing v2, pay v2, tax v2. Followed: ledger v2. Not built, and as before: cart (app:pricing has no total; it exports sum).")
	again := form("scripts", "pay", "revision.pay", v.Get("revision.pay"))
	s.goes(s.post("/apps/shop/publish", again), "/apps/shop")
	s.sees(s.get("/apps/shop"), 200, "Nothing to publish. Live already: pay.")
}
