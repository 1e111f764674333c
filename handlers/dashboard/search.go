package dashboard

import (
	"net/http"
	"strings"

	"picloud/docs"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// Bounds of a search.
const (
	searchText    = 100 // characters
	searchResults = 20
)

// Search finds scripts, apps and pages by a part of their name; for htmx it gives the
// list alone.
func (d *Dashboard) Search(w http.ResponseWriter, r *http.Request) error {
	words := clip(strings.TrimSpace(r.URL.Query().Get("q")), searchText)
	props := views.SearchProps{Text: words}
	scripts, err := d.Scripts.Search(r.Context(), web.Of(r).Grant, words, searchResults)
	if err != nil {
		return err
	}
	for _, s := range scripts {
		kind := "Script"
		if s.Kind == script.Module {
			kind = "Module"
		}
		props.Results = append(props.Results, views.SearchResult{Kind: kind, Title: s.Name, Hint: s.AppName, Href: paths.Script(s.AppSlug, s.Name)})
	}
	others, err := d.places(r, words)
	if err != nil {
		return err
	}
	props.Results = append(props.Results, others...)
	if web.ByHTMX(r) {
		return d.page(w, r, http.StatusOK, views.SearchResults(props))
	}
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	return d.page(w, r, http.StatusOK, views.Search(f, props))
}

// places are the apps and pages that fit.
func (d *Dashboard) places(r *http.Request, words string) ([]views.SearchResult, error) {
	apps, err := d.Apps.List(r.Context(), web.Of(r).Grant)
	if err != nil {
		return nil, err
	}
	var found []views.SearchResult
	add := func(kind, title, hint, href, also string) {
		if strings.Contains(strings.ToLower(title+" "+also), strings.ToLower(words)) && len(found) < searchResults {
			found = append(found, views.SearchResult{Kind: kind, Title: title, Hint: hint, Href: href})
		}
	}
	for _, a := range apps {
		add("App", a.Name, "/fn/"+a.Slug, paths.App(a.Slug), a.Slug)
	}
	for _, a := range apps {
		add("Page", "Runs of "+a.Name, "", paths.AppRuns(a.Slug), a.Slug)
		add("Page", "Variables of "+a.Name, "", paths.Variables(a.Slug, ""), a.Slug+" secrets environment")
		add("Page", "Network of "+a.Name, "", paths.Outbound(a.Slug), a.Slug+" outgoing requests fetch hosts")
		add("Page", "New script in "+a.Name, "", paths.NewScript(a.Slug), a.Slug)
		add("Page", "New module in "+a.Name, "", paths.NewModule(a.Slug), a.Slug)
	}
	add("Page", "All apps", "", paths.Apps(), "")
	add("Page", "New app", "", paths.NewApp(), "")
	add("Page", "Profile and keys", "", paths.Profile(), "password sessions")
	add("Docs", "Documentation", "", paths.Docs(""), "help")
	add("Docs", "Reference", "", paths.Reference(), "documentation help globals")
	read, err := docs.Find(words, searchResults-len(found))
	for _, section := range read {
		hint := section.Of
		if section.Place == "" {
			hint = ""
		}
		found = append(found, views.SearchResult{Kind: "Docs", Title: section.Title, Hint: hint, Href: section.URL()})
	}
	return found, err
}
