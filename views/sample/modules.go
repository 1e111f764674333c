package sample

import (
	"time"

	"picloud/views"
	"picloud/views/graph"
	"picloud/views/paths"
)

const pricingSource = `import { rate } from "app:tax";

/** What is to be paid, in cents. */
export function total(items: Item[]): number {
  return items.reduce((sum, item) => sum + item.price * item.count, 0) * rate;
}

export interface Item { price: number; count: number }
`

func moduleHead() views.ScriptHead {
	return views.ScriptHead{
		App: app, Name: "pricing", Description: "What things cost, with tax",
		Live: &views.Live{Number: 4, At: ago(26 * time.Hour), Author: "ben"}, Added: 2, Removed: 1,
		Module: &views.ModuleHead{Import: `import { total, round } from "app:pricing"`, Users: 5},
	}
}

func exports() []views.ExportRow {
	return []views.ExportRow{
		{Name: "round", Signature: "const round = (cents: number)", Doc: "Half a cent goes up. <img src=x onerror=alert(1)>"},
		{Name: "total", Signature: "function total(items: Item[]): number", Doc: "What is to be paid, in cents."},
		{Name: "Item", Signature: "interface Item { price: number; count: number }", Type: true},
	}
}

func module() views.ScriptProps {
	return views.ScriptProps{
		Script: moduleHead(), Language: "typescript", File: "pricing.ts", Source: pricingSource, Revision: 41, SavedAt: ago(20 * time.Second),
		Request: views.RunForm{Method: "POST", In: "greet", Body: `[{"price":100,"count":2}]`}, Dependents: []string{"checkout", "greet"},
		Modules: importables(),
		About: views.AboutProps{
			Exports: exports(),
			Users: []views.UserRow{
				{Name: "checkout", Version: 7, Has: 4, Direct: true},
				{Name: "greet", Version: 12, Has: 4, Through: []string{"prices"}},
				{Name: "import", Version: 2, Has: 3, Direct: true},
				{Name: "museum-of-old-prices-that-nobody-dares-to-touch", Version: 1, Has: 1, Pinned: true, Direct: true},
				{Name: "prices", Module: true, Version: 9, Has: 4, Direct: true, Through: []string{"rounding"}},
			},
			Uses:  []views.UseRow{{Name: "tax", Version: 2, Direct: true}},
			Graph: imports(),
		},
	}
}

func importables() []views.Importable {
	return []views.Importable{
		{Name: "tax", Version: 2, Exports: []views.ImportableName{{Name: "rate", Kind: "variable", Detail: "= 1.19"}, {Name: "Country", Kind: "type", Detail: `= "de" | "fr"`}}},
		{Name: "pricing", Version: 4, Exports: []views.ImportableName{
			{Name: "total", Kind: "function", Detail: "(items: Item[]): number", Doc: "What is to be paid, in cents."}, {Name: "round", Kind: "variable"}, {Name: "Item", Kind: "type"},
		}},
	}
}

func imports() graph.Props {
	p := graph.Props{Label: "Who imports pricing, and what it imports"}
	for _, name := range []string{"checkout", "greet", "import", "museum-of-old-prices-that-nobody-dares-to-touch", "prices", "rounding", "pricing", "tax"} {
		p.Nodes = append(p.Nodes, graph.Node{
			Name: name, Href: paths.Script(app, name), Current: name == "pricing",
			Module: name == "prices" || name == "pricing" || name == "tax" || name == "rounding",
		})
	}
	p.Arrows = []graph.Arrow{
		{From: "checkout", To: "pricing", Version: 4},
		{From: "checkout", To: "tax", Version: 2},
		{From: "greet", To: "prices", Version: 9},
		{From: "import", To: "pricing", Version: 3},
		{From: "museum-of-old-prices-that-nobody-dares-to-touch", To: "pricing", Version: 1, Pinned: true},
		{From: "prices", To: "pricing", Version: 4},
		{From: "prices", To: "rounding", Version: 1},
		{From: "rounding", To: "pricing", Version: 4},
		{From: "pricing", To: "tax", Version: 2},
	}
	return p
}

func modulePages(at views.Frame) []Page {
	page := paths.Script(app, "pricing")
	ran := module()
	ran.Answer = answer()
	ran.Answer.Ran = views.RanProps{Function: "greet", Version: 12, Draft: "pricing", Modules: []views.UseRow{{Name: "tax", Version: 2}, {Name: "pricing", Version: 1, Pinned: true}}}
	failed := module()
	failed.Answer = &views.Answer{Outcome: "error", Status: 500, Wall: 2 * time.Millisecond, Failure: failure(), Ran: views.RanProps{Function: "greet", Version: 12, Draft: "pricing"}}
	failed.Answer.Failure.Stack = append(failed.Answer.Failure.Stack, views.StackFrame{Function: "rate", Place: views.Place{Text: "tax.ts:1:7", URL: paths.VersionLine(app, "tax", 2, 1)}})
	refused := module()
	refused.Faults = views.Faults{"dependent": "greet does not build with this draft: greet.ts:1:10: app:pricing has no total; it exports round."}
	alone := module()
	alone.Script.Module, alone.Dependents, alone.About = &views.ModuleHead{Import: alone.Script.Module.Import, Alone: true}, nil, views.AboutProps{Exports: exports()[:2]}
	alone.Checked = &views.CheckedProps{Exports: exports()}
	fresh := module()
	fresh.Script.Live, fresh.Script.Module = nil, &views.ModuleHead{Alone: true}
	fresh.Dependents, fresh.About = nil, views.AboutProps{}
	endpoint := script()
	endpoint.Modules, endpoint.Answer = importables(), answer()
	endpoint.Answer.Ran = views.RanProps{Modules: []views.UseRow{{Name: "prices", Version: 9}, {Name: "tax", Version: 2}}}
	endpoint.About.Uses = []views.UseRow{
		{Name: "prices", Version: 9, Direct: true},
		{Name: "pricing", Version: 4, Through: []string{"prices", "rounding"}},
		{Name: "tax", Version: 1, Direct: true, Pinned: true, Through: []string{"pricing"}},
		{Name: "old-rates", Version: 3, Pinned: true, Direct: true, Gone: true},
	}
	settings := views.ScriptSettingsProps{Script: moduleHead(), Language: "typescript", Capture: "heads", Kind: "module", Name: "pricing", Versions: 4}
	used := settings
	used.Kind, used.Confirm = "endpoint", "pricing"
	used.Faults = views.Faults{"kind": "pricing cannot become an endpoint while others use it: checkout, greet, import and 2 more."}
	live := views.ScriptSettingsProps{Script: head(), Language: "typescript", Capture: "heads", Kind: "module", Name: "greet", Versions: 12}
	live.Faults = views.Faults{"unpublish": "Version 12 of greet is live, and would be unpublished. Its URL then answers no more, and its text must fit a module to be published again."}
	return []Page{
		{"module", page, 200, views.Script(at, ran)},
		{"module-failure", page, 200, views.Script(at, failed)},
		{"module-refused", page, 422, views.Script(at, refused)},
		{"module-alone", page, 200, views.Script(at, alone)},
		{"module-fresh", page, 200, views.Script(at, fresh)},
		{"module-runs", paths.ScriptRuns(app, "pricing"), 200, views.Runs(at, views.RunsProps{Script: new(moduleHead())})},
		{"module-settings", paths.ScriptSettings(app, "pricing"), 200, views.ScriptSettings(at, settings)},
		{"module-settings-used", paths.ScriptSettings(app, "pricing"), 409, views.ScriptSettings(at, used)},
		{"module-settings-live", paths.ScriptSettings(app, "greet"), 409, views.ScriptSettings(at, live)},
		{"script-modules", paths.Script(app, "greet"), 200, views.Script(at, endpoint)},
		{"script-new-module", paths.NewModule(app), 200, views.NewScript(at, views.NewScriptProps{Kind: "module", Name: "pricing", Said: views.NameSaid{
			Rule: "1 to 63 of a-z, 0-9 and \"-\"; the first is a letter or a digit.", URL: "http://127.0.0.1:8080/fn/shop/pricing", Name: "pricing",
		}})},
		{"app-together", paths.PublishTogether(app), 422, views.AppHome(at, togetherHome())},
		{"run-of-module", paths.Run(app, "r9"), 200, views.Run(at, views.RunProps{
			ID: "r9", Script: "greet", Trigger: "draft", DraftOf: "pricing", DraftURL: page, Method: "GET", Subject: "/", Outcome: "ok", Status: 200, At: ago(time.Minute), Wall: time.Millisecond, Capture: "heads",
		})},
	}
}

// togetherHome is the home of an app with drafts that could not be published together.
func togetherHome() views.AppHomeProps {
	home := appHome()
	home.Scripts[3].Module, home.Scripts[3].Users, home.Scripts[3].LastRun = true, 4, nil
	home.Scripts[4].Module = true
	home.Together = views.TogetherProps{
		Open: true, More: 2, Note: "Half an idea", Faults: views.Faults{"": "Nothing was published."},
		Rows: []views.TogetherRow{
			{Name: "greet", Revision: "41", Live: 12, Added: 4, Removed: 1, Chosen: true},
			{Name: "prices", Module: true, Revision: "3", Live: 1, Added: 1, Chosen: true, Faults: []views.TogetherFault{
				{Place: "prices.ts:9:16", Href: paths.ScriptAt(app, "prices", 9, 16), Message: "app:tax has no <b>rate</b>; it exports rates."},
				{Message: "The draft was saved again since this page was drawn. Look at it once more."},
			}},
			{Name: "checkout", Revision: "9", Live: 7, Rebuilt: true, Chosen: true},
			{Name: "receipts", Revision: "1"},
		},
	}
	return home
}
