package docs

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"picloud/views/ui"
)

// draw makes a page of its Markdown.
func draw(name string, source []byte) (Page, error) {
	markdown := goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(parts{}, 100))),
	)
	document := markdown.Parser().Parse(text.NewReader(source))
	page := Page{Name: name}
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		page.take(node, source)
	}
	if err := relink(document); err != nil {
		return Page{}, err
	}
	var html bytes.Buffer
	if err := markdown.Renderer().Render(&html, source, document); err != nil {
		return Page{}, err
	}
	page.HTML = html.String()
	return page, nil
}

// relink has links lead to pages of the dashboard. What is beside this folder in the repository is
// not there: such a link becomes its words.
func relink(document ast.Node) error {
	var away []*ast.Link
	err := ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if to, ok := node.(*ast.Link); ok && entering {
			to.Destination = []byte(link(string(to.Destination)))
			if bytes.HasPrefix(to.Destination, []byte("../")) {
				away = append(away, to)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, to := range away {
		for word := to.FirstChild(); word != nil; word = to.FirstChild() {
			to.Parent().InsertBefore(to.Parent(), to, word)
		}
		to.Parent().RemoveChild(to.Parent(), to)
	}
	return err
}

// take reads what a block says of the page.
func (p *Page) take(block ast.Node, source []byte) {
	words := plain(block, source)
	heading, is := block.(*ast.Heading)
	switch {
	case is && heading.Level == 1:
		p.Title = words
		p.sections = append(p.sections, Section{Page: p.Name, Of: words, Title: words})
		return
	case is:
		place, _ := heading.AttributeString("id")
		id := string(place.([]byte))
		if heading.Level <= 3 {
			p.Headings = append(p.Headings, Heading{Level: heading.Level, ID: id, Text: words})
		}
		p.sections = append(p.sections, Section{Page: p.Name, Place: id, Of: p.Title, Title: words})
		return
	case p.Lead == "" && block.Kind() == ast.KindParagraph:
		p.Lead = words
	}
	if len(p.sections) > 0 {
		p.sections[len(p.sections)-1].text += " " + words
	}
}

// plain is the text of a block without its marks.
func plain(block ast.Node, source []byte) string {
	var words strings.Builder
	_ = ast.Walk(block, func(node ast.Node, entering bool) (ast.WalkStatus, error) { // it never fails
		switch n := node.(type) {
		case *ast.Text:
			if entering {
				words.Write(n.Segment.Value(source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					words.WriteByte(' ')
				}
			}
		case *ast.FencedCodeBlock:
			if entering {
				words.Write(n.Lines().Value(source))
			}
		case *ast.TextBlock, *ast.Paragraph, *tables.TableCell:
			if !entering {
				words.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(words.String())
}

// parts draws what pages have in a way of their own: headings that can be linked to, listings in
// colour, tables that scroll. Comments are for who runs the examples.
type parts struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (p parts) RegisterFuncs(to renderer.NodeRendererFuncRegisterer) {
	to.Register(ast.KindHeading, p.heading)
	to.Register(ast.KindFencedCodeBlock, p.listing)
	to.Register(ast.KindHTMLBlock, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) { return ast.WalkContinue, nil })
	to.Register(tables.KindTable, p.table)
}

func (parts) heading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	heading := node.(*ast.Heading)
	tag := "h" + string(rune('0'+heading.Level))
	place, _ := heading.AttributeString("id")
	id := string(place.([]byte))
	if entering {
		_, err := w.WriteString("<" + tag + ` id="` + id + `">`)
		return ast.WalkContinue, err
	}
	if heading.Level > 1 {
		if _, err := w.WriteString(` <a class="anchor" href="#` + id + `" aria-label="Link to this part">#</a>`); err != nil {
			return ast.WalkStop, err
		}
	}
	_, err := w.WriteString("</" + tag + ">\n")
	return ast.WalkContinue, err
}

// coloured are the languages whose words have colours.
var coloured = []string{"ts", "tsx", "js", "json"}

func (parts) listing(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := node.(*ast.FencedCodeBlock)
	lines := string(block.Lines().Value(source))
	return ast.WalkContinue, ui.Listing(lines, slices.Contains(coloured, string(block.Language(source)))).Render(context.Background(), w)
}

func (parts) table(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	tag := "</table></div>\n"
	if entering {
		tag = `<div class="table" tabindex="0"><table>` + "\n"
	}
	_, err := w.WriteString(tag)
	return ast.WalkContinue, err
}
