package ingress

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"picloud/engine/access"
	"picloud/engine/call"
	"picloud/engine/worker"
	"picloud/handlers/web"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	hosts := worker.Hosts{Dashboard: []string{"pi.example", "localhost"}, AnyIP: true, Functions: "fn.example"}
	for host, want := range map[string]struct {
		app  string
		kind hostKind
	}{
		"pi.example": {"", dashboardHost}, "PI.example:8443": {"", dashboardHost}, "pi.example.": {"", dashboardHost},
		"127.0.0.1:80": {"", dashboardHost}, "[::1]:8080": {"", dashboardHost}, "[::1]": {"", dashboardHost},
		"shop.fn.example": {"shop", appHost}, "SHOP.fn.example:1": {"shop", appHost},
		"fn.example": {"", unknownHost}, "a.b.fn.example": {"", unknownHost}, ".fn.example": {"", unknownHost},
		"evil.example": {"", unknownHost}, "": {"", unknownHost}, "localhost:*(": {"", unknownHost}, "shop.fn.example:8a": {"", unknownHost}, "pi.example.evil": {"", unknownHost},
	} {
		if app, kind := match(hosts, host); app != want.app || kind != want.kind {
			t.Errorf("%q: %q %d, want %q %d", host, app, kind, want.app, want.kind)
		}
	}
	hosts.AnyIP = false
	if _, kind := match(hosts, "127.0.0.1"); kind != unknownHost {
		t.Error("an IP address is the dashboard's although it has a name")
	}
}

func TestMethodsOfProxies(t *testing.T) {
	t.Parallel()
	edge := &Edge{Hosts: worker.Hosts{Dashboard: []string{"pi.example"}}, Dashboard: http.NotFoundHandler()}
	for _, method := range []string{"CONNECT", "TRACE"} {
		for _, target := range []string{"/fn/shop/hello", "/", "pi.example:80"} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host, r.Method, r.RequestURI = "pi.example", method, target
			w := httptest.NewRecorder()
			edge.ServeHTTP(w, r)
			if w.Code != http.StatusNotImplemented {
				t.Errorf("%s %s: %d", method, target, w.Code)
			}
		}
	}
}

// On the dashboard's own listener nothing is a function's, and no app's name is the dashboard's.
func TestDashboardAlone(t *testing.T) {
	t.Parallel()
	edge := &Edge{
		Hosts: worker.Hosts{Base: "https://pi.example", Dashboard: []string{"pi.example"}, AnyIP: true, Functions: "fn.example"}, Alone: true,
		Dashboard: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }),
	}
	for _, c := range []struct {
		host, target string
		want         int
	}{
		{"pi.example", "/", 418},
		{"pi.example:8081", "/api/v1/apps", 418},
		{"10.0.0.1:8081", "/login", 418},
		{"another.example", "/healthz", 418},
		{"another.example", "/login", 421},
		{"another.example", "/fn/shop/hello", 421},
		{"pi.example", "/fn/shop/hello", 404},
		{"pi.example", "/fn", 404},
		{"pi.example", "/fnord", 418},
		{"shop.fn.example", "/", 404},
	} {
		r := httptest.NewRequest("GET", c.target, nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		edge.ServeHTTP(w, r)
		if w.Code != c.want || w.Code == 404 && !strings.Contains(w.Body.String(), "https://pi.example/fn/") {
			t.Errorf("%s%s: %d %s", c.host, c.target, w.Code, w.Body)
		}
	}
}

// At a host that is nobody's stands what to set, for people and for programs, and nothing of
// what is set.
func TestUnknownHostSaysWhatToSet(t *testing.T) {
	t.Parallel()
	general := "--base-url says where the dashboard is, --functions-host below which name the apps are."
	long := strings.Repeat("a", 300) + ".example"
	for _, c := range []struct {
		host  string
		alone bool
		want  string
	}{
		{"pi.lan:8080", false, `at the host "pi.lan:8080". If this server is yours, start it with --base-url http://pi.lan:8080 to have the dashboard here.`},
		{"SHOP.pi.lan", false, "--base-url http://shop.pi.lan to have the dashboard here, or with --functions-host pi.lan to have the app shop here."},
		{"raspberry", false, "--base-url http://raspberry to have the dashboard here."},
		{"10.0.0.7:8080", false, "--base-url http://10.0.0.7:8080 to have the dashboard here."},
		{"pi.lan:8081", true, "--base-url http://pi.lan to have the dashboard here."},
		{"", false, `at the host "". If this server is yours: ` + general},
		{"<b>x</b>.example", false, general},
		{"pi.lan. rm -rf", false, general},
		{"b\u00fccher.example\u202e", false, general},
		{long, false, long[:100] + `…". If this server is yours: ` + general},
	} {
		edge := &Edge{Hosts: worker.Hosts{Base: "https://own.example", Dashboard: []string{"own.example"}, Functions: "fn.example"}, Alone: c.alone}
		for accept, kind := range map[string]string{"text/html": "text/html; charset=utf-8", "*/*": "application/problem+json"} {
			r := httptest.NewRequest("GET", "/fn/shop/hello", nil)
			r.Host = c.host
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			edge.ServeHTTP(w, r)
			said := html.UnescapeString(w.Body.String())
			if kind == "application/problem+json" {
				var told problem
				if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil {
					t.Fatal(err)
				}
				said = told.Detail
			}
			if w.Code != 421 || w.Header().Get("Content-Type") != kind || !strings.Contains(said, c.want) {
				t.Errorf("%q: %d %s", c.host, w.Code, w.Body)
			}
			for _, hidden := range []string{"own.example", "fn.example", "<b>", "\u202e"} {
				if strings.Contains(w.Body.String(), hidden) {
					t.Errorf("%q: the answer holds %q", c.host, hidden)
				}
			}
		}
	}
}

func TestForwardedClient(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct{ peer, list, want string }{
		{"1.2.3.4:5", "9.9.9.9", "1.2.3.4"},
		{"10.0.0.1:5", "9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"},
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "2001:db8::1", "2001:db8::1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.list)
		r.Header.Set("X-Forwarded-Host", "evil")
		from := callerOf(r, trusted)
		from.tell(r)
		if got := r.Header.Get("X-Forwarded-For"); got != c.want {
			t.Errorf("%s behind %q: %s, want %s", c.peer, c.list, got, c.want)
		}
		if r.Header.Get("X-Forwarded-Host") != "" {
			t.Error("X-Forwarded-Host is handed on")
		}
	}
}

// Behind a proxy an address has a share of the requests under way, as others have one of the
// connections.
func TestShareBehindAProxy(t *testing.T) {
	t.Parallel()
	places := NewPlaces(3, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	asked, answer := make(chan struct{}), make(chan struct{})
	edge := &Edge{
		Hosts: worker.Hosts{Dashboard: []string{"pi.example"}}, Trusted: places.trusted, Forwarded: places.Forwarded(),
		Dashboard: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				asked <- struct{}{}
				<-answer
			}
		}),
	}
	ask := func(path, peer, client string) int {
		r := httptest.NewRequest("GET", path, nil)
		r.Host, r.RemoteAddr = "pi.example", peer+":1"
		r.Header.Set("X-Forwarded-For", client)
		w := httptest.NewRecorder()
		edge.ServeHTTP(w, r)
		return w.Code
	}
	done := make(chan int)
	for _, client := range []string{"9.9.9.9", "", "10.0.0.2"} { // the latter are proxies' own
		go func() { done <- ask("/slow", "10.0.0.1", client) }()
		select {
		case <-asked:
		case got := <-done:
			t.Fatalf("for %q: %d", client, got)
		}
	}
	for _, c := range []struct {
		path, peer, client string
		want               int
	}{
		{"/", "10.0.0.1", "9.9.9.9", 503},
		{"/", "10.0.0.1", "8.8.8.8", 200},
		{"/", "9.9.9.9", "9.9.9.9", 200},
		{"/", "10.0.0.1", "", 200},
		{"/", "10.0.0.1", "10.0.0.2", 200},
		{"/healthz", "10.0.0.1", "9.9.9.9", 200},
		{"/readyz", "10.0.0.1", "9.9.9.9", 200},
	} {
		if got := ask(c.path, c.peer, c.client); got != c.want {
			t.Errorf("%s for %q by %s: %d, want %d", c.path, c.client, c.peer, got, c.want)
		}
	}
	close(answer)
	if got := <-done + <-done + <-done + ask("/", "10.0.0.1", "9.9.9.9"); got != 800 {
		t.Errorf("afterwards: %d", got)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"/a/b?c": {"a", "/b?c"}, "/a": {"a", ""}, "/a?b": {"a", "?b"}, "/a//b": {"a", "//b"}, "": {"", ""}, "/": {"", ""}, "//a": {"", "/a"},
	} {
		if segment, rest := cutSegment(path); segment != want[0] || rest != want[1] {
			t.Errorf("%q: %q %q", path, segment, rest)
		}
	}
}

func TestOwnCookiesAndKeys(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"a=1": "a=1", "picloud_session=x": "", "a=1; picloud_session=x; b=2": "a=1; b=2", "__Host-picloud_session=x;c=3": "c=3", "my_picloud_=1": "my_picloud_=1",
	} {
		if got := withoutOurs(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
	for _, secure := range []bool{false, true} { // those that the dashboard really sets
		w := httptest.NewRecorder()
		web.SetSession(w, web.With(httptest.NewRequest("GET", "/", nil), &web.State{Secure: secure}), access.Issued{Token: "t", Device: "d"})
		for _, cookie := range w.Result().Cookies() {
			if got := withoutOurs(cookie.Name + "=" + cookie.Value); got != "" {
				t.Errorf("secure %v: %q reaches functions", secure, got)
			}
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Cookie"] = []string{"a=1", "picloud_session=x", "b=2"}
	if i := slices.IndexFunc(inbound(r, caller{}), func(f call.Field) bool { return f == call.Field{Name: "cookie", Value: "a=1; b=2"} }); i < 0 {
		t.Errorf("cookies of several lines: %v", inbound(r, caller{}))
	}
}

// withBasic is the field of a user and password (RFC 7617, section 2).
func withBasic(user, password string) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// In whatever form a key is sent, no function sees it.
func TestKeysReachNoFunction(t *testing.T) {
	t.Parallel()
	key := "pic_" + strings.Repeat("aB3", 14) + "x_0000Zz"
	encoded := base64.StdEncoding.EncodeToString([]byte("picloud:" + key))
	for _, field := range [][2]string{
		{"Authorization", "Bearer " + key},
		{"Authorization", "bEARER  " + key},
		{"Authorization", "Bearer\t" + key},
		{"Authorization", "Basic x, Bearer " + key},
		{"Authorization", `Bearer "` + key + `"`},
		{"Authorization", "Bearer '" + key + "'"},
		{"Authorization", "Bearer:" + key},
		{"Authorization", "Token token=" + key},
		{"Authorization", `"Bearer ` + key + `"`},
		{"Authorization", key},
		{"Authorization", withBasic(key, "")},
		{"Authorization", withBasic("", key)},
		{"Authorization", withBasic("anna", key)},
		{"Authorization", "bAsIc   " + encoded},
		{"Authorization", "Basic " + strings.TrimRight(encoded, "=")},
		{"Authorization", `Basic "` + encoded + `"`},
		{"Proxy-Authorization", "Bearer " + key},
		{"X-Api-Key", key},
		{"X-Forwarded-Authorization", "Bearer " + key},
		{"Referer", "https://pi.example/?key=" + key},
		{"Cookie", "key=" + key},
		{"Cookie", "a=1; key=\"" + key + "\""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[field[0]] = []string{field[1], "Digest theirs"}
		seen := inbound(r, caller{})
		for _, f := range seen {
			if f.Name == strings.ToLower(field[0]) && f.Value != "Digest theirs" && !(f.Name == "cookie" && !strings.Contains(f.Value, "pic_")) {
				t.Errorf("%s %q: %v", field[0], field[1], seen)
			}
		}
	}
	for _, theirs := range []string{
		"Bearer abc", "Bearer pic_x", "Bearer " + key[:len(key)-1], "pic_", "Basic pic", "Digest username=\"pic_1\"",
		withBasic("pic_team", "secret"), withBasic("anna", "pic_short"), withBasic("anna", key[:len(key)-1]),
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", theirs)
		if !slices.Contains(inbound(r, caller{}), call.Field{Name: "authorization", Value: theirs}) {
			t.Errorf("%q is kept from the function", theirs)
		}
	}
	for given, want := range map[string]string{
		"/a?key=" + key: "/a?key=pic_hidden", "/" + key + "/b?" + key + key: "/pic_hidden/b?pic_hiddenpic_hidden",
		"/a?key=pic_abc": "/a?key=pic_abc", "/pic_" + key: "/pic_pic_hidden", key[:len(key)-1]: key[:len(key)-1],
	} {
		if got := withoutKeys(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
