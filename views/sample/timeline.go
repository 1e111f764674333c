package sample

import (
	"fmt"
	"strings"
	"time"

	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

const ms = time.Millisecond

// timeline is one of a run that asked for little.
func timeline() *ui.TimelineProps {
	return &ui.TimelineProps{
		Wall: 62 * ms, Executing: 1300 * time.Microsecond, Told: true,
		Spans: []ui.Span{
			{Kind: "fetch", Subject: "GET https://api.example.com/v1/users?name=Ada", Start: 400 * time.Microsecond, Took: 35 * ms, Status: 200, Received: 3 << 10, Note: "allowed by *.example.com"},
			{Kind: "wait", Start: 500 * time.Microsecond, Took: 34 * ms},
			{Kind: "fetch", Subject: "POST https://pay.example/<img src=x onerror=alert(1)>", Start: 36 * ms, Took: 12 * ms, Status: 404, Sent: 640, Received: 12},
			{Kind: "fetch", Subject: "GET http://<script>alert(1)</script>/", Start: 36200 * time.Microsecond, Took: 6 * ms, Failure: "Nothing is at the name <b>1</b>.", Note: "<em>says</em> little"},
			{Kind: "wait", Start: 36400 * time.Microsecond, Took: 11 * ms},
			{Kind: "fetch", Subject: "POST http://shop.localhost:8080/receipts", Start: 48500 * time.Microsecond, Took: 13 * ms, Status: 502, Sent: 12 << 10, Received: 96, Href: paths.Run(app, execution)},
			{Kind: "wait", Start: 49 * ms, Took: 12 * ms},
		},
		Ticks: []ui.Tick{{At: 200 * time.Microsecond, Level: "info"}, {At: 35 * ms, Level: "debug"}, {At: 47 * ms, Level: "warn"}, {At: 61 * ms, Level: "error"}},
	}
}

// longRun has as much in its timeline as there can be.
func longRun() views.RunProps {
	r := run()
	r.Wall, r.Executing = 29*time.Second, 20*time.Millisecond
	r.Timeline = &ui.TimelineProps{Wall: r.Wall, Executing: r.Executing, Told: true}
	at := func(i, of int) time.Duration { return time.Duration(i) * r.Wall / time.Duration(of) }
	for i := range 64 {
		r.Timeline.Spans = append(r.Timeline.Spans, ui.Span{Kind: "wait", Start: at(i, 64), Took: at(1, 66)})
		if i < 50 {
			address := "https://" + strings.Repeat("a-long-name.", i%9) + "example.com/v1/" + strings.Repeat("path/", i%20)
			r.Timeline.Spans = append(r.Timeline.Spans, ui.Span{Kind: "fetch", Subject: "PROPFIND " + address, Start: at(i, 55), Took: at(1, 50+i*i), Status: 200 + i%4*100, Received: int64(i * 12345)})
		}
	}
	for i := range 1000 {
		r.Timeline.Ticks = append(r.Timeline.Ticks, ui.Tick{At: at(i, 1000), Level: []string{"debug", "info", "warn", "error"}[i%4]})
	}
	r.Limits = append(r.Limits, views.Limit{Name: "Requests of its own", Used: "50", Of: fmt.Sprint(50), Share: 1})
	return r
}
