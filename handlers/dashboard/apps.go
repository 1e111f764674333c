package dashboard

import (
	"net/http"

	"picloud/engine/app"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// ListApps is the list of apps.
func (d *Dashboard) ListApps(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("landing") {
		return d.Home(w, r)
	}
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	apps, err := d.Apps.List(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	cards, err := d.appCards(r, apps)
	if err != nil {
		return err
	}
	f.Warnings = d.Warnings(r.Context())
	return d.page(w, r, http.StatusOK, views.Apps(f, views.AppsProps{Apps: cards}))
}

// NewAppPage is the form for an app.
func (d *Dashboard) NewAppPage(w http.ResponseWriter, r *http.Request) error {
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	return d.page(w, r, http.StatusOK, views.NewApp(f, views.NewAppProps{}))
}

// CreateApp makes an app.
func (d *Dashboard) CreateApp(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	made, err := d.Apps.Create(r.Context(), web.Of(r).Grant, app.Naming{Name: values.Get("name"), Slug: values.Get("slug")})
	if err == nil {
		return web.Redirect(w, r, paths.App(made.Slug))
	}
	status, faults, ok := refusal(w, r, err)
	if !ok {
		return err
	}
	f, err := d.frame(r)
	if err != nil {
		return err
	}
	props := views.NewAppProps{Name: values.Get("name"), Slug: values.Get("slug"), Faults: faults}
	return d.page(w, r, status, views.NewApp(f, props))
}

// AppSettings are two forms: an app's name, and its end.
func (d *Dashboard) AppSettings(w http.ResponseWriter, r *http.Request) error {
	a := web.Of(r).App
	return d.appSettings(w, r, http.StatusOK, views.AppSettingsProps{Name: a.Name, Slug: a.Slug})
}

func (d *Dashboard) appSettings(w http.ResponseWriter, r *http.Request, status int, props views.AppSettingsProps) error {
	f, err := d.appFrame(r)
	if err != nil {
		return err
	}
	contents, err := d.Apps.Contents(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	props.Scripts, props.Keys = contents.Scripts, contents.Keys
	props.URL, props.HostURL = d.urls(r, web.Of(r).App.Slug)
	return d.page(w, r, status, views.AppSettings(f, props))
}

// RenameApp gives an app another name or slug.
func (d *Dashboard) RenameApp(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state, naming := web.Of(r), app.Naming{Name: values.Get("name"), Slug: values.Get("slug")}
	renamed, err := d.Apps.Rename(r.Context(), state.Grant, naming)
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.appSettings(w, r, status, views.AppSettingsProps{Name: naming.Name, Slug: naming.Slug, Faults: faults})
	}
	return d.done(w, r, "The app is called "+renamed.Name+" and answers below /fn/"+renamed.Slug+".", paths.AppSettings(renamed.Slug))
}

// DeleteApp removes an app whose slug was repeated.
func (d *Dashboard) DeleteApp(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	if err := d.Apps.Delete(r.Context(), state.Grant, values.Get("confirm")); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		faults["confirm"] = faults["slug"] // the engine's field is the input of this form
		delete(faults, "slug")
		return d.appSettings(w, r, status, views.AppSettingsProps{
			Name: state.App.Name, Slug: state.App.Slug, Confirm: values.Get("confirm"), Faults: faults,
		})
	}
	return d.done(w, r, "The app "+state.App.Name+" is deleted.", paths.Apps())
}
