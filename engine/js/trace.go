package js

import (
	"time"

	"picloud/engine/call"
)

// What a trace keeps at most. Work of the host has bounds of its own.
const (
	maxWaits  = 64
	leastWait = time.Millisecond // shorter ones are not worth telling
	maxSpans  = 128
)

// trace is what a run did beside executing.
type trace struct {
	began  time.Time
	spans  []call.Span
	waits  int
	clean  func(string) string
	onSpan func(call.Span) // nil, or gets each span that has ended
}

// begin notes that something begins; -1: there is no room for it.
func (t *trace) begin(kind call.SpanKind, subject string) int {
	if len(t.spans) >= maxSpans {
		return -1
	}
	t.spans = append(t.spans, call.Span{Kind: kind, Subject: t.cleaned(subject), Start: time.Since(t.began)})
	return len(t.spans) - 1
}

// end notes what came of it.
func (t *trace) end(at int, what call.Span, ended time.Time) {
	if at < 0 {
		return
	}
	s := &t.spans[at]
	what.Kind, what.Subject, what.Start = s.Kind, s.Subject, s.Start
	what.Took = ended.Sub(t.began) - s.Start
	what.Failure, what.Note = t.cleaned(what.Failure), t.cleaned(what.Note)
	*s = what
	if t.onSpan != nil {
		t.onSpan(what)
	}
}

func (t *trace) cleaned(text string) string {
	if t.clean == nil || text == "" {
		return text
	}
	return t.clean(text)
}

// waited notes that the loop had nothing to do.
func (t *trace) waited(from, to time.Time) {
	if to.Sub(from) < leastWait || t.waits >= maxWaits || len(t.spans) >= maxSpans {
		return
	}
	t.waits++
	span := call.Span{Kind: call.Waiting, Start: from.Sub(t.began), Took: to.Sub(from)}
	t.spans = append(t.spans, span)
	if t.onSpan != nil {
		t.onSpan(span)
	}
}

// Spans are what the run did beside executing so far; what is still under way takes until now.
func (s *Sandbox) Spans() []call.Span {
	for i := range s.trace.spans {
		span := &s.trace.spans[i]
		if span.Took == 0 && span.Kind != call.Waiting && span.Status == 0 && span.Failure == "" {
			span.Took, span.Failure = time.Since(s.trace.began)-span.Start, "The run ended before it did."
		}
	}
	return s.trace.spans
}
