package api

import (
	"net/http"

	"picloud/engine/app"
	"picloud/engine/execution/history"
	"picloud/engine/outbound"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/variable"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/web"
)

// API has one method per route.
type API struct {
	Apps       *app.Service
	Scripts    *script.Service
	Pauses     *pause.Service
	Variables  *variable.Service
	Outbound   *outbound.Service
	Executions *history.Store
	BaseURL    string // of functions' URLs; "": what the caller used
}

// ListApps answers GET /apps.
func (a *API) ListApps(w http.ResponseWriter, r *http.Request) error {
	if _, err := query(r); err != nil {
		return err
	}
	apps, err := a.Apps.List(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	answer := v1.Apps{Apps: make([]v1.App, len(apps))}
	for i, one := range apps {
		answer.Apps[i] = fromApp(one)
	}
	return write(w, http.StatusOK, answer)
}

// CreateApp answers POST /apps.
func (a *API) CreateApp(w http.ResponseWriter, r *http.Request) error {
	var body v1.NewApp
	if err := read(r, &body); err != nil {
		return err
	}
	if body.Name == "" {
		body.Name = body.Slug
	}
	made, err := a.Apps.Create(r.Context(), web.Of(r).Grant, app.Naming{Name: body.Name, Slug: body.Slug})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/apps/"+made.Slug+"/scripts")
	return write(w, http.StatusCreated, fromApp(made))
}

// ReleaseApp answers DELETE /apps/{app}/pause.
func (a *API) ReleaseApp(w http.ResponseWriter, r *http.Request) error {
	if err := a.Pauses.ReleaseApp(r.Context(), web.Of(r).Grant); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// DeleteApp answers DELETE /apps/{app}.
func (a *API) DeleteApp(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	if err := a.Apps.Delete(r.Context(), state.Grant, state.App.Slug); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func fromApp(a app.App) v1.App {
	return v1.App{
		ID: a.ID.String(), Slug: a.Slug, Name: a.Name, Scripts: a.Scripts, LiveScripts: a.LiveScripts, Paused: a.Paused, CreatedAt: a.CreatedAt.UTC(),
	}
}
