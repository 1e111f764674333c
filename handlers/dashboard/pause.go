package dashboard

import (
	"net/http"
	"slices"

	"picloud/engine/pause"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// ReleaseScript ends the pause of a script.
func (d *Dashboard) ReleaseScript(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	if err := d.Pauses.ReleaseScript(r.Context(), state.Grant, state.Script.ID); err != nil {
		return err
	}
	return d.done(w, r, state.Script.Name+" is released.", paths.Script(state.App.Slug, state.Script.Name))
}

// ReleaseApp ends the pause of an app.
func (d *Dashboard) ReleaseApp(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	if err := d.Pauses.ReleaseApp(r.Context(), state.Grant); err != nil {
		return err
	}
	return d.done(w, r, "The app is released.", paths.App(state.App.Slug))
}

func pauseProps(p pause.Pause) views.PauseProps {
	props := views.PauseProps{Script: p.Name, Draft: !p.Live, Why: p.Why, At: p.At}
	for _, run := range p.Runs {
		props.Runs = append(props.Runs, run.String())
	}
	return props
}

func pausesProps(pauses []pause.Pause) (list []views.PauseProps) {
	for _, p := range pauses {
		list = append(list, pauseProps(p))
	}
	return list
}

// livePaused tells whether what is live of a script is paused.
func livePaused(pauses []pause.Pause, name string) bool {
	return slices.ContainsFunc(pauses, func(p pause.Pause) bool { return p.Live && p.Name == name })
}
