package sample

import (
	"picloud/docs"
	"picloud/views"
	"picloud/views/paths"
)

func docsPages(in views.Frame) []Page {
	all, err := docs.Pages()
	if err != nil {
		panic(err) // they are part of the binary
	}
	var list []views.DocsPage
	for _, page := range all {
		list = append(list, views.DocsPage{Name: page.Name, Title: page.Title, Lead: page.Lead})
	}
	list = append(list, views.DocsPage{Name: "reference", Title: "Reference", Lead: "What a function may use."})
	pages := []Page{
		{"docs", paths.Docs(""), 200, views.DocsIndex(in, list)},
		{"docs-reference", paths.Reference(), 200, views.Reference(in, Reference(), list)},
	}
	for _, page := range all {
		props := views.DocsProps{Name: page.Name, Title: page.Title, HTML: page.HTML, Pages: list}
		for _, h := range page.Headings {
			props.Headings = append(props.Headings, views.DocsHeading(h))
		}
		pages = append(pages, Page{"docs-" + page.Name, paths.Docs(page.Name), 200, views.Docs(in, props)})
	}
	return pages
}

// Reference is that of the product.
func Reference() []views.ReferenceGroup {
	var groups []views.ReferenceGroup
	for _, g := range docs.Reference() {
		group := views.ReferenceGroup{Title: g.Title}
		for _, e := range g.Entries {
			module, names := e.Imported()
			group.Entries = append(group.Entries, views.ReferenceEntry{
				Signature: e.Signature, Text: e.Text, Snippet: e.Snippet, From: module, Names: names, URL: e.URL(),
			})
		}
		groups = append(groups, group)
	}
	return groups
}
