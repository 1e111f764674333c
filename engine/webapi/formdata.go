package webapi

import (
	"slices"
	"time"

	"github.com/dop251/goja"
)

// FormData of the XMLHttpRequest standard, section 5.

// entry is a text, or a File when file is set.
type entry struct {
	name string
	text string
	file *goja.Object
	blob *blob // of file
}

type formData struct{ list []entry }

func formDataClass() *class {
	return &class{
		name: "FormData", iterates: "entries",
		construct: func(c invocation) any {
			if c.given(0) {
				panic(c.vm.NewTypeError("FormData: there are no form elements here"))
			}
			return &formData{}
		},
		members: append([]member{
			operation("append", 2, func(c invocation) goja.Value {
				f := self[*formData](c)
				e := c.entry("FormData.append")
				if len(f.list) >= maxItems {
					panic(c.vm.NewTypeError("FormData: more than %d entries", maxItems))
				}
				f.list = append(f.list, e)
				return goja.Undefined()
			}),
			operation("delete", 1, func(c invocation) goja.Value {
				f := self[*formData](c)
				c.need(1, "FormData.delete")
				name := c.text(c.args[0])
				f.list = slices.DeleteFunc(f.list, func(e entry) bool { return e.name == name })
				return goja.Undefined()
			}),
			operation("get", 1, formDataGet),
			operation("getAll", 1, formDataGetAll),
			operation("has", 1, func(c invocation) goja.Value {
				f := self[*formData](c)
				c.need(1, "FormData.has")
				name := c.text(c.args[0])
				return c.vm.ToValue(slices.ContainsFunc(f.list, func(e entry) bool { return e.name == name }))
			}),
			operation("set", 2, formDataSet),
		}, pairMembers[*formData]()...),
	}
}

// entry is https://xhr.spec.whatwg.org/#create-an-entry of (name, value or blob, filename).
func (c invocation) entry(who string) entry {
	c.need(2, who)
	name := c.text(c.args[0])
	b, ok := as[*blob](c.realm, c.args[1])
	if !ok {
		if len(c.args) > 2 {
			panic(c.vm.NewTypeError("%s: with a file name the value must be a Blob", who))
		}
		return entry{name: name, text: c.text(c.args[1])}
	}
	e := entry{name: name, file: c.args[1].(*goja.Object), blob: b}
	if b.isFile && !c.given(2) {
		return e
	}
	e.blob = &blob{data: b.data, kind: b.kind, isFile: true, name: "blob", modified: time.Now().UnixMilli()}
	if b.isFile {
		e.blob.modified = b.modified
	}
	if c.given(2) {
		e.blob.name = c.text(c.args[2])
	}
	e.file = c.instance(classFile, e.blob)
	return e
}

// value makes a File of a parsed entry when it is first asked for.
func (e *entry) value(r *realm) goja.Value {
	if e.blob == nil {
		return r.vm.ToValue(e.text)
	}
	if e.file == nil {
		e.file = r.instance(classFile, e.blob)
	}
	return e.file
}

func formDataGet(c invocation) goja.Value {
	f := self[*formData](c)
	c.need(1, "FormData.get")
	name := c.text(c.args[0])
	for i := range f.list {
		if f.list[i].name == name {
			return f.list[i].value(c.realm)
		}
	}
	return goja.Null()
}

func formDataGetAll(c invocation) goja.Value {
	f := self[*formData](c)
	c.need(1, "FormData.getAll")
	name := c.text(c.args[0])
	var found []any
	for i := range f.list {
		if f.list[i].name == name {
			found = append(found, f.list[i].value(c.realm))
		}
	}
	return c.vm.NewArray(found...)
}

func formDataSet(c invocation) goja.Value {
	f := self[*formData](c)
	e := c.entry("FormData.set")
	first := slices.IndexFunc(f.list, func(other entry) bool { return other.name == e.name })
	if first < 0 {
		f.list = append(f.list, e)
		return goja.Undefined()
	}
	f.list[first] = e
	rest := slices.DeleteFunc(f.list[first+1:], func(other entry) bool { return other.name == e.name })
	f.list = f.list[:first+1+len(rest)]
	return goja.Undefined()
}

func (f *formData) pair(r *realm, i int) (name, value goja.Value, ok bool) {
	if i >= len(f.list) {
		return nil, nil, false
	}
	return r.vm.ToValue(f.list[i].name), f.list[i].value(r), true
}

// entries are the parts of a multipart body.
func (r *realm) entries(parts []part) []entry {
	list := make([]entry, 0, len(parts))
	for _, p := range parts {
		e := entry{name: p.name}
		if p.isFile {
			e.blob = &blob{data: p.data, kind: p.kind, isFile: true, name: p.filename, modified: r.began.UnixMilli()}
		} else {
			e.text = decodeUTF8(p.data)
		}
		list = append(list, e)
	}
	return list
}
