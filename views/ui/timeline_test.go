package ui_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"picloud/views/ui"
)

const ms = time.Millisecond

// row is the row of a drawn timeline whose class is given; empty: there is none.
func row(drawn, class string) string {
	_, row, found := strings.Cut(drawn, `<tr class="`+class+`">`)
	if !found {
		return ""
	}
	row, _, _ = strings.Cut(row, "</tr>")
	return row
}

// bars are where the bars of a row stand and how wide they are, in thousandths.
func bars(row string) (bars []string) {
	for _, found := range regexp.MustCompile(`<rect x="([^"]*)" y="4" width="([^"]*)"`).FindAllStringSubmatch(row, -1) {
		bars = append(bars, found[1]+"+"+found[2])
	}
	return bars
}

// words are what a row says.
func words(row string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(row, " ")), " ")
}

// TestTimeline: where a run executed is what is left of its time by the waits; what cannot be told
// apart is one bar.
func TestTimeline(t *testing.T) {
	t.Parallel()
	wait := func(start, took time.Duration) ui.Span { return ui.Span{Kind: "wait", Start: start, Took: took} }
	for name, c := range map[string]struct {
		props      ui.TimelineProps
		run, waits string // the bars
		says       []string
	}{
		"no wait": {
			ui.TimelineProps{Wall: 100 * ms, Executing: 98 * ms, Told: true},
			"0.0+1000.0", "",
			[]string{"Executing +0 ms 98 ms", ">0</text>", `x="50.0%"`, ">50 ms</text>", ">100 ms</text>"},
		},
		"waits": {
			ui.TimelineProps{Wall: 100 * ms, Executing: 50 * ms, Told: true, Spans: []ui.Span{wait(10*ms, 20*ms), wait(60*ms, 30*ms)}},
			"0.0+100.0 300.0+300.0 900.0+100.0", "100.0+200.0 600.0+300.0",
			[]string{"Waiting 2 times, at most 30 ms : +10 ms for 20 ms, +60 ms for 30 ms +10 ms 50 ms"},
		},
		"waits side by side and over each other": {
			ui.TimelineProps{Wall: 100 * ms, Executing: 30 * ms, Told: true, Spans: []ui.Span{wait(50*ms, 30*ms), wait(10*ms, 40*ms), wait(60*ms, 10*ms)}},
			"0.0+100.0 800.0+200.0", "100.0+700.0", nil,
		},
		"tiny waits": {
			ui.TimelineProps{Wall: 10 * time.Second, Told: true, Spans: []ui.Span{wait(1000*ms, ms), wait(1004*ms, ms), wait(1008*ms, ms), wait(9999*ms, ms)}},
			"0.0+999.9", "100.0+3.8 997.0+3.0",
			[]string{"10 s of this were turns of other runs"},
		},
		"what took longer than the run": {
			ui.TimelineProps{Wall: 10 * ms, Executing: 10 * ms, Told: true, Spans: []ui.Span{{Kind: "fetch", Start: 5 * ms, Took: 15 * ms, Status: 200}}},
			"0.0+500.0", "",
			[]string{">20 ms</text>"},
		},
		"nobody knows": {
			ui.TimelineProps{Wall: 10 * ms, Ticks: []ui.Tick{{At: ms, Level: "info"}, {At: 20 * ms, Level: "info"}}},
			"", "",
			[]string{"Log 2 lines +1 ms", `d="M100.0 3v14M1000.0 3v14"`},
		},
		"no time at all": {ui.TimelineProps{Told: true, Ticks: []ui.Tick{{Level: "warn"}}}, "", "", []string{`class="tick warn" d="M0.0 3v14"`}},
		"a day":          {ui.TimelineProps{Wall: 24 * time.Hour, Told: true}, "0.0+1000.0", "", []string{">360 min 0 s<"}},
	} {
		got := drawn(t, ui.Timeline(c.props))
		if run, waits := strings.Join(bars(row(got, "run")), " "), strings.Join(bars(row(got, "wait")), " "); run != c.run || waits != c.waits {
			t.Errorf("%s: executing %q, waiting %q", name, run, waits)
		}
		for _, part := range c.says {
			if !strings.Contains(got, part) && !strings.Contains(words(got), part) {
				t.Errorf("%s: no %q in %s\n%s", name, part, words(got), got)
			}
		}
	}
}

// TestTimelineOfRequests: each has a row of its own with what is known of it, in the colour of how it
// ended; nothing that it says is markup.
func TestTimelineOfRequests(t *testing.T) {
	t.Parallel()
	for want, span := range map[string]ui.Span{
		"ok: GET api.example.com 200 /v1?a=1 · received 3 KiB · by *.example.com +2 ms 5 ms": {Subject: "GET https://api.example.com/v1?a=1", Status: 200, Received: 3 << 10, Note: "by *.example.com"},
		"warn: POST pay.example:8443 404 sent 640 B +2 ms 5 ms":                              {Subject: "POST https://pay.example:8443/", Status: 404, Sent: 640},
		"fail: GET gone.example failed Nobody answers. +2 ms 5 ms":                           {Subject: "GET http://gone.example", Failure: "Nobody answers."},
		"fail: GET a.example 502 The run that it was +2 ms 5 ms":                             {Subject: "GET http://a.example", Status: 502, Href: "/apps/shop/runs/7"},
		"ok: get cart:7 +2 ms 5 ms":                                                          {Kind: "kv", Subject: "get cart:7"},
		"ok: GET &lt;b&gt; 200 /&#34;&gt;&lt;script&gt; +2 ms 5 ms":                          {Subject: `GET https://<b>/"><script>`, Status: 200},
	} {
		class, want, _ := strings.Cut(want, ": ")
		if span.Kind == "" {
			span.Kind = "fetch"
		}
		span.Start, span.Took = 2*ms, 5*ms
		drawn := drawn(t, ui.Timeline(ui.TimelineProps{Wall: 10 * ms, Spans: []ui.Span{span}}))
		if got := words(row(drawn, class)); got != want || strings.Join(bars(row(drawn, class)), " ") != "200.0+500.0" {
			t.Errorf("%q is drawn as %q: %s", span.Subject, got, drawn)
		}
		if span.Href != "" && !strings.Contains(drawn, `href="`+span.Href+`"`) {
			t.Errorf("no link in %s", drawn)
		}
		if strings.Contains(drawn, "<script>") || strings.Contains(drawn, "<b>") || strings.Contains(drawn, "style=") {
			t.Errorf("markup in %s", drawn)
		}
	}
}
