package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"picloud/engine/actor"
	"picloud/engine/id"
)

func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// page asks as a browser does.
func (in *installation) page(t *testing.T, method, path, cookie, body string, more ...string) reply {
	t.Helper()
	header := http.Header{"Accept": {"text/html,application/xhtml+xml"}}
	if cookie != "" {
		header.Set("Cookie", cookie)
	}
	if body != "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(more); i += 2 {
		header.Set(more[i], more[i+1])
	}
	return in.request(t, method, path, header, body)
}

func TestSignInByForm(t *testing.T) {
	t.Parallel()
	in := install(t)
	if answer := in.page(t, "GET", "/apps/shop?x=1", "", ""); answer.status != 303 || answer.header.Get("Location") != "/login?next=%2Fapps%2Fshop%3Fx%3D1" {
		t.Errorf("signed out: %d %s", answer.status, answer.header.Get("Location"))
	}
	if answer := in.page(t, "POST", "/apps", "", form("name", "x")); answer.status != 303 || answer.header.Get("Location") != "/login" {
		t.Errorf("signed out, a change: %d %s", answer.status, answer.header.Get("Location"))
	}
	if answer := in.page(t, "GET", "/apps", "", "", "HX-Request", "true"); answer.status != 204 || answer.header.Get("HX-Redirect") != "/login" {
		t.Errorf("signed out, htmx: %d %v", answer.status, answer.header)
	}
	if answer := in.request(t, "GET", "/apps/shop/runs/live", http.Header{"Accept": {"text/event-stream"}}, ""); answer.status != 401 {
		t.Errorf("signed out, a stream: %d", answer.status)
	}
	wrong := in.page(t, "POST", "/login", "", form("email", email, "password", "wrong wrong wrong"))
	unknown := in.page(t, "POST", "/login", "", form("email", "nobody@example.org", "password", "wrong wrong wrong"))
	if wrong.status != 422 || unknown.status != 422 || wrong.header.Get("Set-Cookie") != "" {
		t.Errorf("wrong %d, unknown %d, %q", wrong.status, unknown.status, wrong.header.Get("Set-Cookie"))
	}
	right := in.page(t, "POST", "/login", "", form("email", email, "password", password, "next", "//evil.example/x"))
	if right.status != 303 || right.header.Get("Location") != "/apps?landing" {
		t.Fatalf("right: %d %s", right.status, right.header.Get("Location"))
	}
	set := right.header.Get("Set-Cookie")
	for _, part := range []string{"picloud_session=", "Path=/", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie lacks %s: %s", part, set)
		}
	}
	cookie, _, _ := strings.Cut(set, ";")
	if answer := in.page(t, "GET", "/apps", cookie, ""); answer.status != 200 || answer.header.Get("Cache-Control") != "no-store" {
		t.Errorf("signed in: %d %v", answer.status, answer.header)
	}
	if answer := in.page(t, "GET", "/apps/nowhere", cookie, ""); answer.status != 404 || !strings.Contains(answer.body, "There is no such app.") {
		t.Errorf("no such app: %d", answer.status)
	}
	if answer := in.page(t, "POST", "/logout", cookie, "x=1", "Sec-Fetch-Site", "cross-site"); answer.status != 403 {
		t.Errorf("sign-out from another site: %d", answer.status)
	}
	if answer := in.page(t, "POST", "/logout", cookie, "x=1"); answer.status != 303 || !strings.Contains(answer.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign-out: %d %s", answer.status, answer.header.Get("Set-Cookie"))
	}
	if answer := in.page(t, "GET", "/apps", cookie, ""); answer.status != 303 {
		t.Errorf("after sign-out: %d", answer.status)
	}
	if logged := in.log.String(); strings.Contains(logged, password) || strings.Contains(logged, "wrong wrong") {
		t.Error("a password is in the log")
	}
}

func TestSessionOverHTTPS(t *testing.T) {
	t.Parallel()
	in := install(t)
	answer := in.page(t, "POST", "/login", "", form("email", email, "password", password), "X-Forwarded-Proto", "https")
	set := answer.header.Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-picloud_session=") || !strings.Contains(set, "Secure") || strings.Contains(set, "Domain") {
		t.Errorf("cookie %q", set)
	}
	cookie, _, _ := strings.Cut(set, ";")
	if answer := in.page(t, "GET", "/apps", cookie, "", "X-Forwarded-Proto", "https"); answer.status != 200 {
		t.Errorf("over https: %d", answer.status)
	}
	if answer := in.page(t, "GET", "/apps", strings.TrimPrefix(cookie, "__Host-"), "", "X-Forwarded-Proto", "https"); answer.status != 303 {
		t.Errorf("the plain cookie counts over https: %d", answer.status)
	}
}

// A base URL of https is so at its host; at an address of the machine, where nothing speaks
// https, pages have their styles and people sign in all the same.
func TestSecureAtTheBaseURL(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.base = "https://pi.example"
	in.serve(t)
	for host, secure := range map[string]bool{
		"pi.example": true, "PI.example.:8443": true, "127.0.0.1:8081": false, "[::1]:8081": false, "not-pi.example": false,
	} {
		origin, cookie := "http://"+host, "picloud_session="
		if secure {
			origin, cookie = "https://"+host, "__Host-picloud_session="
		}
		page := in.page(t, "GET", "/login", "", "", "Host", host)
		policy := page.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, " "+origin+"/static/") || !strings.Contains(policy, "form-action "+origin+"/") {
			t.Errorf("%s: %s", host, policy)
		}
		if got := page.header.Get("Strict-Transport-Security") != ""; got != secure {
			t.Errorf("%s: told to come by https: %v", host, got)
		}
		answer := in.page(t, "POST", "/login", "", form("email", email, "password", password), "Host", host, "Origin", origin)
		if got := answer.header.Get("Set-Cookie"); answer.status != 303 || !strings.HasPrefix(got, cookie) {
			t.Errorf("%s: %d %q, want %q", host, answer.status, got, cookie)
		}
	}
}

func TestRevokedSessionAndKeyPage(t *testing.T) {
	t.Parallel()
	in := install(t)
	cookie, other := in.signIn(t), in.signIn(t)
	if answer := in.page(t, "GET", "/profile", other, ""); answer.status != 200 {
		t.Fatalf("profile: %d", answer.status)
	}
	if _, err := in.access.RevokeOtherSessions(t.Context(), in.may(t, actor.ManageAccount, id.App{})); err != nil {
		t.Fatal(err)
	}
	for _, one := range []string{cookie, other} {
		if answer := in.page(t, "GET", "/profile", one, ""); answer.status != 303 {
			t.Errorf("a revoked session: %d", answer.status)
		}
	}
	cookie = in.signIn(t)
	absent := in.page(t, "POST", "/profile/keys/"+id.New[id.Key]().String()+"/revoke", cookie, "x=1")
	never := in.page(t, "POST", "/profile/keys/x/revoke", cookie, "x=1")
	if absent.status != 404 || never.status != 404 {
		t.Errorf("keys that are not there: %d, %d", absent.status, never.status)
	}
}

func TestFailedSignInsAnswer429(t *testing.T) {
	t.Parallel()
	in := install(t)
	if _, err := in.access.RevokeOtherSessions(t.Context(), in.may(t, actor.ManageAccount, id.App{})); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		in.page(t, "POST", "/login", "", form("email", email, "password", "wrong wrong wrong"))
	}
	// The last try was a moment ago, however long the five took: the wait begins at one second.
	if _, err := in.pool.Exec(t.Context(), "UPDATE sign_in_failures SET last_at = now() + interval '1 minute'"); err != nil {
		t.Fatal(err)
	}
	answer := in.page(t, "POST", "/login", "", form("email", email, "password", password))
	if answer.status != 429 || answer.header.Get("Retry-After") == "" || answer.header.Get("Set-Cookie") != "" {
		t.Errorf("the sixth try: %d %v", answer.status, answer.header)
	}
}
