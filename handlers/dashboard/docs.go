package dashboard

import (
	"net/http"
	"slices"

	"picloud/docs"
	"picloud/engine/fault"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// Docs lists the pages of the documentation.
func (d *Dashboard) Docs(w http.ResponseWriter, r *http.Request) error {
	pages, err := docs.Pages()
	if err != nil {
		return err
	}
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	return d.page(w, r, http.StatusOK, views.DocsIndex(f, contents(pages)))
}

// DocsPage shows one of them.
func (d *Dashboard) DocsPage(w http.ResponseWriter, r *http.Request) error {
	pages, err := docs.Pages()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(pages, func(page docs.Page) bool { return page.Name == r.PathValue("page") })
	if at < 0 {
		return fault.New(fault.NotFound, "There is no such page of the documentation.")
	}
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	page := pages[at]
	props := views.DocsProps{Name: page.Name, Title: page.Title, HTML: page.HTML, Pages: contents(pages)}
	for _, h := range page.Headings {
		props.Headings = append(props.Headings, views.DocsHeading(h))
	}
	return d.page(w, r, http.StatusOK, views.Docs(f, props))
}

// Reference lists what functions may use; for the editor it is the panel alone.
func (d *Dashboard) Reference(w http.ResponseWriter, r *http.Request) error {
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
	if web.ByHTMX(r) {
		return d.page(w, r, http.StatusOK, views.ReferencePanel(groups))
	}
	pages, err := docs.Pages()
	if err != nil {
		return err
	}
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	return d.page(w, r, http.StatusOK, views.Reference(f, groups, contents(pages)))
}

// Help leads to where the documentation is now.
func (d *Dashboard) Help(w http.ResponseWriter, r *http.Request) error {
	page := r.PathValue("page")
	if page == "" {
		page = "functions"
	}
	http.Redirect(w, r, paths.Docs(page), http.StatusMovedPermanently)
	return nil
}

// contents are the pages to go to, the reference before those for who looks after PiCloud.
func contents(pages []docs.Page) []views.DocsPage {
	var list []views.DocsPage
	for _, page := range pages {
		if page.Name == "api" {
			list = append(list, views.DocsPage{Name: "reference", Title: "Reference", Lead: "What a function may use, entry by entry, each with an example; the editor has it beside the source."})
		}
		list = append(list, views.DocsPage{Name: page.Name, Title: page.Title, Lead: page.Lead})
	}
	return list
}
