package handlers

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
	"picloud/views/paths"
)

// handle serves one route: limits, access, then its handler.
func (s *server) handle(route web.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, cancel, err := s.bounded(w, r, route)
		defer cancel()
		if err == nil && route.Access.Kind == web.Session && !web.Of(r).SignedIn {
			s.signIn(w, r)
			return
		}
		moved := ""
		if err == nil {
			moved, err = s.admit(r, route.Access)
		}
		switch {
		case err != nil:
		case moved != "":
			http.Redirect(w, r, moved, http.StatusPermanentRedirect)
		default:
			err = route.Handler(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// signIn sends people to the sign-in page and back; programs and streams get 401.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	if !web.ByHTMX(r) && !web.WantsHTML(r) {
		s.fail(w, r, fault.New(fault.Unauthenticated, "Sign in first."))
		return
	}
	next, page := "", r.URL
	if web.ByHTMX(r) { // back to the page that asks, which is not what it asks for
		page, _ = url.Parse(r.Header.Get("HX-Current-URL"))
	} else if r.Method != http.MethodGet && r.Method != http.MethodHead {
		page = nil
	}
	if page != nil && page.Path != "" && page.Path != paths.Home() {
		next = web.LocalPath(page.RequestURI(), "")
	}
	if err := web.Redirect(w, r, paths.Login(next)); err != nil {
		s.fail(w, r, err)
	}
}

// admit finds out who asks and what they ask about, and has the one checked against the
// other: this is the one place where grants are made. An app or script that was renamed
// gives the address where it is now.
func (s *server) admit(r *http.Request, a web.Access) (moved string, err error) {
	if a.Kind == web.Open {
		return "", nil
	}
	state := web.Of(r)
	if a.Kind == web.Key {
		if state.Actor, err = s.byKey(r); err != nil {
			return "", err
		}
	}
	if a.Place == web.Anywhere {
		state.Grant, err = actor.Allow(state.Actor, a.Capability, id.App{})
		return "", err
	}
	looking, err := actor.Allow(state.Actor, actor.ListApps, id.App{})
	if err != nil {
		return "", err
	}
	if a.Place == web.AtRun {
		return "", s.admitAtRun(r, a.Capability, looking)
	}
	if state.App, err = s.deps.Apps.Find(r.Context(), looking, r.PathValue("app")); err != nil {
		return "", err
	}
	if state.Grant, err = actor.Allow(state.Actor, a.Capability, state.App.ID); err != nil {
		return "", err
	}
	if a.Place == web.InScript {
		if state.Script, err = s.deps.Scripts.Find(r.Context(), state.Grant, r.PathValue("script")); err != nil {
			return "", err
		}
	}
	return movedTo(r, state), nil
}

// admitAtRun is admit where the path names a run alone. A run of an app that the actor
// may not see is as absent as one that never was.
func (s *server) admitAtRun(r *http.Request, capability actor.Capability, looking actor.Grant) error {
	state := web.Of(r)
	run, err := id.Parse[id.Execution](r.PathValue("execution"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such run; runs are removed after a while.").Because(err)
	}
	of, err := s.deps.Executions.AppOf(r.Context(), looking, run)
	if err != nil {
		return err
	}
	if state.Grant, err = actor.Allow(state.Actor, capability, of); err != nil {
		return err
	}
	state.Run = run
	state.App, err = s.deps.Apps.Get(r.Context(), state.Grant)
	return err
}

// movedTo is the address of what was found under another name than the path has, however
// that is written, or "".
func movedTo(r *http.Request, found *web.State) string {
	names := map[string]string{"app": found.App.Slug}
	if !found.Script.ID.IsZero() {
		names["script"] = found.Script.Name
	}
	moved := false
	path := strings.Split(r.URL.EscapedPath(), "/")
	_, pattern, _ := strings.Cut(r.Pattern, " ")
	for i, segment := range strings.Split(pattern, "/") {
		wildcard := strings.Trim(segment, "{}")
		if name := names[wildcard]; name != "" && wildcard != segment && name != r.PathValue(wildcard) {
			path[i], moved = name, true
		}
	}
	if !moved {
		return ""
	}
	to := strings.Join(path, "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	return to
}

// byKey reads the key of the Authorization header (RFC 6750, section 2.1).
func (s *server) byKey(r *http.Request) (who actor.Actor, err error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return who, fault.New(fault.Unauthenticated, "An API key is missing: send it as \"Authorization: Bearer pic_…\".")
	}
	who, err = s.deps.Access.CheckKey(r.Context(), strings.TrimSpace(secret))
	who.Client = web.Client(r)
	return who, err
}

// ready asks every probe; it is false when one fails.
func (s *server) ready(ctx context.Context) (map[string]string, bool) {
	checks, all := map[string]string{}, true
	for _, probe := range s.deps.Ready {
		checks[probe.Name] = "ok"
		if err := probe.Check(ctx); err != nil {
			s.deps.Log.DebugContext(ctx, "not ready", "what", probe.Name, "error", err)
			checks[probe.Name], all = "not ready", false
		}
	}
	return checks, all
}

// warnings are what there is to warn of, by name.
func (s *server) warnings(ctx context.Context) iter.Seq2[string, string] {
	return func(yield func(name, text string) bool) {
		for _, warning := range s.deps.Warnings {
			if text := warning.Check(ctx); text != "" && !yield(warning.Name, text) {
				return
			}
		}
	}
}

// sentences are the warnings as pages show them. That an app is over its share is said on the
// pages of that app.
func (s *server) sentences(ctx context.Context) (list []string) {
	for name, text := range s.warnings(ctx) {
		if name != Shares {
			list = append(list, text)
		}
	}
	return list
}
