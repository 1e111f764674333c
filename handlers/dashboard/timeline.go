package dashboard

import (
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// A run that neither waited nor asked for anything has a timeline for its log, if that has more
// than a line and the run took a while.
const (
	leastTicks = 2
	leastWall  = 5 * time.Millisecond
)

// timeline is what a run of an app did in its time; nil: nothing worth a picture. All but the
// spans is in props.
func timeline(app string, props ui.TimelineProps, spans []call.Span) *ui.TimelineProps {
	if len(spans) == 0 && (len(props.Ticks) < leastTicks || props.Wall < leastWall) {
		return nil
	}
	for _, span := range spans {
		props.Spans = append(props.Spans, spanProps(app, span))
	}
	return &props
}

func spanProps(app string, span call.Span) ui.Span {
	props := ui.Span{
		Kind: string(span.Kind), Subject: span.Subject, Start: span.Start, Took: span.Took, Status: span.Status,
		Sent: span.Sent, Received: span.Received, Failure: span.Failure, Note: span.Note,
	}
	if !span.Child.IsZero() {
		props.Href = paths.Run(app, span.Child.String())
	}
	return props
}

// ticks are the lines of a log as a timeline has them.
func ticks(lines []call.Line, began time.Time) []ui.Tick {
	list := make([]ui.Tick, len(lines))
	for i, line := range lines {
		list[i] = ui.Tick{At: max(0, line.At.Sub(began)), Level: string(line.Level)}
	}
	return list
}

// requests counts those that a run made.
func requests(spans []call.Span) (n int) {
	for _, span := range spans {
		if span.Kind == call.Fetching {
			n++
		}
	}
	return n
}

// toldWait is the shortest wait that has a line of its own while a draft runs; the timeline has all.
const toldWait = 10 * time.Millisecond

// spanLine tells among the log lines of a draft what has just ended; told is false where that is
// not worth a line.
func spanLine(span call.Span) (line views.LogLineProps, told bool) {
	line = views.LogLineProps{At: time.Now(), Level: string(call.Debug)}
	took := ui.Duration(span.Took)
	if span.Kind == call.Waiting {
		line.Message = "→ waited " + took
		return line, span.Took >= toldWait
	}
	props := spanProps("", span)
	method, host, _ := props.Request()
	line.Message = "→ " + strings.Join(strings.Fields(method+" "+host+" "+props.Result()), " ") + " · " + took
	if span.Failure != "" {
		line.Level, line.Message = string(call.Err), line.Message+" · "+span.Failure
	}
	return line, true
}
