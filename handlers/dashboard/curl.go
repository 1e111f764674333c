package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/history"
	"picloud/engine/execution/redact"
	"picloud/handlers/web"
	"picloud/views/ui"
)

// curl is a run's call as a command for a POSIX shell. Hidden fields are left out and a
// body only goes along when all of it was kept; see lacks.
func (d *Dashboard) curl(r *http.Request, run history.Run, named string) string {
	shared, _ := d.urls(r, web.Of(r).App.Slug)
	address := shared + "/" + named
	if run.Path != "/" {
		address += run.Path
	}
	body, sent := keptBody(run)
	command := []string{"curl"}
	switch {
	case run.Method == http.MethodGet && !sent:
	case run.Method == http.MethodHead && !sent:
		command = append(command, "--head")
	default:
		command = append(command, "-X "+quoted(run.Method))
	}
	if query, found := keptQuery(run); found {
		address += "?" + query
	}
	if c := run.Capture; c != nil {
		for _, field := range c.Request.Header {
			if token(field.Name) && !byItself(field.Name) && field.Value != redact.Mark {
				command = append(command, "-H "+quoted(headerArgument(field.Name, field.Value)))
			}
		}
	}
	if sent {
		command = append(command, "--data-raw "+quoted(body))
	}
	return strings.Join(append(command, "--globoff "+quoted(address)), " \\\n  ")
}

// keptQuery is a run's query as far as it was kept: with its messages, or else in its subject.
func keptQuery(run history.Run) (query string, found bool) {
	from := run.About()
	if run.Capture != nil {
		from = run.Capture.URL
	}
	_, query, found = strings.Cut(from, "?")
	return query, found
}

// keptBody is a run's request body as it was, where all of it was kept and it is text.
func keptBody(run history.Run) (body string, found bool) {
	if run.Capture == nil {
		return "", false
	}
	m := run.Capture.Request
	if !m.BodyKept || m.BodyTruncated || len(m.Body) == 0 {
		return "", false
	}
	body, binary, _ := shown("", m.Body, false)
	return body, !binary
}

// lacks says what of a run's request was not kept, so that the same call cannot be made again.
func lacks(run history.Run) []string {
	c := run.Capture
	if run.Outcome == call.Running {
		return []string{"The whole request is shown when the run has ended."}
	}
	if c == nil {
		kept := "method and path"
		if _, found := keptQuery(run); found {
			kept = "method, path and query"
		}
		return append([]string{"Of the request only " + kept + " were kept."}, hiddenSecrets(hiddenIn(run.About()))...)
	}
	var missing []string
	m := c.Request
	if m.HeaderTruncated {
		missing = append(missing, "Not all header fields were kept.")
	}
	missing = append(missing, hiddenSecrets(hiddenValues(c))...)
	_, whole := keptBody(run)
	switch {
	case m.Size == 0 || whole:
	case !m.BodyKept:
		missing = append(missing, "The body of "+ui.Bytes(m.Size)+" was not kept.")
	case m.BodyTruncated:
		missing = append(missing, "Of the body of "+ui.Bytes(m.Size)+" only the beginning was kept.")
	default:
		missing = append(missing, "The body is not text.")
	}
	return missing
}

func hiddenSecrets(values int) []string {
	switch values {
	case 0:
		return nil
	case 1:
		return []string{"1 value that looked secret was not kept."}
	}
	return []string{ui.Plural(values, "value") + " that looked secret were not kept."}
}

// hiddenValues counts the header fields, parameters and parts of the body that were kept as
// a word in their place.
func hiddenValues(c *execution.Capture) int {
	hidden := hiddenIn(c.URL) + strings.Count(string(c.Request.Body), redact.Mark)
	for _, field := range c.Request.Header {
		if field.Value == redact.Mark && !byItself(field.Name) {
			hidden++
		}
	}
	return hidden
}

func hiddenIn(address string) int {
	return strings.Count(address, url.QueryEscape(redact.Mark)) + strings.Count(address, redact.Mark)
}

// headerArgument is a field as curl takes it; one without a value ends in a semicolon.
func headerArgument(name, value string) string {
	if value == "" {
		return name + ";"
	}
	return name + ": " + value
}

// quoted makes a text one word of a shell. Nothing in single quotes means anything but
// the quote itself; control characters, which a terminal could act on when the command is
// pasted, are written out as $'…' (POSIX.1-2024, section 2.2.4).
func quoted(text string) string {
	acts := func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 }
	if !strings.ContainsFunc(text, acts) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for _, r := range text {
		switch {
		case r == '\'':
			b.WriteString(`\047`) // a shell without $'…' would end the word at \'
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case acts(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + "'"
}
