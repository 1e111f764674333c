package script_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/engine/seal"
)

// put publishes a source under a name.
func (w *world) put(t *testing.T, name string, kind script.Kind, source string) script.Published {
	t.Helper()
	published, err := w.scripts.Put(t.Context(), w.write, script.New{Name: name, Kind: kind}, script.Publishing{Source: &source})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return published
}

func (w *world) putErr(t *testing.T, name string, kind script.Kind, source string) error {
	t.Helper()
	_, err := w.scripts.Put(t.Context(), w.write, script.New{Name: name, Kind: kind}, script.Publishing{Source: &source})
	return err
}

func (w *world) find(t *testing.T, name string) script.Script {
	t.Helper()
	found, err := w.scripts.Find(t.Context(), w.write, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// program is what a worker would run for a script.
func (w *world) program(t *testing.T, name string) string {
	t.Helper()
	var program string
	err := w.pool.QueryRow(t.Context(), `SELECT p.program FROM scripts s JOIN script_versions v ON v.script_id = s.id AND v.number = s.live_version
		JOIN programs p ON p.app_id = v.app_id AND p.hash = v.hash WHERE s.app_id = $1 AND s.name = $2`, w.app.ID, name).Scan(&program)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

const usesPrice = `import { price } from "app:pricing"; export default () => price`

func TestWhoFollowsAModuleIsBuiltAnew(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	w.put(t, "tax", script.Module, `export const rate = 1`)
	w.put(t, "pricing", script.Module, `import { rate } from "app:tax"; export const price = "one" + rate`)
	w.put(t, "shop", script.Endpoint, usesPrice)
	w.put(t, "both", script.Endpoint, `import { rate } from "app:tax"; import { price } from "app:pricing"; export default () => rate + price`)
	w.put(t, "pins", script.Endpoint, `import { price } from "app:pricing@1"; export default () => price`)
	w.put(t, "alone", script.Endpoint, `export default () => "app:pricing"`)
	draft, err := w.scripts.SaveDraft(ctx, w.write, w.find(t, "shop").ID, usesPrice+"// changed", 1)
	if err != nil {
		t.Fatal(err)
	}

	changed := w.put(t, "tax", "", `export const rate = 22`)
	if got := fmt.Sprint(changed.Version, changed.Followed, changed.Failed); got != "2 [{both 2} {pricing 2} {shop 2}] []" {
		t.Errorf("%s", got)
	}
	for name, wants := range map[string]string{"shop": `rate = 22`, "both": "rate = 22", "pins": "rate = 1;"} {
		if text := w.program(t, name); !strings.Contains(text, wants) || strings.Count(text, "var rate") != 1 {
			t.Errorf("%s runs\n%s", name, text)
		}
	}
	versions, _, err := w.scripts.Versions(ctx, w.write, w.find(t, "shop").ID, 0, 0)
	if err != nil || versions[0].Note != "follows pricing v2 tax v2" || versions[0].Origin != 1 || versions[0].Author != "Ada" {
		t.Errorf("%+v, %v", versions, err)
	}
	if kept, err := w.scripts.Draft(ctx, w.write, w.find(t, "shop").ID); err != nil || kept.Source != draft.Source || kept.Revision != draft.Revision {
		t.Errorf("the draft is %+v, %v", kept, err)
	}
	if unchanged, err := w.scripts.Draft(ctx, w.write, w.find(t, "both").ID); err != nil || unchanged.BaseVersion != 2 || w.find(t, "both").DraftChanged {
		t.Errorf("a draft without changes is %+v, %v", unchanged, err)
	}
	source := usesPrice + "// mine"
	if _, err := w.scripts.Publish(ctx, w.write, w.find(t, "shop").ID, script.Publishing{Source: &source, IfVersion: new(1)}); err != nil {
		t.Errorf("if_version of what a person published: %v", err)
	}
	if _, err := w.scripts.Publish(ctx, w.write, w.find(t, "shop").ID, script.Publishing{IfVersion: new(2)}); !fault.Is(err, fault.Conflict) {
		t.Errorf("if_version of what another person replaced: %v", err)
	}
	uses, err := w.scripts.Modules(ctx, w.write, w.find(t, "shop").ID, 3)
	if err != nil || len(uses) != 2 || uses[0].Name != "pricing" || uses[0].Version != 2 || !uses[0].Direct || !uses[0].Follows || uses[1].Direct || uses[1].Version != 2 ||
		len(uses[0].Through) != 0 || fmt.Sprint(uses[1].Through) != "[pricing]" {
		t.Errorf("%+v, %v", uses, err)
	}
	pinned, err := w.scripts.Modules(ctx, w.write, w.find(t, "pins").ID, 1)
	if err != nil || len(pinned) != 2 || pinned[0].File != "pricing@1.ts" || pinned[1].File != "pricing@1/tax.ts" || pinned[0].Follows || pinned[1].Follows {
		t.Errorf("%+v, %v", pinned, err)
	}
}

func TestWhoDoesNotBuildStays(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.put(t, "pricing", script.Module, `export const price = 1; export const old = 1`)
	w.put(t, "shop", script.Endpoint, usesPrice)
	w.put(t, "museum", script.Endpoint, `import { old } from "app:pricing"; export default () => old`)
	outlook, err := w.scripts.Preview(t.Context(), w.write, w.find(t, "pricing").ID, new(`export const price = 2`), 0)
	if err != nil || len(outlook) != 2 || len(outlook[0].Problems) != 1 || outlook[0].Name != "museum" || len(outlook[1].Problems) != 0 {
		t.Fatalf("%+v, %v", outlook, err)
	}
	changed := w.put(t, "pricing", "", `export const price = 2`)
	if len(changed.Failed) != 1 || changed.Failed[0].Problems[0].Message != "app:pricing has no old; it exports price." || fmt.Sprint(changed.Followed) != "[{shop 2}]" {
		t.Fatalf("%+v", changed)
	}
	if !strings.Contains(w.program(t, "museum"), "old = 1") || w.find(t, "museum").LiveVersion != 1 {
		t.Error("what does not build did not stay")
	}
	again := w.put(t, "pricing", "", `export const price = 3, old = 3`)
	if fmt.Sprint(again.Followed) != "[{museum 2} {shop 3}]" {
		t.Errorf("%+v", again)
	}
	back, err := w.scripts.MakeLive(t.Context(), w.write, w.find(t, "pricing").ID, 2, "three was wrong", script.Follow{})
	if err != nil || back.Script.LiveVersion != 2 || len(back.Failed) != 1 || fmt.Sprint(back.Followed) != "[{shop 4}]" {
		t.Fatalf("%+v, %v", back, err)
	}
	if !strings.Contains(w.program(t, "shop"), "price = 2") {
		t.Error(w.program(t, "shop"))
	}
	for follow, want := range map[string]script.Follow{"[]": {None: true}, "[{museum 3}]": {Only: []string{"museum"}}} {
		source := `export const price = 4, old = 4 // ` + follow
		published, err := w.scripts.Publish(t.Context(), w.write, w.find(t, "pricing").ID, script.Publishing{Source: &source, Follow: want})
		if err != nil || fmt.Sprint(published.Followed) != follow {
			t.Errorf("%s: %+v, %v", follow, published, err)
		}
	}
}

func TestWhatCannotBeImported(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	other, err := w.apps.Create(ctx, w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	theirs := `export const price = "theirs"`
	if _, err := w.scripts.Put(ctx, w.may(t, actor.WriteScript, other.ID), script.New{Name: "pricing", Kind: script.Module}, script.Publishing{Source: &theirs}); err != nil {
		t.Fatal(err)
	}
	foreign := w.putErr(t, "shop", script.Endpoint, usesPrice)
	nowhere := w.putErr(t, "shop", script.Endpoint, strings.ReplaceAll(usesPrice, "pricing", "nowhere"))
	if !fault.Is(foreign, fault.Invalid) || strings.ReplaceAll(fault.Of(nowhere).Public, "nowhere", "pricing") != fault.Of(foreign).Public {
		t.Errorf("%v\n%v", foreign, nowhere)
	}
	if _, err := w.scripts.Create(ctx, w.write, script.New{Name: "empty", Kind: script.Module}); err != nil {
		t.Fatal(err)
	}
	w.put(t, "hello", script.Endpoint, `export default () => 1`)
	w.put(t, "tax", script.Module, `export const rate = 1`)
	for _, c := range []struct{ source, message string }{
		{`import "app:hello"; export default 1`, "hello is an endpoint; only modules can be imported."},
		{`import "app:empty"; export default 1`, "The module empty is not published yet."},
		{`import "app:tax@7"; export default 1`, "The module tax has no version 7."},
	} {
		err := w.putErr(t, "shop", script.Endpoint, "\n"+c.source)
		if fields := fault.Of(err).Fields; !fault.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Message != c.message || fields[0].Line != 2 || fields[0].Column != 8 {
			t.Errorf("%s: %v %+v", c.source, err, fields)
		}
	}
	if err := w.putErr(t, "tax", script.Module, `import "app:tax"; export const rate = 2`); !strings.Contains(fmt.Sprint(err), "circle here: tax → tax") {
		t.Error(err)
	}
	w.put(t, "vat", script.Module, `import { rate } from "app:tax"; export const vat = rate`)
	if err := w.putErr(t, "tax", script.Module, `import { vat } from "app:vat"; export const rate = vat`); !strings.Contains(fmt.Sprint(err), "circle here: tax → vat → tax") {
		t.Error(err)
	}
	if err := w.putErr(t, "tax", script.Endpoint, `export default 1`); fault.Of(err).Fields[0].Name != "kind" {
		t.Error(err)
	}
}

func TestModulesThatAreUsedStay(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	pricing := w.put(t, "pricing", script.Module, `export const price = 1`).Script
	shop := w.put(t, "shop", script.Endpoint, usesPrice).Script
	conflict := func(what, field string, err error) {
		t.Helper()
		if f := fault.Of(err); !fault.Is(err, fault.Conflict) || !strings.Contains(f.Public, "shop") || f.Fields[0].Name != field {
			t.Errorf("%s: %v", what, err)
		}
	}
	conflict("delete", "name", w.scripts.Delete(ctx, w.write, pricing.ID, "pricing"))
	_, err := w.scripts.Unpublish(ctx, w.write, pricing.ID, "")
	conflict("unpublish", "version", err)
	_, err = w.scripts.Describe(ctx, w.write, pricing.ID, script.Settings{Capture: pricing.Capture, Kind: script.Endpoint, Unpublish: true})
	conflict("become an endpoint", "kind", err)
	_, err = w.scripts.Describe(ctx, w.write, shop.ID, script.Settings{Capture: shop.Capture, Kind: script.Module})
	conflict("become a module while live", "unpublish", err)

	if _, err := w.scripts.Rename(ctx, w.write, pricing.ID, "prices"); err != nil {
		t.Fatal(err)
	}
	renamed := w.put(t, "shop", "", usesPrice+" // again")
	if len(renamed.Warnings) != 1 || renamed.Warnings[0].Message != "The module pricing is called prices now." || renamed.Warnings[0].Column != 23 {
		t.Errorf("%+v", renamed.Warnings)
	}
	if changed := w.put(t, "prices", "", `export const price = 2`); fmt.Sprint(changed.Followed) != "[{shop 3}]" || !strings.Contains(w.program(t, "shop"), "price = 2") {
		t.Errorf("%+v", changed)
	}

	if _, err := w.scripts.Describe(ctx, w.write, shop.ID, script.Settings{Capture: shop.Capture, Kind: script.Module, Unpublish: true}); err != nil {
		t.Fatal(err)
	}
	if now := w.find(t, "shop"); now.Kind != script.Module || now.LiveVersion != 0 {
		t.Errorf("%+v", now)
	}
	if _, err := w.scripts.MakeLive(ctx, w.write, shop.ID, 1, "", script.Follow{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a version of another kind: %v", err)
	}
	if err := w.scripts.Delete(ctx, w.write, pricing.ID, "prices"); err != nil {
		t.Errorf("delete what is used no more: %v", err)
	}
	var left int
	if err := w.pool.QueryRow(ctx, "SELECT (SELECT count(*) FROM programs) + (SELECT count(*) FROM sources)").Scan(&left); err != nil || left != 3+2+2 {
		t.Errorf("%d texts and programs, %v", left, err) // 3 programs of shop, its 2 texts, and those 2 of the module in them
	}
}

func TestScriptsArePublishedTogether(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	for name, source := range map[string]string{"pricing": `export const price = 1`, "shop": usesPrice, "alone": "export default 1"} {
		kind := script.Endpoint
		if name == "pricing" {
			kind = script.Module
		}
		if _, err := w.scripts.Create(ctx, w.write, script.New{Name: name, Kind: kind, Source: source}); err != nil {
			t.Fatal(err)
		}
	}
	together, err := w.scripts.PublishTogether(ctx, w.write, []string{"shop", "pricing"}, "first", script.Follow{})
	all := together.Published
	if err != nil || len(all) != 2 || all[0].Script.Name != "shop" || all[0].Version != 1 || !strings.Contains(w.program(t, "shop"), "price = 1") {
		t.Fatalf("%+v, %v", all, err)
	}
	uses, err := w.scripts.Modules(ctx, w.write, w.find(t, "shop").ID, 1)
	if err != nil || len(uses) != 1 || uses[0].Version != 1 {
		t.Errorf("%+v, %v", uses, err)
	}
	save := func(name, source string) {
		s := w.find(t, name)
		if _, err := w.scripts.SaveDraft(ctx, w.write, s.ID, source, s.Revision); err != nil {
			t.Fatal(err)
		}
	}
	save("pricing", `export const cost = 1`)
	save("alone", `export default 2 +`)
	_, err = w.scripts.PublishTogether(ctx, w.write, []string{"pricing", "alone"}, "", script.Follow{})
	if f := fault.Of(err); !fault.Is(err, fault.Invalid) || f.Fields[0].Name != "scripts.alone" || !strings.HasPrefix(f.Fields[0].Message, "alone.ts:1:") {
		t.Errorf("%v", err)
	}
	if w.find(t, "pricing").LiveVersion != 1 {
		t.Error("one of two was published")
	}
	save("shop", strings.ReplaceAll(usesPrice, "price ", "cost as price "))
	together, err = w.scripts.PublishTogether(ctx, w.write, []string{"pricing", "shop", "shop"}, "", script.Follow{})
	if all = together.Published; err != nil || len(all) != 2 || len(together.Failed) != 0 || w.find(t, "shop").LiveVersion != 2 || w.find(t, "pricing").LiveVersion != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, names := range [][]string{nil, {"nobody"}, make([]string, script.MaxTogether+1)} {
		if _, err := w.scripts.PublishTogether(ctx, w.write, names, "", script.Follow{}); !fault.Is(err, fault.Invalid) || fault.Of(err).Fields[0].Name != "scripts" {
			t.Errorf("%d names: %v", len(names), err)
		}
	}
}

func TestADraftOfAModuleRunsInADependent(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	pricing := w.put(t, "pricing", script.Module, `export const price = 1`).Script
	shop := w.put(t, "shop", script.Endpoint, usesPrice).Script
	alone := w.put(t, "alone", script.Endpoint, `export default 1`).Script
	trial, err := w.scripts.BuildWith(ctx, w.write, pricing.ID, new(`export const price = "draft"`), shop.ID)
	if err != nil || trial.Script.ID != shop.ID || !strings.Contains(trial.Output.Program, `"draft"`) || len(trial.Modules) != 1 || trial.Modules[0].Version != 0 {
		t.Errorf("%+v, %v", trial, err)
	}
	if _, err := w.scripts.BuildWith(ctx, w.write, pricing.ID, nil, alone.ID); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	_, err = w.scripts.BuildWith(ctx, w.write, pricing.ID, new(`export const cost = 1`), shop.ID)
	if fields := fault.Of(err).Fields; !fault.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Name != "dependent" ||
		fields[0].Message != "shop does not build with this draft: shop.ts:1:10: app:pricing has no price; it exports cost." {
		t.Errorf("%v: %+v", err, fields)
	}
	trial, err = w.scripts.BuildWith(ctx, w.write, pricing.ID, new("export const price = 1;\nexport const none = () => process.env.NOBODY"), shop.ID)
	if err != nil || len(trial.Output.Warnings) != 1 || trial.Output.Warnings[0].Line != 2 {
		t.Errorf("the warnings are those of the draft: %+v, %v", trial.Output.Warnings, err)
	}
	if strings.Contains(w.program(t, "shop"), "draft") {
		t.Error("a trial was stored")
	}
}

// A diamond of modules, published again and again by several at once while its parents are, too:
// when all is done, and whenever somebody looks, every parent has the modules that are live.
func TestNobodyRunsAnOldCopyOfAModule(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	const left, right, top = `import { n } from "app:base"; export const left = "left%d" + n`, `import { n } from "app:base"; export const right = "right%d" + n`, `import { left } from "app:left"; import { right } from "app:right"; export default () => left + right + %d`
	sources := map[string]string{"base": `export const n = "base%d"`, "left": left, "right": right, "top": top}
	for _, name := range []string{"base", "left", "right"} {
		w.put(t, name, script.Module, fmt.Sprintf(sources[name], 0))
	}
	w.put(t, "top", script.Endpoint, fmt.Sprintf(top, 0))
	routes := script.NewTable(dbtest.WorkerPool(t, w.pool), &seal.Ring{}, nil)
	programs := script.NewPrograms(dbtest.WorkerPool(t, w.pool), "")

	var publishing sync.WaitGroup
	for name, source := range sources {
		publishing.Go(func() {
			for n := 1; n <= 4; n++ {
				text := fmt.Sprintf(source, n)
				if _, err := w.scripts.Put(ctx, w.write, script.New{Name: name}, script.Publishing{Source: &text}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { publishing.Wait(); close(done) }()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
		}
		if err := routes.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		live, found := routes.Lookup(w.app.Slug, "top")
		if !found {
			t.Fatal("top is gone")
		}
		program, err := programs.Load(ctx, live.VersionID, live.Hash)
		if err != nil {
			t.Fatal(err)
		}
		var old int
		err = w.pool.QueryRow(ctx, `SELECT count(*) FROM scripts s JOIN script_versions v ON v.script_id = s.id AND v.number = s.live_version
			JOIN version_modules m ON m.version_id = v.id JOIN scripts x ON x.id = m.module_id WHERE m.number <> x.live_version`).Scan(&old)
		if err != nil || old > 0 {
			t.Fatalf("%d parents have an old module, %v", old, err)
		}
		uses, err := w.scripts.Modules(ctx, w.write, live.Script, live.Version)
		if err != nil || len(uses) != 3 {
			t.Fatal(uses, err)
		}
		for _, use := range uses {
			module, err := w.scripts.Version(ctx, w.write, use.Script, use.Version)
			if err != nil {
				t.Fatal(err)
			}
			if _, own, _ := strings.Cut(module.Source, `= `); !strings.Contains(program, strings.TrimSuffix(own, " + n")) {
				t.Fatalf("v%d of top says it has %s v%d, and has not:\n%s\n%s", live.Version, use.Name, use.Version, module.Source, program)
			}
		}
	}
	program := w.program(t, "top")
	for _, part := range []string{`"base4"`, `"left4"`, `"right4"`, "right + 4"} {
		if !strings.Contains(program, part) {
			t.Errorf("no %s in the last program:\n%s", part, program)
		}
	}
	uses, err := w.scripts.Modules(ctx, w.write, w.find(t, "top").ID, w.find(t, "top").LiveVersion)
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range uses {
		if now := w.find(t, use.Name); now.LiveVersion != use.Version {
			t.Errorf("top has %s v%d, and v%d is live", use.Name, use.Version, now.LiveVersion)
		}
	}
}

func TestExportsAndGraphAreTold(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	w.put(t, "tax", script.Module, `export const rate = 1`)
	w.put(t, "pricing", script.Module, "import { rate } from \"app:tax\"\n/** In cents. */\nexport function total(n: number): number { return n * rate }")
	w.put(t, "shop", script.Endpoint, `import { total } from "app:pricing"; export default () => total(1)`)
	w.put(t, "other", script.Module, `export const x = 1`)
	w.put(t, "alone", script.Endpoint, `import { x } from "app:other"; export default () => x`)
	modules, err := w.scripts.Importables(ctx, w.write)
	if err != nil || len(modules) != 3 || modules[1].Name != "pricing" {
		t.Fatalf("%+v, %v", modules, err)
	}
	if want := (bundle.Export{Name: "total", Signature: "function total(n: number): number", Doc: "In cents."}); modules[1].Exports[0] != want {
		t.Errorf("%+v", modules[1].Exports)
	}
	if _, err := w.scripts.Rename(ctx, w.write, w.find(t, "tax").ID, "taxes"); err != nil {
		t.Fatal(err)
	}
	dependents, err := w.scripts.Dependents(ctx, w.write, w.find(t, "taxes").ID)
	if err != nil || len(dependents) != 2 || len(dependents[0].Through) != 0 || fmt.Sprint(dependents[1].Name, dependents[1].Through) != "shop[pricing]" {
		t.Errorf("%+v, %v", dependents, err)
	}
	users, err := w.scripts.Users(ctx, w.write)
	if want := map[id.Script]int{w.find(t, "pricing").ID: 1, w.find(t, "taxes").ID: 2, w.find(t, "other").ID: 1}; err != nil || !maps.Equal(users, want) {
		t.Errorf("%v instead of %v, %v", users, want, err)
	}
	graph, err := w.scripts.Graph(ctx, w.write, w.find(t, "pricing").ID)
	if err != nil || len(graph) != 2 || graph[0].FromName != "pricing" || graph[0].ToName != "taxes" || graph[1].FromName != "shop" || graph[1].ToName != "pricing" {
		t.Errorf("%+v, %v", graph, err)
	}
}
