package sample

import (
	"fmt"
	"strings"
	"time"

	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

const source = `import { log } from "picloud";

const rates: Record<string, number> = { eur: 1, usd: 1.08 };

// Says hello and tells the price in the caller's money.
export default async function (request: Request) {
  const url = new URL(request.url);
  const name = url.searchParams.get("name") ?? "world";
  const rate = rates[url.searchParams.get("in") ?? "eur"];

  log.info("greeting", { name });
  return Response.json({ hello: name, price: 42 * rate });
}
`

func head() views.ScriptHead {
	return views.ScriptHead{
		App: app, Name: "greet", Description: "Says hello, and tells the price in the caller's money",
		URL: "http://127.0.0.1:8080/fn/shop/greet", HostURL: "http://shop.localhost:8080/greet",
		Live:  &views.Live{Number: 12, At: ago(3 * time.Minute), Author: "anna", Note: "Prices in dollars"},
		Added: 4, Removed: 1,
		LastRun: &views.RunBrief{ID: "r1", Outcome: "ok", Status: 200, At: ago(12 * time.Second)},
	}
}

func script() views.ScriptProps {
	return views.ScriptProps{
		Script: head(), Language: "typescript", File: "greet.ts", Source: source, Revision: 41, SavedAt: ago(20 * time.Second),
		Request: views.RunForm{Method: "GET", Query: "name=Ada&in=usd", Headers: "accept: application/json"},
		Env:     []views.EnvName{{Name: "GREETING"}, {Name: "PAYMENT_TOKEN", Secret: true}},
	}
}

func answer() *views.Answer {
	return &views.Answer{
		Outcome: "ok", Status: 200, Wall: 62 * time.Millisecond, Executing: 1300 * time.Microsecond, Size: 35,
		Headers: []views.HeaderField{{Name: "content-type", Value: "application/json"}, {Name: "x-shop", Value: "<b>1</b>"}},
		Body:    "{\n  \"hello\": \"Ada\",\n  \"price\": 45.36\n}",
		RunURL:  paths.Run(app, "r1"), Limits: limits(), Lines: lines()[:1], Timeline: timeline(),
	}
}

func limits() []views.Limit {
	return []views.Limit{
		{Name: "CPU", Used: "1.3 ms", Of: "2,000 ms", Share: .00065},
		{Name: "Time", Used: "12 ms", Of: "30 s", Share: .0004},
		{Name: "Answer", Used: "8.4 MiB", Of: "10 MiB", Share: .84},
		{Name: "Log", Used: "1,000", Of: "1,000 lines", Share: 1},
	}
}

func lines() []views.LogLineProps {
	return []views.LogLineProps{
		{At: ago(12 * time.Millisecond), Level: "info", Message: "greeting", Fields: "name=Ada"},
		{At: ago(9 * time.Millisecond), Level: "debug", Message: "rates from memory"},
		{At: ago(8 * time.Millisecond), Level: "warn", Message: "no rate for this money: a line that is so long that it has to be broken somewhere, and <em>says</em> little", Fields: "in=xyz"},
		{At: ago(7 * time.Millisecond), Level: "error", Message: "TypeError: rates.xyz is undefined", Fields: "in=xyz", Stack: "    at default (greet.ts:9:16)"},
	}
}

func failure() *views.FailureProps {
	return &views.FailureProps{
		Title: "TypeError", Message: "Cannot read property 'value' of undefined", Place: place(9, 16), Column: 16,
		Source: []ui.CodeLine{
			{Number: 7, Text: "  const url = new URL(request.url);"},
			{Number: 8, Text: "  const name = url.searchParams.get(\"name\") ?? \"world\";"},
			{Number: 9, Text: "  const rate = rates[url.searchParams.get(\"in\")].value;", Hit: true},
			{Number: 10, Text: ""},
			{Number: 11, Text: "  log.info(\"greeting\", { name });"},
		},
		Stack: []views.StackFrame{{Function: "default", Place: place(9, 16)}, {Function: "answer", Place: place(21, 3)}},
	}
}

func place(line, column int) views.Place {
	return views.Place{Text: fmt.Sprintf("greet.ts:%d:%d", line, column), URL: paths.ScriptAt(app, "greet", line, column), Line: line, Column: column}
}

func scriptPages(at views.Frame) []Page {
	path := paths.Script(app, "greet")
	ran := script()
	ran.Answer = answer()
	html := script()
	html.Answer = &views.Answer{
		Outcome: "ok", Status: 200, Wall: 3 * time.Millisecond, Size: 24, Body: "<form></form>", PreviewURL: paths.Preview("abc"), Form: true,
		Headers: []views.HeaderField{{Name: "content-type", Value: "text/html; charset=utf-8"}}, Limits: limits(),
	}
	broken := script()
	broken.Problems = []views.Problem{{Line: 9, Column: 16, Message: "Expected \")\" but found \";\""}, {Line: 1, Column: 21, Message: "\"lodash\" cannot be imported: only \"picloud\" is there."}}
	failed := script()
	failed.Answer = &views.Answer{Outcome: "error", Status: 500, Wall: 2 * time.Millisecond, Failure: failure(), Limits: limits(), Lines: lines()}
	fresh := script()
	fresh.Script.Live, fresh.Script.LastRun, fresh.Script.HostURL, fresh.Script.Description = nil, nil, "", ""
	published := at
	published.Flash = "Published v12."
	taken := script()
	taken.JustReplaced, taken.SavedAt = true, ago(5*time.Second)
	same := script()
	same.Script.Added, same.Script.Removed = 0, 0
	settings := views.ScriptSettingsProps{Script: head(), Description: head().Description, Language: "typescript", Capture: "heads", Kind: "endpoint", Name: "greet", Versions: 12}
	faulty := settings
	faulty.Name, faulty.Confirm = "Greet", "gret"
	faulty.Faults = views.Faults{"name": "\"Greet\" has a capital letter.", "confirm": "\"gret\" is not the name of this script."}
	return []Page{
		{"script", path, 200, views.Script(at, ran)},
		{"script-start", path, 200, views.Script(published, same)},
		{"script-replaced", path, 200, views.Script(at, taken)},
		{"script-preview", path, 200, views.Script(at, html)},
		{"script-problems", path, 422, views.Script(at, broken)},
		{"script-failure", path, 200, views.Script(at, failed)},
		{"script-unpublished", path, 200, views.Script(at, fresh)},
		{"script-settings", paths.ScriptSettings(app, "greet"), 200, views.ScriptSettings(at, settings)},
		{"script-settings-faults", paths.ScriptSettings(app, "greet"), 422, views.ScriptSettings(at, faulty)},
	}
}

func historyPages(at views.Frame) []Page {
	diff := difference()
	versions := []views.VersionRow{
		{Number: 12, At: ago(3 * time.Minute), Author: "anna", Note: "Prices in dollars", Size: 512, Live: true},
		{Number: 11, At: ago(2 * time.Hour), Author: "ben", Size: 480},
		{Number: 10, At: ago(26 * time.Hour), Author: "anna", Note: "Take the name from the query, and a note that is long enough to need a second line in its cell <b>!</b>", Size: 466},
		{Number: 9, At: ago(9 * 24 * time.Hour), Author: "anna", Note: "First", Size: 301},
	}
	history := views.VersionsProps{Script: head(), Revision: 41, Aside: ago(4 * time.Minute), Versions: versions, Older: paths.Versions(app, "greet") + "?before=9", Deployments: []views.DeploymentRow{
		{At: ago(3 * time.Minute), Author: "anna", To: 12, Note: "Prices in dollars"},
		{At: ago(40 * time.Minute), Author: "ben", From: 10, Note: "The prices are wrong"},
		{At: ago(time.Hour), Author: "ben", From: 11, To: 10, Note: "v11 forgot the currency"},
		{At: ago(2 * time.Hour), Author: "ben", From: 10, To: 11},
		{At: ago(9 * 24 * time.Hour), Author: "anna", To: 9, Note: "First"},
	}}
	take := views.TakeVersionProps{Script: head(), Version: versions[2], Revision: 41, Aside: ago(4 * time.Minute), Diff: diff}
	discard := views.TakeVersionProps{Script: head(), Version: versions[0], Revision: 41, Diff: diff}
	none := head()
	none.Live, none.Added, none.Removed = nil, 0, 0
	publish := views.PublishProps{Dialog: true, Script: head(), Next: 13, IfVersion: 12, Revision: 41, Diff: diff}
	broken := publish
	broken.Note = "Half an idea"
	broken.Problems = []views.Problem{{Line: 9, Column: 16, Message: "Expected \")\" but found \";\""}}
	first := views.PublishProps{Script: none, Next: 1, Revision: 1}
	return []Page{
		{"publish", paths.Publish(app, "greet"), 200, views.Publish(at, publish)},
		{"publish-problems", paths.Publish(app, "greet"), 422, views.Publish(at, broken)},
		{"publish-first", paths.Publish(app, "greet"), 200, views.Publish(at, first)},
		{"conflict", paths.ScriptDraft(app, "greet"), 409, views.Conflict(at, views.ConflictProps{Script: head(), By: "ben", At: ago(40 * time.Second), Revision: 44, Mine: source, Diff: diff})},
		{"history", paths.Versions(app, "greet"), 200, views.Versions(at, history)},
		{"history-empty", paths.Versions(app, "greet"), 200, views.Versions(at, views.VersionsProps{Script: none})},
		{"version", paths.Version(app, "greet", 10), 200, views.Version(at, views.VersionProps{Script: head(), Version: versions[2], File: "greet.ts", Source: source, Lines: codeLines()})},
		{"take-version", paths.TakeVersion(app, "greet", 10), 200, views.TakeVersion(at, take)},
		{"discard", paths.TakeVersion(app, "greet", 12), 200, views.TakeVersion(at, discard)},
		{"diff", paths.Diff(app, "greet", "12", paths.Draft), 200, views.Diff(at, views.DiffPageProps{
			Script: head(), From: views.DiffSide{Key: "12", Label: "v12"}, To: views.DiffSide{Key: paths.Draft, Label: "Draft"}, Diff: diff,
			Sides: []views.DiffSide{{Key: paths.Draft, Label: "Draft"}, {Key: "12", Label: "v12, live"}, {Key: "11", Label: "v11"}},
		})},
	}
}

func codeLines() []ui.CodeLine {
	var all []ui.CodeLine
	for i, text := range strings.Split(strings.TrimSuffix(source, "\n"), "\n") {
		all = append(all, ui.CodeLine{Number: i + 1, Text: text})
	}
	return all
}

func difference() ui.DiffProps {
	return ui.DiffProps{Added: 4, Removed: 1, Hunks: []ui.Hunk{
		{Lines: []ui.DiffLine{
			{Kind: ' ', Old: 1, New: 1, Text: "import { log } from \"picloud\";"},
			{Kind: ' ', Old: 2, New: 2, Text: ""},
			{Kind: '+', New: 3, Text: "const rates: Record<string, number> = { eur: 1, usd: 1.08 };"},
			{Kind: '+', New: 4, Text: ""},
			{Kind: ' ', Old: 3, New: 5, Text: "// Says hello and tells the price in the caller's money."},
		}},
		{Lines: []ui.DiffLine{
			{Kind: ' ', Old: 6, New: 8, Text: "  const name = url.searchParams.get(\"name\") ?? \"world\";"},
			{Kind: '+', New: 9, Text: "  const rate = rates[url.searchParams.get(\"in\") ?? \"eur\"];"},
			{Kind: ' ', Old: 7, New: 10, Text: ""},
			{Kind: '-', Old: 9, Text: "  return Response.json({ hello: name, price: 42 });"},
			{Kind: '+', New: 12, Text: "  return Response.json({ hello: name, price: 42 * rate });"},
			{Kind: ' ', Old: 10, New: 13, Text: "}"},
		}},
	}}
}
