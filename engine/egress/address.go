package egress

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// address is an http or https URL in the serialized form of the URL standard, in parts.
type address struct {
	scheme string
	host   string // lower case, without brackets
	port   uint16
	path   string // begins with a slash
	query  string // with its question mark, if it has one
}

var (
	errURL    = errors.New("not a URL")
	errScheme = errors.New("neither http nor https")
	errUser   = errors.New("a user's name in a URL")
)

// parseAddress takes a URL apart that is in serialized form already, as the URL class of a
// function makes it. Everything that other programs could understand otherwise is an error.
func parseAddress(text string) (address, error) {
	if len(text) > maxURL {
		return address{}, errURL
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return address{}, errURL
		}
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if scheme != "http" && scheme != "https" {
		return address{}, errScheme
	}
	if !ok {
		return address{}, errURL
	}
	rest, _, _ = strings.Cut(rest, "#")
	a := address{scheme: scheme, path: "/"}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
		if i := strings.IndexByte(rest, '?'); i >= 0 {
			rest, a.query = rest[:i], rest[i:]
		}
		if rest != "" {
			a.path = rest
		}
	}
	if strings.Contains(authority, "@") {
		return address{}, errUser
	}
	return a, a.setAuthority(authority)
}

func (a *address) setAuthority(authority string) (err error) {
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return errURL
		}
	}
	a.port = portOf(a.scheme, port)
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		addr, err := netip.ParseAddr(inside)
		if err != nil || !ok || !addr.Is6() || addr.Zone() != "" {
			return errURL
		}
		a.host = addr.String()
		return nil
	}
	a.host, err = hostName(host)
	return err
}

// hostName is a host's name or IPv4 address in lower case. What other programs would take for
// an address in another spelling (127.1, 0x7f000001) is none
// (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func hostName(text string) (string, error) {
	name := strings.ToLower(text)
	if len(name) > 253 {
		return "", errURL
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", errURL
		}
	}
	last := labels[len(labels)-1]
	digits, hex := strings.CutPrefix(last, "0x")
	if strings.Trim(last, "0123456789") == "" || hex && strings.Trim(digits, "0123456789abcdef") == "" {
		addr, err := netip.ParseAddr(name)
		if err != nil || !addr.Is4() {
			return "", errURL
		}
	}
	return name, nil
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// portOf is the port of a URL that names none, or this one.
func portOf(scheme, port string) uint16 {
	if number, err := strconv.ParseUint(port, 10, 16); err == nil {
		return uint16(number)
	}
	if scheme == "https" {
		return 443
	}
	return 80
}

// hasDefaultPort tells whether the port goes without saying.
func (a address) hasDefaultPort() bool { return a.port == portOf(a.scheme, "") }

// place is the host with its port where that does not go without saying, as URLs have it.
func (a address) place() string {
	host := a.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if a.hasDefaultPort() {
		return host
	}
	return host + ":" + strconv.Itoa(int(a.port))
}

func joinHostPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// String is the URL without its fragment.
func (a address) String() string { return a.scheme + "://" + a.place() + a.path + a.query }

// sameOrigin is https://html.spec.whatwg.org/#same-origin.
func (a address) sameOrigin(b address) bool {
	return a.scheme == b.scheme && a.host == b.host && a.port == b.port
}

// resolve is the URL that a Location header means.
func (a address) resolve(location string) (address, error) {
	if len(location) > maxLocation {
		return address{}, errURL
	}
	parsed, err := whatwg.ParseRef(a.String(), location)
	if err != nil {
		return address{}, errURL
	}
	return parseAddress(parsed.Href(true))
}

// url is the address for net/http, which sends exactly the path and the query.
func (a address) url(through route) *url.URL {
	u := &url.URL{Scheme: a.scheme, Host: a.place(), RawQuery: strings.TrimPrefix(a.query, "?"), ForceQuery: a.query == "?"}
	if path, err := url.PathUnescape(a.path); err == nil {
		u.Path, u.RawPath = path, a.path
	}
	if u.EscapedPath() != a.path {
		u.Path, u.RawPath, u.Opaque = "", "", a.path
		if through == proxied || strings.HasPrefix(a.path, "//") {
			u.Opaque = "//" + a.place() + a.path
		}
	}
	return u
}

// hostOf is what to call the host of a URL that need not be one.
func hostOf(text string) string {
	if a, err := parseAddress(text); err == nil {
		return a.place()
	}
	return "this URL"
}
