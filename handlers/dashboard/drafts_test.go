package dashboard_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"picloud/engine/id"
)

// save sends a draft as the editor does.
func (s *site) save(source string, revision int64) (answer, map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"source": source, "revision": revision})
	s.must(err)
	got := s.do(s.request("PUT", "/apps/shop/scripts/hello/draft", strings.NewReader(string(body)),
		http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}))
	values := map[string]any{}
	s.must(json.Unmarshal([]byte(got.body), &values))
	return got, values
}

func (s *site) revision() int64 {
	s.t.Helper()
	_, found := s.find("shop", "hello")
	return found.Revision
}

func TestTwoTabsSave(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.revision()
	got, values := s.save("export default () => \"mine\";\n// more\n", first)
	s.sees(got, 200)
	if values["revision"] != float64(first+1) || values["saved_at"] == nil || values["differs"].(map[string]any)["added"] != float64(2) || values["differs"].(map[string]any)["removed"] != float64(1) {
		t.Errorf("saved: %v", values)
	}
	if at, err := time.Parse(time.RFC3339, values["saved_at"].(string)); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("saved at %v", values["saved_at"])
	}
	s.sees(s.get("/apps/shop"), 200, "+2", "−1")
	got, values = s.save("theirs", first)
	s.sees(got, 409)
	if values["source"] != "export default () => \"mine\";\n// more\n" || values["revision"] != float64(first+1) || values["by"] == "" || values["at"] == nil {
		t.Errorf("conflict: %v", values)
	}
	if got, values = s.save("export default () => \"mine\";\n// more\n", first); got.status != 200 || values["revision"] != float64(first+1) {
		t.Errorf("the same text from another tab: %d %v", got.status, values)
	}
	page := s.post("/apps/shop/scripts/hello/draft", form("source", "other text\r\n", "revision", "1"))
	s.sees(page, 409, "Take mine, replace theirs", "Take theirs, drop mine", "other text", "mine")
	revision := s.input(page, "revision")
	s.goes(s.post("/apps/shop/scripts/hello/draft", form("source", "other text\r\n", "revision", revision)), "/apps/shop/scripts/hello")
	s.sees(s.get("/apps/shop/scripts/hello"), 200, "other text", "Saved. Nothing went live.", "Live v2")
	s.goes(s.post("/apps/shop/scripts/hello/draft", form("source", "x", "revision", s.input(s.get("/apps/shop/scripts/hello"), "revision"), "then", "publish")), "/apps/shop/scripts/hello/publish")
}

func TestBadDrafts(t *testing.T) {
	t.Parallel()
	s := open(t)
	put := func(kind, body string) answer {
		return s.do(s.request("PUT", "/apps/shop/scripts/hello/draft", strings.NewReader(body), http.Header{"Content-Type": {kind}, "Accept": {"application/json"}}))
	}
	for body, status := range map[string]int{
		`{"source": "a"}`: 400, `{"revision": 1}`: 400, `{`: 400, `[]`: 400, `{"source": 1, "revision": 1}`: 400, "{\"source\": \"\xff\", \"revision\": 2}": 400,
		`{"source": "a\u0000b", "revision": 2}`: 422, `{"source": "` + strings.Repeat("a", 1<<20+1) + `", "revision": 2}`: 422,
		`{"source": "` + strings.Repeat(`\u0041`, 1<<20+1<<19) + `", "revision": 2}`: 413,
	} {
		if got := put("application/json", body); got.status != status {
			t.Errorf("%.40s: %d, want %d", body, got.status, status)
		}
	}
	s.sees(put("text/plain", `{}`), 415)
	s.sees(put("application/json", `{"source": "half \ud800 a pair", "revision": 1}`), 422, "surrogate pair")
	s.sees(s.post("/apps/shop/scripts/hello/draft", form("source", "a\x00b", "revision", "2")), 422, "NUL", "e-source")
	s.sees(s.post("/apps/shop/scripts/hello/draft", form("source", "a\xff", "revision", "2")), 422, "not valid UTF-8")
	s.sees(s.post("/apps/shop/scripts/hello/draft", form("source", "a")), 400)
}

func TestPublish(t *testing.T) {
	t.Parallel()
	s := open(t)
	page := s.get("/apps/shop/scripts/hello/publish")
	s.sees(page, 200, "same as the live v2")
	s.goes(s.post("/apps/shop/scripts/hello/publish", form("revision", s.input(page, "revision"), "if_version", "2")), "/apps/shop/scripts/hello")
	s.sees(s.get("/apps/shop/scripts/hello"), 200, "nothing to publish", "Live v2")

	s.save("export default () => {\n  retur 1\n}\n", s.revision())
	page = s.get("/apps/shop/scripts/hello/publish")
	values := form("revision", s.input(page, "revision"), "if_version", s.input(page, "if_version"), "note", "my note")
	s.sees(s.post("/apps/shop/scripts/hello/publish", values), 422, "It does not build", "my note", "2:9")
	part := s.ask("POST", "/apps/shop/scripts/hello/publish", values, http.Header{"Hx-Request": {"true"}})
	s.sees(part, 422, "It does not build", `class="publish"`)

	s.save("export default () => 3\n", s.revision())
	s.sees(s.post("/apps/shop/scripts/hello/publish", values), 409, "saved again", "my note")
	page = s.get("/apps/shop/scripts/hello/publish")
	values.Set("revision", s.input(page, "revision"))
	values.Set("note", strings.Repeat("a", 501))
	s.sees(s.post("/apps/shop/scripts/hello/publish", values), 422, "501", "e-note")
	values.Set("note", "my note")
	values.Set("if_version", "1")
	s.sees(s.post("/apps/shop/scripts/hello/publish", values), 409, "version 2 is", `name="if_version" value="2"`)
	values.Set("if_version", "2")
	byHTMX := http.Header{"Hx-Request": {"true"}}
	if strings.Contains(page.body, "hx-post=") {
		t.Error("the page's form is sent by htmx, and there is no editor around it")
	}
	s.sees(s.ask("GET", "/apps/shop/scripts/hello/publish", nil, byHTMX), 200, `hx-post="/apps/shop/scripts/hello/publish"`)
	done := s.ask("POST", "/apps/shop/scripts/hello/publish", values, byHTMX)
	s.sees(done, 200, `<hx-partial hx-target="#live">`, "Live v3", `<hx-partial hx-target="#differs">`, "Draft is the same", `<hx-partial hx-target="#side">`)
	if event := done.header.Get("HX-Trigger"); event != `{"published":{"notice":"Published v3. It answers its URL now.","version":3}}` || strings.Contains(done.body, "<html") {
		t.Errorf("htmx: %s", event)
	}
	if page := s.get("/apps/shop/scripts/hello"); strings.Contains(page.body, "Published v3") {
		t.Error("the notice is shown again")
	}
	s.sees(s.get("/apps/shop/scripts/hello"), 200, "Live v3", "Draft is the same")
	s.sees(s.get("/apps/shop/scripts/hello/versions"), 200, "my note")
	s.sees(s.post("/apps/shop/scripts/hello/publish", form("note", "x")), 400)
}

func TestRunOfADraft(t *testing.T) {
	t.Parallel()
	s := open(t)
	stream := http.Header{"Accept": {"text/event-stream"}}
	run := func(header http.Header, pairs ...string) answer {
		return s.ask("POST", "/apps/shop/scripts/hello/run", form(pairs...), header)
	}
	revision := func() string { return s.input(s.get("/apps/shop/scripts/hello"), "revision") }
	broken := "export default () => {\n  retur 1\n}\n"
	s.sees(run(nil, "source", broken, "revision", revision(), "method", "POST", "path", "/x"), 422, "2:9", "1 problem", `value="/x"`)
	got := run(stream, "source", broken, "revision", revision())
	s.sees(got, 200, "event: saved\ndata: {\"revision\":", "event: problems\ndata: [{\"line\":2,\"column\":9,")
	if got.header.Get("Content-Type") != "text/event-stream" || got.header.Get("X-Accel-Buffering") != "no" || strings.Contains(got.body, "event: answer") {
		t.Errorf("%v %s", got.header, got.body)
	}
	missing := "export default () => Cache('x')\n"
	s.sees(run(nil, "source", missing, "revision", revision()), 200, "1:22", "1 warning", "Cache is not in PiCloud 0.x", "problems warn")
	s.sees(run(nil, "source", broken, "revision", revision()), 422)
	fine := "export default () => 1\n"
	s.sees(run(stream, "source", fine, "revision", "1"), 409, `"source":"export default () =\u003e {\n  retur 1\n}\n"`)
	s.sees(run(nil, "source", fine, "revision", "1"), 409, "Two drafts")
	s.sees(run(nil, "source", fine, "revision", revision(), "path", "/a?b=1", "query", "?c=2"), 200, `value="/a"`, "b=1&amp;c=2</textarea>")
	for input, value := range map[string]string{
		"headers": "no colon", "method": "get it", "path": "/%zz", "query": "a#b", "body": strings.Repeat("a", 1<<20+1),
	} {
		pairs := []string{"source", fine, "revision", revision(), "method", "POST", input, value}
		s.sees(run(nil, pairs...), 422, "e-", "class=\"fault\"")
		problem := run(stream, pairs...)
		s.sees(problem, 422, `"errors":[{"field":`)
		if problem.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %v", input, problem.header)
		}
	}
	gone := run(stream, "source", fine, "revision", revision(), "method", "GET", "path", "anna", "query", "?q=1", "headers", "Accept: */*\nHost: evil.example")
	s.sees(gone, 200, "event: saved", "event: answer", "No answer") // no worker runs
	s.sees(run(nil, "source", fine, "revision", revision(), "method", "GET"), 200, "No answer", "crashed")
}

// A run is made again by a POST alone, with its request and the draft as it is.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, _ := s.find("shop", "hello")
	run := failed(shop, s, 2)
	s.record(run)
	before := s.revision()
	again := s.post("/apps/shop/scripts/hello/run", form("from", run.Execution.String()))
	s.sees(again, 200, "No answer", `<option selected>POST</option>`, `value="/anna"`, "q=1</textarea>", "x-custom: a", "it&#39;s a body") // no worker runs
	if s.revision() != before {
		t.Error("the draft was saved")
	}
	s.sees(s.get("/apps/shop/scripts/hello?from="+run.Execution.String()), 200, `value="/anna"`, "The answer appears here")
	for _, from := range []string{"7", id.New[id.Execution]().String()} {
		s.sees(s.post("/apps/shop/scripts/hello/run", form("from", from)), 404, "no such run")
		s.sees(s.get("/apps/shop/scripts/hello?from="+from), 200, "The answer appears here")
	}
	odd := failed(shop, s, 2)
	odd.Subject = "quiet /anna"
	s.record(odd)
	s.sees(s.post("/apps/shop/scripts/hello/run", form("from", odd.Execution.String())), 422, "Choose one of the methods", `value="/anna"`)
}
