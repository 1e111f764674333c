package webapi

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
	whatwg "github.com/nlnwa/whatwg-url/url"
)

// URL of the URL standard, section 6.1. Addresses that are in serialized form already, as
// nearly all are, are only split; everything else goes through the parser of section 4.4.

// The sizes of an address. The parser takes time by the square in some of them.
const (
	maxURL          = 1 << 20
	maxURLAuthority = 8 << 10
	maxURLSegments  = 4 << 10
)

// urlState is a URL record in serialized parts.
type urlState struct {
	href, protocol, username, password, hostname, port, pathname, search, hash string

	params *searchParams // made when asked for
	object *goja.Object  // of params
}

func urlClass() *class {
	return &class{
		name: "URL", length: 1, shown: []string{"href"}, construct: newURL,
		members: []member{
			urlPart("hash", func(u *urlState) string { return u.hash }, (*whatwg.Url).SetHash, isPart),
			urlPart("host", (*urlState).host, (*whatwg.Url).SetHost, isShortPart),
			urlPart("hostname", func(u *urlState) string { return u.hostname }, (*whatwg.Url).SetHostname, isShortPart),
			{name: "href", get: urlHref, set: setURLHref},
			attribute("origin", func(c invocation) goja.Value { return c.vm.ToValue(self[*urlState](c).origin()) }),
			urlPart("password", func(u *urlState) string { return u.password }, (*whatwg.Url).SetPassword, isShortPart),
			urlPart("pathname", func(u *urlState) string { return u.pathname }, (*whatwg.Url).SetPathname, isPath),
			urlPart("port", func(u *urlState) string { return u.port }, (*whatwg.Url).SetPort, isShortPart),
			urlPart("protocol", func(u *urlState) string { return u.protocol }, (*whatwg.Url).SetProtocol, isShortPart),
			{name: "search", get: urlSearch, set: setURLSearch},
			attribute("searchParams", urlSearchParams),
			operation("toJSON", 0, urlHref),
			operation("toString", 0, urlHref),
			urlPart("username", func(u *urlState) string { return u.username }, (*whatwg.Url).SetUsername, isShortPart),
		},
		statics: []member{
			operation("canParse", 1, func(c invocation) goja.Value {
				c.need(1, "URL.canParse")
				_, err := c.parseArguments()
				return c.vm.ToValue(err == nil)
			}),
			operation("parse", 1, func(c invocation) goja.Value {
				c.need(1, "URL.parse")
				u, err := c.parseArguments()
				if err != nil {
					return goja.Null()
				}
				return c.instance(classURL, u)
			}),
		},
	}
}

func newURL(c invocation) any {
	c.need(1, "URL")
	u, err := c.parseArguments()
	if err != nil {
		panic(c.vm.NewTypeError("URL: %s", err))
	}
	return u
}

// parseArguments is https://url.spec.whatwg.org/#api-url-parser of (url, optional base).
func (c invocation) parseArguments() (*urlState, error) {
	text := c.address(c.args[0])
	if !c.given(1) {
		return parseURL(text, nil)
	}
	base, err := parseURL(c.address(c.args[1]), nil)
	if err != nil {
		return nil, fmt.Errorf("the base: %w", err)
	}
	return parseURL(text, base)
}

// parseURL is https://url.spec.whatwg.org/#concept-basic-url-parser.
func parseURL(text string, base *urlState) (*urlState, error) {
	if u, ok := split(text); ok {
		return u, nil
	}
	if err := checkURLSize(text); err != nil {
		return nil, err
	}
	parsed, err := parseAny(text, base)
	if err != nil {
		if base == nil {
			return nil, fmt.Errorf("%q is not an absolute URL", shorten(text))
		}
		return nil, fmt.Errorf("%q is not a URL relative to %q", shorten(text), shorten(base.href))
	}
	return record(parsed), nil
}

func parseAny(text string, base *urlState) (*whatwg.Url, error) {
	if base == nil {
		return whatwg.Parse(text)
	}
	return whatwg.ParseRef(base.href, text)
}

// checkURLSize keeps the parser linear: it takes time by the square in the length of user
// names and in the number of path segments.
func checkURLSize(text string) error {
	if len(text) <= maxURLSegments {
		return nil
	}
	if len(text) > maxURL {
		return fmt.Errorf("the URL is longer than %d bytes", maxURL)
	}
	if strings.ContainsAny(text, "\t\n\r") {
		text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	}
	text = strings.TrimLeft(text, "\x00\x01\x02\x03\x04\x05\x06\a\b\v\f\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	if scheme, after, ok := strings.Cut(text, ":"); ok && !strings.ContainsAny(scheme, "/\\?#") {
		if !isSpecial(scheme) && !strings.HasPrefix(after, "/") {
			return nil
		}
		text = after
	}
	path, _, _ := strings.Cut(text, "#")
	path, _, _ = strings.Cut(path, "?")
	first := strings.TrimLeft(path, "/\\")
	if i := strings.IndexAny(first, "/\\"); i >= 0 {
		first = first[:i]
	}
	if len(first) > maxURLAuthority {
		return fmt.Errorf("the URL's host is longer than %d bytes", maxURLAuthority)
	}
	if strings.Count(path, "/")+strings.Count(path, "\\") > maxURLSegments {
		return fmt.Errorf("the URL has more than %d path segments", maxURLSegments)
	}
	return nil
}

func isSpecial(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "http", "https", "ftp", "file", "ws", "wss":
		return true
	}
	return false
}

func record(parsed *whatwg.Url) *urlState {
	return &urlState{
		href: parsed.Href(false), protocol: parsed.Protocol(), username: parsed.Username(), password: parsed.Password(),
		hostname: parsed.Hostname(), port: parsed.Port(), pathname: parsed.Pathname(), search: parsed.Search(), hash: parsed.Hash(),
	}
}

func (u *urlState) host() string {
	if u.port == "" {
		return u.hostname
	}
	return u.hostname + ":" + u.port
}

// origin is https://url.spec.whatwg.org/#origin, serialized.
func (u *urlState) origin() string {
	switch u.protocol {
	case "http:", "https:", "ftp:", "ws:", "wss:":
		return u.protocol + "//" + u.host()
	case "blob:":
		if inner, err := parseURL(u.pathname, nil); err == nil && (inner.protocol == "http:" || inner.protocol == "https:") {
			return inner.origin()
		}
	}
	return "null"
}

// urlPart is an attribute whose setter is the parser's, for texts that fit.
func urlPart(name string, read func(*urlState) string, write func(*whatwg.Url, string), fits func(string) bool) member {
	return member{
		name: name,
		get:  func(c invocation) goja.Value { return c.vm.ToValue(read(self[*urlState](c))) },
		set: func(c invocation, value goja.Value) {
			u := self[*urlState](c)
			if text := c.text(value); fits(text) {
				u.change(text, write)
			}
		},
	}
}

func isPart(text string) bool      { return len(text) <= maxURL }
func isShortPart(text string) bool { return len(text) <= maxURLAuthority }

func isPath(text string) bool {
	return isPart(text) && strings.Count(text, "/")+strings.Count(text, "\\") <= maxURLSegments
}

// change applies a setter; what it refuses changes nothing.
func (u *urlState) change(text string, write func(*whatwg.Url, string)) {
	parsed, err := whatwg.Parse(u.href)
	if err != nil {
		return
	}
	write(parsed, text)
	u.replace(record(parsed))
}

// replace takes over the parts, but not the search parameters.
func (u *urlState) replace(by *urlState) {
	by.params, by.object = u.params, u.object
	*u = *by
}

func urlHref(c invocation) goja.Value { return c.vm.ToValue(self[*urlState](c).href) }

func setURLHref(c invocation, value goja.Value) {
	u := self[*urlState](c)
	parsed, err := parseURL(c.text(value), nil)
	if err != nil {
		panic(c.vm.NewTypeError("URL.href: %s", err))
	}
	u.replace(parsed)
	u.refresh(c.realm)
}

func urlSearch(c invocation) goja.Value { return c.vm.ToValue(self[*urlState](c).search) }

func setURLSearch(c invocation, value goja.Value) {
	u := self[*urlState](c)
	if text := c.text(value); isPart(text) {
		u.change(text, (*whatwg.Url).SetSearch)
	}
	u.refresh(c.realm)
}

// refresh empties and refills the search parameters after a change of the query.
func (u *urlState) refresh(r *realm) {
	if u.params != nil {
		u.params.list = r.parseQuery(u.search)
	}
}

func urlSearchParams(c invocation) goja.Value {
	u := self[*urlState](c)
	if u.params == nil {
		u.params = &searchParams{list: c.parseQuery(u.search), of: u}
		u.object = c.instance(classSearchParams, u.params)
	}
	return u.object
}

// setQuery puts a serialized query in place: https://url.spec.whatwg.org/#concept-urlsearchparams-update.
func (u *urlState) setQuery(query string) {
	if strings.HasPrefix(u.pathname, "/") && u.hostname != "" {
		end := len(u.href) - len(u.hash)
		if u.hash == "" {
			end -= len("#") * boolInt(strings.HasSuffix(u.href, "#"))
		}
		start := strings.IndexByte(u.href[:end], '?')
		if start < 0 {
			start = end
		}
		if query != "" {
			query = "?" + query
		}
		u.href, u.search = u.href[:start]+query+u.href[end:], query
		return
	}
	u.change(query, (*whatwg.Url).SetSearch)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
