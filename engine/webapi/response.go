package webapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"

	content "picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/js"
	"picloud/engine/js/json"
)

// Response of the Fetch standard, section 5.5.

type response struct {
	kind          string // "": default
	status        int
	statusText    string
	head          headers
	headersObject *goja.Object
	body          body
	url           string // of an answer that was fetched
	redirected    bool
}

func responseClass() *class {
	return &class{
		name: "Response", shown: []string{"status", "statusText", "bodyUsed"}, construct: newResponse,
		members: append([]member{
			operation("clone", 0, responseClone),
			attribute("headers", responseHeaders),
			attribute("ok", func(c invocation) goja.Value {
				status := self[*response](c).status
				return c.vm.ToValue(status >= 200 && status <= 299)
			}),
			attribute("redirected", func(c invocation) goja.Value { return c.vm.ToValue(self[*response](c).redirected) }),
			attribute("status", func(c invocation) goja.Value { return c.vm.ToValue(self[*response](c).status) }),
			attribute("statusText", func(c invocation) goja.Value { return c.fromBytes(self[*response](c).statusText) }),
			attribute("type", func(c invocation) goja.Value {
				if kind := self[*response](c).kind; kind != "" {
					return c.vm.ToValue(kind)
				}
				return c.vm.ToValue("default")
			}),
			attribute("url", func(c invocation) goja.Value { return c.vm.ToValue(self[*response](c).url) }),
		}, bodyMembers[*response]()...),
		statics: []member{
			operation("error", 0, responseError),
			operation("json", 1, responseJSON),
			operation("redirect", 1, responseRedirect),
		},
	}
}

func (p *response) content() *body { return &p.body }

func (p *response) contentType(*realm) string {
	value, _ := p.head.get("content-type")
	return value
}

func newResponse(c invocation) any {
	p := &response{status: 200}
	var content body
	kind := ""
	if len(c.args) > 0 && !isNullish(c.args[0]) {
		content, kind = c.extract(c.args[0])
	}
	p.initialize(c.realm, c.arg(1), content, kind)
	return p
}

// initialize is https://fetch.spec.whatwg.org/#initialize-a-response.
func (p *response) initialize(r *realm, init goja.Value, content body, contentType string) {
	p.head.version = 1
	settings := r.dictionary(init, "The Response options")
	if settings.object != nil {
		if value, ok := settings.get("headers"); ok {
			p.head.fill(r, value)
		}
		if value, ok := settings.get("status"); ok {
			p.status = unsignedShort(value)
		}
		if value, ok := settings.get("statusText"); ok {
			p.statusText = r.byteString(value, "statusText")
		}
		if p.status < 200 || p.status > 599 {
			r.wrongStatus = r.sandbox.RangeError("The response status %d is outside 200 to 599", p.status)
			panic(r.wrongStatus)
		}
		if strings.ContainsFunc(p.statusText, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			panic(r.vm.NewTypeError("statusText must not contain control characters"))
		}
	}
	if !content.present {
		return
	}
	if isNullBodyStatus(p.status) {
		panic(r.vm.NewTypeError("A response with status %d cannot have a body", p.status))
	}
	p.body = content
	if contentType != "" {
		if _, ok := p.head.get("content-type"); !ok {
			p.head.list = append(p.head.list, call.Field{Name: "content-type", Value: contentType})
		}
	}
}

// isNullBodyStatus is https://fetch.spec.whatwg.org/#null-body-status, as far as it can be sent.
func isNullBodyStatus(status int) bool { return status == 204 || status == 205 || status == 304 }

func responseHeaders(c invocation) goja.Value {
	p := self[*response](c)
	if p.headersObject == nil {
		p.headersObject = c.instance(classHeaders, &p.head)
	}
	return p.headersObject
}

func responseClone(c invocation) goja.Value {
	p := self[*response](c)
	return c.instance(classResponse, &response{
		kind: p.kind, status: p.status, statusText: p.statusText, url: p.url, redirected: p.redirected,
		head: headers{list: slices.Clone(p.head.list), immutable: p.head.immutable, version: 1},
		body: p.body.twin(c.realm),
	})
}

func responseError(c invocation) goja.Value {
	return c.instance(classResponse, &response{kind: "error", head: headers{immutable: true, version: 1}})
}

func responseJSON(c invocation) goja.Value {
	c.need(1, "Response.json")
	text, ok, err := json.Stringify(c.sandbox, c.args[0])
	must(err)
	if !ok {
		panic(c.vm.NewTypeError("Response.json: this value has no JSON form"))
	}
	p := &response{status: 200}
	p.initialize(c.realm, c.arg(1), body{present: true, isText: true, text: text}, "application/json")
	return c.instance(classResponse, p)
}

func responseRedirect(c invocation) goja.Value {
	c.need(1, "Response.redirect")
	u, err := parseURL(c.text(c.args[0]), nil)
	if err != nil {
		panic(c.vm.NewTypeError("Response.redirect: %s", err))
	}
	status := 302
	if c.given(1) {
		status = unsignedShort(c.args[1])
	}
	if !slices.Contains([]int{301, 302, 303, 307, 308}, status) {
		panic(c.sandbox.RangeError("Response.redirect: %d is not a redirect status", status))
	}
	return c.instance(classResponse, &response{status: status, head: headers{
		list: []call.Field{{Name: "location", Value: u.href}}, immutable: true, version: 1,
	}})
}

// IsResponse tells whether the value is a Response.
func IsResponse(s *js.Sandbox, value goja.Value) bool {
	r, ok := s.Kept(realmKey{}).(*realm)
	if !ok {
		return false
	}
	_, ok = as[*response](r, value)
	return ok
}

// IsWrongStatus tells whether the value is the error that a Response was last refused by,
// because nobody could send its status.
func IsWrongStatus(s *js.Sandbox, thrown goja.Value) bool {
	r, ok := s.Kept(realmKey{}).(*realm)
	return ok && r.wrongStatus != nil && thrown == goja.Value(r.wrongStatus)
}

// InterfaceOf names the class of ours that an object inherits from, "" for other objects. It
// is called on the loop, for a proxy is asked for its prototype.
func InterfaceOf(s *js.Sandbox, object *goja.Object) string {
	if r, ok := s.Kept(realmKey{}).(*realm); ok {
		if class := r.classOf(object); class != nil {
			return class.name
		}
	}
	return ""
}

// ReadResponse gives what a Response says and marks its body as read. maxBody is in bytes.
// The error is a sentence that tells the script's author what is wrong. It is called on the
// loop, for the value may be a proxy, whose traps are asked.
func ReadResponse(s *js.Sandbox, value goja.Value, maxBody int64) (call.Response, error) {
	p, ok := as[*response](realmOf(s), value)
	switch {
	case !ok:
		return call.Response{}, wrong("The value is not a Response.")
	case p.kind == "error":
		return call.Response{}, wrong("Response.error() stands for a failed fetch and cannot be sent.")
	case p.body.used:
		return call.Response{}, wrong("The Response's body has already been read. Return response.clone() or a new Response.")
	case p.body.size() > maxBody:
		return call.Response{}, wrong(fmt.Sprintf("The answer has %d bytes; at most %d are allowed.", p.body.size(), maxBody))
	}
	p.head.lent = true // the script may go on after the answer
	out := call.Response{Status: p.status, Header: p.head.list}
	if p.body.present {
		p.body.used = true
		out.Body = p.body.lend()
	}
	return out, nil
}

// wrong is what a person did with a Response.
type wrong string

func (w wrong) Error() string { return string(w) }

func (b *body) lend() *content.Body {
	if b.isText {
		return content.Text(b.text)
	}
	return content.Bytes(b.data)
}
