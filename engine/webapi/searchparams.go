package webapi

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// URLSearchParams of the URL standard, section 6.2, and the format of section 5.

type param struct{ name, value string }

type searchParams struct {
	list []param
	of   *urlState // nil: not of a URL
}

func searchParamsClass() *class {
	return &class{
		name: "URLSearchParams", iterates: "entries", construct: newSearchParams,
		members: append([]member{
			operation("append", 2, paramsAppend),
			operation("delete", 1, paramsDelete),
			operation("get", 1, paramsGet),
			operation("getAll", 1, paramsGetAll),
			operation("has", 1, paramsHas),
			operation("set", 2, paramsSet),
			attribute("size", func(c invocation) goja.Value { return c.vm.ToValue(len(self[*searchParams](c).list)) }),
			operation("sort", 0, paramsSort),
			operation("toString", 0, func(c invocation) goja.Value { return c.vm.ToValue(encodeForm(self[*searchParams](c).list)) }),
		}, pairMembers[*searchParams]()...),
	}
}

// newSearchParams is https://url.spec.whatwg.org/#urlsearchparams-initialize.
func newSearchParams(c invocation) any {
	p := &searchParams{}
	if !c.given(0) {
		return p
	}
	object, ok := c.args[0].(*goja.Object)
	if !ok {
		p.list = c.parseQuery(c.text(c.args[0]))
		return p
	}
	if other, ok := as[*searchParams](c.realm, object); ok {
		p.list = slices.Clone(other.list)
		return p
	}
	if object.ClassName() == "String" {
		p.list = c.parseQuery(c.text(object))
		return p
	}
	c.pairsOf(object, "URLSearchParams", func(name, value goja.Value) {
		p.list = append(p.list, param{c.text(name), c.text(value)})
	})
	return p
}

// parseQuery parses a query with or without its "?".
func (r *realm) parseQuery(query string) []param {
	list, err := parseForm(strings.TrimPrefix(query, "?"))
	if err != nil {
		panic(r.vm.NewTypeError("URLSearchParams: %s", err))
	}
	return list
}

// parseForm is https://url.spec.whatwg.org/#concept-urlencoded-parser.
func parseForm(text string) ([]param, error) {
	if strings.Count(text, "&") >= maxParameters {
		return nil, fmt.Errorf("more than %d parameters", maxParameters)
	}
	var list []param
	for len(text) > 0 {
		piece, rest, _ := strings.Cut(text, "&")
		text = rest
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		list = append(list, param{decodeFormPart(name), decodeFormPart(value)})
	}
	return list, nil
}

// decodeFormPart decodes "+" and percent escapes, then UTF-8 without looking for a byte
// order mark.
func decodeFormPart(text string) string {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 && utf8.ValidString(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0:
			c = byte(hex(text[i+1])<<4 | hex(text[i+2]))
			i += 2
		}
		out = append(out, c)
	}
	if strings.HasPrefix(string(out[:min(3, len(out))]), "\ufeff") {
		return "\ufeff" + decodeUTF8(out)
	}
	return decodeUTF8(out)
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// encodeForm is https://url.spec.whatwg.org/#concept-urlencoded-serializer.
func encodeForm(list []param) string {
	var out strings.Builder
	for i, p := range list {
		if i > 0 {
			out.WriteByte('&')
		}
		encodeFormPart(&out, p.name)
		out.WriteByte('=')
		encodeFormPart(&out, p.value)
	}
	return out.String()
}

func encodeFormPart(out *strings.Builder, text string) {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		switch c := text[i]; {
		case c == ' ':
			out.WriteByte('+')
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("*-._", c) >= 0:
			out.WriteByte(c)
		default:
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
}

// update writes the list back to its URL.
func (p *searchParams) update() goja.Value {
	if p.of != nil {
		p.of.setQuery(encodeForm(p.list))
	}
	return goja.Undefined()
}

func paramsAppend(c invocation) goja.Value {
	p := self[*searchParams](c)
	c.need(2, "URLSearchParams.append")
	if len(p.list) >= maxItems {
		panic(c.vm.NewTypeError("URLSearchParams: more than %d parameters", maxItems))
	}
	p.list = append(p.list, param{c.text(c.args[0]), c.text(c.args[1])})
	return p.update()
}

// matcher reads (name, optional value) and gives the test for a parameter.
func (c invocation) matcher(who string) func(param) bool {
	c.need(1, who)
	name := c.text(c.args[0])
	if !c.given(1) {
		return func(p param) bool { return p.name == name }
	}
	value := c.text(c.args[1])
	return func(p param) bool { return p.name == name && p.value == value }
}

func paramsDelete(c invocation) goja.Value {
	p := self[*searchParams](c)
	p.list = slices.DeleteFunc(p.list, c.matcher("URLSearchParams.delete"))
	return p.update()
}

func paramsGet(c invocation) goja.Value {
	p := self[*searchParams](c)
	c.need(1, "URLSearchParams.get")
	name := c.text(c.args[0])
	for i := range p.list {
		if p.list[i].name == name {
			return c.vm.ToValue(p.list[i].value)
		}
	}
	return goja.Null()
}

func paramsGetAll(c invocation) goja.Value {
	p := self[*searchParams](c)
	c.need(1, "URLSearchParams.getAll")
	name := c.text(c.args[0])
	var found []any
	for i := range p.list {
		if p.list[i].name == name {
			found = append(found, p.list[i].value)
		}
	}
	return c.vm.NewArray(found...)
}

func paramsHas(c invocation) goja.Value {
	p := self[*searchParams](c)
	return c.vm.ToValue(slices.ContainsFunc(p.list, c.matcher("URLSearchParams.has")))
}

func paramsSet(c invocation) goja.Value {
	p := self[*searchParams](c)
	c.need(2, "URLSearchParams.set")
	name, value := c.text(c.args[0]), c.text(c.args[1])
	first := slices.IndexFunc(p.list, func(p param) bool { return p.name == name })
	if first < 0 {
		p.list = append(p.list, param{name, value})
		return p.update()
	}
	p.list[first].value = value
	rest := slices.DeleteFunc(p.list[first+1:], func(p param) bool { return p.name == name })
	p.list = p.list[:first+1+len(rest)]
	return p.update()
}

// paramsSort is stable and by UTF-16 units, which differs from bytes above U+FFFF.
func paramsSort(c invocation) goja.Value {
	p := self[*searchParams](c)
	slices.SortStableFunc(p.list, func(a, b param) int { return compareUnits(a.name, b.name) })
	return p.update()
}

func compareUnits(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			return int(firstUnit(x)) - int(firstUnit(y)) + boolInt(firstUnit(x) == firstUnit(y))*int(x-y)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

func firstUnit(c rune) rune {
	if high, _ := utf16.EncodeRune(c); high != utf8.RuneError {
		return high
	}
	return c
}

func (p *searchParams) pair(r *realm, i int) (name, value goja.Value, ok bool) {
	if i >= len(p.list) {
		return nil, nil, false
	}
	return r.vm.ToValue(p.list[i].name), r.vm.ToValue(p.list[i].value), true
}
