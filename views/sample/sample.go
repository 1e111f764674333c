// Package sample draws every page of the dashboard from made-up values, for the tests of
// pages and for their pictures. It is no part of the product.
package sample

import (
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"picloud/static"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// Page is one sample.
type Page struct {
	Name   string // of its picture
	Path   string // where the product serves it
	Status int
	Body   templ.Component
}

// Now is the moment at which all samples are drawn.
func Now() time.Time { return time.Date(2026, 11, 23, 17, 4, 12, 31e6, time.UTC) }

// Nonce is the Content-Security-Policy's in all samples.
const Nonce = "c2FtcGxlLW5vbmNlLTEyMw"

const app = "shop"

func ago(d time.Duration) time.Time { return Now().Add(-d) }

// Pages are all of them. Names and texts hold what an attacker would write.
func Pages(assets *static.Assets) []Page {
	out := views.Frame{Assets: assets, Nonce: Nonce, Now: Now()}
	in := out
	in.Viewer = &views.Viewer{Name: "anna", Email: "anna@example.com"}
	at := in
	at.App = &views.AppFrame{Slug: app, Name: "Web shop", Count: 5, Scripts: []views.NavScript{
		{Name: "checkout", Live: true},
		{Name: "greet", Live: true},
		{Name: "import", Live: true, Failing: true},
		{Name: "prices", Module: true, Live: true},
		{Name: "receipts"},
	}}
	var pages []Page
	pages = append(pages, accessPages(out)...)
	pages = append(pages, appPages(in, at)...)
	pages = append(pages, scriptPages(at)...)
	pages = append(pages, historyPages(at)...)
	pages = append(pages, followPages(at)...)
	pages = append(pages, modulePages(at)...)
	pages = append(pages, runPages(at)...)
	pages = append(pages, variablePages(at)...)
	pages = append(pages, outboundPages(at)...)
	pages = append(pages, profilePages(in)...)
	pages = append(pages, docsPages(in)...)
	return append(pages, errorPages(out, in, at)...)
}

func accessPages(out views.Frame) []Page {
	return []Page{
		{"setup", paths.Setup("t0ken"), 200, views.Setup(out, views.SetupProps{Token: "t0ken"})},
		{"setup-faults", paths.Setup(""), 422, views.Setup(out, views.SetupProps{
			Token: "t0ken", Email: "anna@", Name: "anna",
			Faults: views.Faults{"email": "\"anna@\" has nothing after the @.", "password": "8 characters; 12 are the least."},
		})},
		{"setup-expired", paths.Setup("old"), 404, views.Setup(out, views.SetupProps{Expired: true})},
		{"login", paths.Login(""), 200, views.Login(out, views.LoginProps{})},
		{"login-faults", paths.Login(""), 422, views.Login(out, views.LoginProps{
			Email: "anna@example.com", Notice: "Your session has ended.",
			Faults: views.Faults{"": "E-mail and password do not belong together."},
		})},
	}
}

func appPages(in, at views.Frame) []Page {
	fresh := at
	aside := at
	set := *at.App
	set.Paused = &views.PauseProps{Why: "It ignored its deadline and was killed together with its process", At: ago(time.Minute), Runs: []string{"r1", "r2", "r3"}}
	aside.App = &set
	fresh.App = &views.AppFrame{Slug: "new", Name: "<b>New & shiny</b>"}
	return []Page{
		{"apps", paths.Apps(), 200, views.Apps(in, views.AppsProps{Apps: []views.AppCard{
			{Slug: app, Name: "Web shop", Scripts: 5, LastRun: ago(3 * time.Second), Runs: 12408, Failures: 31, Activity: bars(1, 31)},
			{Slug: "home", Name: "Home", Scripts: 1, LastRun: ago(26 * time.Minute), Runs: 96, Activity: bars(2, 0)},
			{Slug: "attic", Name: "<script>alert(1)</script>", Activity: make([]ui.Bar, 24)},
		}})},
		{"apps-empty", paths.Apps(), 200, views.Apps(in, views.AppsProps{})},
		{"app-new", paths.NewApp(), 422, views.NewApp(in, views.NewAppProps{Name: "API", Slug: "api", Faults: views.Faults{"slug": "\"api\" is a reserved word; choose another address."}})},
		{"app", paths.App(app), 200, views.AppHome(at, appHome())},
		{"app-paused", paths.App(app), 200, views.AppHome(aside, pausedHome())},
		{"app-empty", paths.App("new"), 200, views.AppHome(fresh, views.AppHomeProps{})},
		{"app-settings", paths.AppSettings(app), 200, views.AppSettings(at, views.AppSettingsProps{
			Scripts: 5, Keys: 1,
			Name: "Web shop", Slug: app, URL: "http://127.0.0.1:8080/fn/shop", HostURL: "http://shop.localhost:8080",
		})},
		{"script-new", paths.NewScript(app), 200, views.NewScript(at, views.NewScriptProps{Said: views.NameSaid{
			Rule: "1 to 63 of a-z, 0-9 and \"-\"; the first is a letter or a digit.", URL: "http://127.0.0.1:8080/fn/shop/greet",
		}})},
		{"script-new-faults", paths.NewScript(app), 422, views.NewScript(at, views.NewScriptProps{
			Name: "Greet", Language: "javascript", Template: "webhook",
			Said:   views.NameSaid{Rule: "1 to 63 of a-z, 0-9 and \"-\"; the first is a letter or a digit.", Fault: "\"Greet\" has a capital letter; a name is made of small letters, digits and hyphens."},
			Faults: views.Faults{"name": "\"Greet\" has a capital letter; a name is made of small letters, digits and hyphens."},
		})},
		{"search", paths.Search("gre"), 200, views.Search(in, views.SearchProps{Text: "gre", Results: []views.SearchResult{
			{Kind: "Script", Title: "greet", Hint: "Web shop", Href: paths.Script(app, "greet")},
			{Kind: "Module", Title: "greet-old", Hint: "Attic", Href: paths.Script("attic", "greet-old")},
		}})},
		{"search-empty", paths.Search("<i>"), 200, views.Search(in, views.SearchProps{Text: "<i>nothing</i>"})},
	}
}

func appHome() views.AppHomeProps {
	live := func(n int, d time.Duration, who string) *views.Live {
		return &views.Live{Number: n, At: ago(d), Author: who}
	}
	run := func(d time.Duration, outcome string, status int) *views.RunBrief {
		return &views.RunBrief{ID: "0199f0c2-7d1a-7c4e-8a11-0a5b6c7d8e9f", Outcome: outcome, Status: status, At: ago(d)}
	}
	return views.AppHomeProps{
		Runs: 12408, Failures: 31,
		Scripts: []views.ScriptRow{
			{Name: "checkout", Description: "Takes an order and charges the card", Live: live(7, 26*time.Hour, "ben"), LastRun: run(3*time.Second, "running", 0), Runs: 1204, Activity: bars(3, 0)},
			{Name: "greet", Description: "Says hello, counts visits", Live: live(12, 3*time.Minute, "anna"), Added: 4, Removed: 1, LastRun: run(12*time.Second, "ok", 200), Runs: 10980, Failures: 9, Activity: bars(4, 9)},
			{Name: "import", Description: "Reads the supplier's list, once a night, and a description that goes on and on", Live: live(2, 9*24*time.Hour, "anna"), LastRun: run(21*time.Second, "cpu", 507), Runs: 128, Failures: 22, Activity: bars(5, 22)},
			{Name: "prices", Live: live(1, 40*24*time.Hour, "ben"), LastRun: run(2*time.Hour, "ok", 404), Runs: 96, Activity: bars(6, 0)},
			{Name: "receipts", Description: "<img src=x onerror=alert(1)>", Activity: make([]ui.Bar, 24)},
		},
		Failed: failures(),
	}
}

func pausedHome() views.AppHomeProps {
	home := appHome()
	home.Scripts[2].Paused = true
	home.Paused = []views.PauseProps{pausedImport(), {Script: "greet", Draft: true, Why: pausedImport().Why, At: ago(time.Hour), Runs: []string{"r4", "r5", "r6"}}}
	return home
}

func pausedImport() views.PauseProps {
	return views.PauseProps{
		Script: "import", Why: "The worker process died in it: native stack overflow", At: ago(3 * time.Minute), Runs: []string{"r1", "r2", "r3"},
	}
}

// bars are 24 hours of activity that look lived.
func bars(seed uint64, failed int) []ui.Bar {
	b := make([]ui.Bar, 24)
	r := random(seed)
	for i := range b {
		b[i].OK = int(r()*20) * i / 12
		if failed > 0 && r() > .8 {
			b[i].Failed = 1 + int(r()*float64(failed)/6)
		}
	}
	return b
}

// random is a small generator of numbers in [0, 1): the same in every run.
func random(seed uint64) func() float64 {
	x := seed*7919 + 17
	return func() float64 {
		x = x * 16807 % 2147483647
		return float64(x) / 2147483647
	}
}

func profilePages(in views.Frame) []Page {
	props := views.ProfileProps{
		Sessions: []views.SessionRow{
			{ID: "s1", Agent: "Firefox on Linux", Address: "192.168.1.20", CreatedAt: ago(50 * time.Hour), Seen: ago(time.Second), Current: true},
			{ID: "s2", Agent: "Safari on iPhone", Address: "2001:db8::17", CreatedAt: ago(9 * 24 * time.Hour), Seen: ago(26 * time.Minute)},
		},
		Keys: []views.KeyRow{
			{ID: "k1", Name: "deploy from CI", Last4: "x9Qa", App: "Web shop", Access: "write", CreatedAt: ago(900 * time.Hour), LastUsed: ago(2 * time.Minute), ExpiresAt: Now().Add(52*24*time.Hour - time.Minute)},
			{ID: "k2", Name: "<u>dashboard</u> of the shop window", Last4: "77bc", Access: "read", CreatedAt: ago(90 * time.Hour)},
			{ID: "k3", Name: "old laptop", Last4: "0Zp1", Access: "write", CreatedAt: ago(9000 * time.Hour), LastUsed: ago(8000 * time.Hour), RevokedAt: ago(7000 * time.Hour)},
		},
		Apps: []views.AppChoice{{Slug: app, Name: "Web shop"}, {Slug: "home", Name: "Home"}},
		Form: views.KeyForm{Access: "write", Expires: "90"},
	}
	made := props
	made.NewKey = &views.NewKey{Name: "backup", Secret: "pic_7hGq2LmZ0sVtYbN4cXw8RkPd5uEaJf1oTi9_3BdQ2x"}
	faulty := props
	faulty.Faults = views.Faults{"current": "This is not your password.", "name": "A key needs a name."}
	flashed := in
	flashed.Flash = "The session has ended."
	return []Page{
		{"profile", paths.Profile(), 200, views.Profile(flashed, props)},
		{"profile-key", paths.Keys(), 200, views.Profile(in, made)},
		{"profile-faults", paths.Password(), 422, views.Profile(in, faulty)},
	}
}

func errorPages(out, in, at views.Frame) []Page {
	messages := map[int]string{
		403: "The key you signed in with may only read.",
		404: "There is no script called \"<b>nope</b>\" in this app. It may have been renamed or deleted.",
		409: "Somebody published v13 while you were looking at v12. Nothing was changed.",
		500: "Something went wrong on our side. It is in the log, and nothing of yours was lost.",
		503: "The database is away. Functions go on answering; this page comes back by itself.",
	}
	var pages []Page
	for _, status := range []int{403, 404, 409, 500, 503} {
		pages = append(pages, Page{
			Name: fmt.Sprintf("error-%d", status), Path: "/error/" + http.StatusText(status), Status: status,
			Body: views.Error(out, views.ErrorProps{Status: status, Message: messages[status], RequestID: "0199f0c2-7d1a-7c4e-8a11-0a5b6c7d8e9f"}),
		})
	}
	lost := views.ErrorProps{Status: 404, Message: messages[404]}
	return append(pages, Page{"error-in", "/error/in", 404, views.Error(in, lost)}, Page{"error-app", "/error/app", 404, views.Error(at, lost)})
}
