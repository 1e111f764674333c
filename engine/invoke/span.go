package invoke

import (
	"slices"

	"picloud/engine/call"
)

// onSpan is where the run's spans go while it runs; nil: nowhere.
func (r *run) onSpan() func(call.Span) {
	if r.OnSpan == nil {
		return nil
	}
	return func(span call.Span) {
		span.Start += r.loaded
		r.OnSpan(span)
	}
}

// placed are spans whose starts count from the run's own, where the sandbox counts from when it
// was made: the program was loaded before.
func (r *run) placed(spans []call.Span) []call.Span {
	spans = slices.Clone(spans)
	for i := range spans {
		spans[i].Start += r.loaded
	}
	return spans
}
