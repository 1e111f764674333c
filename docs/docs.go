// Package docs is what people read about PiCloud: the pages of this folder, which the binary
// holds too, so that the dashboard shows them without a network. It hides how they are written.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"picloud/views/paths"
)

// Page is one of them. Its headings have the ids that links to them use, here as at a forge.
type Page struct {
	Name  string // "functions": its file without the ending
	Title string
	HTML  string // headings from the first level on
}

//go:embed functions.md modules.md network.md attacks.md
var files embed.FS

// Pages are all, in the order they are read in.
var Pages = sync.OnceValues(func() ([]Page, error) {
	var pages []Page
	for _, name := range []string{"functions", "modules", "network", "attacks"} {
		page, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("docs/%s.md: %w", name, err)
		}
		pages = append(pages, page)
	}
	return pages, nil
})

func read(name string) (Page, error) {
	source, err := files.ReadFile(name + ".md")
	if err != nil {
		return Page{}, err
	}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	document := markdown.Parser().Parse(text.NewReader(source))
	page := Page{Name: name}
	err = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := node.(type) {
		case *ast.Heading:
			if entering && n.Level == 1 {
				page.Title = string(n.Lines().Value(source))
			}
		case *ast.Link:
			if entering {
				n.Destination = []byte(link(string(n.Destination)))
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return Page{}, err
	}
	var html bytes.Buffer
	if err := markdown.Renderer().Render(&html, source, document); err != nil {
		return Page{}, err
	}
	page.HTML = html.String()
	return page, nil
}

// link leads from one page to another by its address in the dashboard.
func link(destination string) string {
	name, place, _ := strings.Cut(destination, "#")
	name, inside := strings.CutSuffix(name, ".md")
	if !inside {
		return destination
	}
	if place != "" {
		place = "#" + place
	}
	return paths.Help(name) + place
}
