package webapi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
)

// multipart/form-data: RFC 7578, RFC 2046 section 5.1, and the encoding algorithm of the
// HTML standard, section 4.10.21.7. The parser works on a whole body, in one pass.

// The limits of one form.
const (
	maxParts      = 10_000
	maxPartHeader = 16 << 10 // bytes of the header lines of one part
)

// part is one field; its data are bytes of the body.
type part struct {
	name     string
	isFile   bool
	filename string
	kind     string // media type of a file
	data     []byte
}

var (
	errNoBoundary = errors.New("the content type has no boundary")
	errTruncated  = errors.New("the multipart body ends too early")
)

func parseMultipart(text []byte, boundary string) ([]part, error) {
	if boundary == "" || len(boundary) > 70 {
		return nil, errNoBoundary
	}
	delimiter := []byte("--" + boundary)
	if !bytes.HasPrefix(text, delimiter) {
		at := bytes.Index(text, append([]byte("\r\n"), delimiter...))
		if at < 0 {
			return nil, errors.New("the multipart body does not hold its boundary")
		}
		text = text[at+2:]
	}
	delimiter = append([]byte("\r\n"), delimiter...)
	text = text[len(delimiter)-2:]
	var parts []part
	for {
		if bytes.HasPrefix(text, []byte("--")) {
			return parts, nil
		}
		text = bytes.TrimLeft(text, " \t")
		if !bytes.HasPrefix(text, []byte("\r\n")) {
			return nil, errors.New("a boundary of the multipart body does not end its line")
		}
		if len(parts) == maxParts {
			return nil, fmt.Errorf("more than %d parts", maxParts)
		}
		var p part
		rest, err := p.readHeader(text[2:])
		if err != nil {
			return nil, err
		}
		end := partEnd(rest, delimiter)
		if end < 0 {
			return nil, errTruncated
		}
		p.data = rest[:max(end, 0)]
		text = rest[min(end+len(delimiter), len(rest)):]
		parts = append(parts, p)
	}
}

// partEnd finds the delimiter after the content.
func partEnd(rest, delimiter []byte) int { return bytes.Index(rest, delimiter) }

// readHeader reads the lines up to the empty one and gives what follows.
func (p *part) readHeader(text []byte) ([]byte, error) {
	head := text[:min(len(text), maxPartHeader)]
	named := false
	for {
		end := bytes.Index(head, []byte("\r\n"))
		if end < 0 {
			if len(head) < len(text) || len(text) == maxPartHeader {
				return nil, fmt.Errorf("the header of a part is longer than %d bytes", maxPartHeader)
			}
			return nil, errTruncated
		}
		line := string(head[:end])
		head, text = head[end+2:], text[end+2:]
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(strings.TrimRight(name, " \t")) {
			return nil, errors.New("a part has a malformed header line")
		}
		value = strings.Trim(value, " \t")
		switch strings.ToLower(strings.TrimRight(name, " \t")) {
		case "content-disposition":
			if !p.readDisposition(value) {
				return nil, errors.New("a part has a malformed Content-Disposition")
			}
			named = true
		case "content-type":
			p.kind = value
		}
	}
	if !named {
		return nil, errors.New("a part has no Content-Disposition")
	}
	if p.isFile && p.kind == "" {
		p.kind = "text/plain"
	}
	return text, nil
}

// readDisposition reads `form-data; name="…"; filename="…"`.
func (p *part) readDisposition(value string) bool {
	kind, rest, _ := strings.Cut(value, ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "form-data") {
		return false
	}
	named := false
	for {
		rest = strings.TrimLeft(rest, " \t;")
		if rest == "" {
			return named
		}
		key, after, ok := strings.Cut(rest, "=")
		if !ok || !isToken(key) {
			return false
		}
		var text string
		if text, rest, ok = parameter(after); !ok {
			return false
		}
		switch strings.ToLower(key) {
		case "name":
			p.name, named = text, true
		case "filename":
			p.filename, p.isFile = text, true
		}
	}
}

// parameter reads a quoted string or a token. In quotes only %0A, %0D and %22 stand for
// something else; a backslash before a quote, as old clients send it, is dropped.
func parameter(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, "; \t")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], isToken(text[:end])
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"' && strings.IndexByte(text[i+2:], '"') >= 0:
			i++
		case text[i] == '"':
			raw := strings.ReplaceAll(text[1:i], `\"`, `"`)
			raw = strings.NewReplacer("%0A", "\n", "%0a", "\n", "%0D", "\r", "%0d", "\r", "%22", `"`).Replace(raw)
			return decodeUTF8([]byte(raw)), text[i+1:], true
		}
	}
	return "", "", false
}

// encode writes the form with a boundary of its own.
func (f *formData) encode() (data []byte, boundary string) {
	boundary = "----PiCloudFormBoundary" + rand.Text()
	var out bytes.Buffer
	for i := range f.list {
		e := &f.list[i]
		fmt.Fprintf(&out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, quoted(lines(e.name)))
		if e.blob == nil {
			out.WriteString("\r\n\r\n" + lines(e.text) + "\r\n")
			continue
		}
		kind := e.blob.kind
		if kind == "" {
			kind = "application/octet-stream"
		}
		fmt.Fprintf(&out, "; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n", quoted(e.blob.name), kind)
		out.Write(e.blob.data)
		out.WriteString("\r\n")
	}
	out.WriteString("--" + boundary + "--\r\n")
	return out.Bytes(), boundary
}

func quoted(name string) string {
	return strings.NewReplacer("\n", "%0A", "\r", "%0D", `"`, "%22").Replace(name)
}

// lines makes every line break CRLF.
func lines(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(text)
}
