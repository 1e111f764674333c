// Package handlers is the manager's HTTP face: who may come in, what to read, whom to
// ask, how to answer. It hides sessions, keys, limits and the shape of errors from the
// handlers, and guarantees that nothing is served that is not in the list of routes, and
// nothing reached without the access that stands beside it.
package handlers

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/call"
	"picloud/engine/execution/history"
	"picloud/engine/fault"
	"picloud/engine/outbound"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/variable"
	"picloud/engine/worker"
	"picloud/handlers/api"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/dashboard"
	"picloud/handlers/web"
	"picloud/static"
	"picloud/views/paths"
)

// Deps are what the handlers ask and how they were set up.
type Deps struct {
	Access     *access.Service
	Apps       *app.Service
	Scripts    *script.Service
	Pauses     *pause.Service
	Variables  *variable.Service
	Outbound   *outbound.Service
	Executions *history.Store
	Worker     *worker.Supervisor
	Assets     *static.Assets

	BaseURL       string           // for the URLs of functions in answers; "": what the caller used
	FunctionsHost string           // apps answer at <slug>.<FunctionsHost> too; "": they do not
	Limits        call.Limits      // of a run
	FetchAllow    []string         // what functions of all apps may reach beyond the public internet
	Version       v1.Build         // of GET /version
	Ready         []Probe          // of GET /readyz
	Warnings      []Warning        // of GET /readyz
	IsAway        func(error) bool // tells that the database cannot be reached
	Log           *slog.Logger     // nil: slog.Default()
	Now           func() time.Time // nil: time.Now
}

// Probe is one condition of being ready.
type Probe struct {
	Name  string
	Check func(context.Context) error
}

// Shares is the name of the warning that apps are over their share of the history.
const Shares = "shares"

// Warning is something that those who look after the machine should know while all works.
// Anybody may read it.
type Warning struct {
	Name  string
	Check func(context.Context) string // a sentence; empty: all is well
}

type server struct {
	deps         Deps
	dashboard    *dashboard.Dashboard
	pagePrefixes []string
	secureHost   string // to which people come by https, whatever the last hop says
}

// New is the whole of what the manager serves.
func New(deps Deps) http.Handler {
	s := newServer(deps)
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		mux.Handle(route.Method+" "+route.Pattern, s.handle(route))
	}
	return s.chain(s.orNothing(mux))
}

func newServer(deps Deps) *server {
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.IsAway == nil {
		deps.IsAway = func(error) bool { return false }
	}
	s := &server{deps: deps, secureHost: secureHost(deps.BaseURL), dashboard: dashboard.New(dashboard.Deps{
		Access: deps.Access, Apps: deps.Apps, Scripts: deps.Scripts, Pauses: deps.Pauses, Values: deps.Variables, Egress: deps.Outbound, Executions: deps.Executions, Worker: deps.Worker, Assets: deps.Assets,
		BaseURL: strings.TrimRight(deps.BaseURL, "/"), FunctionsHost: deps.FunctionsHost, Limits: deps.Limits, FetchAllow: deps.FetchAllow, Now: deps.Now,
	})}
	s.dashboard.Warnings = s.sentences
	s.pagePrefixes = pagePrefixes(s.routes())
	return s
}

// routes is THE list: method, pattern, access, handler.
func (s *server) routes() []web.Route {
	return slices.Concat(s.common(), s.api(), s.apiValues(), s.entrance(), s.appPages(), s.scriptPages(), s.valuePages())
}

func (s *server) common() []web.Route {
	return []web.Route{
		{Method: "GET", Pattern: "/healthz", Access: web.Anyone(), Handler: s.healthz},
		{Method: "GET", Pattern: "/readyz", Access: web.Anyone(), Handler: s.readyz},
		{Method: "GET", Pattern: "/version", Access: web.Anyone(), Handler: s.version},
		{Method: "GET", Pattern: "/static/", Access: web.Anyone(), Handler: s.static},
	}
}

const (
	apiApp    = "/api/v1/apps/{app}"
	apiScript = apiApp + "/scripts/{script}"
)

func (s *server) api() []web.Route {
	a := s.apiOf()
	listApps, createApp := web.SignedIn(actor.ListApps).ByKey(), web.SignedIn(actor.CreateApp).ByKey()
	readApp, writeApp := web.App(actor.ReadApp).ByKey(), web.App(actor.WriteScript).ByKey()
	read, write, manageApp := web.Script(actor.ReadApp).ByKey(), web.Script(actor.WriteScript).ByKey(), web.App(actor.ManageApp).ByKey()
	return []web.Route{
		{Method: "GET", Pattern: "/api/v1/apps", Access: listApps, Handler: a.ListApps},
		{Method: "POST", Pattern: "/api/v1/apps", Access: createApp, Handler: a.CreateApp},
		{Method: "DELETE", Pattern: apiApp, Access: web.App(actor.DeleteApp).ByKey(), Handler: a.DeleteApp},
		{Method: "GET", Pattern: apiApp + "/scripts", Access: readApp, Handler: a.ListScripts},
		{Method: "POST", Pattern: apiApp + "/scripts", Access: writeApp, Handler: a.CreateScript, Body: api.SourceBody},
		{Method: "POST", Pattern: apiApp + "/publish", Access: writeApp, Handler: a.PublishTogether},
		{Method: "DELETE", Pattern: apiApp + "/pause", Access: manageApp, Handler: a.ReleaseApp},
		{Method: "GET", Pattern: apiApp + "/executions", Access: readApp, Handler: a.ListAppExecutions},
		{Method: "GET", Pattern: apiApp + "/outbound", Access: readApp, Handler: a.ReadOutbound},
		{Method: "PUT", Pattern: apiApp + "/outbound", Access: web.App(actor.ManageOutbound).ByKey(), Handler: a.PutOutbound, Body: api.OutboundBody},
		{Method: "GET", Pattern: apiScript, Access: read, Handler: a.ReadScript},
		{Method: "PUT", Pattern: apiScript, Access: writeApp, Handler: a.PutScript, Body: api.SourceBody},
		{Method: "PATCH", Pattern: apiScript, Access: write, Handler: a.PatchScript},
		{Method: "DELETE", Pattern: apiScript, Access: write, Handler: a.DeleteScript},
		{Method: "DELETE", Pattern: apiScript + "/pause", Access: write, Handler: a.ReleaseScript},
		{Method: "GET", Pattern: apiScript + "/versions", Access: read, Handler: a.ListVersions},
		{Method: "POST", Pattern: apiScript + "/versions/{version}/live", Access: write, Handler: a.MakeLive},
		{Method: "DELETE", Pattern: apiScript + "/live", Access: write, Handler: a.Unpublish},
		{Method: "GET", Pattern: apiScript + "/executions", Access: read, Handler: a.ListExecutions},
		{Method: "GET", Pattern: "/api/v1/executions/{execution}", Access: web.Run(actor.ReadApp).ByKey(), Handler: a.ReadExecution},
	}
}

func (s *server) apiOf() *api.API {
	return &api.API{
		Apps: s.deps.Apps, Scripts: s.deps.Scripts, Pauses: s.deps.Pauses, Variables: s.deps.Variables, Outbound: s.deps.Outbound, Executions: s.deps.Executions,
		BaseURL: strings.TrimRight(s.deps.BaseURL, "/"),
	}
}

// apiValues are the variables and secrets of an app, and those of a script's own.
func (s *server) apiValues() []web.Route {
	a := s.apiOf()
	readApp, writeApp := web.App(actor.ReadApp).ByKey(), web.App(actor.WriteScript).ByKey()
	read, write := web.Script(actor.ReadApp).ByKey(), web.Script(actor.WriteScript).ByKey()
	return []web.Route{
		{Method: "GET", Pattern: apiApp + "/variables", Access: readApp, Handler: a.ListVariables},
		{Method: "PUT", Pattern: apiApp + "/variables/{name}", Access: writeApp, Handler: a.PutVariable, Body: api.ValueBody},
		{Method: "DELETE", Pattern: apiApp + "/variables/{name}", Access: writeApp, Handler: a.DeleteVariable},
		{Method: "GET", Pattern: apiApp + "/secrets", Access: readApp, Handler: a.ListSecrets},
		{Method: "PUT", Pattern: apiApp + "/secrets/{name}", Access: writeApp, Handler: a.PutSecret, Body: api.ValueBody},
		{Method: "DELETE", Pattern: apiApp + "/secrets/{name}", Access: writeApp, Handler: a.DeleteSecret},
		{Method: "GET", Pattern: apiScript + "/variables", Access: read, Handler: a.ListVariables},
		{Method: "PUT", Pattern: apiScript + "/variables/{name}", Access: write, Handler: a.PutVariable, Body: api.ValueBody},
		{Method: "DELETE", Pattern: apiScript + "/variables/{name}", Access: write, Handler: a.DeleteVariable},
		{Method: "GET", Pattern: apiScript + "/secrets", Access: read, Handler: a.ListSecrets},
		{Method: "PUT", Pattern: apiScript + "/secrets/{name}", Access: write, Handler: a.PutSecret, Body: api.ValueBody},
		{Method: "DELETE", Pattern: apiScript + "/secrets/{name}", Access: write, Handler: a.DeleteSecret},
	}
}

// entrance is what lies outside of any app.
func (s *server) entrance() []web.Route {
	d := s.dashboard
	anyone, apps, account := web.Anyone(), web.SignedIn(actor.ListApps), web.SignedIn(actor.ManageAccount)
	return []web.Route{
		{Method: "GET", Pattern: "/setup", Access: anyone, Handler: d.SetupPage},
		{Method: "POST", Pattern: "/setup", Access: anyone, Handler: d.Setup},
		{Method: "GET", Pattern: "/login", Access: anyone, Handler: d.LoginPage},
		{Method: "POST", Pattern: "/login", Access: anyone, Handler: d.Login},
		{Method: "POST", Pattern: "/logout", Access: anyone, Handler: d.Logout},
		{Method: "GET", Pattern: "/{$}", Access: apps, Handler: d.Home},
		{Method: "GET", Pattern: "/search", Access: apps, Handler: d.Search},
		{Method: "GET", Pattern: "/docs", Access: apps, Handler: d.Docs},
		{Method: "GET", Pattern: "/docs/reference", Access: apps, Handler: d.Reference},
		{Method: "GET", Pattern: "/docs/{page}", Access: apps, Handler: d.DocsPage},
		{Method: "GET", Pattern: "/help", Access: apps, Handler: d.Help},
		{Method: "GET", Pattern: "/help/{page}", Access: apps, Handler: d.Help},
		{Method: "GET", Pattern: "/preview/{token}", Access: apps, Handler: d.Preview},
		{Method: "GET", Pattern: "/profile", Access: account, Handler: d.Profile},
		{Method: "POST", Pattern: "/profile/password", Access: account, Handler: d.Password},
		{Method: "POST", Pattern: "/profile/sessions/{session}/revoke", Access: account, Handler: d.RevokeSession},
		{Method: "POST", Pattern: "/profile/keys", Access: account, Handler: d.CreateKey},
		{Method: "POST", Pattern: "/profile/keys/{key}/revoke", Access: account, Handler: d.RevokeKey},
	}
}

const (
	pageApp    = "/apps/{app}"
	pageScript = pageApp + "/scripts/{script}"
)

// appPages are the apps, and what an app has besides its scripts.
func (s *server) appPages() []web.Route {
	d := s.dashboard
	apps, create := web.SignedIn(actor.ListApps), web.SignedIn(actor.CreateApp)
	read, write, manage := web.App(actor.ReadApp), web.App(actor.WriteScript), web.App(actor.ManageApp)
	outbound := web.App(actor.ManageOutbound)
	return []web.Route{
		{Method: "GET", Pattern: "/apps", Access: apps, Handler: d.ListApps},
		{Method: "GET", Pattern: "/apps/new", Access: create, Handler: d.NewAppPage},
		{Method: "POST", Pattern: "/apps", Access: create, Handler: d.CreateApp},
		{Method: "GET", Pattern: pageApp, Access: read, Handler: d.App},
		{Method: "POST", Pattern: pageApp + "/publish", Access: write, Handler: d.PublishTogether, Body: dashboard.TogetherBody},
		{Method: "GET", Pattern: pageApp + "/settings", Access: manage, Handler: d.AppSettings},
		{Method: "POST", Pattern: pageApp + "/settings", Access: manage, Handler: d.RenameApp},
		{Method: "GET", Pattern: pageApp + "/outbound", Access: read, Handler: d.Outbound},
		{Method: "POST", Pattern: pageApp + "/outbound", Access: outbound, Handler: d.SetOutbound, Body: dashboard.OutboundBody},
		{Method: "POST", Pattern: pageApp + "/outbound/list", Access: outbound, Handler: d.ListHosts},
		{Method: "POST", Pattern: pageApp + "/outbound/forget", Access: outbound, Handler: d.ForgetHosts},
		{Method: "POST", Pattern: pageApp + "/release", Access: manage, Handler: d.ReleaseApp},
		{Method: "POST", Pattern: pageApp + "/delete", Access: web.App(actor.DeleteApp), Handler: d.DeleteApp},
		{Method: "GET", Pattern: pageApp + "/runs", Access: read, Handler: d.AppRuns},
		{Method: "GET", Pattern: pageApp + "/runs/live", Access: read, Handler: d.AppRunsLive, Stream: true},
		{Method: "GET", Pattern: pageApp + "/runs/{execution}", Access: read, Handler: d.RunPage},
		{Method: "GET", Pattern: pageApp + "/scripts/new", Access: write, Handler: d.NewScriptPage},
		{Method: "GET", Pattern: pageApp + "/scripts/new/name", Access: write, Handler: d.NewScriptName},
		{Method: "POST", Pattern: pageApp + "/scripts", Access: write, Handler: d.CreateScript},
	}
}

// scriptPages are the pages of one script.
func (s *server) scriptPages() []web.Route {
	d := s.dashboard
	read, write := web.Script(actor.ReadApp), web.Script(actor.WriteScript)
	return []web.Route{
		{Method: "GET", Pattern: pageScript, Access: read, Handler: d.Script},
		{Method: "PUT", Pattern: pageScript + "/draft", Access: write, Handler: d.PutDraft, Body: dashboard.SourceBody},
		{Method: "POST", Pattern: pageScript + "/draft", Access: write, Handler: d.PostDraft, Body: dashboard.SourceBody},
		{Method: "POST", Pattern: pageScript + "/draft/back", Access: write, Handler: d.TakeBack, Body: dashboard.SourceBody},
		{Method: "POST", Pattern: pageScript + "/run", Access: write, Handler: d.Run, Body: dashboard.SourceBody, Stream: true},
		{Method: "GET", Pattern: pageScript + "/publish", Access: write, Handler: d.PublishPage},
		{Method: "POST", Pattern: pageScript + "/publish", Access: write, Handler: d.Publish, Body: dashboard.FollowBody},
		{Method: "GET", Pattern: pageScript + "/versions", Access: read, Handler: d.Versions},
		{Method: "GET", Pattern: pageScript + "/versions/{version}", Access: read, Handler: d.Version},
		{Method: "GET", Pattern: pageScript + "/versions/{version}/live", Access: write, Handler: d.MakeLivePage},
		{Method: "POST", Pattern: pageScript + "/versions/{version}/live", Access: write, Handler: d.MakeLive, Body: dashboard.FollowBody},
		{Method: "GET", Pattern: pageScript + "/versions/{version}/draft", Access: write, Handler: d.TakeVersionPage},
		{Method: "POST", Pattern: pageScript + "/versions/{version}/draft", Access: write, Handler: d.TakeVersion},
		{Method: "POST", Pattern: pageScript + "/unpublish", Access: write, Handler: d.Unpublish},
		{Method: "GET", Pattern: pageScript + "/diff", Access: read, Handler: d.Diff},
		{Method: "GET", Pattern: pageScript + "/runs", Access: read, Handler: d.ScriptRuns},
		{Method: "GET", Pattern: pageScript + "/runs/live", Access: read, Handler: d.ScriptRunsLive, Stream: true},
		{Method: "GET", Pattern: pageScript + "/settings", Access: write, Handler: d.ScriptSettings},
		{Method: "POST", Pattern: pageScript + "/settings", Access: write, Handler: d.DescribeScript},
		{Method: "POST", Pattern: pageScript + "/release", Access: write, Handler: d.ReleaseScript},
		{Method: "POST", Pattern: pageScript + "/kind", Access: write, Handler: d.SetKind},
		{Method: "POST", Pattern: pageScript + "/rename", Access: write, Handler: d.RenameScript},
		{Method: "POST", Pattern: pageScript + "/delete", Access: write, Handler: d.DeleteScript},
	}
}

// valuePages are the variables and secrets of an app, and those of a script's own.
func (s *server) valuePages() []web.Route {
	d := s.dashboard
	list := func(place string, read, write web.Access) []web.Route {
		all := place + "/variables"
		one, paste := all+"/{name}", all+"/env-file" // no name has a hyphen
		return []web.Route{
			{Method: "GET", Pattern: all, Access: read, Handler: d.Variables},
			{Method: "POST", Pattern: all, Access: write, Handler: d.AddVariable, Body: dashboard.ValueBody},
			{Method: "GET", Pattern: one, Access: write, Handler: d.Variable},
			{Method: "POST", Pattern: one, Access: write, Handler: d.ChangeVariable, Body: dashboard.ValueBody},
			{Method: "POST", Pattern: one + "/delete", Access: write, Handler: d.DeleteVariable},
			{Method: "GET", Pattern: paste, Access: write, Handler: d.PastePage},
			{Method: "POST", Pattern: paste, Access: write, Handler: d.PreviewPaste, Body: dashboard.PasteBody},
			{Method: "POST", Pattern: paste + "/apply", Access: write, Handler: d.ApplyPaste, Body: dashboard.PasteBody},
		}
	}
	return append(list(pageApp, web.App(actor.ReadApp), web.App(actor.WriteScript)),
		list(pageScript, web.Script(actor.ReadApp), web.Script(actor.WriteScript))...)
}

// isAPI tells the paths whose answers are JSON whatever the caller accepts.
func isAPI(path string) bool {
	return strings.HasPrefix(path, "/api/") || path == "/healthz" || path == "/readyz" || path == "/version"
}

// orNothing gives what no route serves to the error door: 404, or 405 with Allow.
func (s *server) orNothing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !readable(r) {
			s.fail(w, r, fault.New(fault.Malformed, "The address holds characters that no name here has."))
			return
		}
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := &silent{header: http.Header{}}
		handler.ServeHTTP(said, r)
		if said.status == http.StatusMethodNotAllowed {
			allow := said.header.Get("Allow")
			w.Header().Set("Allow", allow)
			s.fail(w, s.nearApp(r), fault.New(fault.NotAllowed, "%s is not possible here; %s is.", clip(r.Method, 20), allow))
			return
		}
		s.fail(w, s.nearApp(r), fault.New(fault.NotFound, "There is nothing at this address."))
	})
}

// nearApp admits who is signed in to the app that an address without a route names, if it can
// be: the page that says so then has its navigation.
func (s *server) nearApp(r *http.Request) *http.Request {
	rest, found := strings.CutPrefix(r.URL.Path, paths.Apps()+"/")
	if !found || !web.Of(r).SignedIn || web.ByHTMX(r) {
		return r
	}
	slug, _, _ := strings.Cut(rest, "/")
	r.SetPathValue("app", slug)
	if _, err := s.admit(r, web.App(actor.ReadApp)); err != nil {
		web.Of(r).Err = err
	}
	return r
}

// readable keeps NUL and broken UTF-8 out: no text in PostgreSQL can hold them.
func readable(r *http.Request) bool {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	for _, text := range []string{r.URL.Path, query} {
		if err != nil || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return false
		}
	}
	return true
}

// silent hears what ServeMux would say.
type silent struct {
	header http.Header
	status int
}

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) WriteHeader(status int)      { s.status = status }
func (s *silent) Write(p []byte) (int, error) { return len(p), nil }

func clip(text string, limit int) string { return text[:min(len(text), limit)] }

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, v1.Health{Status: "ok"})
}

func (s *server) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	health, status := v1.Health{Status: "ok", Warnings: maps.Collect(s.warnings(ctx))}, http.StatusOK
	var all bool
	if health.Checks, all = s.ready(ctx); !all {
		w.Header().Set("Retry-After", "1")
		health.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	return writeJSON(w, status, health)
}

func (s *server) version(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, s.deps.Version)
}

func (s *server) static(w http.ResponseWriter, r *http.Request) error {
	s.deps.Assets.ServeHTTP(w, r)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return nil
}
