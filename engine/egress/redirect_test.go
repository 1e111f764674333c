package egress

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"picloud/engine/call"
)

// echo answers with what it was asked, after the redirect that the query wants.
func echo(w http.ResponseWriter, r *http.Request) {
	if to := r.URL.Query().Get("to"); to != "" {
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		w.Header().Set("Location", to)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "elsewhere")
		return
	}
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s auth=%s cookie=%s type=%s language=%s key=%s body=%s", r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"),
		r.Header.Get("Cookie"), r.Header.Get("Content-Type"), r.Header.Get("Content-Language"), r.Header.Get("X-Key"), body)
}

// https://fetch.spec.whatwg.org/#concept-http-redirect-fetch.
func TestRedirectsChangeTheRequest(t *testing.T) {
	t.Parallel()
	_, here := serve(t, echo)
	_, there := serve(t, echo)
	c := reaching(t, here, there)
	header := []call.Field{
		{Name: "Authorization", Value: "A"},
		{Name: "Cookie", Value: "C"},
		{Name: "Content-Type", Value: "T"},
		{Name: "Content-Language", Value: "L"},
		{Name: "X-Key", Value: "K"},
	}
	kept := "auth=A cookie=C type=T language=L key=K body=B"
	for _, one := range []struct {
		method string
		status int
		to     string
		want   string
	}{
		{"POST", 301, "/x", "GET /x auth=A cookie=C type= language= key=K body="},
		{"POST", 302, "/x", "GET /x auth=A cookie=C type= language= key=K body="},
		{"POST", 303, "/x", "GET /x auth=A cookie=C type= language= key=K body="},
		{"PUT", 303, "/x", "GET /x auth=A cookie=C type= language= key=K body="},
		{"PUT", 301, "/x", "PUT /x " + kept},
		{"DELETE", 302, "/x", "DELETE /x " + kept},
		{"POST", 307, "/x", "POST /x " + kept},
		{"POST", 308, "/x", "POST /x " + kept},
		{"POST", 307, "http://" + there + "/x", "POST /x auth= cookie= type=T language=L key=K body=B"},
		{"POST", 307, "//" + there + "/x#f", "POST /x auth= cookie= type=T language=L key=K body=B"},
		{"POST", 307, "http://" + there + "/?status=307&to=" + "http://" + here + "/x", "POST /x auth= cookie= type=T language=L key=K body=B"},
		{"GET", 302, "../y?z=1", "GET /y?z=1 " + kept},
	} {
		url := "http://" + here + "/?status=" + strconv.Itoa(one.status) + "&to=" + strings.NewReplacer("#", "%23", "?", "%3F", "&", "%26").Replace(one.to)
		response, got := get(t, c, Request{Method: one.method, URL: url, Header: header, Body: []byte("B")})
		if got != one.want || !response.Redirected || strings.Contains(response.URL, "#") {
			t.Errorf("%s %d %s: %s at %s", one.method, one.status, one.to, got, response.URL)
		}
	}
}

func TestRedirectModes(t *testing.T) {
	t.Parallel()
	_, place := serve(t, echo)
	c := reaching(t, place)
	url := "http://" + place + "/?status=302&to=/x"
	response, body := get(t, c, Request{URL: url, Redirect: Manual})
	if response.Status != 302 || body != "elsewhere" || field(response.Header, "location") != "/x" || response.Redirected {
		t.Errorf("manual: %d %q %+v", response.Status, body, response.Header)
	}
	if err := refused(t, c, Request{URL: url, Redirect: Fail}); err.Category != Redirect {
		t.Errorf("fail: %v", err)
	}
	for _, status := range []string{"300", "304", "306", "400"} {
		if response, _ := get(t, c, Request{URL: "http://" + place + "/?status=" + status + "&to=/x"}); strconv.Itoa(response.Status) != status {
			t.Errorf("%s was followed", status)
		}
	}
}

// A chain is judged at every link.
func TestARedirectIntoAForbiddenPlace(t *testing.T) {
	t.Parallel()
	_, place := serve(t, echo)
	_, forbidden := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the forbidden place was reached") })
	known, resolver := names(t)
	known.answer("a.test", "127.0.0.1")
	known.answer("inside.test", "127.0.0.1")
	c := client(t, Config{Resolver: resolver, Allow: allow(t, "a.test:"+portAt(t, place))})
	for _, to := range []string{
		"http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/",
		"http://" + forbidden + "/", "http://127.1:" + portAt(t, forbidden) + "/", "http://inside.test:" + portAt(t, forbidden) + "/", "http://0/", "http://[::]/",
		"http://127.0.0.1:6379/",
	} {
		chain := "http://a.test:" + portAt(t, place) + "/?status=302&to=/%3Fstatus=307%26to=" + to
		err := refused(t, c, Request{URL: chain})
		if err.Category != Forbidden || len(err.Hops) != 3 || err.Host != "a.test:"+portAt(t, place) {
			t.Errorf("%s: %v, %+v", to, err, err.Hops)
		}
		if strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "169.254") || !strings.Contains(err.Error(), "that a.test:") {
			t.Errorf("%s: %s", to, err)
		}
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	t.Parallel()
	turns := 0
	_, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/loop" {
			turns++
			w.Header().Set("Location", "/loop")
			w.WriteHeader(http.StatusFound)
			return
		}
		if r.URL.Path == "/two" {
			w.Header()["Location"] = []string{"/a", "/b"}
			w.WriteHeader(http.StatusFound)
			return
		}
		echo(w, r)
	})
	c := reaching(t, place)
	for _, to := range []string{"ftp://a.test/", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "http://u:p@a.test/", "http://[x", "http://a b/", "http:///" + strings.Repeat("a", maxLocation)} {
		if err := refused(t, c, Request{URL: "http://" + place + "/?status=302&to=" + strings.ReplaceAll(to, " ", "+")}); err.Category != Redirect {
			t.Errorf("%.40s: %v", to, err)
		}
	}
	if err := refused(t, c, Request{URL: "http://" + place + "/loop"}); err.Category != Redirect || turns != maxRedirects+1 || len(err.Hops) != maxRedirects+1 {
		t.Errorf("%v after %d", err, turns)
	}
	if err := refused(t, c, Request{URL: "http://" + place + "/two"}); err.Category != Redirect {
		t.Errorf("two places: %v", err)
	}
	response, _ := get(t, c, Request{URL: "http://" + place + "/?status=302&to="})
	if response.Status != 200 {
		t.Errorf("%d", response.Status)
	}
}

// From https nothing leads back to http.
func TestARedirectFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	_, plain := serve(t, echo)
	server := httptest.NewTLSServer(http.HandlerFunc(echo))
	t.Cleanup(server.Close)
	place := server.Listener.Addr().String()
	c := client(t, Config{Allow: allow(t, plain+" "+place), RootCAs: authority(server)})
	if err := refused(t, c, Request{URL: "https://" + place + "/?status=302&to=http://" + plain + "/"}); err.Category != Redirect || !strings.Contains(err.Error(), "https to http") {
		t.Errorf("%v", err)
	}
	if response, _ := get(t, c, Request{URL: "http://" + plain + "/?status=302&to=https://" + place + "/"}); response.Status != 200 {
		t.Errorf("%d", response.Status)
	}
}
