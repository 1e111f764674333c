package egress

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"picloud/engine/id"
)

// authority knows the certificate of a test server.
func authority(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}

// counting starts a server that counts its connections.
func counting(t *testing.T, handler http.HandlerFunc) (place string, connections *atomic.Int32) {
	t.Helper()
	connections = &atomic.Int32{}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), connections
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// A connection serves one app, again and again, and no other.
func TestConnectionsBelongToAnApp(t *testing.T) {
	t.Parallel()
	place, connections := counting(t, hello)
	c := reaching(t, place)
	one, other := id.New[id.App](), id.New[id.App]()
	for i := range 5 {
		response, _ := get(t, c, Request{App: one, URL: "http://" + place + "/"})
		if hop := response.Hops[0]; hop.Reused != (i > 0) || hop.Entry != place {
			t.Errorf("request %d: %+v", i, hop)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("five requests of an app took %d connections", n)
	}
	get(t, c, Request{App: other, URL: "http://" + place + "/"})
	if n := connections.Load(); n != 2 {
		t.Errorf("another app's request made it %d connections", n)
	}
	get(t, c, Request{App: one, URL: "http://" + place + "/"})
	if n := connections.Load(); n != 2 {
		t.Errorf("the first app's connection is gone: %d", n)
	}
}

// What a former policy opened is closed with it.
func TestAPolicyThatHasChanged(t *testing.T) {
	t.Parallel()
	place, _ := counting(t, hello)
	c := client(t, Config{})
	app := id.New[id.App]()
	wide := Policy{Allow: allow(t, place)}
	get(t, c, Request{App: app, Policy: wide, URL: "http://" + place + "/"})
	if err := refused(t, c, Request{App: app, URL: "http://" + place + "/"}); err.Category != Forbidden {
		t.Errorf("%v", err)
	}
	// A name is judged when it is dialled, so the pool alone keeps the old connection away.
	known, resolver := names(t)
	known.answer("nas.test", "127.0.0.1")
	c = client(t, Config{Resolver: resolver})
	url := "http://nas.test:" + portAt(t, place) + "/"
	get(t, c, Request{App: app, Policy: Policy{Allow: allow(t, "nas.test:"+portAt(t, place))}, URL: url})
	if err := refused(t, c, Request{App: app, URL: url}); err.Category != Forbidden {
		t.Errorf("%v", err)
	}
}

// A connection that is in use while the policy changes is not used afterwards.
func TestAPolicyThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	place, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-held
		}
		hello(w, r)
	})
	c := client(t, Config{})
	app := id.New[id.App]()
	response, err := c.Do(t.Context(), Request{App: app, Policy: Policy{Allow: allow(t, place)}, URL: "http://" + place + "/held"})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, c, Request{App: app, URL: "http://" + place + "/"})
	close(held)
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
	refused(t, c, Request{App: app, URL: "http://" + place + "/"})
}

func TestAnAppThatMayReachOnlyWhatIsListed(t *testing.T) {
	t.Parallel()
	place, _ := counting(t, hello)
	known, resolver := names(t)
	known.answer("listed.test", "127.0.0.1")
	known.answer("opened.test", "127.0.0.1")
	known.answer("other.test", "127.0.0.1")
	port := portAt(t, place)
	c := client(t, Config{Resolver: resolver, Allow: allow(t, "opened.test:"+port+" 127.0.0.1:"+port)})
	policy := Policy{Mode: Listed, Hosts: allow(t, "listed.test *.api.test")}
	for host, allowed := range map[string]bool{"listed.test": true, "opened.test": true, "127.0.0.1": true, "other.test": false, "1.1.1.1": false, "api.test": false} {
		if !allowed {
			if err := refused(t, c, Request{Policy: policy, URL: "http://" + host + ":" + port + "/"}); err.Category != Forbidden {
				t.Errorf("%s: %v", host, err)
			}
			continue
		}
		get(t, c, Request{Policy: policy, URL: "http://" + host + ":" + port + "/"})
	}
	if n := known.questions("other.test"); n != 0 {
		t.Errorf("a host that is not listed was looked up %d times", n)
	}
	// The app's own list opens nothing that is not public.
	c = client(t, Config{Resolver: resolver})
	if err := refused(t, c, Request{Policy: policy, URL: "http://listed.test:" + port + "/"}); err.Category != Forbidden {
		t.Errorf("%v", err)
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/huge" {
			for range maxHeader >> 9 {
				w.Header().Add("X-Huge", strings.Repeat("x", 1<<10))
			}
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+string(body))
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	place := server.Listener.Addr().String()
	c := client(t, Config{Allow: allow(t, place), RootCAs: authority(server)})
	response, body := get(t, c, Request{Method: "POST", URL: "https://" + place + "/", Body: []byte("hi")})
	if hop := response.Hops[0]; body != "HTTP/2.0 hi" || hop.Protocol != "HTTP/2.0" || hop.Entry != place || hop.Handshake <= 0 {
		t.Errorf("%q, %+v", body, hop)
	}
	var asking sync.WaitGroup
	for range 40 {
		asking.Go(func() {
			response, err := c.Do(t.Context(), Request{URL: "https://" + place + "/"})
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		})
	}
	asking.Wait()
	if n := connections.Load(); n != 1 {
		t.Errorf("41 requests took %d connections", n)
	}
	if err := refused(t, c, Request{URL: "https://" + place + "/huge"}); err.Category != TooLarge {
		t.Errorf("%v (%v)", err, errors.Unwrap(err))
	}
}

// An app that has all the connections that it may have waits for one of them.
func TestAnAppsConnectionsHaveABound(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	place, _ := counting(t, hello)
	c := client(t, Config{Resolver: resolver, Allow: allow(t, place)})
	ask := func(ctx context.Context, number int) (*Response, error) {
		host := fmt.Sprintf("host%d.test", number)
		known.answer(host, "127.0.0.1")
		return c.Do(ctx, Request{URL: "http://" + host + ":" + portAt(t, place) + "/"})
	}
	var open []*Response
	for i := range maxAppConnections {
		response, err := ask(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, response)
	}
	ctx, cancel := context.WithTimeout(t.Context(), placePatience)
	defer cancel()
	if _, err := ask(ctx, maxAppConnections); err == nil {
		t.Error("one connection more came about")
	}
	waiting := make(chan error, 1)
	go func() {
		response, err := ask(t.Context(), maxAppConnections+1)
		if err == nil {
			err = response.Body.Close()
		}
		waiting <- err
	}()
	// One that is read to its end is kept, and given up for the one that waits.
	if _, err := io.Copy(io.Discard, open[0].Body); err != nil {
		t.Error(err)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	for _, response := range open {
		_ = response.Body.Close()
	}
}

// The pools of apps that have not asked for long are given up.
func TestPoolsHaveABound(t *testing.T) {
	t.Parallel()
	place, connections := counting(t, hello)
	c := reaching(t, place)
	first := id.New[id.App]()
	get(t, c, Request{App: first, URL: "http://" + place + "/"})
	for range maxPools {
		c.transport(id.New[id.App](), Policy{}, direct)
	}
	if n := c.recent.Len(); n != maxPools || len(c.pools) != maxPools {
		t.Errorf("%d pools", n)
	}
	get(t, c, Request{App: first, URL: "http://" + place + "/"})
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections", n)
	}
}
