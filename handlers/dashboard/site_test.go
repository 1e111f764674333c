package dashboard_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/db/dbtest"
	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/history"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
	"picloud/engine/outbound"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/seal"
	"picloud/engine/variable"
	"picloud/engine/worker"
	"picloud/handlers"
	"picloud/static"
)

const (
	email    = "owner@example.org"
	password = "violet harbour onion tram"
)

// appShare is an app's share of the history.
const appShare = 512 << 20

// site is the dashboard over a database of its own. No worker runs; what needs one is
// tested end to end.
type site struct {
	t         *testing.T
	url       string
	pool      *pgxpool.Pool
	access    *access.Service
	apps      *app.Service
	scripts   *script.Service
	variables *variable.Service
	actor     access.Actor
	cookie    string
	warning   string // of GET /readyz
	builds    *atomic.Int64
}

func (s *site) build(_ context.Context, inputs []bundle.Input) ([]bundle.Built, error) {
	s.builds.Add(int64(len(inputs)))
	built := make([]bundle.Built, len(inputs))
	for i, input := range inputs {
		output, problems := bundle.Build(input)
		built[i] = bundle.Built{Output: output, Problems: problems}
	}
	return built, nil
}

// empty is a site nobody owns yet.
func empty(t *testing.T) *site {
	t.Helper()
	pool := dbtest.New(t)
	s := &site{t: t, pool: pool, access: access.New(pool, access.Config{}), apps: app.New(pool), builds: &atomic.Int64{}}
	s.scripts = script.NewService(pool, s.build)
	assets, err := static.Open()
	s.must(err)
	keys, err := seal.Open(seal.Generate(), "")
	s.must(err)
	s.variables = variable.NewService(pool, keys)
	runs := history.NewStore(pool)
	runs.AppShare = appShare
	server := httptest.NewServer(handlers.New(handlers.Deps{
		Access: s.access, Apps: s.apps, Scripts: s.scripts, Pauses: pause.NewService(pool), Variables: s.variables, Outbound: outbound.NewService(pool), Executions: runs, Assets: assets,
		Worker: worker.New(worker.Settings{}), BaseURL: "http://pi.example:8080", FunctionsHost: "fn.example",
		Limits: call.DefaultLimits, FetchAllow: []string{"nas.local", "192.168.1.0/24:9100"}, IsAway: db.IsAway, Log: slog.New(slog.DiscardHandler),
		Warnings: []handlers.Warning{{Name: "disk", Check: func(context.Context) string { return s.warning }}},
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// open is a site with an owner who is signed in, the app "shop" and, in it, the script
// "hello" with two versions.
func open(t *testing.T) *site {
	t.Helper()
	s := empty(t)
	s.must(s.access.Bootstrap(t.Context(), email, password))
	s.signIn()
	shop, err := s.apps.Create(t.Context(), s.may(actor.CreateApp, id.App{}), app.Naming{Name: "Shop"})
	s.must(err)
	s.publish(shop.ID, "hello", "export default () => \"one\";\n", "export default () => \"two\";\n")
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// signIn makes a session and uses it from now on.
func (s *site) signIn() {
	s.t.Helper()
	issued, err := s.access.SignIn(s.t.Context(), email, password, access.Client{Address: "192.0.2.1"})
	s.must(err)
	ctx, err := s.access.Load(s.t.Context(), issued.Token)
	s.must(err)
	s.actor, _ = s.access.Actor(ctx)
	s.cookie = "picloud_session=" + issued.Token
}

// may is a grant of the person who is signed in.
func (s *site) may(capability actor.Capability, app id.App) actor.Grant {
	s.t.Helper()
	grant, err := actor.Allow(s.actor, capability, app)
	s.must(err)
	return grant
}

// publish makes a script with one version per source.
func (s *site) publish(app id.App, name string, sources ...string) script.Script {
	s.t.Helper()
	made, err := s.scripts.Create(s.t.Context(), s.may(actor.WriteScript, app), script.New{Name: name, Source: sources[0]})
	s.must(err)
	for i, source := range sources {
		_, err := s.scripts.Publish(s.t.Context(), s.may(actor.WriteScript, app), made.ID, script.Publishing{Source: &source, Note: fmt.Sprintf("note %d", i+1)})
		s.must(err)
	}
	found, err := s.scripts.Get(s.t.Context(), s.may(actor.WriteScript, app), made.ID)
	s.must(err)
	return found
}

// find gives an app and one of its scripts.
func (s *site) find(slug, name string) (app.App, script.Script) {
	s.t.Helper()
	a, err := s.apps.Find(s.t.Context(), s.may(actor.ListApps, id.App{}), slug)
	s.must(err)
	found, err := s.scripts.Find(s.t.Context(), s.may(actor.WriteScript, a.ID), name)
	s.must(err)
	return a, found
}

// record writes finished runs as a worker does.
func (s *site) record(records ...*execution.Record) {
	s.t.Helper()
	file, err := journal.Create(filepath.Join(s.t.TempDir(), "journal"), 64, 4<<20)
	s.must(err)
	defer file.Close()
	for _, r := range records {
		slot := file.Begin(&journal.Entry{Identity: r.Identity, Deadline: r.Started.Add(30 * time.Second)})
		slot.Finish(r)
	}
	ended, cancel := context.WithCancel(s.t.Context())
	cancel()
	s.must(archive.NewFlusher(s.pool, file, appShare).Run(ended)) // writes what there is, then returns
}

// runOf is a run of a script that went well.
func runOf(a app.App, s script.Script, path string) *execution.Record {
	return &execution.Record{
		Identity: execution.Identity{
			Execution: id.New[id.Execution](), App: a.ID, Script: s.ID, ScriptName: s.Name, Version: s.LiveVersion, Started: time.Now(),
			Cause: call.Cause{Kind: call.HTTP}, Event: call.Fetch, Subject: "GET " + path,
		},
		Status: 200, Outcome: call.OK, Wall: 4 * time.Millisecond, Executing: time.Millisecond,
		Policy: execution.CaptureAll, Request: &call.Request{Method: "GET", URL: "http://pi.example:8080/fn/" + a.Slug + "/" + s.Name + path},
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) cookie() string {
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return cookie
}

// get asks for a page as a browser does.
func (s *site) get(path string) answer { return s.ask("GET", path, nil, nil) }

// post sends a form.
func (s *site) post(path string, values url.Values) answer { return s.ask("POST", path, values, nil) }

func (s *site) ask(method, path string, values url.Values, header http.Header) answer {
	s.t.Helper()
	r := s.request(method, path, strings.NewReader(values.Encode()), header)
	if values != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return s.do(r)
}

func (s *site) request(method, path string, body io.Reader, header http.Header) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	s.must(err)
	r.Header = http.Header{"Accept": {"text/html,*/*"}, "X-Forwarded-For": {"192.0.2.1"}}
	for name, list := range header {
		r.Header[name] = list
	}
	if s.cookie != "" {
		r.Header.Set("Cookie", s.cookie)
	}
	return r
}

func (s *site) do(r *http.Request) answer {
	s.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	s.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.must(err)
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}
}

// sees checks the status and that all the texts are on the page.
func (s *site) sees(a answer, status int, texts ...string) {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("status %d, want %d: %s", a.status, status, short(a.body))
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			s.t.Errorf("%q is not there: %s", text, short(a.body))
		}
	}
}

// goes checks a redirect.
func (s *site) goes(a answer, to string) {
	s.t.Helper()
	if a.status != http.StatusSeeOther || a.header.Get("Location") != to {
		s.t.Fatalf("%d to %q, want 303 to %q: %s", a.status, a.header.Get("Location"), to, short(a.body))
	}
}

// short is the visible part of a page.
func short(body string) string {
	if at := strings.Index(body, "<main"); at >= 0 {
		body = body[at:]
	}
	return body[:min(len(body), 3000)]
}

// input is the value of a hidden input.
func (s *site) input(a answer, name string) string {
	s.t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(a.body)
	if found == nil {
		s.t.Fatalf("there is no input %s: %s", name, short(a.body))
	}
	return found[1]
}

func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}
