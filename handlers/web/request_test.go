package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"picloud/engine/access"
)

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/apps/shop/scripts/hello?from=1#x": "/apps/shop/scripts/hello?from=1#x",
		"/":                                 "/",
		"":                                  "/else",
		"apps":                              "/else",
		"//evil.example":                    "/else",
		"/\\evil.example":                   "/else",
		"/a\\b":                             "/else",
		"/\t/evil.example":                  "/else",
		"/\n":                               "/else",
		"https://evil.example/":             "/else",
		"javascript:alert(1)":               "/else",
		"/%2f/evil.example":                 "/else",
		"/%zz":                              "/else",
		"/" + strings.Repeat("a", 2000):     "/else",
	} {
		if got := LocalPath(path, "/else"); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		r := With(httptest.NewRequest(http.MethodGet, "/", nil), &State{Secure: secure})
		w := httptest.NewRecorder()
		SetSession(w, r, access.Issued{Token: "t", Expires: time.Now().Add(time.Hour), Device: "d"})
		for _, cookie := range w.Result().Cookies() {
			if cookie.Secure != secure || strings.HasPrefix(cookie.Name, "__Host-") != secure || !cookie.HttpOnly ||
				cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
				t.Errorf("secure %v: %s", secure, cookie.Raw)
			}
			r.AddCookie(cookie)
		}
		if got := Client(r).Device; got != "d" {
			t.Errorf("secure %v: the device is %q", secure, got)
		}
		if SessionToken(r, secure) != "t" || SessionToken(r, !secure) != "" {
			t.Errorf("secure %v: the cookie of the other scheme counts", secure)
		}
	}
}
