package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/redact"
	"picloud/engine/worker"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// shownBody is how much of a body a page shows, in bytes; the preview has all of it.
const shownBody = 32 << 10

// answer is what a run of the draft gave, as the run panel shows it.
func (d *Dashboard) answer(r *http.Request, a *draftRun, done *worker.DraftAnswer) views.Answer {
	state := web.Of(r)
	answer := views.Answer{
		Ran:     ranProps(state.Script, a.trial),
		Outcome: string(done.Outcome), Status: done.Status, Wall: done.Wall, Executing: done.Executing,
		RunURL:   paths.Run(state.App.Slug, a.run.String()),
		Limits:   limits(used{wall: done.Wall, executing: done.Executing, lines: done.Lines, requests: requests(done.Spans), body: int64(len(done.Body))}, d.Limits),
		Timeline: timeline(state.App.Slug, ui.TimelineProps{Wall: done.Wall, Executing: done.Executing, Told: true, Ticks: ticks(a.logged, done.Began)}, done.Spans),
	}
	if done.Outcome != call.OK {
		failure := call.Failure{}
		if done.Failure != nil {
			failure = *done.Failure
		}
		props := failureProps(done.Outcome, failure, execution.Limit{}, d.trialSource(r, a, failure.Stack))
		answer.Failure = &props
		return answer
	}
	answer.Headers, answer.Size = headerRows(done.Header), int64(len(done.Body))
	kind := contentType(done.Header)
	answer.Body, answer.Binary, answer.Truncated = shown(kind, done.Body, false)
	if len(done.Body) > 0 && previewable(kind) {
		answer.PreviewURL = paths.Preview(d.previews.keep(state.Actor.Session, kind, done.Body))
		answer.Form = !strings.HasPrefix(kind, "image/") && formTag.Match(done.Body)
	}
	return answer
}

// headerRows are the fields by name: net/http keeps no other order.
func headerRows(fields []call.Field) []views.HeaderField {
	rows := make([]views.HeaderField, len(fields))
	for i, field := range fields {
		rows[i] = views.HeaderField{Name: field.Name, Value: field.Value, Redacted: field.Value == redact.Mark}
	}
	slices.SortStableFunc(rows, func(a, b views.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

func contentType(fields []call.Field) string {
	for _, field := range fields {
		if strings.EqualFold(field.Name, "content-type") && field.Value != "" {
			return field.Value
		}
	}
	return "text/plain; charset=utf-8"
}

// previewable are pages and pictures. A preview is shown with the type it came with.
func previewable(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && (media == "text/html" || media == "application/xhtml+xml" || strings.HasPrefix(media, "image/"))
}

// formTag begins a form (HTML, section 13.1.2.1).
var formTag = regexp.MustCompile(`(?i)<form[\s/>]`)

// shown is a body as text: whole JSON on several lines, the beginning of what is long,
// and nothing of what is no text.
func shown(kind string, body []byte, cut bool) (text string, binary, truncated bool) {
	if media, _, err := mime.ParseMediaType(kind); err == nil && strings.HasSuffix(media, "json") && !cut && len(body) <= shownBody && bytes.IndexByte(body, '\n') < 0 {
		var indented bytes.Buffer
		if json.Indent(&indented, body, "", "  ") == nil {
			body = indented.Bytes()
		}
	}
	if len(body) > shownBody {
		body, cut = body[:shownBody], true
	}
	if cut { // perhaps within a character
		for i := 0; i < utf8.UTFMax && len(body) > 0 && !utf8.RuneStart(body[len(body)-1]); i++ {
			body = body[:len(body)-1]
		}
		if r, size := utf8.DecodeLastRune(body); r == utf8.RuneError && size == 1 {
			body = body[:len(body)-1]
		}
	}
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return "", true, cut
	}
	return string(body), false, cut
}

// lineProps is one line of a log.
func lineProps(line call.Line) views.LogLineProps {
	message, stack := line.Message, ""
	if at := strings.Index(message, bundle.PlaceMark); at >= 0 {
		message, stack = message[:at], message[at+1:]
	}
	return views.LogLineProps{At: line.At, Level: string(line.Level), Message: message, Fields: fieldWords(line.Fields), Stack: stack}
}

// fieldWords writes the fields of a log line as "name=Ada n=3". Their order is kept.
func fieldWords(object string) string {
	if object == "" {
		return ""
	}
	decoder := json.NewDecoder(strings.NewReader(object))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return object
	}
	var words []string
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return object
		}
		written := string(value)
		var plain string
		if json.Unmarshal(value, &plain) == nil && plain != "" && !strings.ContainsAny(plain, " =\"\n\t") {
			written = plain
		}
		words = append(words, fmt.Sprint(name)+"="+written)
	}
	return strings.Join(words, " ")
}

// used is what a run took of its limits. lines and body are -1 where nobody knows. Of requests only
// some is worth a line.
type used struct {
	wall, executing time.Duration
	lines           int
	requests        int
	body            int64
}

// limits are the bars of what was used.
func limits(u used, of call.Limits) []views.Limit {
	list := []views.Limit{
		{Name: "Executing", Used: ui.Duration(u.executing), Of: ui.Duration(of.CPU), Share: share(int64(u.executing), int64(of.CPU))},
		{Name: "Time", Used: ui.Duration(u.wall), Of: ui.Duration(of.Wall), Share: share(int64(u.wall), int64(of.Wall))},
	}
	if u.lines >= 0 {
		list = append(list, views.Limit{Name: "Log lines", Used: ui.Count(min(u.lines, of.LogLines)), Of: ui.Count(of.LogLines), Share: share(int64(u.lines), int64(of.LogLines))})
	}
	if u.requests > 0 {
		list = append(list, views.Limit{Name: "Requests of its own", Used: ui.Count(u.requests), Of: ui.Count(of.Fetches), Share: share(int64(u.requests), int64(of.Fetches))})
	}
	if u.body >= 0 {
		list = append(list, views.Limit{Name: "Answer", Used: ui.Bytes(u.body), Of: ui.Bytes(of.Response), Share: share(u.body, of.Response)})
	}
	return list
}

func share(part, whole int64) float64 { return float64(part) / float64(max(1, whole)) }

func failureTitle(outcome call.Outcome, name string) string {
	switch outcome {
	case call.Timeout:
		return "Time limit"
	case call.CPU:
		return "CPU limit"
	case call.Stack:
		return "Call depth"
	case call.Memory:
		return "Memory limit"
	case call.Invalid:
		return "Invalid answer"
	case call.Killed:
		return "Killed"
	case call.Crashed:
		return "Crashed"
	case call.Cancelled:
		return "Cancelled"
	case call.Busy:
		return "Busy"
	case call.Unavailable:
		return "Unavailable"
	case call.Paused:
		return "Paused"
	}
	if name == "" {
		return "Thrown"
	}
	return name
}

func failureMessage(outcome call.Outcome) string {
	switch outcome {
	case call.Crashed:
		return "The process that ran it died."
	case call.Cancelled:
		return "The caller went away before the answer."
	case call.Busy:
		return "Too many calls are under way."
	}
	return "It ended without saying why."
}

// advice is what one can do about it. It names the limit where the message does not.
func advice(outcome call.Outcome, limit execution.Limit, message string) string {
	value := ""
	switch {
	case limit.Name == "" || message != "":
	case limit.Unit == "bytes":
		value = " (" + ui.Bytes(limit.Value) + ")"
	default:
		value = " (" + ui.Count(limit.Value) + " " + limit.Unit + ")"
	}
	raise := func(option string) string {
		if strings.Contains(message, option) {
			return ""
		}
		return " Whoever runs PiCloud can raise the limit" + value + " with " + option + "."
	}
	switch outcome {
	case call.Timeout:
		return "Wait for less, or for several things at once." + raise("--wall-limit")
	case call.CPU:
		return "Split the work or do less of it." + raise("--cpu-limit")
	case call.Stack:
		return "Look for a function that calls itself without end" + value + "."
	case call.Memory:
		return "Keep less at a time." + raise("--worker-memory")
	case call.Invalid:
		return "Return a Response, a text, or something that JSON can hold, with a status from 200 to 599."
	case call.Killed:
		return "It did not stop when its time was over; look for a single operation that takes very long."
	case call.Crashed:
		return "It may have been this run or another one in the same process. Run it again; if it crashes again, it is this one."
	case call.Paused:
		return "Change the source, or release it on the page of the script; its runs before this one show why."
	case call.Busy, call.Unavailable:
		return "Try again in a moment."
	}
	return ""
}
