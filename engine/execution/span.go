package execution

import (
	"encoding/binary"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution/redact"
)

// Bounds of the spans that are kept of a run, and of their texts in bytes.
const (
	maxSpans    = 128
	maxSpanText = 256
)

// appendSpans writes a list of spans: for each start and time taken in microseconds, status, bytes
// sent and received, the run that it was, then its texts.
func appendSpans(dst []byte, secrets *redact.Values, spans []call.Span) []byte {
	spans = spans[:min(len(spans), maxSpans)]
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(spans)))
	for i := range spans {
		s := &spans[i]
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.Start.Microseconds()))
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.Took.Microseconds()))
		dst = binary.BigEndian.AppendUint16(dst, uint16(s.Status))
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.Sent))
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.Received))
		dst = append(dst, s.Child[:]...)
		dst = appendText(dst, string(s.Kind), maxWord)
		for _, text := range [...]string{s.Subject, s.Failure, s.Note} {
			dst = appendText(dst, secrets.Clean(text), maxSpanText)
		}
	}
	return dst
}

func (r *reader) spans() (spans []call.Span) {
	for range r.uint16() {
		s := call.Span{Start: time.Duration(r.uint64()) * time.Microsecond, Took: time.Duration(r.uint64()) * time.Microsecond}
		s.Status, s.Sent, s.Received = int(r.uint16()), int64(r.uint64()), int64(r.uint64())
		copy(s.Child[:], r.take(16))
		s.Kind = call.SpanKind(r.take(int(r.uint16())))
		for _, text := range [...]*string{&s.Subject, &s.Failure, &s.Note} {
			*text = string(r.take(int(r.uint16())))
		}
		if r.failed {
			return nil
		}
		spans = append(spans, s)
	}
	return spans
}
