package dashboard_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/engine/variable"
)

// everyPage are the addresses of all pages of a site as open makes it.
func everyPage(s *site, run id.Execution) map[string]string {
	return map[string]string{
		"/apps":                           "Shop",
		"/apps/new":                       "Create the app",
		"/apps/shop":                      "hello",
		"/apps/shop/settings":             "http://shop.fn.example:8080",
		"/apps/shop/outbound":             "What they reach",
		"/apps/shop/runs":                 "TypeError: boom",
		"/apps/shop/runs/" + run.String(): "TypeError",
		"/apps/shop/scripts/new":          "Create and publish",
		"/apps/shop/scripts/hello":        "http://pi.example:8080/fn/shop/hello",
		"/apps/shop/scripts/hello?from=" + run.String():    "x-custom: a",
		"/apps/shop/scripts/hello/publish":                 "Publish hello as v3",
		"/apps/shop/scripts/hello/versions":                "note 2",
		"/apps/shop/scripts/hello/versions/1":              "one",
		"/apps/shop/scripts/hello/diff?from=1&to=2":        "v1 → v2",
		"/apps/shop/scripts/hello/diff?from=live&to=draft": "Draft",
		"/apps/shop/scripts/hello/diff":                    "v2, live → Draft",
		"/apps/shop/scripts/hello/runs":                    "TypeError: boom",
		"/apps/shop/scripts/hello/settings":                "Type &#34;hello&#34; to confirm",
		"/profile":                                         email,
		"/search?q=hel":                                    "/apps/shop/scripts/hello",
		"/search":                                          "Profile and keys",
		"/docs":                                            "each with what differs from its standard",
		"/docs/functions":                                  "id=\"what-it-answers\"",
		"/docs/globals":                                    "id=\"not-yet\"",
		"/docs/reference":                                  "ctx.waitUntil(promise)",
		"/docs/network":                                    "pg_restore",
		"/docs/attacks":                                    "endless loops",
	}
}

// failed is a run that threw in its second line.
func failed(a app.App, s *site, version int) *execution.Record {
	_, found := s.find(a.Slug, "hello")
	r := runOf(a, found, "/anna")
	r.Version, r.Status, r.Outcome, r.Subject = version, 500, call.Error, "POST /anna"
	r.Failure = &call.Failure{Name: "TypeError", Message: "boom", Stack: []call.Frame{{Function: "default", File: "hello.ts", Line: 1, Column: 16}}}
	r.Lines = []call.Line{{At: time.Now(), Level: call.Info, Message: "first", Fields: `{"name":"Ada","n":3}`}, {At: time.Now(), Level: call.Err, Message: "second"}}
	r.Request.URL += "?q=1"
	r.Request.Header = []call.Field{{Name: "x-custom", Value: "a"}, {Name: "authorization", Value: "Bearer hidden-word"}, {Name: "content-type", Value: "text/plain"}}
	r.Request.Body = body.Text("it's a body")
	return r
}

func TestEveryPageIsDrawn(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, hello := s.find("shop", "hello")
	run := failed(shop, s, 2)
	s.record(run, runOf(shop, hello, "/berta"))
	for path, text := range everyPage(s, run.Execution) {
		page := s.get(path)
		if page.status != 200 || !strings.Contains(page.body, text) {
			t.Errorf("%s: %d without %q: %s", path, page.status, text, short(page.body))
		}
		if len(page.body) > 100<<10 {
			t.Errorf("%s has %d bytes", path, len(page.body))
		}
		if strings.Contains(page.body, "hidden-word") {
			t.Errorf("%s shows a secret", path)
		}
		outside := *s
		outside.cookie = ""
		if away := outside.get(path); away.status != http.StatusSeeOther || !strings.HasPrefix(away.header.Get("Location"), "/login?next=%2F") {
			t.Errorf("%s without a session: %d to %s", path, away.status, away.header.Get("Location"))
		}
	}
	s.goes(s.get("/"), "/apps/shop")
	_, err := s.apps.Create(t.Context(), s.may(actor.CreateApp, id.App{}), app.Naming{Name: "Second"})
	s.must(err)
	s.goes(s.get("/"), "/apps")
}

func TestWhatIsNotThereIs404(t *testing.T) {
	t.Parallel()
	s := open(t)
	other, err := s.apps.Create(t.Context(), s.may(actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	s.must(err)
	theirs := s.publish(other.ID, "theirs", "export default () => 1")
	run := runOf(other, theirs, "/")
	s.record(run)
	s.sees(s.get("/apps/other/runs/"+run.Execution.String()), 200, "theirs")
	for _, path := range []string{
		"/apps/nobody", "/apps/shop/scripts/nothing", "/apps/shop/scripts/theirs", "/apps/shop/runs/" + run.Execution.String(),
		"/apps/shop/runs/7", "/apps/shop/runs/" + id.Earliest[id.Execution](time.Now().Add(-time.Hour)).String(),
		"/apps/shop/scripts/hello/versions/3", "/apps/shop/scripts/hello/versions/0", "/apps/shop/scripts/hello/versions/01",
		"/apps/shop/scripts/hello/versions/99999999999999999999", "/apps/shop/scripts/hello/versions/-1",
		"/apps/shop/scripts/hello/diff?from=1&to=9", "/apps/shop/scripts/hello/diff?from=<script>",
		"/preview/nothing", "/docs/nothing", "/docs/docs.go", "/docs/functions.md", "/docs/functions/", "/apps/shop/runs/live?run=7", "/%2e%2e/", "/apps/shop/scripts/hello/nothing",
	} {
		if page := s.get(path); page.status != 404 {
			t.Errorf("%s: %d %s", path, page.status, short(page.body))
		}
	}
	for _, path := range []string{
		"/profile/keys/" + id.New[id.Key]().String() + "/revoke", "/profile/keys/7/revoke",
		"/profile/sessions/" + id.New[id.Session]().String() + "/revoke", "/apps/shop/scripts/hello/versions/9/live",
		"/apps/shop/scripts/theirs/draft", "/apps/shop/scripts/theirs/run", "/apps/shop/scripts/theirs/publish", "/apps/shop/scripts/theirs/delete",
	} {
		if page := s.post(path, form("source", "x", "revision", "1")); page.status != 404 {
			t.Errorf("POST %s: %d %s", path, page.status, short(page.body))
		}
	}
}

// Who is signed in and comes to an address where nothing is keeps the navigation, and has a way on.
func TestNothingHereKeepsTheNavigation(t *testing.T) {
	t.Parallel()
	s := open(t)
	const top, side, on = `class="top"`, `id="side"`, "To the scripts of Shop"
	for path, want := range map[string]struct {
		status int
		words  string
		has    []string
		lacks  []string
	}{
		"/apps/shop/scripts/nothing":   {404, "There is no such script.", []string{top, side, on, "/apps/shop/scripts/hello"}, nil},
		"/apps/shop/runs/7":            {404, "There is no such run", []string{top, side, on}, nil},
		"/apps/shop/nothing":           {404, "There is nothing at this address.", []string{top, side, on}, nil},
		"/apps/shop/scripts/hello/run": {405, "is not possible here", []string{top, side, on}, nil},
		"/apps/nobody":                 {404, "There is no such app.", []string{top, "To the apps"}, []string{side}},
		"/apps/nobody/nothing":         {404, "There is nothing at this address.", []string{top, "To the apps"}, []string{side}},
		"/apps/%ff":                    {400, "The address holds characters", []string{top, "To the apps"}, []string{side}},
		"/nothing":                     {404, "There is nothing at this address.", []string{top, "To the apps"}, []string{side}},
		"/preview/nothing":             {404, "no longer kept", nil, []string{top, side}}, // in a frame of the run panel
	} {
		page := s.get(path)
		s.sees(page, want.status, append(want.has, want.words)...)
		for _, part := range want.lacks {
			if strings.Contains(page.body, part) {
				t.Errorf("%s has %s", path, part)
			}
		}
	}
	s.cookie = ""
	for _, path := range []string{"/nothing", "/apps/shop/nothing"} {
		if page := s.get(path); page.status != 404 || strings.Contains(page.body, top) || strings.Contains(page.body, "Shop") {
			t.Errorf("%s for who is not signed in: %d %s", path, page.status, short(page.body))
		}
	}
}

func TestRunPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, hello := s.find("shop", "hello")
	run := failed(shop, s, 2)
	run.Limit = execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}
	draft := failed(shop, s, 0)
	draft.Version, draft.Cause.Kind, draft.Started = 0, call.Draft, time.Now().Add(-time.Hour)
	fine := runOf(shop, hello, "/with%20blank")
	fine.Response = execution.ResponseHead{Header: []call.Field{{Name: "content-type", Value: "application/json"}}, Body: []byte(`{"a":[1,2]}`), Size: 11}
	s.record(run, draft, fine)

	page := s.get("/apps/shop/runs/" + run.Execution.String())
	s.sees(page, 200, "hello.ts:1:16", "<tr class=\"hit\"", "               ^", "first", "name=Ada n=3", "POST /anna?q=1", "it&#39;s a body",
		"-X &#39;POST&#39;", "-H &#39;x-custom: a&#39;", `--data-raw &#39;it&#39;\&#39;&#39;s a body&#39;`, "/apps/shop/scripts/hello?from="+run.Execution.String(),
		`href="/apps/shop/scripts/hello/versions/2#L1"`, "The caller got 500, with the id of this run.")
	if strings.Contains(page.body, "-H &#39;authorization") {
		t.Error("the command has a redacted field")
	}
	s.sees(s.get("/apps/shop/runs/"+draft.Execution.String()), 200, "Run of the draft", "hello.ts:1:16")
	if page := s.get("/apps/shop/runs/" + draft.Execution.String()); strings.Contains(page.body, "<tr class=\"hit\"") {
		t.Error("a draft that was changed since is shown as what ran")
	}
	s.sees(s.get("/apps/shop/runs/"+fine.Execution.String()), 200, "&#34;a&#34;: [\n", "of 10 MiB", "/fn/shop/hello/with%20blank")

	s.must(s.scripts.Delete(t.Context(), s.may(actor.WriteScript, shop.ID), hello.ID, "hello"))
	if page := s.get("/apps/shop/runs/" + run.Execution.String()); !strings.Contains(page.body, ">deleted<") || strings.Contains(page.body, "Run again on draft") {
		t.Errorf("a run of a script that is gone: %s", short(page.body))
	}
	s.sees(s.get("/apps/shop/runs/"+run.Execution.String()), 200, "TypeError", "boom")
}

func TestLists(t *testing.T) {
	t.Parallel()
	s := open(t)
	shop, hello := s.find("shop", "hello")
	var records []*execution.Record
	for range 60 {
		records = append(records, runOf(shop, hello, "/many"))
	}
	bad := failed(shop, s, 2)
	s.record(append(records, bad)...)
	first := s.get("/apps/shop/scripts/hello/runs")
	s.sees(first, 200, "Older runs", "data-live=\"/apps/shop/scripts/hello/runs/live?from=")
	if n := strings.Count(first.body, "<tr id=\"run-"); n != 50 {
		t.Errorf("%d rows", n)
	}
	if len(first.body) > 100<<10 {
		t.Errorf("%d bytes", len(first.body))
	}
	older := strings.Split(strings.Split(first.body, `rel="next" href="`)[1], `"`)[0]
	second := s.get(older)
	s.sees(second, 200, "Newest")
	if n := strings.Count(second.body, "<tr id=\"run-"); n != 11 || strings.Contains(second.body, "Older runs") || strings.Contains(second.body, `data-live="/`) {
		t.Errorf("%d rows: %s", n, short(second.body))
	}
	for query, rows := range map[string]int{
		"outcome=failed": 1, "outcome=ok&since=1h": 50, "status=5xx": 1, "status=4xx": 0, "version=2&path=/anna": 1, "version=draft": 0,
		"q=boom": 1, "q=nowhere": 0, "q=FIRST": 1, "path=/ann": 1, "since=15m&outcome=error": 1, "script=hello&outcome=error": 1,
		"until=2001-01-01T00:00": 0, "until=2098-01-01T00:00:00%2B01:00": 50, "until=" + time.Now().UTC().Add(2*time.Minute).Format("2006-01-02T15:04") + "&since=1h&outcome=error": 1,
	} {
		for _, path := range []string{"/apps/shop/runs?", "/apps/shop/scripts/hello/runs?"} {
			page := s.get(path + query)
			if n := strings.Count(page.body, "<tr id=\"run-"); page.status != 200 || n != rows {
				t.Errorf("%s: %d, %d rows, want %d", path+query, page.status, n, rows)
			}
		}
	}
	for query, text := range map[string]string{
		"outcome=<script>": "There is no outcome &#34;&lt;script&gt;&#34;", "status=9xx": "2xx, 3xx, 4xx or 5xx", "version=0": "A version is a number",
		"version=x": "A version is a number", "since=1y": "15m, 1h, 24h or 7d", "until=yesterday": "2026-11-25T14:00", "until=0002-01-01T00:00": "2026-11-25T14:00", "before=7": "names no run", "path=" + strings.Repeat("a", 1001): "at most 1000",
		"q=" + strings.Repeat("a", 201): "at most 200",
	} {
		if page := s.get("/apps/shop/runs?" + query); page.status != 422 || !strings.Contains(page.body, text) {
			t.Errorf("%s: %d %s", query, page.status, short(page.body))
		}
	}
	s.sees(s.get("/apps/shop/runs?script=nothing"), 422, "has no script &#34;nothing&#34;")
	s.sees(s.get("/apps/shop"), 200, "61 runs", "1 failed", "Failed last")
	s.sees(s.get("/apps"), 200, "61 runs")
}

// evil is what somebody writes who wants a page to do something for them.
const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`

// Everything a person or a caller can write is shown, and nothing of it runs.
func TestNothingWrittenByOthersRuns(t *testing.T) {
	t.Parallel()
	s := open(t)
	made, err := s.apps.Create(t.Context(), s.may(actor.CreateApp, id.App{}), app.Naming{Name: evil, Slug: "evil"})
	s.must(err)
	source := "// " + evil + "\nexport default () => { throw new Error(" + "`" + evil + "`" + ") };\n"
	bad := s.publish(made.ID, "bad", "export default () => 1;\n", source)
	_, err = s.scripts.Describe(t.Context(), s.may(actor.WriteScript, made.ID), bad.ID, scriptSettings(evil))
	s.must(err)
	_, err = s.scripts.MakeLive(t.Context(), s.may(actor.WriteScript, made.ID), bad.ID, 1, evil, script.Follow{})
	s.must(err)
	_, err = s.scripts.SaveDraft(t.Context(), s.may(actor.WriteScript, made.ID), bad.ID, source+"</textarea>"+evil, 2)
	if err != nil {
		draft, err := s.scripts.Draft(t.Context(), s.may(actor.WriteScript, made.ID), bad.ID)
		s.must(err)
		_, err = s.scripts.SaveDraft(t.Context(), s.may(actor.WriteScript, made.ID), bad.ID, source+"</textarea>"+evil, draft.Revision)
		s.must(err)
	}
	_, _, err = s.access.MakeKey(t.Context(), s.may(actor.ManageAccount, id.App{}), access.NewKey{Name: evil, Access: access.KeyReads})
	s.must(err)
	_, err = s.access.SignIn(t.Context(), email, password, access.Client{Address: "192.0.2.9", Agent: evil})
	s.must(err)
	run := runOf(made, bad, "/"+evil)
	run.ScriptName, run.Subject, run.Version = "bad", evil+" /"+evil, 2
	run.Status, run.Outcome = 500, call.Error
	run.Failure = &call.Failure{Name: evil, Message: evil, Stack: []call.Frame{{Function: evil, File: "bad.ts", Line: 1, Column: 4}, {Function: evil, File: evil, Line: 1, Column: 1}}}
	run.Lines = []call.Line{{At: time.Now(), Level: call.Level(evil), Message: evil, Fields: `{"` + `</script>": "<script>alert(1)</script>"}`}}
	run.Request.URL, run.Request.Body = "http://pi.example/"+evil+"?"+evil, body.Text(evil)
	run.Request.Header = []call.Field{{Name: evil, Value: evil}, {Name: "content-type", Value: evil}}
	run.Response = execution.ResponseHead{Header: []call.Field{{Name: "x", Value: evil}}, Body: []byte(evil), Size: int64(len(evil))}
	quiet := runOf(made, bad, "/")
	quiet.Lines = run.Lines
	s.record(run, quiet)
	_, _, err = s.variables.Put(t.Context(), s.may(actor.WriteScript, made.ID), id.Script{}, variable.Change{Name: "EVIL", Value: evil + "</textarea>" + evil})
	s.must(err)
	for _, path := range []string{
		"/apps", "/profile", "/apps/evil", "/apps/evil/variables", "/apps/evil/variables/EVIL", "/apps/evil/variables/" + evil, "/apps/evil/scripts/bad/variables", "/apps/evil/settings", "/apps/evil/outbound", "/apps/evil/runs", "/apps/evil/runs/" + run.Execution.String(), "/apps/evil/scripts/new",
		"/apps/evil/scripts/bad", "/apps/evil/scripts/bad?from=" + run.Execution.String(), "/apps/evil/scripts/bad/publish", "/apps/evil/scripts/bad/versions",
		"/apps/evil/scripts/bad/versions/2", "/apps/evil/scripts/bad/diff", "/apps/evil/scripts/bad/runs", "/apps/evil/scripts/bad/settings",
		"/search?q=" + "%3Cscript%3E", "/search?q=bad", "/login?next=" + evil, "/" + "%3Cscript%3Ealert(1)",
	} {
		s.inert(path, s.get(path))
	}
	draft, err := s.scripts.Draft(t.Context(), s.may(actor.WriteScript, made.ID), bad.ID)
	s.must(err)
	s.inert("conflict", s.post("/apps/evil/scripts/bad/draft", form("source", evil, "revision", "1")))
	s.inert("run", s.post("/apps/evil/scripts/bad/run", form("source", draft.Source, "revision", "1", "method", evil, "path", evil, "query", evil, "headers", evil)))
	s.inert("new app", s.post("/apps", form("name", evil, "slug", evil)))
	s.inert("new script", s.post("/apps/evil/scripts", form("name", evil, "description", evil+"\x00", "language", evil)))
	s.inert("settings", s.post("/apps/evil/scripts/bad/settings", form("description", evil, "capture", evil)))
	s.inert("rename", s.post("/apps/evil/scripts/bad/rename", form("name", evil)))
	s.inert("value", s.post("/apps/evil/variables", form("name", evil, "value", "</textarea>"+evil, "kind", evil, "script", evil)))
	s.inert("another value", s.post("/apps/evil/variables/EVIL", form("kind", evil, "value", "</textarea>"+evil+"\x00")))
	s.inert("outbound", s.post("/apps/evil/outbound", form("mode", evil, "hosts", "</textarea>"+evil, "networks", "</textarea>"+evil+"\x00")))
	s.inert("paste", s.post("/apps/evil/variables/env-file", form("text", evil+"\n</textarea>"+evil)))
	s.inert("preview", s.post("/apps/evil/variables/env-file", form("text", "A='"+strings.ReplaceAll(evil, "'", "")+"'")))
	s.inert("delete", s.post("/apps/evil/scripts/bad/delete", form("confirm", evil)))
	s.inert("key", s.post("/profile/keys", form("name", evil, "access", evil, "expires", evil, "app", evil)))
	s.inert("filter", s.get("/apps/evil/runs?outcome=%3Cscript%3Ealert(1)&path=%3Cscript%3Ealert(1)&script=%3Cscript%3Ealert(1)&version=%3Cscript%3Ealert(1)&q=%3Cscript%3Ealert(1)"))
}

// inert fails when markup of a visitor is markup on the page.
func (s *site) inert(where string, a answer) {
	s.t.Helper()
	if a.status >= 500 || a.status == 303 {
		s.t.Errorf("%s: %d %s", where, a.status, short(a.body))
	}
	for _, text := range []string{"<script>alert", "<img src=x", "onerror=alert(2)>\"", "</textarea>\"'", "</textarea>&#34;"} {
		if strings.Contains(a.body, text) {
			at := strings.Index(a.body, text)
			s.t.Errorf("%s has %q: …%s", where, text, a.body[max(0, at-100):min(len(a.body), at+100)])
		}
	}
}
