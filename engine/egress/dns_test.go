package egress

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A name that means something else on every look is judged by what is dialled.
func TestANameThatChangesItsMind(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	// Another loopback address stands for what is allowed, since the tests have no internet.
	_, place := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, "reached")
	})
	port := portAt(t, place)
	c := client(t, Config{Resolver: resolver, Allow: allow(t, "127.0.0.1:"+port)})
	known.answer("flips.test", "127.0.0.1", "127.0.0.2", "10.0.0.1", "127.0.0.1", "169.254.169.254")
	url := "http://flips.test:" + port + "/"
	for turn, reached := range []bool{true, false, false, true, false, false} {
		if reached {
			get(t, c, Request{URL: url})
			continue
		}
		if err := refused(t, c, Request{URL: url}); err.Category != Forbidden {
			t.Errorf("turn %d: %v", turn, err)
		}
	}
	if n := known.questions("flips.test"); n != 6 {
		t.Errorf("asked %d times", n)
	}
	// The other way round a redirect to the same name does not help.
	_, redirecting := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusFound)
	})
	port = portAt(t, redirecting)
	c = client(t, Config{Resolver: resolver, Allow: allow(t, "127.0.0.1:"+port)})
	known.answer("again.test", "127.0.0.1", "127.0.0.2")
	if err := refused(t, c, Request{URL: "http://again.test:" + port + "/"}); err.Category != Forbidden || len(err.Hops) != 2 {
		t.Errorf("%v", err)
	}
}

// Of the addresses of a host those are tried that may be.
func TestAHostWithAllowedAndForbiddenAddresses(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	_, place := serve(t, hello)
	port := portAt(t, place)
	c := client(t, Config{Resolver: resolver, Allow: allow(t, "127.0.0.1:"+port)})
	known.answer("mixed.test", "169.254.169.254 10.0.0.1 127.0.0.3 127.0.0.1 fd00::1")
	response, _ := get(t, c, Request{URL: "http://mixed.test:" + port + "/"})
	if hop := response.Hops[0]; hop.Denied == 0 || hop.Entry != "127.0.0.1:"+port || hop.Host != "mixed.test:"+port {
		t.Errorf("%+v", hop)
	}
	closed := closedPort(t)
	c = client(t, Config{Resolver: resolver, Allow: allow(t, "127.0.0.1:"+closed)})
	if err := refused(t, c, Request{URL: "http://mixed.test:" + closed + "/"}); err.Category != Refused {
		t.Errorf("%v", err)
	}
	known.answer("private.test", "10.0.0.1 192.168.1.1 fd00::1")
	if err := refused(t, c, Request{URL: "http://private.test/"}); err.Category != Forbidden || !strings.Contains(err.Error(), "private.test is in a private network") {
		t.Errorf("%v", err)
	}
}

// Spellings that some programs take for an address are names of nothing here.
func TestSpellingsOfAddresses(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	_, place := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("loopback was reached") })
	port := portAt(t, place)
	c := client(t, Config{Resolver: resolver})
	for _, host := range []string{
		"127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "127.0.0.01", "0", "0x", "017700000001", "127.0.0.1.", "1.2.3.4.5", "256.1.1.1",
		"127.0.0.1", "localhost", "localhost.", "LOCALHOST", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "[::1%25lo]", "0.0.0.0", "127.255.255.254", "%31%32%37.0.0.1", "①②⑦.0.0.1", "127。0。0。1",
		"spoofed.test", "metadata.google.internal", "instance-data.test",
	} {
		known.answer(strings.TrimSuffix(host, "."), "127.0.0.1 ::1")
		if err := refused(t, c, Request{URL: "http://" + host + ":" + port + "/"}); err.Category != Forbidden && err.Category != Invalid {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// The database's host is kept from functions by its name's addresses too.
func TestTheDatabasesHost(t *testing.T) {
	t.Parallel()
	known, resolver := names(t)
	_, place := serve(t, hello)
	port := portAt(t, place)
	known.answer("db.test", "127.0.0.7")
	known.answer("alias.test", "127.0.0.7")
	c := client(t, Config{Resolver: resolver, Database: []string{"db.test:" + port}, Allow: allow(t, "db.test:"+port+" alias.test:"+port+" 127.0.0.7:"+port)})
	for _, host := range []string{"db.test", "alias.test", "127.0.0.7"} {
		if err := refused(t, c, Request{URL: "http://" + host + ":" + port + "/"}); err.Category != Forbidden || !strings.Contains(err.Error(), "belongs to PiCloud") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := known.questions("db.test"); n > 2 {
		t.Errorf("the database was looked up %d times", n)
	}
	// While its name cannot be looked up, the name is what is known.
	away := client(t, Config{Database: []string{"away.test:" + port}, Allow: allow(t, "away.test:"+port), Resolver: &net.Resolver{
		PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errNone },
	}})
	for _, host := range []string{"AWAY.test", "away.test."} {
		if err := refused(t, away, Request{URL: "http://" + host + ":" + port + "/"}); err.Category != Forbidden {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, wrong := range []string{"db.test", "db.test:x", "[::1"} {
		if _, err := New(Config{Database: []string{wrong}}); err == nil {
			t.Errorf("%s is a database", wrong)
		}
	}
}
