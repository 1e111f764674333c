package webapi

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
)

// Request of the Fetch standard, section 5.4.

type request struct {
	source        *call.Request // of an incoming request: header and address until they are asked for
	method        string
	address       string // serialized, once asked for
	head          *headers
	headersObject *goja.Object
	body          body
	signal        goja.Value        // nil: made when asked for
	makeSignal    func() goja.Value // of an incoming request; nil: one that never aborts
	modes         *modes            // nil: all as they are by default
}

// modes are the settings that only a browser acts on; they are kept and shown.
type modes struct {
	cache, credentials, integrity, mode, redirect, referrer, referrerPolicy string
	keepalive                                                               bool
}

func requestClass() *class {
	return &class{
		name: "Request", length: 1, shown: []string{"method", "url"}, construct: newRequest,
		members: append([]member{
			mode("cache", func(m *modes) string { return cmp.Or(m.cache, "default") }),
			operation("clone", 0, requestClone),
			mode("credentials", func(m *modes) string { return cmp.Or(m.credentials, "same-origin") }),
			mode("destination", func(*modes) string { return "" }),
			mode("duplex", func(*modes) string { return "half" }),
			attribute("headers", requestHeaders),
			mode("integrity", func(m *modes) string { return m.integrity }),
			attribute("keepalive", func(c invocation) goja.Value {
				m := self[*request](c).modes
				return c.vm.ToValue(m != nil && m.keepalive)
			}),
			attribute("method", func(c invocation) goja.Value { return c.vm.ToValue(self[*request](c).method) }),
			mode("mode", func(m *modes) string { return cmp.Or(m.mode, "cors") }),
			mode("redirect", func(m *modes) string { return cmp.Or(m.redirect, "follow") }),
			mode("referrer", func(m *modes) string { return strings.TrimPrefix(cmp.Or(m.referrer, "about:client"), noReferrer) }),
			mode("referrerPolicy", func(m *modes) string { return m.referrerPolicy }),
			attribute("signal", requestSignal),
			attribute("url", func(c invocation) goja.Value { return c.vm.ToValue(self[*request](c).url()) }),
		}, bodyMembers[*request]()...),
	}
}

func mode(name string, read func(*modes) string) member {
	return attribute(name, func(c invocation) goja.Value {
		m := self[*request](c).modes
		if m == nil {
			m = &modes{}
		}
		return c.vm.ToValue(read(m))
	})
}

// NewRequest makes the Request a handler gets. Nothing of the message is parsed or converted
// before the script reads it. Its headers are immutable, as those of a service worker's
// fetch event are. signal makes its AbortSignal when that is read; nil: one that never aborts.
func NewRequest(s *js.Sandbox, incoming *call.Request, signal func() goja.Value) goja.Value {
	q := &request{source: incoming, method: incoming.Method, makeSignal: signal}
	data, err := incoming.Body.All(math.MaxInt64) // whoever took it has its bounds
	must(err)
	empty := len(data) == 0 && (incoming.Method == "GET" || incoming.Method == "HEAD")
	q.body = body{present: !empty, data: data}
	return realmOf(s).instance(classRequest, q)
}

func (q *request) content() *body { return &q.body }

func (q *request) contentType(*realm) string {
	value, _ := q.list().get("content-type")
	return value
}

func (q *request) list() *headers {
	if q.head == nil {
		q.head = &headers{list: q.source.Header, immutable: true, version: 1}
	}
	return q.head
}

// url is the address: of a call from outside just as it came, dots and double slashes
// included, where the standard would have it serialized anew.
func (q *request) url() string {
	if q.address == "" {
		q.address = q.source.URL
	}
	return q.address
}

func requestHeaders(c invocation) goja.Value {
	q := self[*request](c)
	if q.headersObject == nil {
		q.headersObject = c.instance(classHeaders, q.list())
	}
	return q.headersObject
}

func requestSignal(c invocation) goja.Value {
	return self[*request](c).abortSignal(c.realm)
}

func (q *request) abortSignal(r *realm) goja.Value {
	switch {
	case q.signal != nil:
	case q.makeSignal != nil:
		q.signal = q.makeSignal()
	default:
		q.signal = r.newSignal().object
	}
	return q.signal
}

// followed makes the signal of a request made from this one.
func (q *request) followed(r *realm) func() goja.Value {
	if q.signal == nil && q.makeSignal == nil {
		return nil
	}
	return func() goja.Value { return r.follow(q.abortSignal(r)).object }
}

func requestClone(c invocation) goja.Value {
	q := self[*request](c)
	twin := &request{
		method: q.method, address: q.url(), modes: q.modes, body: q.body.twin(c.realm),
		head: &headers{list: slices.Clone(q.list().list), immutable: q.list().immutable, version: 1},
	}
	twin.makeSignal = q.followed(c.realm)
	return c.instance(classRequest, twin)
}

// newRequest is https://fetch.spec.whatwg.org/#dom-request.
func newRequest(c invocation) any {
	c.need(1, "Request")
	q := &request{method: "GET", head: &headers{version: 1}}
	from, isRequest := as[*request](c.realm, c.args[0])
	if isRequest {
		q.method, q.address, q.modes = from.method, from.url(), from.modes
		q.makeSignal = from.followed(c.realm)
	} else {
		u, err := parseURL(c.address(c.args[0]), nil)
		if err != nil {
			panic(c.vm.NewTypeError("Request: %s", err))
		}
		if u.username != "" || u.password != "" {
			panic(c.vm.NewTypeError("Request: the URL must not hold a user name or password"))
		}
		q.address = u.href
	}
	init := c.dictionary(c.arg(1), "The Request options")
	content, hasBody := init.get("body")
	q.configure(init)
	switch value, ok := init.get("headers"); {
	case ok:
		q.head.fill(c.realm, value)
	case isRequest:
		q.head.list = slices.Clone(from.list().list)
	}
	inherits := isRequest && from.body.present && !hasBody
	hasContent := hasBody && !goja.IsNull(content)
	if (hasContent || inherits) && (q.method == "GET" || q.method == "HEAD") {
		panic(c.vm.NewTypeError("A request with method %s cannot have a body", q.method))
	}
	switch {
	case hasContent:
		var kind string
		q.body, kind = c.extract(content)
		if _, ok := q.head.get("content-type"); !ok && kind != "" {
			q.head.add(c.realm, "content-type", kind)
		}
	case inherits:
		q.body = from.body.twin(c.realm)
		from.body.used = true
	}
	return q
}

// configure reads the members of RequestInit but headers and body.
func (q *request) configure(init options) {
	if init.object == nil {
		return
	}
	r := init.realm
	m := &modes{}
	if q.modes != nil {
		*m = *q.modes
	}
	q.modes = m
	if value, ok := init.get("window"); ok && !goja.IsNull(value) {
		panic(r.vm.NewTypeError("The Request option window can only be null"))
	}
	init.choice("cache", &m.cache, "default no-store reload no-cache force-cache only-if-cached")
	init.choice("credentials", &m.credentials, "omit same-origin include")
	var duplex string
	init.choice("duplex", &duplex, "half")
	if value, ok := init.get("integrity"); ok {
		m.integrity = r.text(value)
	}
	if value, ok := init.get("keepalive"); ok {
		m.keepalive = value.ToBoolean()
	}
	if value, ok := init.get("method"); ok {
		q.method = r.method(value)
	}
	init.choice("mode", &m.mode, "same-origin no-cors cors")
	init.choice("redirect", &m.redirect, "follow error manual")
	init.choice("referrerPolicy", &m.referrerPolicy, " no-referrer no-referrer-when-downgrade same-origin "+
		"origin strict-origin origin-when-cross-origin strict-origin-when-cross-origin unsafe-url")
	if value, ok := init.get("referrer"); ok {
		if m.referrer = r.text(value); m.referrer == "" {
			m.referrer = noReferrer
		}
	}
	if value, ok := init.get("signal"); ok {
		q.makeSignal = nil
		if !goja.IsNull(value) {
			q.signal = r.follow(value).object
		}
	}
}

// noReferrer is what the standard calls so; scripts see the empty text.
const noReferrer = "no-referrer"

// choice reads a member whose type is an enumeration; a space before the first value: the
// empty string is one.
func (o options) choice(name string, into *string, allowed string) {
	value, ok := o.get(name)
	if !ok {
		return
	}
	text := o.text(value)
	if !slices.Contains(strings.Split(allowed, " "), text) {
		panic(o.vm.NewTypeError("Request: %q is not a possible value of %s", shorten(text), name))
	}
	*into = text
}

// method checks and normalizes: https://fetch.spec.whatwg.org/#concept-method-normalize.
func (r *realm) method(value goja.Value) string {
	method := r.byteString(value, "The method")
	upper := strings.ToUpper(method)
	if !isToken(method) || upper == "CONNECT" || upper == "TRACE" || upper == "TRACK" {
		panic(r.vm.NewTypeError("Request: %q is not a possible method", shorten(method)))
	}
	if slices.Contains([]string{"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"}, upper) {
		return upper
	}
	return method
}

// address is a RequestInfo that is not a Request, as text.
func (r *realm) address(value goja.Value) string {
	if u, ok := as[*urlState](r, value); ok {
		return u.href
	}
	return r.text(value)
}
