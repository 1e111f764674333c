package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/db/dbtest"
	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/execution/history"
	"picloud/engine/id"
	"picloud/engine/outbound"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/seal"
	"picloud/engine/variable"
	"picloud/handlers"
	v1 "picloud/handlers/api/v1"
	"picloud/static"
)

const (
	email    = "owner@example.org"
	password = "violet harbour onion tram"
)

// installation is the manager's HTTP face over a database of its own, with an owner, the
// apps "shop" and "other", and keys: write, read, bound (to shop), revoked, expired,
// unknown, none.
type installation struct {
	url     string
	base    string // the base URL
	pool    *pgxpool.Pool
	sealing *seal.Ring
	access  *access.Service
	apps    *app.Service
	scripts *script.Service
	actor   access.Actor
	keys    map[string]string
	log     *record
	ready   error
	warning string
}

// record is the log as text.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func build(_ context.Context, inputs []bundle.Input) ([]bundle.Built, error) {
	built := make([]bundle.Built, len(inputs))
	for i, input := range inputs {
		output, problems := bundle.Build(input)
		built[i] = bundle.Built{Output: output, Problems: problems}
	}
	return built, nil
}

func install(t *testing.T) *installation {
	t.Helper()
	pool, ctx := dbtest.New(t), t.Context()
	in := &installation{base: "http://pi.example", pool: pool, access: access.New(pool, access.Config{}), apps: app.New(pool), scripts: script.NewService(pool, build), log: &record{}}
	var err error
	in.sealing, err = seal.Open(seal.Generate(), "")
	must(t, err)
	must(t, in.access.Bootstrap(ctx, email, password))
	issued, err := in.access.SignIn(ctx, email, password, access.Client{Address: "192.0.2.1"})
	must(t, err)
	loaded, err := in.access.Load(ctx, issued.Token)
	must(t, err)
	in.actor, _ = in.access.Actor(loaded)
	shop, err := in.apps.Create(ctx, in.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Shop"})
	must(t, err)
	_, err = in.apps.Create(ctx, in.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	must(t, err)
	soon := time.Now().Add(time.Hour)
	in.keys = map[string]string{"unknown": "pic_" + strings.Repeat("0", 43) + "_000000", "none": ""}
	for name, wanted := range map[string]access.NewKey{
		"write": {Access: access.KeyWrites}, "read": {Access: access.KeyReads}, "bound": {Access: access.KeyWrites, App: &shop.ID},
		"revoked": {Access: access.KeyWrites}, "expired": {Access: access.KeyWrites, ExpiresAt: &soon},
	} {
		wanted.Name = name
		secret, key, err := in.access.MakeKey(ctx, in.may(t, actor.ManageAccount, id.App{}), wanted)
		must(t, err)
		in.keys[name] = secret
		if name == "revoked" {
			must(t, in.access.RevokeKey(ctx, in.may(t, actor.ManageAccount, id.App{}), key.ID))
		}
	}
	_, err = pool.Exec(ctx, "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'expired'")
	must(t, err)
	in.serve(t)
	return in
}

func (in *installation) serve(t *testing.T) {
	t.Helper()
	assets, err := static.Open()
	must(t, err)
	server := httptest.NewServer(handlers.New(handlers.Deps{
		Access: in.access, Apps: in.apps, Scripts: in.scripts, Pauses: pause.NewService(in.pool), Variables: variable.NewService(in.pool, in.sealing), Outbound: outbound.NewService(in.pool), Executions: history.NewStore(in.pool), Assets: assets,
		BaseURL: in.base, Version: v1.Build{Version: "test"}, IsAway: db.IsAway,
		Ready: []handlers.Probe{
			{Name: "database", Check: in.pool.Ping},
			{Name: "worker", Check: func(context.Context) error { return in.ready }},
		},
		Warnings: []handlers.Warning{{Name: "disk", Check: func(context.Context) string { return in.warning }}},
		Log:      slog.New(slog.NewTextHandler(in.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}))
	t.Cleanup(server.Close)
	in.url = server.URL
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

// request sends one, as our edge would hand it on; redirects are not followed.
func (in *installation) request(t *testing.T, method, path string, header http.Header, body string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, in.url+path, strings.NewReader(body))
	must(t, err)
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	r.Host = header.Get("Host") // "": the server's own
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return reply{status: answer.StatusCode, header: answer.Header, body: string(text)}
}

// signIn gives the cookie of a new session.
func (in *installation) signIn(t *testing.T) string {
	t.Helper()
	issued, err := in.access.SignIn(t.Context(), email, password, access.Client{Address: "192.0.2.1"})
	must(t, err)
	return "picloud_session=" + issued.Token
}

// may is a grant of the owner.
func (in *installation) may(t *testing.T, capability actor.Capability, app id.App) actor.Grant {
	t.Helper()
	grant, err := actor.Allow(in.actor, capability, app)
	must(t, err)
	return grant
}

func (in *installation) rename(t *testing.T, fromApp, toApp, fromScript, toScript string) {
	t.Helper()
	found, err := in.apps.Find(t.Context(), in.may(t, actor.ListApps, id.App{}), fromApp)
	must(t, err)
	s, err := in.scripts.Find(t.Context(), in.may(t, actor.WriteScript, found.ID), fromScript)
	must(t, err)
	_, err = in.scripts.Rename(t.Context(), in.may(t, actor.WriteScript, found.ID), s.ID, toScript)
	must(t, err)
	_, err = in.apps.Rename(t.Context(), in.may(t, actor.ManageApp, found.ID), app.Naming{Name: found.Name, Slug: toApp})
	must(t, err)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	in := install(t)
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/version": `"version":"test"`, "/readyz": `"worker":"ok"`} {
		if answer := in.request(t, "GET", path, nil, ""); answer.status != 200 || !strings.Contains(answer.body, want) {
			t.Errorf("%s: %d %s", path, answer.status, answer.body)
		}
	}
	in.warning = "The disk is full."
	if answer := in.request(t, "GET", "/readyz", nil, ""); answer.status != 200 || !strings.Contains(answer.body, `"warnings":{"disk":"The disk is full."}`) {
		t.Errorf("with a warning: %d %s", answer.status, answer.body)
	}
	in.ready = errors.New("secret reason")
	if answer := in.request(t, "GET", "/readyz", nil, ""); answer.status != 503 || strings.Contains(answer.body, "secret") || answer.header.Get("Retry-After") == "" {
		t.Errorf("not ready: %d %s", answer.status, answer.body)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	in := install(t)
	html := http.Header{"Accept": {"text/html"}}
	first, second := in.request(t, "GET", "/nothing", html, ""), in.request(t, "GET", "/nothing", html, "")
	if first.status != 404 || !strings.Contains(first.header.Get("Content-Type"), "text/html") || !strings.Contains(first.body, "nothing at this address") {
		t.Errorf("%d %s", first.status, first.body)
	}
	policy := first.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "'strict-dynamic'", "frame-ancestors 'none'", "base-uri 'none'", in.url + "/static/"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "'self'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "/fn") {
		t.Errorf("the policy lets functions in: %s", policy)
	}
	if policy == second.header.Get("Content-Security-Policy") {
		t.Error("the nonce is used twice")
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
	} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	secure := in.request(t, "GET", "/nothing", http.Header{"X-Forwarded-Proto": {"https"}}, "")
	if secure.header.Get("Strict-Transport-Security") == "" || secure.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("over https: %v", secure.header)
	}
	evil := http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}, "Authorization": {"Bearer " + in.keys["write"]}, "Content-Type": {"application/json"}}
	if answer := in.request(t, "POST", "/api/v1/apps", evil, `{"slug":"evil"}`); answer.status != 403 {
		t.Errorf("a change from another site: %d", answer.status)
	}
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.pool.Close()
	in2 := *in
	pool, err := pgxpool.New(t.Context(), "postgres://nobody:hidden-word@127.0.0.1:1/none?connect_timeout=1")
	must(t, err)
	defer pool.Close()
	in2.pool, in2.access, in2.apps = pool, access.New(pool, access.Config{}), app.New(pool)
	in2.serve(t)
	answer := in2.request(t, "GET", "/api/v1/apps", http.Header{"Authorization": {"Bearer " + in.keys["write"]}}, "")
	var problem v1.Problem
	must(t, json.Unmarshal([]byte(answer.body), &problem))
	if answer.status != 503 || answer.header.Get("Retry-After") == "" || problem.RequestID == "" {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	for _, text := range []string{"hidden-word", "127.0.0.1", "nobody", "dial", "pgx"} {
		if strings.Contains(answer.body, text) {
			t.Errorf("the driver's text reaches the caller: %s", answer.body)
		}
	}
	if logged := in2.log.String(); !strings.Contains(logged, problem.RequestID) || !strings.Contains(logged, "dial") || strings.Contains(logged, "hidden-word") {
		t.Errorf("log: %s", logged)
	}
	page := in2.request(t, "GET", "/nothing", http.Header{"Accept": {"text/html"}, "Cookie": {"picloud_session=x"}}, "")
	if page.status != 503 || !strings.Contains(page.body, "Back in a moment") {
		t.Errorf("page: %d %s", page.status, page.body)
	}
	if answer := in2.request(t, "GET", "/healthz", nil, ""); answer.status != 200 {
		t.Errorf("healthz: %d", answer.status)
	}
}
