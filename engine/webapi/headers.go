package webapi

import (
	"slices"
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/call"
)

// Headers of the Fetch standard, section 5.1. Of the guards (section 2.2.2) only
// "immutable" is kept: the others hide from a browser's script what a server must see.

// headers is a header list. Names are lower case, values are bytes.
type headers struct {
	list      []call.Field
	lent      bool // somebody else reads the list: copy it before a change
	immutable bool
	version   int
	sorted    []call.Field
	sortedAt  int
}

func headersClass() *class {
	return &class{
		name: "Headers", iterates: "entries",
		construct: newHeaders,
		members: append([]member{
			operation("append", 2, headersAppend),
			operation("delete", 1, headersDelete),
			operation("get", 1, headersGet),
			operation("getSetCookie", 0, headersGetSetCookie),
			operation("has", 1, headersHas),
			operation("set", 2, headersSet),
		}, pairMembers[*headers]()...),
	}
}

func newHeaders(c invocation) any {
	h := &headers{version: 1}
	if c.given(0) {
		h.fill(c.realm, c.args[0])
	}
	return h
}

// fill is https://fetch.spec.whatwg.org/#concept-headers-fill.
func (h *headers) fill(r *realm, init goja.Value) {
	object, ok := init.(*goja.Object)
	if !ok {
		panic(r.vm.NewTypeError("Headers: the first argument must be an object, an array of pairs or a Headers"))
	}
	if other, ok := as[*headers](r, object); ok {
		h.list = append(h.list, other.list...)
		h.version++
		return
	}
	r.pairsOf(object, "Headers", func(name, value goja.Value) {
		h.add(r, r.headerName(name), r.headerValue(value))
	})
}

func (h *headers) add(r *realm, name, value string) {
	if len(h.list) >= maxItems {
		panic(r.vm.NewTypeError("Headers: more than %d fields", maxItems))
	}
	h.list = append(h.list, call.Field{Name: name, Value: value})
	h.version++
}

// headerName converts and checks a name: a token of RFC 9110, section 5.6.2, in lower case.
func (r *realm) headerName(value goja.Value) string {
	name := r.byteString(value, "The header name")
	if !isToken(name) {
		panic(r.vm.NewTypeError("%q is not a valid header name", shorten(name)))
	}
	return strings.ToLower(name)
}

// headerValue converts and normalizes: https://fetch.spec.whatwg.org/#concept-header-value.
func (r *realm) headerValue(value goja.Value) string {
	text := strings.Trim(r.byteString(value, "The header value"), "\t\n\r ")
	if strings.ContainsAny(text, "\x00\r\n") {
		panic(r.vm.NewTypeError("A header value must not contain line breaks or NUL"))
	}
	return text
}

func isToken(text string) bool {
	for i := range len(text) {
		if !isTokenByte(text[i]) {
			return false
		}
	}
	return text != ""
}

func isTokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// shorten keeps text that goes into a message readable.
func shorten(text string) string {
	if len(text) > 64 {
		return strings.ToValidUTF8(text[:64], "") + "…"
	}
	return text
}

// mutable gives the list for a change.
func mutable(c invocation) *headers {
	h := self[*headers](c)
	if h.immutable {
		panic(c.vm.NewTypeError("These headers are immutable; copy them with new Headers(headers)"))
	}
	if h.lent {
		h.list, h.lent = slices.Clone(h.list), false
	}
	return h
}

func headersAppend(c invocation) goja.Value {
	self[*headers](c)
	c.need(2, "Headers.append")
	name, value := c.headerName(c.args[0]), c.headerValue(c.args[1])
	mutable(c).add(c.realm, name, value)
	return goja.Undefined()
}

func headersDelete(c invocation) goja.Value {
	self[*headers](c)
	c.need(1, "Headers.delete")
	name := c.headerName(c.args[0])
	mutable(c).remove(name)
	return goja.Undefined()
}

func (h *headers) remove(name string) {
	h.list = slices.DeleteFunc(h.list, func(f call.Field) bool { return f.Name == name })
	h.version++
}

func headersGet(c invocation) goja.Value {
	h := self[*headers](c)
	c.need(1, "Headers.get")
	value, ok := h.get(c.headerName(c.args[0]))
	if !ok {
		return goja.Null()
	}
	return c.fromBytes(value)
}

// get combines with ", " (https://fetch.spec.whatwg.org/#concept-header-list-get).
func (h *headers) get(name string) (string, bool) {
	first, found := "", false
	for i := range h.list {
		if h.list[i].Name != name {
			continue
		}
		if found {
			return strings.Join(h.all(name), ", "), true
		}
		first, found = h.list[i].Value, true
	}
	return first, found
}

func (h *headers) all(name string) []string {
	var values []string
	for i := range h.list {
		if h.list[i].Name == name {
			values = append(values, h.list[i].Value)
		}
	}
	return values
}

func headersGetSetCookie(c invocation) goja.Value {
	list := c.vm.NewArray()
	for i, value := range self[*headers](c).all("set-cookie") {
		c.put(list, i, c.fromBytes(value))
	}
	return list
}

func headersHas(c invocation) goja.Value {
	h := self[*headers](c)
	c.need(1, "Headers.has")
	name := c.headerName(c.args[0])
	return c.vm.ToValue(slices.ContainsFunc(h.list, func(f call.Field) bool { return f.Name == name }))
}

func headersSet(c invocation) goja.Value {
	self[*headers](c)
	c.need(2, "Headers.set")
	name, value := c.headerName(c.args[0]), c.headerValue(c.args[1])
	mutable(c).set(name, value)
	return goja.Undefined()
}

// set replaces the first of the name in its place and drops the others.
func (h *headers) set(name, value string) {
	h.version++
	first := slices.IndexFunc(h.list, func(f call.Field) bool { return f.Name == name })
	if first < 0 {
		h.list = append(h.list, call.Field{Name: name, Value: value})
		return
	}
	h.list[first].Value = value
	rest := slices.DeleteFunc(h.list[first+1:], func(f call.Field) bool { return f.Name == name })
	h.list = h.list[:first+1+len(rest)]
}

// pair is the i-th of https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine.
func (h *headers) pair(r *realm, i int) (name, value goja.Value, ok bool) {
	if h.sortedAt != h.version {
		h.sorted, h.sortedAt = combine(h.list), h.version
	}
	if i >= len(h.sorted) {
		return nil, nil, false
	}
	return r.vm.ToValue(h.sorted[i].Name), r.fromBytes(h.sorted[i].Value), true
}

func combine(list []call.Field) []call.Field {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b call.Field) int { return strings.Compare(a.Name, b.Name) })
	var out []call.Field
	for start := 0; start < len(sorted); {
		end := start + 1
		if sorted[start].Name != "set-cookie" {
			for end < len(sorted) && sorted[end].Name == sorted[start].Name {
				end++
			}
		}
		field := sorted[start]
		if end-start > 1 {
			values := make([]string, 0, end-start)
			for _, f := range sorted[start:end] {
				values = append(values, f.Value)
			}
			field.Value = strings.Join(values, ", ")
		}
		out = append(out, field)
		start = end
	}
	return out
}
