package egress

import (
	"net/url"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// What is taken for an address here leads where the URL standard and net/url say too.
func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{
		"http://example.com/", "https://a.test:8443/p%20q?r=s#t", "http://[::1]:80/", "http://127.1/", "http://0x7f.1/", "http://a.test:80/..//", "http://a@b/",
		"http://a.test?x", "http://a.test#x", "http://[::ffff:1.2.3.4]/%zz", "http://1.2.3.4.:80/", "http://a.test:/", "http://a.test:080/", "http://a.0x1f/",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAddress(text)
		if err != nil {
			return
		}
		for _, by := range []route{direct, proxied} {
			u := a.url(by)
			if u.Hostname() != a.host || u.Scheme != a.scheme || portOf(u.Scheme, u.Port()) != a.port {
				t.Fatalf("%q: %+v is %v", text, a, u)
			}
			if by == direct && !strings.HasPrefix(a.path, "//") && u.RequestURI() != a.path+a.query {
				t.Fatalf("%q: %q is sent as %q", text, a.path+a.query, u.RequestURI())
			}
		}
		if again, err := parseAddress(a.String()); err != nil || again != a {
			t.Fatalf("%q: %+v is %+v, %v", text, a, again, err)
		}
		// The library takes 0-0 for a number in octal, which it is not.
		if len(text) > 4096 || strings.Contains(a.host, "-") {
			return
		}
		standard, err := whatwg.Parse(text)
		if err != nil {
			return
		}
		seen, err := parseAddress(standard.Href(true))
		if err != nil || seen.host != a.host || seen.port != a.port || seen.scheme != a.scheme {
			t.Fatalf("%q leads to %+v, by the standard to %q (%v)", text, a, standard.Href(true), err)
		}
	})
}

// A Location leads to an http or https address, or nowhere.
func FuzzResolve(f *testing.F) {
	for _, text := range []string{"/a", "//b.test", "../c", "?d", "#e", "http:f", "https://g.test:1/", "\\\\h.test\\i", "http://2130706433/", " /j\n", "http://xn--/"} {
		f.Add(text)
	}
	from, err := parseAddress("https://a.test/b/c?d")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, location string) {
		if len(location) > 4096 {
			return
		}
		a, err := from.resolve(location)
		if err != nil {
			return
		}
		if u, err := url.Parse(a.scheme + "://" + a.place() + "/"); err != nil || u.Hostname() != a.host {
			t.Fatalf("%q: %+v, %v", location, a, err)
		}
	})
}
