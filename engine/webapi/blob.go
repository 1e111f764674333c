package webapi

import (
	"strings"
	"time"

	"github.com/dop251/goja"
)

// Blob and File of the File API, sections 3 and 4.

// blob is the state of both; name is set for a File.
type blob struct {
	data     []byte // never changed, never shown to a script without a copy
	kind     string // media type
	isFile   bool
	name     string
	modified int64 // milliseconds since 1970
}

func blobClass() *class {
	return &class{
		name: "Blob", shown: []string{"size", "type"}, construct: newBlob,
		members: []member{
			operation("arrayBuffer", 0, func(c invocation) goja.Value {
				return c.promise(func() goja.Value { return c.arrayBuffer(copyOf(self[*blob](c).data)) })
			}),
			operation("bytes", 0, func(c invocation) goja.Value {
				return c.promise(func() goja.Value { return c.uint8Array(copyOf(self[*blob](c).data)) })
			}),
			attribute("size", func(c invocation) goja.Value { return c.vm.ToValue(len(self[*blob](c).data)) }),
			operation("slice", 0, blobSlice),
			withoutStreams("stream"),
			operation("text", 0, func(c invocation) goja.Value {
				return c.promise(func() goja.Value { return c.vm.ToValue(decodeUTF8(self[*blob](c).data)) })
			}),
			attribute("type", func(c invocation) goja.Value { return c.vm.ToValue(self[*blob](c).kind) }),
		},
	}
}

func copyOf(data []byte) []byte { return append(make([]byte, 0, len(data)), data...) }

func newBlob(c invocation) any {
	b := &blob{}
	if c.given(0) {
		b.data = c.blobParts(c.args[0], c.arg(1), "Blob")
	}
	b.kind = c.blobType(c.arg(1))
	return b
}

// blobParts is https://w3c.github.io/FileAPI/#process-blob-parts.
func (r *realm) blobParts(parts, init goja.Value, who string) []byte {
	object, ok := parts.(*goja.Object)
	if !ok || isNullish(object.GetSymbol(goja.SymIterator)) {
		panic(r.vm.NewTypeError("%s: the first argument must be an array of parts", who))
	}
	native := false
	if value, ok := r.dictionary(init, "The "+who+" options").get("endings"); ok {
		switch r.text(value) {
		case "transparent":
		case "native":
			native = true
		default:
			panic(r.vm.NewTypeError("%s: endings must be \"transparent\" or \"native\"", who))
		}
	}
	var out []byte
	r.each(parts, who, func(part goja.Value) {
		if other, ok := as[*blob](r, part); ok {
			out = append(out, other.data...)
		} else if data, ok := r.bufferSource(part); ok {
			out = append(out, data...)
		} else if text := r.text(part); native {
			out = append(out, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)...)
		} else {
			out = append(out, text...)
		}
		if len(out) > maxBlob {
			panic(r.sandbox.RangeError("%s: more than %d bytes", who, maxBlob))
		}
	})
	return out
}

// maxBlob bounds what copies of copies can grow to.
const maxBlob = 64 << 20

func (r *realm) blobType(init goja.Value) string {
	value, ok := r.dictionary(init, "The Blob options").get("type")
	if !ok {
		return ""
	}
	return normalType(r.text(value))
}

// normalType is lower case; a type with characters outside U+0020 to U+007E is none.
func normalType(text string) string {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return ""
		}
	}
	return strings.ToLower(text)
}

// blobSlice is https://w3c.github.io/FileAPI/#slice-blob. The parts share their bytes.
func blobSlice(c invocation) goja.Value {
	b := self[*blob](c)
	size := int64(len(b.data))
	from, to := int64(0), size
	if c.given(0) {
		from = within(clamped(c.args[0]), size)
	}
	if c.given(1) {
		to = within(clamped(c.args[1]), size)
	}
	kind := ""
	if c.given(2) {
		kind = normalType(c.text(c.args[2]))
	}
	return c.instance(classBlob, &blob{data: b.data[from:max(from, to)], kind: kind})
}

func within(position, size int64) int64 {
	if position < 0 {
		return max(size+position, 0)
	}
	return min(position, size)
}

func fileClass() *class {
	return &class{
		name: "File", shown: []string{"name", "size", "type"}, length: 2, parent: classBlob,
		construct: func(c invocation) any {
			c.need(2, "File")
			b := &blob{isFile: true, data: c.blobParts(c.args[0], c.arg(2), "File"), name: c.text(c.args[1]), modified: time.Now().UnixMilli()}
			b.kind = c.blobType(c.arg(2))
			if value, ok := c.dictionary(c.arg(2), "The File options").get("lastModified"); ok {
				b.modified = longLong(value)
			}
			return b
		},
		members: []member{
			attribute("lastModified", func(c invocation) goja.Value { return c.vm.ToValue(selfFile(c).modified) }),
			attribute("name", func(c invocation) goja.Value { return c.vm.ToValue(selfFile(c).name) }),
		},
	}
}

func selfFile(c invocation) *blob {
	b := self[*blob](c)
	if !b.isFile {
		panic(c.vm.NewTypeError("Illegal invocation: this object is not a File"))
	}
	return b
}
