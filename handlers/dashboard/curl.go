package dashboard

import (
	"fmt"
	"net/http"
	"strings"

	"picloud/engine/execution"
	"picloud/handlers/web"
)

// curl is a run's call as a command for a POSIX shell. Hidden values are left out and a
// body only goes along when all of it was kept as it was.
func (d *Dashboard) curl(r *http.Request, run execution.Run, named string) string {
	shared, _ := d.urls(r, web.Of(r).App.Slug)
	address := shared + "/" + named
	if run.Path != "/" {
		address += run.Path
	}
	command := []string{"curl"}
	switch run.Method {
	case http.MethodGet:
	case http.MethodHead:
		command = append(command, "--head")
	default:
		command = append(command, "-X "+quoted(run.Method))
	}
	if c := run.Capture; c != nil {
		if _, query, found := strings.Cut(c.URL, "?"); found {
			address += "?" + query
		}
		for _, field := range c.Request.Header {
			if token(field.Name) && !byItself(field.Name) && field.Value != execution.Redacted {
				command = append(command, "-H "+quoted(headerArgument(field.Name, field.Value)))
			}
		}
		if m := c.Request; m.BodyKept && !m.BodyTruncated && len(m.Body) > 0 {
			if body, binary, _ := shown("", m.Body, false); !binary {
				command = append(command, "--data-raw "+quoted(body))
			}
		}
	}
	return strings.Join(append(command, "--globoff "+quoted(address)), " \\\n  ")
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
