package webapi

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
	"golang.org/x/text/encoding/unicode"

	"picloud/engine/js/json"
)

// Bodies of the Fetch standard, section 5.3 (mixin Body). A body is whole in memory and is
// read once. Streams are not there yet: the attribute body gives an opaque object, whose one
// use is to be the body of another Request or Response.

type body struct {
	present bool
	used    bool
	isText  bool
	text    string // when isText
	data    []byte // never changed, never shown to a script without a copy
	object  *goja.Object
}

// bodied is Request and Response.
type bodied interface {
	content() *body
	contentType(*realm) string
}

func bodyMembers[T bodied]() []member {
	return []member{
		operation("arrayBuffer", 0, reading[T](func(r *realm, b *body, _ string) goja.Value { return r.arrayBuffer(b.copy()) })),
		operation("blob", 0, reading[T](func(r *realm, b *body, kind string) goja.Value {
			return r.instance(classBlob, &blob{data: b.bytes(), kind: extractMIMEType(kind).String()})
		})),
		attribute("body", func(c invocation) goja.Value { return bodyObject(c.realm, self[T](c).content()) }),
		attribute("bodyUsed", func(c invocation) goja.Value { return c.vm.ToValue(self[T](c).content().used) }),
		operation("bytes", 0, reading[T](func(r *realm, b *body, _ string) goja.Value { return r.uint8Array(b.copy()) })),
		operation("formData", 0, reading[T](readFormData)),
		operation("json", 0, reading[T](func(r *realm, b *body, _ string) goja.Value {
			value, err := json.Parse(r.sandbox, b.string())
			must(err)
			return value
		})),
		operation("text", 0, reading[T](func(r *realm, b *body, _ string) goja.Value { return r.vm.ToValue(b.string()) })),
	}
}

// reading makes an operation that consumes the body: https://fetch.spec.whatwg.org/#concept-body-consume-body.
func reading[T bodied](read func(r *realm, b *body, contentType string) goja.Value) func(invocation) goja.Value {
	return func(c invocation) goja.Value {
		return c.promise(func() goja.Value {
			owner := self[T](c)
			b := owner.content()
			b.use(c.realm)
			return read(c.realm, b, owner.contentType(c.realm))
		})
	}
}

// use marks the body as read; a second time is a TypeError.
func (b *body) use(r *realm) {
	if b.used {
		panic(r.vm.NewTypeError("The body has already been read; use clone() before reading to read it twice"))
	}
	b.used = b.present
}

func (b *body) string() string {
	if b.isText {
		return strings.TrimPrefix(b.text, "\ufeff")
	}
	return decodeUTF8(b.data)
}

func (b *body) bytes() []byte {
	if b.isText {
		return []byte(b.text)
	}
	return b.data
}

func (b *body) copy() []byte {
	if b.isText {
		return []byte(b.text)
	}
	return append(make([]byte, 0, len(b.data)), b.data...)
}

func (b *body) size() int64 {
	if b.isText {
		return int64(len(b.text))
	}
	return int64(len(b.data))
}

// decodeUTF8 is "UTF-8 decode" of the Encoding standard, section 6: without a leading byte
// order mark, and with U+FFFD for each maximal part that is not UTF-8.
func decodeUTF8(data []byte) string {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if utf8.Valid(data) {
		return string(data)
	}
	text, err := unicode.UTF8.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\ufffd")
	}
	return string(text)
}

// opaqueBody is the state of what the attribute body gives.
type opaqueBody struct{ of *body }

func bodyClass() *class {
	return &class{name: "Body", hidden: true, members: []member{
		withoutStreams("cancel"), withoutStreams("getReader"), withoutStreams("pipeThrough"), withoutStreams("pipeTo"),
		withoutStreams("tee"), withoutStreams("values"),
	}}
}

// withoutStreams stands where the Streams standard has an operation and tells what to use.
func withoutStreams(name string) member {
	return operation(name, 0, func(c invocation) goja.Value {
		panic(c.vm.NewTypeError("%s: streams are not supported yet; use text(), json(), bytes(), arrayBuffer() or blob()", name))
	})
}

func bodyObject(r *realm, b *body) goja.Value {
	if !b.present {
		return goja.Null()
	}
	if b.object == nil {
		b.object = r.instance(classBody, &opaqueBody{b})
	}
	return b.object
}

// extract is https://fetch.spec.whatwg.org/#concept-bodyinit-extract.
func (r *realm) extract(value goja.Value) (b body, contentType string) {
	switch state := r.stateOf(value).(type) {
	case *blob:
		return body{present: true, data: state.data}, state.kind
	case *opaqueBody:
		if state.of.used {
			panic(r.vm.NewTypeError("The body has already been read"))
		}
		moved := body{present: true, isText: state.of.isText, text: state.of.text, data: state.of.data}
		state.of.used = true
		return moved, ""
	case *formData:
		data, boundary := state.encode()
		return body{present: true, data: data}, "multipart/form-data; boundary=" + boundary
	case *searchParams:
		return body{present: true, isText: true, text: encodeForm(state.list)}, "application/x-www-form-urlencoded;charset=UTF-8"
	}
	if data, ok := r.bufferSource(value); ok {
		return body{present: true, data: append(make([]byte, 0, len(data)), data...)}, ""
	}
	return body{present: true, isText: true, text: r.text(value)}, "text/plain;charset=UTF-8"
}

// twin is the same content for a clone.
func (b *body) twin(r *realm) body {
	if b.used {
		panic(r.vm.NewTypeError("The body has already been read and cannot be cloned"))
	}
	return body{present: b.present, isText: b.isText, text: b.text, data: b.data}
}

// readFormData is the operation formData of the Fetch standard, section 5.3.
func readFormData(r *realm, b *body, contentType string) goja.Value {
	kind := extractMIMEType(contentType)
	form := &formData{}
	switch kind.essence {
	case "application/x-www-form-urlencoded":
		list, err := parseForm(b.formText())
		if err != nil {
			panic(r.vm.NewTypeError("formData: %s", err))
		}
		for _, p := range list {
			form.list = append(form.list, entry{name: p.name, text: p.value})
		}
	case "multipart/form-data":
		parts, err := parseMultipart(b.bytes(), kind.get("boundary"))
		if err != nil {
			panic(r.vm.NewTypeError("formData: %s", err))
		}
		form.list = r.entries(parts)
	default:
		panic(r.vm.NewTypeError("formData: the content type %q is neither multipart/form-data nor application/x-www-form-urlencoded", shorten(contentType)))
	}
	return r.instance(classFormData, form)
}

// formText is the body as it is: percent-decoding comes before UTF-8 decoding.
func (b *body) formText() string {
	if b.isText {
		return b.text
	}
	return string(b.data)
}
