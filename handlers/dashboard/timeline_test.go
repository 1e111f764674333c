package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
)

// TestTimelineOfARun: what a run waited for and asked for is on its page, escaped, with its share of
// the limit; a run that did neither has no timeline, unless its log is worth one.
func TestTimelineOfARun(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, hello := s.find("shop", "hello")
	child := id.New[id.Execution]()
	plain, asked, logged, bare, quick := runOf(shop, hello, "/a"), runOf(shop, hello, "/b"), runOf(shop, hello, "/c"), runOf(shop, hello, "/d"), runOf(shop, hello, "/e")
	asked.Wall, asked.Spans = 80*time.Millisecond, []call.Span{
		{Kind: call.Waiting, Start: time.Millisecond, Took: 50 * time.Millisecond},
		{Kind: call.Fetching, Subject: "GET https://api.example.com/<img src=x>", Start: time.Millisecond, Took: 49 * time.Millisecond, Status: 404, Sent: 12, Received: 3 << 10, Note: "<b>note</b>"},
		{Kind: call.Fetching, Subject: "POST https://gone.example", Start: 52 * time.Millisecond, Took: 2 * time.Millisecond, Failure: "Nobody <i>answers</i>.", Child: child},
	}
	lines := []call.Line{{At: logged.Started.Add(time.Millisecond), Level: call.Info, Message: "one"}, {At: logged.Started.Add(18 * time.Millisecond), Level: call.Err, Message: "two"}}
	logged.Wall, logged.Lines, quick.Lines = 20*time.Millisecond, lines, lines
	bare.Wall, bare.Lines, bare.Spans, bare.Policy = 20*time.Millisecond, lines, asked.Spans, execution.CaptureOff
	s.record(plain, asked, logged, bare, quick)

	page := func(r *execution.Record) answer { return s.get("/apps/shop/runs/" + r.Execution.String()) }
	s.sees(page(asked), 200, `id="timeline-title"`, `<tr class="run">`, `<tr class="wait">`, "GET api.example.com", "POST gone.example", ">404<", "sent 12 B · received 3 KiB", ">40 ms</text>",
		"Nobody &lt;i&gt;answers&lt;/i&gt;.", "&lt;b&gt;note&lt;/b&gt;", `href="/apps/shop/runs/`+child.String()+`"`, "Requests of its own", "<b>2</b> <span class=\"muted\">of 50")
	s.sees(page(logged), 200, `id="timeline-title"`, `<tr class="run">`, "2 lines", `class="tick fail" d="M900.0 3v14"`)
	s.sees(page(bare), 200, `id="timeline-title"`, "2 lines")
	for r, parts := range map[*execution.Record][]string{
		plain: {"timeline"}, quick: {"timeline"}, asked: {"<img", "<i>", "<b>note"}, logged: {`<tr class="wait">`, "Requests of its own"}, bare: {`<tr class="run">`, `<tr class="wait">`, "example.com/"},
	} {
		for _, part := range parts {
			if got := page(r); strings.Contains(got.body, part) {
				t.Errorf("the page of %s has %s", r.Subject, part)
			}
		}
	}
}
