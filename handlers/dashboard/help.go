package dashboard

import (
	"net/http"

	"picloud/docs"
	"picloud/engine/fault"
	"picloud/views"
)

// Help shows a page of the documentation, the one about functions where none is named.
func (d *Dashboard) Help(w http.ResponseWriter, r *http.Request) error {
	pages, err := docs.Pages()
	if err != nil {
		return err
	}
	shown := pages[0]
	props := views.HelpProps{}
	name, found := r.PathValue("page"), false
	for _, page := range pages {
		props.Pages = append(props.Pages, views.HelpPage{Name: page.Name, Title: page.Title})
		if page.Name == name {
			shown, found = page, true
		}
	}
	if name != "" && !found {
		return fault.New(fault.NotFound, "There is no such page of help.")
	}
	props.Name, props.Title, props.HTML = shown.Name, shown.Title, shown.HTML
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	return d.page(w, r, http.StatusOK, views.Help(f, props))
}
