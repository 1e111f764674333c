package dashboard_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"picloud/engine/actor"
	"picloud/engine/script"
)

const (
	pricingPage = "/apps/shop/scripts/pricing"
	museumText  = `import { old } from "app:pricing"; export default () => old`
)

// release publishes a source under a name of the app "shop".
func (s *site) release(name string, kind script.Kind, source string) script.Published {
	s.t.Helper()
	shop, _ := s.find("shop", "hello")
	done, err := s.scripts.Put(s.t.Context(), s.may(actor.WriteScript, shop.ID), script.New{Name: name, Kind: kind}, script.Publishing{Source: &source})
	s.must(err)
	return done
}

// begin saves a draft of a script of "shop".
func (s *site) begin(name, source string) {
	s.t.Helper()
	shop, found := s.find("shop", name)
	_, err := s.scripts.SaveDraft(s.t.Context(), s.may(actor.WriteScript, shop.ID), found.ID, source, found.Revision)
	s.must(err)
}

// library is a site with the module pricing: cart and store follow it, store by way of tax-free;
// museum needs what the draft has no more; pins stays at v1.
func library(t *testing.T) *site {
	t.Helper()
	s := open(t)
	s.release("pricing", script.Module, `export const price = 1, old = 1`)
	s.release("tax-free", script.Module, `import { price } from "app:pricing"; export const free = price`)
	s.release("cart", script.Endpoint, `import { price } from "app:pricing"; export default () => price`)
	s.release("store", script.Endpoint, `import { free } from "app:tax-free"; export default () => free`)
	s.release("museum", script.Endpoint, museumText)
	s.release("pins", script.Endpoint, `import { price } from "app:pricing@1"; export default () => price`)
	s.begin("pricing", `export const price = 2`)
	return s
}

// publishForm is what a publish page would send.
func (s *site) publishForm(page answer, pairs ...string) url.Values {
	s.t.Helper()
	values := s.publishFormOf(page, pairs...)
	for _, name := range []string{"revision", "if_version"} {
		if !values.Has(name) {
			values.Set(name, s.input(page, name))
		}
	}
	return values
}

// publishFormOf is that of a page that asks who follows, and of nothing else.
func (s *site) publishFormOf(page answer, pairs ...string) url.Values {
	s.t.Helper()
	values := url.Values{}
	for _, m := range regexp.MustCompile(`name="offered" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		values.Add("offered", m[1])
	}
	for _, m := range regexp.MustCompile(`name="follow" value="([^"]*)" checked`).FindAllStringSubmatch(page.body, -1) {
		values.Add("follow", m[1])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// live is the live version of a script of "shop".
func (s *site) live(name string) int {
	s.t.Helper()
	_, found := s.find("shop", name)
	return found.LiveVersion
}

// text is what a page says, without its marks.
func (a answer) text() string {
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(a.body, " ")
	return html.UnescapeString(strings.Join(strings.Fields(text), " "))
}

// says checks that a page says all the texts, in this order.
func (s *site) says(a answer, texts ...string) {
	s.t.Helper()
	rest := a.text()
	for _, text := range texts {
		at := strings.Index(rest, text)
		if at < 0 {
			s.t.Fatalf("%q does not follow: %s", text, a.text())
		}
		rest = rest[at+len(text):]
	}
}

func TestPublishingAModuleTellsWhoFollows(t *testing.T) {
	t.Parallel()
	s := library(t)
	page := s.get(pricingPage + "/publish")
	s.sees(page, 200, `href="/apps/shop/scripts/museum#L1:10"`, `name="offered" value="cart"`, `name="follow" value="store" checked`)
	s.says(page, "Publish pricing as v2", `against the live v1, which stays in the history.`, "Who uses pricing", "3 build with it, 1 does not build and stays as it is, 1 is pinned.",
		"museum", "v1 of museum", "has v1", "does not build", "1:10", "app:pricing has no old; it exports price.",
		"cart", "builds", "store", "by way of tax-free", "builds", "tax-free", "builds", "pins", "stays at v1 (pinned)", "Publish v2")
	for _, kept := range []string{"museum", "pins"} {
		if strings.Contains(page.body, `value="`+kept+`"`) {
			t.Errorf("%s can be chosen", kept)
		}
	}
	if strings.Contains(page.text(), "answers") {
		t.Error("a module is said to answer a URL")
	}
	s.goes(s.post(pricingPage+"/publish", s.publishForm(page, "note", "cheaper")), pricingPage)
	s.sees(s.get(pricingPage), 200, "v2 is live. cart v2, store v2 and tax-free v2 follow. museum stays: app:pricing has no old; it exports price.")
	for name, want := range map[string]int{"cart": 2, "store": 2, "tax-free": 2, "museum": 1, "pins": 1} {
		if got := s.live(name); got != want {
			t.Errorf("v%d of %s is live, want v%d", got, name, want)
		}
	}
	s.says(s.get("/apps/shop/scripts/store/versions"), "follows pricing v2 tax-free v2", "another build of v1", "What was live", "v2", "after v1", "follows pricing v2 tax-free v2")
}

func TestSomeAreLeftOut(t *testing.T) {
	t.Parallel()
	s := library(t)
	chosen := s.publishForm(s.get(pricingPage+"/publish"), "follow", "cart")
	s.goes(s.post(pricingPage+"/publish", chosen), pricingPage)
	s.sees(s.get(pricingPage), 200, "v2 is live. cart v2 follows. store and tax-free stay, as you chose.")
	if s.live("cart") != 2 || s.live("store") != 1 || s.live("tax-free") != 1 {
		t.Error("others follow than those that were chosen")
	}
	s.begin("pricing", `export const price = 3`)
	none := s.publishForm(s.get(pricingPage + "/publish"))
	none.Del("follow")
	s.goes(s.post(pricingPage+"/publish", none), pricingPage)
	s.sees(s.get(pricingPage), 200, "v3 is live. cart, store and tax-free stay, as you chose.")
	if s.live("cart") != 2 || s.live("store") != 1 {
		t.Error("somebody follows who was not chosen")
	}
}

// A form that is refused keeps what was chosen.
func TestARefusedPublishKeepsTheChoice(t *testing.T) {
	t.Parallel()
	s := library(t)
	chosen := s.publishForm(s.get(pricingPage+"/publish"), "follow", "cart", "note", strings.Repeat("n", 501))
	page := s.post(pricingPage+"/publish", chosen)
	s.sees(page, 422, "501", `value="cart" checked`, `name="follow" value="store"`)
	if strings.Contains(page.body, `value="store" checked`) {
		t.Error("who was left out is chosen again")
	}
	s.begin("pricing", "export const price = 4")
	page = s.post(pricingPage+"/publish", s.publishForm(page, "note", ""))
	s.sees(page, 409, "was saved again", `value="cart" checked`)

	// A module that does not build itself says so, before and after.
	s.begin("pricing", "export const =")
	page = s.get(pricingPage + "/publish")
	s.sees(page, 200, `data-line="1"`)
	s.says(page, "5 scripts have it.", "It does not build at line 1 , so it cannot be published.", "They stay as they are")
	if strings.Contains(page.body, `name="offered"`) {
		t.Error("who cannot be built can be chosen")
	}
	page = s.post(pricingPage+"/publish", s.publishForm(page))
	s.sees(page, 422)
	s.says(page, "It does not build at line 1 , so nothing was published.", "Who uses pricing", "cart", "stays")
	if strings.Count(page.text(), "It does not build") != 1 {
		t.Errorf("it is told twice: %s", page.text())
	}
}

// The dialog opens at once, and asks for who builds by itself.
func TestTheDialogAsksForWhoBuilds(t *testing.T) {
	t.Parallel()
	s := library(t)
	byHTMX := http.Header{"Hx-Request": {"true"}}
	dialog := s.ask("GET", pricingPage+"/publish", nil, byHTMX)
	s.sees(dialog, 200, `hx-get="/apps/shop/scripts/pricing/publish?builds=yes"`, `hx-trigger="load"`, `aria-busy="true"`, `id="go" class="b primary" disabled`)
	s.says(dialog, "Building 4 scripts with it, to see who can follow…", "cart", "pins", "stays at v1 (pinned)")
	if strings.Contains(dialog.body, `name="offered"`) || strings.Contains(dialog.text(), "does not build") {
		t.Error("the dialog knows already who builds")
	}
	part := s.ask("GET", pricingPage+"/publish?builds=yes", nil, byHTMX)
	s.sees(part, 200, `hx-target="#followers-said"`, `hx-target="#go"`, `name="follow" value="cart" checked`, "app:pricing has no old")
	if strings.Contains(part.body, "<html") || strings.Contains(part.body, "disabled>Publish") || strings.Contains(part.body, "hx-get") {
		t.Errorf("%s", part.body)
	}
	done := s.ask("POST", pricingPage+"/publish", s.publishForm(dialog), byHTMX)
	s.sees(done, 200, `hx-target="#live"`)
	if event := done.header.Get("HX-Trigger"); !strings.Contains(event, `v2 is live. cart v2, store v2 and tax-free v2 follow. museum stays: app:pricing has no old; it exports price.`) {
		t.Error(event)
	}
	// Nobody follows what nobody uses, nor what is pinned alone: nothing is built to say so.
	s.release("alone", script.Module, `export const a = 1`)
	s.begin("alone", `export const a = 2`)
	dialog = s.ask("GET", "/apps/shop/scripts/alone/publish", nil, byHTMX)
	s.says(dialog, "Who uses alone", "Nothing uses it yet.")
	if strings.Contains(dialog.body, "hx-trigger") || strings.Contains(dialog.body, "disabled") {
		t.Error(dialog.body)
	}
	s.goes(s.post("/apps/shop/scripts/alone/publish", s.publishForm(dialog)), "/apps/shop/scripts/alone")
	s.sees(s.get("/apps/shop/scripts/alone"), 200, "v2 is live.")
}

// What asks who follows is for modules alone: of an endpoint nothing is built before it is published.
func TestTheDialogOfAnEndpointBuildsNothing(t *testing.T) {
	t.Parallel()
	s := library(t)
	s.begin("cart", "export default () => 2")
	before := s.builds.Load()
	page := s.get("/apps/shop/scripts/cart/publish")
	s.sees(page, 200, "Publish v2", "It answers")
	if strings.Contains(page.body, "Who uses") || s.builds.Load() != before {
		t.Error("who uses an endpoint is asked about")
	}
	s.get(pricingPage + "/publish")
	if got := s.builds.Load() - before; got != 5 {
		t.Errorf("%d programs were built for a module with 4 that follow", got)
	}
}

// Who was left out before can follow later, without another version of the module.
func TestWhoWasLeftOutFollowsLater(t *testing.T) {
	t.Parallel()
	s := library(t)
	s.goes(s.post(pricingPage+"/publish", s.publishForm(s.get(pricingPage+"/publish"), "follow", "cart")), pricingPage)
	s.get(pricingPage)
	page := s.get(pricingPage + "/publish")
	s.says(page, "The draft is the same as the live v2.", "2 build with it, 1 does not build and stays as it is, 1 has it already, 1 is pinned.", "cart", "has it already")
	if strings.Contains(page.body, `value="cart"`) {
		t.Error("who has it already can be chosen")
	}
	s.goes(s.post(pricingPage+"/publish", s.publishForm(page)), pricingPage)
	s.sees(s.get(pricingPage), 200, "v2 was live already. store v2 and tax-free v2 follow. museum stays:")
	if s.live("pricing") != 2 || s.live("cart") != 2 || s.live("store") != 2 {
		t.Error("something else went live")
	}
}

// Who has stopped to follow since the page was drawn is told of, and the page drawn anew.
func TestWhoWasChosenMayFollowNoMore(t *testing.T) {
	t.Parallel()
	s := library(t)
	chosen := s.publishForm(s.get(pricingPage+"/publish"), "follow", "cart")
	s.release("cart", "", `export default () => "alone"`)
	page := s.post(pricingPage+"/publish", chosen)
	s.sees(page, 422, "&#34;cart&#34; does not follow what is published.")
	if s.live("pricing") != 1 || strings.Contains(page.body, `value="cart"`) {
		t.Error("it was published, or cart can be chosen still")
	}
	s.release("pricing", "", `export const price = 2`)
	chosen.Set("note", "back")
	page = s.post(pricingPage+"/versions/1/live", chosen)
	s.sees(page, 422, "&#34;cart&#34; does not follow what is published.", `value="back"`)
}

// Where all together are too much to be tried, fewer can be chosen.
func TestTooManyTextsToTryAllAtOnce(t *testing.T) {
	t.Parallel()
	s := library(t)
	_, err := s.pool.Exec(t.Context(), `UPDATE sources x SET source = source || repeat(' ', 33554432) FROM script_versions v JOIN scripts s ON s.id = v.script_id
		WHERE s.name = 'store' AND x.app_id = v.app_id AND x.hash = v.source_hash`)
	s.must(err)
	page := s.get(pricingPage + "/publish")
	s.sees(page, 200, `name="offered" value="cart"`)
	s.says(page, "Who uses pricing", "4 can follow, 1 is pinned.", "Let fewer of them follow.")
	if strings.Contains(page.body, `value="cart" checked`) {
		t.Error("all are chosen still")
	}
	values := s.publishForm(page)
	values["follow"] = []string{"cart", "store"}
	page = s.post(pricingPage+"/publish", values)
	s.sees(page, 413, "Let fewer of them follow.", `value="cart" checked`, `value="store" checked`, `name="follow" value="tax-free"`)
	values["follow"] = []string{"cart"}
	s.goes(s.post(pricingPage+"/publish", values), pricingPage)
	s.sees(s.get(pricingPage), 200, "v2 is live. cart v2 follows. museum, store and tax-free stay, as you chose.")
}
