package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"picloud/engine/fault"
	"picloud/handlers/web"
)

// requestTimeout is for what is no stream. How long a body may take is the edge's matter: a
// read deadline set here would end the request's context.
const requestTimeout = 60 * time.Second

// chain puts the layers around the routes; the first is the outermost.
func (s *server) chain(routes http.Handler) http.Handler {
	layers := []func(http.Handler) http.Handler{
		s.identify,    // request id, nonce, scheme and host
		s.logged,      // one line per request, with its error
		s.recovered,   // a panic is an error like others
		s.secured,     // headers of every answer
		s.sameOrigin,  // no change from another site
		s.withSession, // whose session it is
	}
	for i := len(layers) - 1; i >= 0; i-- {
		routes = layers[i](routes)
	}
	return routes
}

func plainHost() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)
}

func (s *server) identify(next http.Handler) http.Handler {
	hosts := plainHost()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := &web.State{
			RequestID: rand.Text()[:16], Nonce: rand.Text(), Secure: s.secure(r),
		}
		scheme := "http://"
		if state.Secure {
			scheme = "https://"
		}
		if hosts.MatchString(r.Host) {
			state.Origin = scheme + r.Host
		}
		w.Header().Set("X-Request-Id", state.RequestID)
		next.ServeHTTP(&answer{ResponseWriter: w}, web.With(r, state))
	})
}

// secure tells whether a person's connection is by https: a trusted proxy says so, or it is
// for the base URL's host, which has it. An address of the machine may have none.
func (s *server) secure(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		return true
	}
	name := strings.TrimSuffix((&url.URL{Host: r.Host}).Hostname(), ".")
	return s.secureHost != "" && strings.EqualFold(name, s.secureHost)
}

// secureHost is the host name of a base URL of https, else "".
func secureHost(baseURL string) string {
	base, err := url.Parse(baseURL)
	if err != nil || base.Scheme != "https" {
		return ""
	}
	return base.Hostname()
}

// answer notes what was answered, for the log and for the error door.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.deps.Now()
		next.ServeHTTP(w, r)
		state, status := web.Of(r), 0
		if a, ok := w.(*answer); ok {
			status = a.status
		}
		level := slog.LevelDebug
		switch {
		case status >= 500 && status != http.StatusServiceUnavailable:
			level = slog.LevelError
		case status == http.StatusServiceUnavailable:
			level = slog.LevelWarn
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			level = slog.LevelInfo
		}
		fields := []slog.Attr{
			slog.String("request", state.RequestID), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", status), slog.Duration("took", s.deps.Now().Sub(start)), slog.String("address", web.ClientAddress(r)),
		}
		if !state.Actor.User.IsZero() {
			fields = append(fields, slog.String("actor", state.Actor.String()))
		}
		if state.Err != nil {
			fields = append(fields, slog.String("error", state.Err.Error()))
		}
		s.deps.Log.LogAttrs(r.Context(), level, "request", fields...)
	})
}

func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// secured sets the headers that every answer has; a handler may replace one.
func (s *server) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state, h := web.Of(r), w.Header()
		h.Set("Content-Security-Policy", s.policy(state))
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // with none, a form by plain http has no Origin
		h.Set("Permissions-Policy", "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if state.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// policy names the dashboard's own paths wherever 'self' would also let a function's
// answer below /fn/ in (Content Security Policy Level 3, section 6.7.2.7).
func (s *server) policy(state *web.State) string {
	under := func(paths ...string) string {
		var list strings.Builder
		for _, path := range paths {
			list.WriteString(" " + state.Origin + path)
		}
		return list.String()
	}
	return "default-src 'none'" +
		"; script-src 'nonce-" + state.Nonce + "' 'strict-dynamic'" +
		"; style-src 'nonce-" + state.Nonce + "'" + under("/static/") +
		"; img-src data:" + under("/static/") +
		"; font-src" + under("/static/") +
		"; connect-src" + under(s.pagePrefixes...) +
		"; form-action" + under(s.pagePrefixes...) +
		"; frame-src" + under("/preview/") +
		"; worker-src" + under("/static/") +
		"; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
}

// pagePrefixes are the first segments of all patterns that people use, each as itself
// and as a prefix. The root is none of them: it would stand for every path (CSP Level 3,
// section 6.7.2.10), those of functions included.
func pagePrefixes(routes []web.Route) []string {
	var prefixes []string
	seen := map[string]bool{"": true, "{$}": true, "static": true, "preview": true, "healthz": true, "readyz": true, "version": true}
	for _, route := range routes {
		first, _, _ := strings.Cut(strings.TrimPrefix(route.Pattern, "/"), "/")
		if route.Access.Kind != web.Key && !seen[first] {
			seen[first] = true
			prefixes = append(prefixes, "/"+first, "/"+first+"/")
		}
	}
	return prefixes
}

func (s *server) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protection.Check(r); err != nil {
			s.fail(w, r, fault.New(fault.Denied, "This request comes from another site.").Because(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withSession loads the session for pages; the API and the static files have none.
func (s *server) withSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := web.Of(r)
		token := web.SessionToken(r, state.Secure)
		if !hasSession(r.URL.Path) || token == "" {
			next.ServeHTTP(w, r)
			return
		}
		ctx, err := s.deps.Access.Load(r.Context(), token)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if state.Actor, state.SignedIn = s.deps.Access.Actor(ctx); state.SignedIn {
			state.Actor.Client = web.Client(r)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func hasSession(path string) bool {
	return !isAPI(path) && !strings.HasPrefix(path, "/static/")
}

// bounded holds the handler to the route's limits of size and time.
func (s *server) bounded(w http.ResponseWriter, r *http.Request, route web.Route) (*http.Request, context.CancelFunc, error) {
	limit := route.Body
	if limit == 0 {
		limit = web.DefaultBody
	}
	if r.ContentLength > limit {
		return r, func() {}, errTooLarge(limit)
	}
	r.Body = &incoming{http.MaxBytesReader(w, r.Body, limit)}
	if route.Stream {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return r, func() {}, fmt.Errorf("lift the write deadline: %w", err)
		}
		return r, func() {}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	return r.WithContext(ctx), cancel, nil
}

// incoming is a request's body. That it does not arrive is its sender's doing, which the
// error says: it looks like one of the database otherwise.
type incoming struct{ io.ReadCloser }

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err == nil || err == io.EOF || tooLarge {
		return n, err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, fault.New(fault.Late, "The request did not arrive in time.").Because(err)
	}
	return n, fault.New(fault.Malformed, "The request did not arrive to its end.").Because(err)
}

func errTooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "The request is larger than the %d bytes allowed here.", limit)
}
