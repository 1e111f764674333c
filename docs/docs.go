// Package docs is what people read about PiCloud: the pages of this folder, which the binary
// holds too, so that the dashboard shows them without a network, and the reference beside the
// editor. It hides how pages are written and drawn.
package docs

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"picloud/views/paths"
)

// Page is one of them. Its headings have the ids that links to them use, here as at a forge.
type Page struct {
	Name     string // "functions": its file without the ending
	Title    string
	Lead     string    // its first paragraph, as plain text: what it is about
	HTML     string    // headings from the first level on
	Headings []Heading // from the second level on

	sections []Section
}

// Heading is a place of a page.
type Heading struct {
	Level int // 2 or 3
	ID    string
	Text  string
}

//go:embed *.md
var files embed.FS

// names are the pages in the order they are read in.
var names = []string{"functions", "modules", "globals", "variables", "fetch", "limits", "api", "network", "attacks"}

// Pages are all, in the order they are read in. They are drawn once.
var Pages = sync.OnceValues(func() ([]Page, error) {
	pages := make([]Page, 0, len(names))
	for _, name := range names {
		source, err := files.ReadFile(name + ".md")
		if err != nil {
			return nil, fmt.Errorf("read a page: %w", err)
		}
		page, err := draw(name, source)
		if err != nil {
			return nil, fmt.Errorf("docs/%s.md: %w", name, err)
		}
		pages = append(pages, page)
	}
	return pages, nil
})

// link leads from one page to another by its address in the dashboard.
func link(destination string) string {
	name, place, _ := strings.Cut(destination, "#")
	name, inside := strings.CutSuffix(name, ".md")
	if !inside || strings.Contains(name, "/") {
		return destination
	}
	if place != "" {
		place = "#" + place
	}
	return paths.Docs(name) + place
}
