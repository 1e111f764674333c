package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"picloud/engine/access"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/id"
	"picloud/engine/script"
)

// State is what is known of a request by the time its handler runs.
type State struct {
	RequestID string
	Nonce     string // of the Content-Security-Policy; new for each answer
	Origin    string // scheme and host the caller used, as http://127.0.0.1:8080
	Secure    bool   // over https
	SignedIn  bool
	Actor     actor.Actor   // set when SignedIn, or by a key
	Grant     actor.Grant   // of the route's capability; zero on routes that are open
	App       app.App       // set on routes in an app
	Script    script.Script // set on routes at a script
	Run       id.Execution  // set on routes at a run
	Err       error         // what went wrong; logged with the request
}

type stateKey struct{}

// With gives the request a State.
func With(r *http.Request, s *State) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), stateKey{}, s))
}

// Of is the request's State. Every request that comes through package handlers has one.
func Of(r *http.Request) *State {
	if s, ok := r.Context().Value(stateKey{}).(*State); ok {
		return s
	}
	return &State{}
}

// ClientAddress is the IP address of the real client. Requests reach the manager only
// through our own edge, over a private socket; the edge sets the header and believes
// only trusted proxies.
func ClientAddress(r *http.Request) string { return r.Header.Get("X-Forwarded-For") }

// Client is the other end of the request, for sign-ins and the audit table.
func Client(r *http.Request) actor.Client {
	return actor.Client{Address: ClientAddress(r), Agent: r.UserAgent(), Device: cookieOf(r, deviceCookie, Of(r).Secure)}
}

// ByHTMX tells whether htmx asks and takes fragments.
func ByHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// WantsHTML tells whether the caller, as a browser does, names text/html.
func WantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// LocalPath is the path if it leads somewhere on this host, else fallback. "//host",
// "/\host" and everything with a scheme leads elsewhere.
func LocalPath(path, fallback string) string {
	if len(path) == 0 || len(path) > 2000 || path[0] != '/' || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(r rune) bool {
		return r == '\\' || r < ' ' || r == 0x7f
	}) {
		return fallback
	}
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return fallback
	}
	return u.String()
}

// Redirect sends the caller on after a change: 303, or for htmx 204 with HX-Redirect.
func Redirect(w http.ResponseWriter, r *http.Request, path string) error {
	if ByHTMX(r) {
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// Names of our cookies. Over https they begin with securePrefix (RFC 6265bis, section
// 4.1.3.2): a browser then takes them only from this very host and never sends them in the
// clear.
const (
	sessionCookie = "picloud_session"
	deviceCookie  = "picloud_device"
	securePrefix  = "__Host-"
)

func cookieName(name string, secure bool) string {
	if secure {
		return securePrefix + name
	}
	return name
}

func cookieOf(r *http.Request, name string, secure bool) string {
	cookie, err := r.Cookie(cookieName(name, secure))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// SessionToken is the token that the request's cookie holds, or "".
func SessionToken(r *http.Request, secure bool) string { return cookieOf(r, sessionCookie, secure) }

// SetSession hands a session and the device's mark to the browser.
func SetSession(w http.ResponseWriter, r *http.Request, issued access.Issued) {
	set(w, r, http.Cookie{Name: sessionCookie, Value: issued.Token, Expires: issued.Expires})
	set(w, r, http.Cookie{Name: deviceCookie, Value: issued.Device, MaxAge: int(access.DeviceLifetime.Seconds())})
}

// ClearSession takes the session from the browser, which stays known.
func ClearSession(w http.ResponseWriter, r *http.Request) {
	set(w, r, http.Cookie{Name: sessionCookie, MaxAge: -1})
}

func set(w http.ResponseWriter, r *http.Request, cookie http.Cookie) {
	secure := Of(r).Secure
	cookie.Name, cookie.Path = cookieName(cookie.Name, secure), "/"
	cookie.HttpOnly, cookie.Secure, cookie.SameSite = true, secure, http.SameSiteLaxMode
	http.SetCookie(w, &cookie)
}
