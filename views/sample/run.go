package sample

import (
	"fmt"
	"time"

	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

func row(id string, d time.Duration, r views.RunRowProps) views.RunRowProps {
	r.ID, r.Href, r.At = id, paths.Run(app, id), ago(d)
	return r
}

func rows() []views.RunRowProps {
	return []views.RunRowProps{
		row("r1", 0, views.RunRowProps{Outcome: "running", Method: "POST", Subject: "/orders", Script: "checkout", Version: 7, Summary: "charging card…", Lines: 1}),
		row("r2", 400*time.Millisecond, views.RunRowProps{Outcome: "ok", Status: 200, Method: "GET", Subject: "/greet?name=Ada", Script: "greet", Version: 12, Wall: 12 * time.Millisecond, Summary: "greeting name=Ada", Lines: 3}),
		row("r3", 3*time.Second, views.RunRowProps{Outcome: "error", Status: 500, Method: "GET", Subject: "/greet?name=%00", Script: "greet", Version: 12, Wall: 3 * time.Millisecond, Summary: "TypeError: rates.xyz is undefined · greet.ts:9:16"}),
		row("r4", 12*time.Second, views.RunRowProps{Outcome: "ok", Status: 404, Method: "GET", Subject: "/prices/<script>alert(1)</script>", Script: "prices", Version: 1, Wall: 820 * time.Microsecond}),
		row("r5", 14*time.Second, views.RunRowProps{Outcome: "ok", Status: 200, Method: "GET", Subject: "/greet", Script: "greet", Version: 0, Wall: 9 * time.Millisecond, Summary: "<b>bold</b>", Lines: 1}),
		row("r6", 21*time.Second, views.RunRowProps{Outcome: "cpu", Status: 507, Method: "POST", Subject: "/import?from=the-supplier-with-a-very-long-name&page=12", Script: "import", Version: 2, Wall: 2004 * time.Millisecond, Summary: "used 2,000 of 2,000 ms at parse.ts:31"}),
		row("r7", 40*time.Second, views.RunRowProps{Outcome: "cancelled", Status: 499, Method: "GET", Subject: "/greet", Script: "greet", Version: 12, Wall: 130 * time.Millisecond}),
		row("rb", 52*time.Second, views.RunRowProps{Outcome: "busy", Status: 503, Failed: true, Method: "GET", Subject: "/greet", Script: "greet", Version: 12, Wall: 2 * time.Second, Summary: "Too many calls were under way, of this app or in all.", Others: 12_345}),
		row("r8", 61*time.Second, views.RunRowProps{Outcome: "ok", Status: 204, Method: "DELETE", Subject: "/orders/19", Script: "checkout", Version: 7, Wall: 48 * time.Millisecond}),
		row("r9", 26*time.Hour, views.RunRowProps{Outcome: "ok", Status: 200, Method: "GET", Subject: "/greet", Script: "greet", Version: 11, Wall: 7 * time.Millisecond}),
	}
}

func failures() []views.RunRowProps {
	all := rows()
	return []views.RunRowProps{all[2], all[5]}
}

func chart() ui.ScatterProps {
	c := ui.ScatterProps{From: ago(30 * time.Minute), To: Now()}
	r := random(7)
	for i := range 260 {
		p := ui.Point{
			At: ago(time.Duration(r() * float64(30*time.Minute))), Wall: time.Duration(r() * r() * r() * float64(900*time.Millisecond)),
			Outcome: "ok", Status: 200, Href: paths.Run(app, fmt.Sprint("p", i)), Label: "GET /greet",
		}
		if r() < .03 {
			p.Outcome, p.Status, p.Wall = "error", 500, p.Wall+200*time.Millisecond
		} else if r() < .05 {
			p.Status = 404
		}
		c.Points = append(c.Points, p)
	}
	return c
}

func runPages(at views.Frame) []Page {
	all := views.RunsProps{Scripts: []string{"checkout", "greet", "import", "prices", "receipts"}, Chart: chart(), Rows: rows(), Older: paths.AppRuns(app) + "?before=r8", LiveURL: paths.AppRunsLive(app)}
	filtered := all
	filtered.Filter = views.RunFilter{Outcome: "failed", Since: "1h", Until: "2026-11-22T23:30", Text: "<script>"}
	filtered.Rows, filtered.SearchedTo = failures(), at.Now.Add(-3*time.Hour)
	filtered.OverShare = "This app is over its share of the history, 512 MiB a day: requests and answers of new runs are not kept. The share is a quarter of --retention-size."
	filtered.Newest, filtered.LiveURL = paths.AppRuns(app), ""
	nothing := all
	nothing.Filter = views.RunFilter{Status: "3xx", Path: "orders", Faults: views.Faults{"path": "A path begins with a slash."}}
	nothing.Rows, nothing.Older, nothing.Chart = nil, "", ui.ScatterProps{}
	h := head()
	one := views.RunsProps{Script: &h, Versions: []int{12, 11, 10, 9}, Chart: chart(), Rows: rows()[1:4], LiveURL: paths.ScriptRunsLive(app, "greet")}
	none := views.RunsProps{Script: &h, LiveURL: paths.ScriptRunsLive(app, "greet")}
	path, warned := paths.AppRuns(app), at
	warned.Warnings = []string{"More than half of the room for runs that wait for PostgreSQL is used."}
	return []Page{
		{"runs", path, 200, views.Runs(at, all)},
		{"runs-filtered", path + "?outcome=failed", 200, views.Runs(warned, filtered)},
		{"runs-nothing", path + "?status=3xx", 200, views.Runs(at, nothing)},
		{"runs-script", paths.ScriptRuns(app, "greet"), 200, views.Runs(at, one)},
		{"runs-script-empty", paths.ScriptRuns(app, "greet"), 200, views.Runs(at, none)},
		{"run", paths.Run(app, "r2"), 200, views.Run(at, run())},
		{"run-timeline", paths.Run(app, "r2"), 200, views.Run(at, longRun())},
		{"run-failed", paths.Run(app, "r3"), 200, views.Run(at, failedRun())},
		{"run-crowd", paths.Run(app, "rb"), 200, views.Run(at, crowd())},
		{"run-running", paths.Run(app, "r1"), 200, views.Run(at, runningRun())},
	}
}

const execution = "0199f0c2-7d1a-7c4e-8a11-0a5b6c7d8e9f"

func run() views.RunProps {
	return views.RunProps{
		ID: execution, Script: "greet", Version: 12, Trigger: "http", Method: "GET", Subject: "/greet?name=Ada", Outcome: "ok", Status: 200,
		At: ago(3 * time.Minute), Wall: 62 * time.Millisecond, Executing: 1300 * time.Microsecond, Lines: lines()[:3], Limits: limits(), Capture: "all", Timeline: timeline(),
		Curl: "curl -sS 'http://127.0.0.1:8080/fn/shop/greet?name=Ada' \\\n  -H 'accept: application/json'",
		Request: &views.Message{
			URL: "http://127.0.0.1:8080/fn/shop/greet?name=Ada", BodyKept: true,
			Headers: []views.HeaderField{{Name: "accept", Value: "application/json"}, {Name: "authorization", Redacted: true}, {Name: "user-agent", Value: "curl/8.5.0 <script>alert(1)</script>"}},
		},
		Response: &views.Message{
			Headers: []views.HeaderField{{Name: "content-type", Value: "application/json"}}, BodyKept: true, Truncated: true, Size: 32 << 10,
			Body: "{\n  \"hello\": \"Ada\",\n  \"price\": 45.36\n}",
		},
	}
}

func failedRun() views.RunProps {
	r := run()
	r.Outcome, r.Status, r.Wall, r.Failure = "error", 500, 3*time.Millisecond, failure()
	r.Timeline = nil
	r.Lines, r.Request.BodyKept, r.Request.Size, r.Response, r.Capture = nil, false, 640, nil, "heads"
	limit := r.Failure
	limit.Advice = "The query had no \"in\". Give it a value of its own: rates[… ?? \"eur\"]."
	return r
}

// crowd is a row that refused calls share, of an app over its share.
func crowd() views.RunProps {
	r := run()
	r.Outcome, r.Status, r.Others, r.Lines, r.LinesLeftOut, r.Limits, r.Request, r.Response = "busy", 503, 12_345, nil, 2, nil, nil, nil
	r.Timeline = nil
	r.OverShare = "this app was over its share of the history, 512 MiB a day."
	return r
}

func runningRun() views.RunProps {
	r := run()
	r.Outcome, r.Status, r.Wall, r.Limits, r.Response, r.LiveURL = "running", 0, 0, nil, nil, paths.With(paths.AppRunsLive(app), "run", execution)
	r.Request, r.Subject, r.Lines, r.Timeline = nil, "/greet", nil, nil
	return r
}
