package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// module publishes a module and gives the answer.
func (p *product) module(app, name, source string, more map[string]any) (int, string) {
	p.t.Helper()
	body := map[string]any{"source": source, "kind": "module"}
	for key, value := range more {
		body[key] = value
	}
	status, answer := p.api("PUT", "/api/v1/apps/"+app+"/scripts/"+name, body)
	return status, string(answer)
}

func (p *product) mustModule(app, name, source string) {
	p.t.Helper()
	if status, answer := p.module(app, name, source, nil); status >= 300 {
		p.t.Fatalf("%s: %d %s", name, status, answer)
	}
}

// What is shared by modules, from publishing to the row of a run.
func TestFunctionsShareModules(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.mustModule("shop", "tax", `export const rate = 1.5; export function refuse(): never { throw new RangeError("no") }`)
	p.mustModule("shop", "pricing", "import { rate, refuse } from \"app:tax\"\n/** With tax. */\nexport function total(n: number): number {\n  if (n < 0) refuse()\n  return n * rate\n}")
	p.publish("shop", "pay", `import { total } from "app:pricing"
export default (request: Request) => total(Number(new URL(request.url).searchParams.get("n")))`)
	p.publish("shop", "late", `export default async () => (await import("app:tax")).rate`)
	p.answers("/fn/shop/pay?n=2", "3")
	p.answers("/fn/shop/late", "1.5")
	if got := p.get("/fn/shop/pricing"); got.status != http.StatusNotFound {
		t.Errorf("a module answers %d %s", got.status, got.body)
	}

	failed := p.get("/fn/shop/pay?n=-1").header.Get("X-Execution-Id")
	p.eventually(10e9, "the run is recorded", func() bool {
		status, run := p.api("GET", "/api/v1/executions/"+failed, nil)
		return status == http.StatusOK && strings.Contains(string(run), `"tax.ts"`) && strings.Contains(string(run), `"pricing.ts"`) && strings.Contains(string(run), `"pay.ts"`)
	})

	status, answer := p.module("shop", "tax", `export const rate = 10; export function refuse() {}`, nil)
	if status != http.StatusOK || !strings.Contains(answer, `"followed":[{"name":"late","version":2},{"name":"pay","version":2},{"name":"pricing","version":2}]`) {
		t.Errorf("%d %s", status, answer)
	}
	p.answers("/fn/shop/pay?n=2", "20")
	status, answer = p.module("shop", "tax", `export const rate = 11`, nil)
	if status != http.StatusOK || !strings.Contains(answer, `"followed":[{"name":"late","version":3}]`) || strings.Count(answer, `app:tax has no refuse; it exports rate.`) != 2 {
		t.Errorf("%d %s", status, answer)
	}
	p.answers("/fn/shop/pay?n=2", "20")
	p.answers("/fn/shop/late", "11")
	for _, follow := range []any{false, []string{}, []string{"pay"}} {
		if status, answer = p.module("shop", "tax", fmt.Sprintf("export const rate = 12 // %v", follow), map[string]any{"follow": follow}); status != http.StatusOK || strings.Contains(answer, "followed") {
			t.Errorf("%v: %d %s", follow, status, answer)
		}
	}
	if status, answer = p.module("shop", "tax", `export const rate = 1`, map[string]any{"follow": "pay"}); status != http.StatusUnprocessableEntity || !strings.Contains(answer, `"field":"follow"`) {
		t.Errorf("%d %s", status, answer)
	}

	_, script := p.api("GET", "/api/v1/apps/shop/scripts/pricing", nil)
	for _, part := range []string{
		`"kind":"module"`, `"imports":[{"name":"tax","version":2,"follows":true,"direct":true}]`,
		`"dependents":[{"name":"pay","version":2,"follows":true,"direct":true}]`, `"signature":"function total(n: number): number","doc":"With tax."`,
	} {
		if !strings.Contains(string(script), part) {
			t.Errorf("no %s in %s", part, script)
		}
	}
	if strings.Contains(string(script), `"url"`) {
		t.Errorf("a module has a URL: %s", script)
	}
	if status, answer := p.api("DELETE", "/api/v1/apps/shop/scripts/tax", nil); status != http.StatusConflict || !strings.Contains(string(answer), "late, pay, pricing") {
		t.Errorf("%d %s", status, answer)
	}
}

// Two apps with modules of the same names, which are renamed, deleted and made again: no spelling of an
// import, nor any moment, gives one of them the other's code.
func TestAppsShareNoModules(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	for _, app := range []string{"ours", "theirs"} {
		p.app(app)
		p.mustModule(app, "secret", fmt.Sprintf("export const text = %q", app+" only"))
		p.publish(app, "tell", `import { text } from "app:secret"; export default () => text`)
	}
	p.mustModule("theirs", "rare", `export const text = "theirs only"`)
	everywhere := func() {
		t.Helper()
		p.answers("/fn/ours/tell", "ours only")
		p.answers("/fn/theirs/tell", "theirs only")
	}
	everywhere()
	_, theirs := p.api("GET", "/api/v1/apps/theirs/scripts/rare", nil)
	var rare struct{ ID string }
	if err := json.Unmarshal(theirs, &rare); err != nil {
		t.Fatal(err)
	}
	refuse := func(app, specifier string) string {
		t.Helper()
		source := fmt.Sprintf("import { text } from %q; export default () => text", specifier)
		status, answer := p.api("PUT", "/api/v1/apps/"+app+"/scripts/spy", map[string]any{"source": source})
		if status != http.StatusUnprocessableEntity || strings.Contains(string(answer), "theirs only") {
			t.Errorf("%s: %d %s", specifier, status, answer)
		}
		var problem struct {
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(answer, &problem); err != nil || len(problem.Errors) == 0 {
			t.Fatalf("%s: %s", specifier, answer)
		}
		return problem.Errors[0].Message
	}
	if foreign, nowhere := refuse("ours", "app:rare"), refuse("ours", "app:none"); strings.ReplaceAll(foreign, "rare", "none") != nowhere {
		t.Errorf("%q tells more than %q", foreign, nowhere)
	}
	for _, specifier := range []string{
		"app:theirs/rare", "app:theirs:rare", "theirs:rare", "app:../theirs/rare", "app://theirs/rare", "theirs/rare", "app:" + rare.ID, "app:rare@1", "app:RARE",
		"app:rare?app=theirs", "/api/v1/apps/theirs/scripts/rare", p.url("/api/v1/apps/theirs/scripts/rare"), "app:secret/../../theirs/rare", "app:secret@1/rare",
	} {
		refuse("ours", specifier)
	}

	// What was theirs becomes ours in name alone, and the other way round.
	if status, answer := p.api("DELETE", "/api/v1/apps/ours/scripts/tell", nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, answer)
	}
	if status, answer := p.api("DELETE", "/api/v1/apps/ours/scripts/secret", nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, answer)
	}
	refuse("ours", "app:secret")
	p.answers("/fn/theirs/tell", "theirs only")
	p.mustModule("ours", "secret", `export const text = "ours only"`)
	p.publish("ours", "tell", `import { text } from "app:secret@1"; export default () => text`)
	everywhere()
	status, answer := p.module("theirs", "secret", `export const text = "theirs only" // again`, nil)
	if status != http.StatusOK || !strings.Contains(answer, `"followed":[{"name":"tell","version":2}]`) {
		t.Errorf("%d %s", status, answer)
	}
	everywhere()
}

// Drafts go live together, or none does; a script of another kind than it is is refused at every door.
func TestPublishingTogetherByTheAPI(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	for _, s := range []map[string]any{
		{"name": "pricing", "kind": "module", "source": "export const price = 7"},
		{"name": "pay", "source": `import { price } from "app:pricing"; export default () => price`},
		{"name": "broken", "source": `export default 1 +`},
	} {
		if status, answer := p.api("POST", "/api/v1/apps/shop/scripts", s); status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
	}
	together := func(names ...string) (int, string) {
		status, answer := p.api("POST", "/api/v1/apps/shop/publish", map[string]any{"scripts": names, "note": "first"})
		return status, string(answer)
	}
	if status, answer := together("pay", "pricing", "broken"); status != http.StatusUnprocessableEntity || !strings.Contains(answer, `"field":"scripts.broken"`) || !strings.Contains(answer, `broken.ts:1:19`) {
		t.Errorf("%d %s", status, answer)
	}
	if got := p.get("/fn/shop/pay"); got.status != http.StatusNotFound {
		t.Errorf("%d %s", got.status, got.body)
	}
	if status, answer := together("pay", "pricing"); status != http.StatusOK || strings.Count(answer, `"version":1`) < 2 || strings.Count(answer, `"url":`) != 2 {
		t.Errorf("%d %s", status, answer)
	}
	p.answers("/fn/shop/pay", "7")
	for _, c := range []struct {
		method, path string
		body         map[string]any
		field        string
		want         int
	}{
		{"PUT", "/pricing", map[string]any{"source": "export default 1", "kind": "endpoint"}, "kind", 422},
		{"PUT", "/pay", map[string]any{"source": "export default 1", "kind": "library"}, "kind", 422},
		{"PUT", "/fresh", map[string]any{"source": "export default 1", "kind": "library"}, "kind", 422},
		{"PATCH", "/pay", map[string]any{"kind": "module"}, "unpublish", 409},
		{"PATCH", "/pricing", map[string]any{"kind": "endpoint", "unpublish": true}, "kind", 409},
	} {
		status, answer := p.api(c.method, "/api/v1/apps/shop/scripts"+c.path, c.body)
		if status != c.want || !strings.Contains(string(answer), `"field":"`+c.field+`"`) {
			t.Errorf("%s %s %v: %d %s", c.method, c.path, c.body, status, answer)
		}
	}
	if status, answer := p.api("PATCH", "/api/v1/apps/shop/scripts/pay", map[string]any{"kind": "module", "unpublish": true}); status != http.StatusOK || !strings.Contains(string(answer), `"live_version":null`) {
		t.Errorf("%d %s", status, answer)
	}
	if got := p.get("/fn/shop/pay"); got.status != http.StatusNotFound {
		t.Errorf("what became a module answers %d", got.status)
	}
}

// A module that is published again and again while its users are called: each answer is of a version
// that was live during the call, whole, and the last is of the last.
func TestCallersMeetWholeVersions(t *testing.T) {
	t.Parallel()
	p := serveProduct(t)
	p.app("shop")
	p.mustModule("shop", "base", `export const n = 0`)
	for _, side := range []string{"left", "right"} {
		p.mustModule("shop", side, `export { n as `+side+` } from "app:base"`)
	}
	p.publish("shop", "top", `import { left } from "app:left"; import { right } from "app:right"; export default () => [left, right]`)
	published, done := make(chan int, 1), make(chan struct{})
	published <- 0
	go func() {
		defer close(done)
		for n := 1; n <= 12; n++ {
			if status, answer := p.module("shop", "base", fmt.Sprintf("export const n = %d", n), nil); status != http.StatusOK {
				t.Errorf("%d %s", status, answer)
			}
			<-published
			published <- n // it is answered, so it is live
		}
	}()
	for calling := true; calling; {
		select {
		case <-done:
			calling = false
		default:
		}
		least := <-published
		published <- least
		var sides []int
		got := p.get("/fn/shop/top")
		if err := json.Unmarshal([]byte(got.body), &sides); err != nil || len(sides) != 2 || sides[0] != sides[1] || sides[0] < least {
			t.Fatalf("after %d was live: %d %s", least, got.status, got.body)
		}
	}
	p.answers("/fn/shop/top", "[12,12]")
	var versions []int
	p.eventually(10e9, "the runs are recorded", func() bool {
		return p.pool.QueryRow(t.Context(), `SELECT array_agg(DISTINCT version ORDER BY version) FROM executions WHERE script_name = 'top'`).Scan(&versions) == nil && slices.Contains(versions, 13)
	})
}
