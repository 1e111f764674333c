package webapi

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// TextEncoder and TextDecoder of the Encoding standard, section 7.

type textEncoder struct{}

func textEncoderClass() *class {
	return &class{
		name:      "TextEncoder",
		construct: func(invocation) any { return &textEncoder{} },
		members: []member{
			operation("encode", 0, encode),
			operation("encodeInto", 2, encodeInto),
			attribute("encoding", func(c invocation) goja.Value { self[*textEncoder](c); return c.vm.ToValue("utf-8") }),
		},
	}
}

func encode(c invocation) goja.Value {
	self[*textEncoder](c)
	if !c.given(0) {
		return c.uint8Array(nil)
	}
	return c.uint8Array([]byte(c.text(c.args[0])))
}

// encodeInto is https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto; read counts
// UTF-16 units.
func encodeInto(c invocation) goja.Value {
	self[*textEncoder](c)
	c.need(2, "TextEncoder.encodeInto")
	text := c.text(c.args[0])
	into, ok := c.bufferSource(c.args[1])
	if !ok || !c.isUint8Array(c.args[1]) {
		panic(c.vm.NewTypeError("TextEncoder.encodeInto: the second argument must be a Uint8Array"))
	}
	read, written := 0, 0
	for _, char := range text {
		size := utf8.RuneLen(char)
		if written+size > len(into) {
			break
		}
		written += utf8.EncodeRune(into[written:], char)
		read++
		if char > 0xffff {
			read++
		}
	}
	result := c.vm.NewObject()
	must(result.Set("read", read))
	must(result.Set("written", written))
	return result
}

func (r *realm) isUint8Array(value goja.Value) bool {
	object, ok := value.(*goja.Object)
	if !ok {
		return false
	}
	tag, ok := object.GetSymbol(goja.SymToStringTag).(goja.String)
	return ok && tag.String() == "Uint8Array"
}

type textDecoder struct {
	name             string
	kind             encoding.Encoding
	fatal, ignoreBOM bool

	running transform.Transformer // nil: between streams
	rest    []byte                // of an unfinished sequence
	atStart bool                  // nothing has come out yet
}

func textDecoderClass() *class {
	return &class{
		name: "TextDecoder", construct: newTextDecoder,
		members: []member{
			operation("decode", 0, decode),
			attribute("encoding", func(c invocation) goja.Value { return c.vm.ToValue(self[*textDecoder](c).name) }),
			attribute("fatal", func(c invocation) goja.Value { return c.vm.ToValue(self[*textDecoder](c).fatal) }),
			attribute("ignoreBOM", func(c invocation) goja.Value { return c.vm.ToValue(self[*textDecoder](c).ignoreBOM) }),
		},
	}
}

func newTextDecoder(c invocation) any {
	label := "utf-8"
	if c.given(0) {
		label = c.text(c.args[0])
	}
	d := &textDecoder{}
	var err error
	if d.name, d.kind, err = encodingOf(label); err != nil {
		panic(c.sandbox.RangeError("TextDecoder: the encoding %q is not known", shorten(label)))
	}
	settings := c.dictionary(c.arg(1), "The TextDecoder options")
	d.fatal, d.ignoreBOM = settings.flag("fatal"), settings.flag("ignoreBOM")
	return d
}

// encodingOf is https://encoding.spec.whatwg.org/#concept-encoding-get.
func encodingOf(label string) (name string, kind encoding.Encoding, err error) {
	label = strings.Trim(label, "\t\n\f\r ")
	kind, err = htmlindex.Get(label)
	if err != nil {
		return "", nil, err
	}
	name, err = htmlindex.Name(kind)
	if err != nil || name == "replacement" {
		return "", nil, errors.New("no encoding")
	}
	switch name {
	case "utf-8":
		kind = unicode.UTF8
	case "utf-16le":
		kind = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-16be":
		kind = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	if single, ok := kind.(*charmap.Charmap); ok {
		kind = singleByte{single}
	}
	return name, kind, nil
}

// singleByte is a single-byte encoding with the control characters that the indexes of the
// Encoding standard, section 9, have at 0x80 to 0x9F wherever nothing else is.
type singleByte struct{ *charmap.Charmap }

func (s singleByte) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: singleByteDecoder{of: s.Charmap}}
}

type singleByteDecoder struct {
	transform.NopResetter
	of *charmap.Charmap
}

func (d singleByteDecoder) Transform(dst, src []byte, _ bool) (written, read int, err error) {
	for _, b := range src {
		c := d.of.DecodeByte(b)
		if c == utf8.RuneError && b >= 0x80 && b < 0xa0 {
			c = rune(b)
		}
		if written+utf8.RuneLen(c) > len(dst) {
			return written, read, transform.ErrShortDst
		}
		written += utf8.EncodeRune(dst[written:], c)
		read++
	}
	return written, read, nil
}

// decode is https://encoding.spec.whatwg.org/#dom-textdecoder-decode.
func decode(c invocation) goja.Value {
	d := self[*textDecoder](c)
	var input []byte
	if c.given(0) {
		var ok bool
		if input, ok = c.bufferSource(c.args[0]); !ok {
			panic(c.vm.NewTypeError("TextDecoder.decode: the argument must be an ArrayBuffer or a view of one"))
		}
	}
	more := c.dictionary(c.arg(1), "The decode options").flag("stream")
	text, err := d.decode(input, more)
	if err != nil {
		panic(c.vm.NewTypeError("TextDecoder.decode: %s", err))
	}
	return c.vm.ToValue(text)
}

func (d *textDecoder) decode(input []byte, more bool) (string, error) {
	if d.running == nil {
		if d.name == "utf-8" && !more && utf8.Valid(input) {
			return d.withoutMark(string(input), true), nil
		}
		d.running, d.rest, d.atStart = d.kind.NewDecoder(), nil, true
	}
	if len(d.rest) > 0 {
		input = append(d.rest, input...)
	}
	out, used, err := pour(d.running, input, !more)
	if d.fatal && strings.Contains(out, "\ufffd") && !d.holdsReplacement(input[:used], out) {
		d.running, d.rest = nil, nil
		return "", errors.New("the data is not valid for encoding " + d.name)
	}
	if err != nil {
		return "", err
	}
	d.rest = bytes.Clone(input[used:])
	out = d.withoutMark(out, d.atStart)
	if len(out) > 0 {
		d.atStart = false
	}
	if !more {
		d.running, d.rest = nil, nil
	}
	return out, nil
}

// withoutMark drops the byte order mark at the start of a stream.
func (d *textDecoder) withoutMark(text string, atStart bool) string {
	if atStart && !d.ignoreBOM && strings.HasPrefix(d.name, "utf-") && strings.HasPrefix(text, "\ufeff") {
		d.atStart = false
		return text[len("\ufeff"):]
	}
	return text
}

// holdsReplacement tells whether every U+FFFD of the output was in the input already.
func (d *textDecoder) holdsReplacement(input []byte, out string) bool {
	count := strings.Count(out, "\ufffd")
	switch d.name {
	case "utf-8":
		return utf8.Valid(input)
	case "utf-16le":
		return len(input)%2 == 0 && count == countUnits(input, 0xfd, 0xff)
	case "utf-16be":
		return len(input)%2 == 0 && count == countUnits(input, 0xff, 0xfd)
	}
	return false
}

func countUnits(input []byte, first, second byte) int {
	count := 0
	for i := 0; i+1 < len(input); i += 2 {
		if input[i] == first && input[i+1] == second {
			count++
		}
	}
	return count
}

// pour transforms as much as there is; used tells how much of the input that was.
func pour(t transform.Transformer, input []byte, atEnd bool) (text string, used int, err error) {
	var out strings.Builder
	out.Grow(len(input))
	buffer := make([]byte, 4096)
	for {
		written, read, err := t.Transform(buffer, input[used:], atEnd)
		out.Write(buffer[:written])
		used += read
		switch {
		case errors.Is(err, transform.ErrShortDst):
			continue
		case errors.Is(err, transform.ErrShortSrc):
			return out.String(), used, nil
		}
		return out.String(), used, err
	}
}
