package dashboard

import (
	"net/http"

	"picloud/engine/execution/history"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
)

// Bounds of an app's home.
const (
	homeScripts  = 200
	homeFailures = 5
)

// App is the home of an app: what runs here and what is broken.
func (d *Dashboard) App(w http.ResponseWriter, r *http.Request) error {
	return d.app(w, r, http.StatusOK, func(*views.TogetherProps) {})
}

// app draws the page; refused says what became of its form.
func (d *Dashboard) app(w http.ResponseWriter, r *http.Request, status int, refused func(*views.TogetherProps)) error {
	f, around, err := d.around(r)
	if err != nil {
		return err
	}
	app, grant := web.Of(r).App, web.Of(r).Grant
	scripts, _, err := d.Scripts.List(r.Context(), grant, "", homeScripts)
	if err != nil {
		return err
	}
	f.Warnings = d.Warnings(r.Context())
	props := views.AppHomeProps{Paused: pausesProps(around.paused)}
	if err := d.fillScripts(r, scripts, &props); err != nil {
		return err
	}
	refused(&props.Together)
	for i, row := range props.Scripts {
		props.Scripts[i].Paused = livePaused(around.paused, row.Name)
		props.Runs, props.Failures = props.Runs+row.Runs, props.Failures+row.Failures
	}
	if props.OverShare, err = d.overShare(r); err != nil {
		return err
	}
	failed, err := d.Executions.List(r.Context(), grant, history.Query{Failed: true, Limit: homeFailures})
	if err != nil {
		return err
	}
	if props.Failed, err = d.runRows(r.Context(), grant, app.Slug, failed.Rows); err != nil {
		return err
	}
	return d.page(w, r, status, views.AppHome(f, props))
}

// fillScripts tells of scripts what is live, what they did and how their drafts differ.
func (d *Dashboard) fillScripts(r *http.Request, scripts []script.Script, props *views.AppHomeProps) error {
	grant := web.Of(r).Grant
	var all, drafts []id.Script
	for _, s := range scripts {
		all = append(all, s.ID)
		if s.LiveVersion > 0 && s.DraftChanged {
			drafts = append(drafts, s.ID)
		}
	}
	recent, err := d.Executions.Recent(r.Context(), grant)
	if err != nil {
		return err
	}
	last, err := d.Executions.LastRuns(r.Context(), grant, all)
	if err != nil {
		return err
	}
	changes, err := d.Scripts.Changes(r.Context(), grant, drafts)
	if err != nil {
		return err
	}
	users, err := d.Scripts.Users(r.Context(), grant)
	if err != nil {
		return err
	}
	rows := make([]views.ScriptRow, len(scripts))
	for i, s := range scripts {
		did := recent[s.ID]
		if did == nil {
			did = &history.Activity{}
		}
		rows[i] = views.ScriptRow{
			Name: s.Name, Module: s.Kind == script.Module, Users: users[s.ID], Description: s.Description, Added: changes[s.ID].Added, Removed: changes[s.ID].Removed,
			Runs: int(did.Runs), Failures: int(did.Failures), Activity: bars(did.Hours),
		}
		if s.LiveVersion > 0 {
			rows[i].Live = liveOf(s)
		}
		if run, ran := last[s.ID]; ran {
			rows[i].LastRun = brief(run)
		}
	}
	props.Scripts, props.Together = rows, togetherProps(scripts, changes)
	return nil
}
