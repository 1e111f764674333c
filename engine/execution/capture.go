package execution

import (
	"encoding/binary"
	"errors"
	"strings"

	"picloud/engine/call"
	"picloud/engine/execution/redact"
)

// Policy says what of a run's messages is kept.
type Policy string

// The policies, as the table scripts has them.
const (
	CaptureOff   Policy = "off"
	CaptureHeads Policy = "heads" // address, header fields, sizes
	CaptureAll   Policy = "all"   // and the first 16 KiB of each body
)

func (p Policy) keeps() bool { return p == CaptureHeads || p == CaptureAll }

// Capture is what was kept of a run's messages. Values of fields whose names look secret
// are replaced by [redact.Mark].
type Capture struct {
	URL      string
	Request  Message
	Response Message
	Spans    []call.Span // in the order in which they began
}

// Message is one side of a capture.
type Message struct {
	Header          []call.Field
	HeaderTruncated bool // more than 16 KiB of fields
	Body            []byte
	BodyKept        bool  // false: not asked for; Body is then empty
	BodyTruncated   bool  // Body is only the beginning
	Size            int64 // bytes of the whole body, -1: unknown
}

const captureVersion = 2 // 1 had no spans

const (
	headerCut = 1 << iota
	bodyKept
	bodyCut
)

// appendCapture writes the stored form: a version, the address, then for each message size, flags,
// fields, body, then the spans. Texts, bodies and lists have their length before them.
func appendCapture(dst []byte, r *Record) []byte {
	dst = append(dst, captureVersion)
	mark := len(dst)
	dst = redact.AppendURL(append(dst, 0, 0), r.Secrets.CleanCut(Cut(r.Request.URL, maxURL)))
	binary.BigEndian.PutUint16(dst[mark:], uint16(len(dst)-mark-2))
	all := r.Policy == CaptureAll
	dst = appendMessage(dst, r.Secrets, r.Request.Header, r.Request.Body.Beginning(maxBody), r.Request.Body.Size(), all)
	dst = appendMessage(dst, r.Secrets, r.Response.Header, r.Response.Body, r.Response.Size, all)
	return appendSpans(dst, r.Secrets, r.Spans)
}

func appendMessage(dst []byte, secrets *redact.Values, header []call.Field, body []byte, size int64, withBody bool) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(size))
	flags := len(dst)
	dst = append(dst, 0)
	count := len(dst)
	dst = append(dst, 0, 0)
	kind, n, left := "", 0, maxHeads
	for i := range header {
		field := &header[i]
		value := field.Value
		if left -= len(field.Name) + len(value); left < 0 || n == 1<<16-1 {
			dst[flags] |= headerCut
			break
		}
		dst = appendShort(dst, secrets.Clean(field.Name))
		switch {
		case redact.Secret(field.Name):
			dst = appendShort(dst, redact.Mark)
		case isAddress(field.Name):
			mark := len(dst)
			dst = redact.AppendURL(append(dst, 0, 0), secrets.Clean(value))
			binary.BigEndian.PutUint16(dst[mark:], uint16(len(dst)-mark-2))
		default:
			dst = appendShort(dst, secrets.Clean(value))
		}
		if kind == "" && strings.EqualFold(field.Name, "content-type") {
			kind = value
		}
		n++
	}
	binary.BigEndian.PutUint16(dst[count:], uint16(n))
	mark := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if withBody {
		dst[flags] |= bodyKept
		if len(body) > maxBody || size > int64(len(body)) {
			dst[flags] |= bodyCut
		}
		head := body[:min(len(body), maxBody)]
		if secrets != nil { // by their text first: what a name hides would tear them apart
			head = []byte(secrets.CleanCut(string(head)))
		}
		dst = redact.AppendBody(dst, kind, head)
		binary.BigEndian.PutUint32(dst[mark:], uint32(len(dst)-mark-4))
	}
	return dst
}

// isAddress are header fields that hold a URL.
func isAddress(name string) bool {
	switch name {
	case "referer", "location", "content-location":
		return true
	}
	return false
}

// appendShort writes a text of up to 64 KiB.
func appendShort(dst []byte, text string) []byte {
	text = Cut(text, 1<<16-1)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(text)))
	return append(dst, text...)
}

var errCapture = errors.New("capture cannot be read")

// DecodeCapture reads the stored form.
func DecodeCapture(data []byte) (Capture, error) {
	r := reader{rest: data}
	version := r.byte()
	if version != 1 && version != captureVersion {
		return Capture{}, errCapture
	}
	c := Capture{URL: string(r.take(int(r.uint16())))}
	c.Request = r.message()
	c.Response = r.message()
	if version > 1 {
		c.Spans = r.spans()
	}
	if r.failed || len(r.rest) > 0 {
		return Capture{}, errCapture
	}
	return c, nil
}

func (r *reader) message() Message {
	m := Message{Size: int64(r.uint64())}
	flags := r.byte()
	m.HeaderTruncated, m.BodyKept, m.BodyTruncated = flags&headerCut != 0, flags&bodyKept != 0, flags&bodyCut != 0
	for range r.uint16() {
		name, value := r.take(int(r.uint16())), []byte(nil)
		value = r.take(int(r.uint16()))
		if r.failed {
			return m
		}
		m.Header = append(m.Header, call.Field{Name: string(name), Value: string(value)})
	}
	m.Body = append(m.Body, r.take(int(r.uint32()))...)
	return m
}
