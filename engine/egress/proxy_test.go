package egress

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// forwarding starts a proxy that sends everything to one place, and tells what it was asked for.
func forwarding(t *testing.T, to string) (*url.URL, func() []string) {
	t.Helper()
	var mutex sync.Mutex
	var asked []string
	server, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization"))
		mutex.Unlock()
		if strings.HasPrefix(r.Host, "closed.") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if r.Method != http.MethodConnect {
			_, _ = io.WriteString(w, "by the proxy")
			return
		}
		w.WriteHeader(http.StatusOK)
		inward, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		outward, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(outward, inward); _ = outward.Close() })
		both.Go(func() { _, _ = io.Copy(inward, outward); _ = inward.Close() })
		both.Wait()
	})
	server.Config.ErrorLog = quiet()
	at := &url.URL{Scheme: "http", Host: place, User: url.UserPassword("picloud", "secret")}
	return at, func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(asked)
	}
}

func TestAProxyOfTheOperators(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	_, home := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "at home") })
	at, asked := forwarding(t, server.Listener.Addr().String())
	known.answer("example.com", "93.184.216.34")
	known.answer("closed.test", "93.184.216.34")
	known.answer("inside.test", "10.0.0.1")
	known.answer("mixed.test", "93.184.216.34 10.0.0.1")
	known.answer("home.test", "127.0.0.1")
	c := client(t, Config{Proxy: at, Resolver: resolver, RootCAs: authority(server), Allow: allow(t, "home.test:"+portAt(t, home)+" "+home)})

	for target, want := range map[string]string{
		"http://example.com/x|^?a=b":                "by the proxy",
		"https://example.com/":                      "hello",
		"http://home.test:" + portAt(t, home) + "/": "at home",
		"http://" + home + "/":                      "at home",
	} {
		response, body := get(t, c, Request{URL: target})
		if body != want || response.Status != 200 || (response.Hops[0].Entry != "") != (want == "at home") {
			t.Errorf("%s: %q %+v", target, body, response.Hops)
		}
	}
	for _, target := range []string{
		"http://inside.test/", "https://inside.test/", "http://mixed.test/", "http://10.0.0.1/", "http://127.0.0.1/", "http://" + at.Host + "/", "http://169.254.169.254/",
	} {
		if err := refused(t, c, Request{URL: target}); err.Category != Forbidden {
			t.Errorf("%s: %v", target, err)
		}
	}
	if err := refused(t, c, Request{URL: "http://missing.test/"}); err.Category != DNS {
		t.Errorf("%v", err)
	}
	if err := refused(t, c, Request{URL: "https://closed.test/"}); err.Category != Proxy || strings.Contains(err.Error(), at.Host) {
		t.Errorf("%v", err)
	}
	got := asked()
	slices.Sort(got)
	want := []string{"CONNECT closed.test:443", "CONNECT example.com:443", "GET http://example.com/x|^?a=b"}
	for i, one := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], one+" Basic ") {
			t.Errorf("the proxy was asked %q", got)
			break
		}
	}
	if len(got) != len(want) {
		t.Errorf("the proxy was asked %q", got)
	}
}

func TestAProxyThatIsAway(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	known.answer("example.com", "93.184.216.34")
	for _, scheme := range []string{"http", "https"} {
		c := client(t, Config{Proxy: &url.URL{Scheme: scheme, Host: "127.0.0.1:" + closedPort(t)}, Resolver: resolver})
		for _, target := range []string{"http://example.com/", "https://example.com/"} {
			err := refused(t, c, Request{URL: target})
			if err.Category != Proxy {
				t.Errorf("%s by %s: %v", target, scheme, err)
			}
			checkText(t, err, err.Host)
		}
	}
	for _, wrong := range []string{"socks5://127.0.0.1:1", "ftp://a/", "http://", "//a"} {
		at, err := url.Parse(wrong)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Proxy: at}); err == nil {
			t.Errorf("%s is a proxy", wrong)
		}
	}
}

// What the environment says of proxies is nothing to functions. The variables are read once
// in a process, and so the transport's field is looked at too.
func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	_, place := serve(t, hello)
	proxy, asked := forwarding(t, place)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy.String())
	}
	c := reaching(t, place)
	if _, body := get(t, c, Request{URL: "http://" + place + "/"}); body != "hello" {
		t.Errorf("%q", body)
	}
	if err := refused(t, c, Request{URL: "http://" + proxy.Host + "/"}); err.Category != Forbidden {
		t.Errorf("%v", err)
	}
	for _, by := range []route{direct, inward} {
		if c.transport(Request{}.App, Policy{}, by).Proxy != nil {
			t.Errorf("route %d has a proxy", by)
		}
	}
	if got := asked(); len(got) != 0 {
		t.Errorf("the proxy was asked %q", got)
	}
}
