package dashboard

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"picloud/engine/access"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/history"
	"picloud/engine/execution/live"
	"picloud/engine/execution/redact"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/ui"
)

// No text of a function can begin an event or a field of its own.
// The places of a logged error stand behind its fields.
func TestPlacesOfALine(t *testing.T) {
	t.Parallel()
	line := bundle.SourceMap{}.Line(call.Line{Message: "no order", Fields: `{"n":1}`})
	if got := lineProps(line); got.Message != "no order" || got.Stack != "" || got.Fields != "n=1" {
		t.Errorf("%+v", got)
	}
	line.Message += bundle.PlaceMark + "price (shop.ts:1:2)" + bundle.PlaceMark + "shop.ts:3:4"
	if got := lineProps(line); got.Message != "no order" || got.Stack != "    at price (shop.ts:1:2)\n    at shop.ts:3:4" {
		t.Errorf("%+v", got)
	}
}

func TestStreamKeepsTextInItsField(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	s, err := begin(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a\nevent: bye", "a\revent: bye", "a\r\nevent: bye", "a\n\nevent: bye\ndata: x", ""} {
		w.Body.Reset()
		if err := s.send("line", text); err != nil {
			t.Fatal(err)
		}
		sent := w.Body.String()
		if strings.Contains(sent, "\r") || strings.Count(sent, "\n\n") != 1 {
			t.Errorf("%q is sent as %q", text, sent)
		}
		for line := range strings.Lines(strings.TrimSuffix(sent, "\n")) {
			if line != "event: line\n" && !strings.HasPrefix(line, "data: ") {
				t.Errorf("%q has the line %q", text, line)
			}
		}
	}
}

// A new key is shown once, to the session that made it, and not after a minute.
func TestNewKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &secrets{now: func() time.Time { return now }}
	mine, theirs := id.New[id.Session](), id.New[id.Session]()
	s.keep(theirs, views.NewKey{Name: "theirs"})
	s.keep(mine, views.NewKey{Name: "mine"})
	if key := s.take(mine); key == nil || key.Name != "mine" {
		t.Errorf("kept %+v", key)
	}
	if key := s.take(mine); key != nil {
		t.Errorf("shown twice: %+v", key)
	}
	now = now.Add(secretTime + time.Second)
	if key := s.take(theirs); key != nil || len(s.waiting) > 0 {
		t.Errorf("kept for long: %+v", key)
	}
	for range 2 * secretCount {
		s.keep(mine, views.NewKey{})
	}
	if len(s.waiting) != secretCount {
		t.Errorf("%d wait", len(s.waiting))
	}
}

func TestPreviewIsOfOneSession(t *testing.T) {
	t.Parallel()
	now := time.Now()
	d := New(Deps{Now: func() time.Time { return now }})
	mine, theirs := id.New[id.Session](), id.New[id.Session]()
	key := d.previews.keep(mine, "text/html; charset=latin1", []byte("<h1>Hi</h1>"))
	ask := func(session id.Session) (*httptest.ResponseRecorder, error) {
		r := httptest.NewRequest(http.MethodGet, "/preview/"+key, nil)
		r.SetPathValue("token", key)
		w := httptest.NewRecorder()
		return w, d.Preview(w, web.With(r, &web.State{Actor: access.Actor{Session: session}}))
	}
	w, err := ask(mine)
	if err != nil || w.Body.String() != "<h1>Hi</h1>" {
		t.Fatal(err, w.Body)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox") || strings.Contains(policy, "same-origin") {
		t.Errorf("policy %q", policy)
	}
	if w.Header().Get("Content-Type") != "text/html; charset=latin1" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", w.Header())
	}
	if _, err := ask(theirs); !fault.Is(err, fault.NotFound) {
		t.Errorf("another session: %v", err)
	}
	now = now.Add(previewTime + time.Second)
	if _, err := ask(mine); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its time: %v", err)
	}
}

func TestPreviewsAreBounded(t *testing.T) {
	t.Parallel()
	p := newPreviews(time.Now)
	session := id.New[id.Session]()
	first := p.keep(session, "text/html", make([]byte, 100))
	for range previewCount {
		p.keep(session, "text/html", make([]byte, 100))
	}
	if _, ok := p.find(first, session); ok || p.oldest.Len() != previewCount || p.bytes != 100*previewCount {
		t.Errorf("%d previews, %d bytes", p.oldest.Len(), p.bytes)
	}
	for range 8 {
		p.keep(session, "image/png", make([]byte, 10<<20))
	}
	if p.bytes > previewBytes || len(p.byToken) != p.oldest.Len() {
		t.Errorf("%d bytes in %d previews, %d by token", p.bytes, p.oldest.Len(), len(p.byToken))
	}
}

// A shell reads back exactly what was quoted.
func TestQuotedIsOneWord(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "plain", "it's", `a"b\c`, "$(id) `id` ${HOME} !!", "line\nline", "tab\t", "\x1b[31mred\x07", "'\x01'\\n", "a\u0085b\u009bc", "ünï\r\n", "-n", "%s%n", "*?[a]~",
	} {
		out, err := exec.Command("bash", "-c", "printf '%s.' "+quoted(text)).Output()
		if err != nil || string(out) != text+"." {
			t.Errorf("%q is quoted as %s and read as %q (%v)", text, quoted(text), out, err)
		}
		if strings.ContainsFunc(quoted(text), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x1b }) {
			t.Errorf("%q leaves control characters: %q", text, quoted(text))
		}
		// A shell that does not know $'…' may print other characters, but obeys none of them.
		if out, err = exec.Command("dash", "-c", "printf '%s.' "+quoted(text)+" end").Output(); err != nil || !strings.HasSuffix(string(out), ".end.") {
			t.Errorf("%q is obeyed by dash as %q (%v)", text, out, err)
		}
	}
}

func TestHeaderFields(t *testing.T) {
	t.Parallel()
	fields, why := headerFields("Accept: a\r\n\n  X-Two :  b: c \nhost: evil.example\nContent-Length: 7\nx-empty:\n")
	want := []call.Field{{Name: "accept", Value: "a"}, {Name: "x-two", Value: "b: c"}, {Name: "x-empty"}}
	if why != "" || !slices.Equal(fields, want) {
		t.Errorf("%v %s", fields, why)
	}
	for _, text := range []string{"no colon", ": value", "na me: value", "x: a\x00b", "x: \x1b[0m", "x: \xff", "ü: value", strings.Repeat("x: y\n", 10_000)} {
		if _, why := headerFields(text); why == "" {
			t.Errorf("%.40q passes", text)
		}
	}
}

func TestFieldWords(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		"":                             "",
		`{"name":"Ada","n":3}`:         "name=Ada n=3",
		`{"z":1,"a":{"b":[1, 2]}}`:     `z=1 a={"b":[1, 2]}`,
		`{"t":"two words","e":""}`:     `t="two words" e=""`,
		`{"big":12345678901234567890}`: "big=12345678901234567890",
		`[1]`:                          "[1]",
		`{"cut":`:                      `{"cut":`,
	} {
		if got := fieldWords(object); got != want {
			t.Errorf("%s: %q, want %q", object, got, want)
		}
	}
}

// Frames count UTF-16 code units, as editors do; the caret counts characters.
func TestExcerptCountsCharacters(t *testing.T) {
	t.Parallel()
	source := "one\n\ttwo\nconst a = \"😀😀\"; b\r\nfour\nfive\nsix"
	lines, column := excerpt(source, call.Frame{Line: 3, Column: 19})
	if len(lines) != 5 || lines[0].Number != 1 || !lines[2].Hit || lines[2].Text != "const a = \"😀😀\"; b" || column != 17 {
		t.Errorf("%v, column %d", lines, column)
	}
	if lines, _ := excerpt(source, call.Frame{Line: 1, Column: 1}); len(lines) != 3 || !lines[0].Hit {
		t.Errorf("at the beginning: %v", lines)
	}
	if lines, _ := excerpt(source, call.Frame{Line: 6, Column: 400}); len(lines) != 3 || !lines[2].Hit {
		t.Errorf("at the end: %v", lines)
	}
	if lines, _ := excerpt(source, call.Frame{Line: 7, Column: 1}); lines != nil {
		t.Errorf("of another source: %v", lines)
	}
	if lines, _ := excerpt("", call.Frame{Line: 1, Column: 1}); lines != nil {
		t.Errorf("of no source: %v", lines)
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, body, text  string
		binary, truncated bool
	}{
		{"application/json", `{"a":1}`, "{\n  \"a\": 1\n}", false, false},
		{"application/problem+json", `[]`, "[]", false, false},
		{"application/json", `{"a":`, `{"a":`, false, false},
		{"text/plain", `{"a":1}`, `{"a":1}`, false, false},
		{"text/plain", "a\x00b", "", true, false},
		{"image/png", "\x89PNG\xff", "", true, false},
		{"text/plain", strings.Repeat("a", shownBody+1), strings.Repeat("a", shownBody), false, true},
		{"text/plain", strings.Repeat("a", shownBody-1) + "ü", strings.Repeat("a", shownBody-1), false, true},
	} {
		text, binary, truncated := shown(c.kind, []byte(c.body), false)
		if text != c.text || binary != c.binary || truncated != c.truncated {
			t.Errorf("%s %.20q: %.20q %v %v", c.kind, c.body, text, binary, truncated)
		}
	}
	if text, binary, truncated := shown("text/plain", []byte("x\xc3"), true); text != "x" || binary || !truncated {
		t.Errorf("cut within a character: %q %v %v", text, binary, truncated)
	}
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0":                                                        "Firefox on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":         "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36":                  "Chrome on Android",
		"curl/8.0": "curl/8.0", "": "Unknown browser",
	} {
		if got := browser(agent); got != want {
			t.Errorf("%s: %s, want %s", agent, got, want)
		}
	}
}

// Each way to end has a card that says what happened and, where one can do something,
// what.
func TestEveryOutcomeHasWords(t *testing.T) {
	t.Parallel()
	for _, outcome := range []call.Outcome{
		call.Error, call.Timeout, call.CPU, call.Stack, call.Memory, call.Invalid, call.Killed, call.Crashed, call.Cancelled, call.Busy, call.Unavailable,
	} {
		card := failureProps(outcome, call.Failure{}, execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}, source{file: "a.ts"})
		if card.Title == "" || card.Message == "" || card.Advice == "" && outcome != call.Error && outcome != call.Cancelled {
			t.Errorf("%s: %+v", outcome, card)
		}
	}
	if card := failureProps(call.CPU, call.Failure{}, execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}, source{file: "a.ts"}); !strings.Contains(card.Advice, "2,000 ms") || !strings.Contains(card.Advice, "--cpu-limit") {
		t.Errorf("the limit is not named: %s", card.Advice)
	}
}

// A live list shows what its filter asks for.
func TestLiveList(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/?outcome=failed&path=/a&version=2", nil)
	d := New(Deps{Now: time.Now})
	asked, err := d.readFilter(web.With(r, &web.State{}))
	if err != nil || len(asked.Faults) > 0 {
		t.Fatal(err, asked.Faults)
	}
	list := &liveList{asked: asked, app: app.App{Slug: "shop"}, first: map[id.Execution]firstLine{}, open: map[id.Execution]bool{}, chart: liveChart{drawn: true}}
	w := httptest.NewRecorder()
	s, err := begin(w, r)
	if err != nil {
		t.Fatal(err)
	}
	about := func(version int, path string) execution.Identity {
		return execution.Identity{Version: version, Event: call.Fetch, Subject: "GET " + path}
	}
	tell := func(e live.Event) string {
		w.Body.Reset()
		e.Execution = id.Earliest[id.Execution](time.Unix(1, 0))
		if err := list.tell(s, e); err != nil {
			t.Fatal(err)
		}
		return w.Body.String()
	}
	if sent := tell(live.Event{Kind: live.RunStarted, Identity: about(2, "/a")}); sent != "" {
		t.Errorf("a run that may not fail is shown: %s", sent)
	}
	tell(live.Event{Kind: live.RunLine, Line: &execution.LogLine{Message: "the first"}})
	tell(live.Event{Kind: live.RunLine, Line: &execution.LogLine{Message: "the second"}})
	if sent := tell(live.Event{Kind: live.RunEnded, Identity: about(2, "/a"), Outcome: call.Error, Status: 500, LineCount: 2}); !strings.HasPrefix(sent, "event: row") || !strings.Contains(sent, "the first") {
		t.Errorf("a run that failed: %s", sent)
	}
	if len(list.first) != 0 {
		t.Errorf("%d lines are kept", len(list.first))
	}
	for what, e := range map[string]live.Event{
		"well": {Identity: about(2, "/a"), Outcome: call.OK, Status: 200}, "version": {Identity: about(1, "/a"), Outcome: call.Error}, "path": {Identity: about(2, "/b"), Outcome: call.Error},
	} {
		e.Kind = live.RunEnded
		if sent := tell(e); sent != "" {
			t.Errorf("%s: %s", what, sent)
		}
	}
	if sent := tell(live.Event{Kind: live.Sampled, Shown: 50, Hidden: 1234}); !strings.Contains(sent, "event: note\ndata: 1,234 more runs") {
		t.Errorf("sampled: %s", sent)
	}
	w.Body.Reset()
	list.said = list.said.Add(-time.Minute)
	if err := list.look(t.Context(), s); err != nil || !strings.Contains(w.Body.String(), "event: note\ndata: \n") {
		t.Errorf("the note stays: %v %s", err, w.Body)
	}
	if sent := w.Body.String(); strings.Count(sent, "event: chart") != 1 || !strings.Contains(sent, "Runs by time and duration: 1 run.") {
		t.Errorf("the run that failed is not in the chart: %s", sent)
	}
	w.Body.Reset()
	if err := list.look(t.Context(), s); err != nil || w.Body.Len() > 0 {
		t.Errorf("nothing came, and this was sent: %v %s", err, w.Body)
	}
	for i := range 2 * liveLines {
		e := live.Event{Kind: live.RunLine, Identity: execution.Identity{Execution: id.New[id.Execution]()}, Line: &execution.LogLine{Message: fmt.Sprint(i)}}
		if err := list.tell(s, e); err != nil {
			t.Fatal(err)
		}
	}
	if len(list.first) > liveLines {
		t.Errorf("%d first lines are kept", len(list.first))
	}
}

// A text filter looks at what a run is about, at its error and at its lines, and the database
// is asked where not all of these were seen.
func TestLiveListWithAText(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/?q=ADA", nil)
	asked, err := New(Deps{Now: time.Now}).readFilter(web.With(r, &web.State{}))
	if err != nil || len(asked.Faults) > 0 {
		t.Fatal(err, asked.Faults)
	}
	for name, c := range map[string]struct {
		subject, failure, line, fields string
		lines                          int
		starts, ends, looks            bool
	}{
		"query":   {subject: "GET /a?name=Ada", starts: true, ends: true},
		"path":    {subject: "GET /ada", starts: true, ends: true},
		"error":   {subject: "GET /", failure: "no Ada", ends: true},
		"line":    {subject: "GET /", line: "hello Ada", lines: 1, ends: true},
		"fields":  {subject: "GET /", line: "hello", fields: `{"name":"Ada"}`, lines: 1, ends: true},
		"other":   {subject: "GET /", line: "hello", lines: 1},
		"missed":  {subject: "GET /", line: "hello", lines: 2, looks: true},
		"secrets": {subject: "GET /?token=[redacted]"},
	} {
		w := httptest.NewRecorder()
		s, err := begin(w, r)
		if err != nil {
			t.Fatal(err)
		}
		list := &liveList{asked: asked, first: map[id.Execution]firstLine{}, open: map[id.Execution]bool{}}
		who := execution.Identity{Execution: id.New[id.Execution](), Event: call.Fetch, Subject: c.subject}
		tell := func(e live.Event) bool {
			w.Body.Reset()
			e.Identity = who
			if err := list.tell(s, e); err != nil {
				t.Fatal(err)
			}
			return w.Body.Len() > 0
		}
		started := tell(live.Event{Kind: live.RunStarted})
		if c.line != "" {
			tell(live.Event{Kind: live.RunLine, Line: &execution.LogLine{Message: c.line, Fields: c.fields}})
		}
		end := live.Event{Kind: live.RunEnded, Outcome: call.OK, LineCount: c.lines}
		if c.failure != "" {
			end.Outcome, end.Failure = call.Error, &execution.Failure{Name: "Error", Message: c.failure}
		}
		if ended := tell(end); started != c.starts || ended != c.ends || (list.from == who.Execution) != c.looks {
			t.Errorf("%s: shown at its start %v, at its end %v, looked for %v", name, started, ended, !list.from.IsZero())
		}
	}
}

// The chart of a list that is followed goes on to now, keeps to its range and stays small.
func TestLiveChart(t *testing.T) {
	t.Parallel()
	now := time.Now()
	run := func(n int, ago time.Duration, outcome string) views.RunRowProps {
		return views.RunRowProps{Href: fmt.Sprint("/", n), At: now.Add(-ago), Outcome: outcome, Wall: time.Millisecond}
	}
	c := liveChart{}
	c.props.Points = []ui.Point{point(run(0, time.Hour, "ok")), point(run(1, time.Minute, "ok"))}
	c.add(run(1, time.Minute, "ok")) // the page has it
	c.add(run(2, time.Second, "error"))
	if got := c.grow(now, 0); len(got.Points) != 3 || got.Sample || !got.To.Equal(now) || !got.From.Equal(now.Add(-time.Hour-time.Second)) || len(c.fresh) != 0 {
		t.Errorf("%+v", got)
	}
	if got := c.grow(now.Add(time.Second), 15*time.Minute); len(got.Points) != 2 || !got.From.Equal(now.Add(time.Second-15*time.Minute)) {
		t.Errorf("within 15 minutes: %+v", got)
	}
	for n := range 3 * liveLines {
		c.add(run(10+n, time.Duration(n)*time.Millisecond, "ok"))
	}
	got := c.grow(now, 15*time.Minute)
	failures := 0
	for _, p := range got.Points {
		if p.Outcome == "error" {
			failures++
		}
	}
	if len(got.Points) != chartPoints || !got.Sample || failures != 1 {
		t.Errorf("%d points, %d failures, a sample: %v", len(got.Points), failures, got.Sample)
	}
}

// Who makes a call again is told what it lacks.
func TestLacks(t *testing.T) {
	t.Parallel()
	message := func(body string, kept, cut bool, size int64, fields ...call.Field) *execution.Capture {
		return &execution.Capture{
			URL:     "http://localhost/x?api_key=" + redact.Mark,
			Request: execution.Message{Header: fields, Body: []byte(body), BodyKept: kept, BodyTruncated: cut, Size: size},
		}
	}
	for name, c := range map[string]struct {
		run  history.Run
		want string
		curl string
	}{
		"nothing kept": {history.Run{}, "only method and path were kept.", "curl"},
		"a query": {
			history.Run{Row: history.Row{Identity: execution.Identity{Event: call.Fetch, Subject: "POST /?page=2&token=" + redact.Mark}}},
			"only method, path and query were kept. 1 value that looked secret was not kept.", "?page=2&token=",
		},
		"heads":   {history.Run{Capture: message("", false, false, 1200)}, "1 value that looked secret was not kept. The body of 1.2 KiB was not kept.", "-X 'POST'"},
		"cut":     {history.Run{Capture: message("abc", true, true, 1<<20)}, "1 value that looked secret was not kept. Of the body of 1 MiB only the beginning was kept.", "-X 'POST'"},
		"binary":  {history.Run{Capture: message("\xff\x00", true, false, 2)}, "The body is not text.", "-X 'POST'"},
		"secrets": {history.Run{Capture: message("p="+redact.Mark, true, false, 9, call.Field{Name: "x-token", Value: redact.Mark})}, "3 values that looked secret were not kept.", "--data-raw 'p="},
		"running": {history.Run{Row: history.Row{Outcome: call.Running}}, "when the run has ended", "curl"},
	} {
		if got := strings.Join(lacks(c.run), " "); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
		c.run.Method, c.run.Path = http.MethodPost, "/"
		d := New(Deps{Now: time.Now, BaseURL: "http://localhost"})
		r := web.With(httptest.NewRequest(http.MethodGet, "/", nil), &web.State{})
		if got := d.curl(r, c.run, "hello"); !strings.Contains(got, c.curl) {
			t.Errorf("%s: %s", name, got)
		}
	}
	whole := history.Run{Row: history.Row{Method: http.MethodGet, Path: "/"}, Capture: message("hello", true, false, 5)}
	whole.Capture.URL = "http://localhost/x"
	if missing := lacks(whole); len(missing) != 0 {
		t.Errorf("a whole request lacks %q", missing)
	}
	d := New(Deps{Now: time.Now, BaseURL: "http://localhost"})
	if got := d.curl(web.With(httptest.NewRequest(http.MethodGet, "/", nil), &web.State{}), whole, "hello"); !strings.Contains(got, "-X 'GET'") {
		t.Errorf("curl would send a POST: %s", got)
	}
}

// What a draft has waited for and asked for is told in lines; short waits are not.
func TestLinesOfSpans(t *testing.T) {
	t.Parallel()
	for want, span := range map[string]call.Span{
		"debug: → waited 50 ms": {Kind: call.Waiting, Took: 50 * time.Millisecond},
		"":                      {Kind: call.Waiting, Took: 9 * time.Millisecond},
		"debug: → GET api.example.com 200 · 3 ms":                 {Kind: call.Fetching, Subject: "GET https://api.example.com/v1", Took: 3 * time.Millisecond, Status: 200},
		"error: → GET a.example failed · 3 ms · Nobody is there.": {Kind: call.Fetching, Subject: "GET https://a.example", Took: 3 * time.Millisecond, Failure: "Nobody is there."},
	} {
		line, told := spanLine(span)
		if got := line.Level + ": " + line.Message; told != (want != "") || told && got != want {
			t.Errorf("%+v is told as %q", span, got)
		}
	}
}
