package workerapi

import (
	"cmp"
	"slices"
	"sync"

	"picloud/engine/call"
	"picloud/engine/worker"
)

// draftStream sends what a draft tells of itself, and remembers it for the answer: the run may go
// on behind that.
type draftStream struct {
	*stream
	known sync.Mutex
	lines int
	spans []call.Span // in the order in which they ended
}

func (d *draftStream) line(line call.Line) {
	d.known.Lock()
	d.lines++
	d.known.Unlock()
	d.send(worker.DraftEvent{Line: &line})
}

func (d *draftStream) span(span call.Span) {
	d.known.Lock()
	d.spans = append(d.spans, span)
	d.known.Unlock()
	d.send(worker.DraftEvent{Span: &span})
}

// told is how many lines there were so far, and the spans in the order in which they began.
func (d *draftStream) told() (lines int, spans []call.Span) {
	d.known.Lock()
	defer d.known.Unlock()
	spans = slices.Clone(d.spans)
	slices.SortStableFunc(spans, func(a, b call.Span) int { return cmp.Compare(a.Start, b.Start) })
	return d.lines, spans
}
