package ui

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// Listing is an example that can be copied, its words coloured or not. White space counts in it,
// which is why it is no template.
func Listing(text string, inColour bool) templ.Component {
	return raw(`<div class="listing"><button type="button" class="b quiet small" data-copy hidden>Copy</button><pre tabindex="0"><code>` +
		code(text, inColour) + "</code></pre></div>\n")
}

// Snippet is a short example, coloured.
func Snippet(text string) templ.Component {
	return raw("<pre><code>" + code(text, true) + "</code></pre>")
}

func raw(html string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, html)
		return err
	})
}

func code(text string, inColour bool) string {
	if !inColour {
		return templ.EscapeString(text)
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		for _, t := range tokens(line) {
			if t.class == "" {
				out.WriteString(templ.EscapeString(t.text))
				continue
			}
			out.WriteString(`<span class="` + t.class + `">` + templ.EscapeString(t.text) + `</span>`)
		}
	}
	return out.String()
}
