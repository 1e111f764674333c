package dashboard

import (
	"net/http"

	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/execution/history"
	"picloud/engine/id"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/ui"
)

// navScripts is how many scripts the navigation names.
const navScripts = 30

// appFrame is what a page in an app has around it.
func (d *Dashboard) appFrame(r *http.Request) (views.Frame, error) {
	f, _, err := d.around(r)
	return f, err
}

// Frame is what a page has around it that has no handler here: the navigation of the app that
// the request is in, as far as it may be read.
func (d *Dashboard) Frame(r *http.Request) (views.Frame, error) {
	if state := web.Of(r); state.App.ID.IsZero() || state.Grant.Need(actor.ReadApp) != nil {
		return d.frame(r)
	}
	return d.appFrame(r)
}

// surroundings are what the frame shows and pages say more of.
type surroundings struct {
	last   map[id.Script]history.Last // that of the request's script is among them wherever its name stands
	paused []pause.Pause
}

// around is the frame with what it was made of.
func (d *Dashboard) around(r *http.Request) (views.Frame, surroundings, error) {
	var s surroundings
	f, err := d.frame(r)
	if err != nil {
		return f, s, err
	}
	state := web.Of(r)
	scripts, more, err := d.Scripts.List(r.Context(), state.Grant, "", navScripts)
	if err != nil {
		return f, s, err
	}
	ids := []id.Script{}
	for _, each := range scripts {
		ids = append(ids, each.ID)
	}
	if !state.Script.ID.IsZero() {
		ids = append(ids, state.Script.ID)
	}
	if s.last, err = d.Executions.LastRuns(r.Context(), state.Grant, ids); err != nil {
		return f, s, err
	}
	pauses, err := d.Pauses.List(r.Context(), state.Grant)
	if err != nil {
		return f, s, err
	}
	f.App, s.paused = &views.AppFrame{Slug: state.App.Slug, Name: state.App.Name, Count: len(scripts)}, pauses.Scripts
	if pauses.App != nil {
		p := pauseProps(*pauses.App)
		f.App.Paused = &p
	}
	for _, each := range scripts {
		run, ran := s.last[each.ID]
		failing := ran && run.Outcome.Failed(run.Status) && each.Kind == script.Endpoint || livePaused(s.paused, each.Name)
		f.App.Scripts = append(f.App.Scripts, views.NavScript{Name: each.Name, Module: each.Kind == script.Module, Live: each.LiveVersion > 0, Failing: failing})
	}
	if more {
		f.App.Count, err = d.countScripts(r)
	}
	return f, s, err
}

func (d *Dashboard) countScripts(r *http.Request) (int, error) {
	apps, err := d.Apps.List(r.Context(), web.Of(r).Grant)
	if err != nil {
		return 0, err
	}
	for _, a := range apps {
		if a.ID == web.Of(r).App.ID {
			return a.Scripts, nil
		}
	}
	return 0, nil
}

// scriptFrame is the frame of a page of a script, and the page's head. The draft may be
// given where it was read already.
func (d *Dashboard) scriptFrame(r *http.Request, draft *script.Draft) (views.Frame, views.ScriptHead, error) {
	f, around, err := d.around(r)
	if err != nil {
		return f, views.ScriptHead{}, err
	}
	state := web.Of(r)
	s := state.Script
	head := views.ScriptHead{App: state.App.Slug, Name: s.Name, Description: s.Description}
	if head.Module, err = d.moduleHead(r); err != nil {
		return f, head, err
	}
	if head.Module == nil {
		head.URL, head.HostURL = d.scriptURLs(r, state.App.Slug, s.Name)
	}
	if s.LiveVersion > 0 {
		head.Live, head.Rebuilt = liveOf(s), s.LiveLanguage != s.Language
	}
	if run, ran := around.last[s.ID]; ran {
		head.LastRun = brief(run)
	}
	for _, p := range around.paused {
		if p.Script == s.ID {
			head.Paused = append(head.Paused, pauseProps(p))
		}
	}
	found, err := d.changed(r, draft)
	head.Added, head.Removed = found.Added, found.Removed
	return f, head, err
}

// changed is how the draft differs from the live version.
func (d *Dashboard) changed(r *http.Request, draft *script.Draft) (differs, error) {
	state := web.Of(r)
	switch {
	case draft != nil:
		return d.differs(r, draft.Source)
	case !state.Script.DraftChanged || state.Script.LiveVersion == 0:
		return differs{}, nil
	}
	found, err := d.Scripts.Diff(r.Context(), state.Grant, state.Script.ID, state.Script.LiveVersion, 0)
	return differs{Added: found.Added, Removed: found.Removed}, err
}

func liveOf(s script.Script) *views.Live {
	return &views.Live{Number: s.LiveVersion, At: s.PublishedAt, Author: s.PublishedBy}
}

func brief(run history.Last) *views.RunBrief {
	return &views.RunBrief{ID: run.Execution.String(), Outcome: string(run.Outcome), Status: run.Status, At: run.Started}
}

// bars are hours as a sparkline.
func bars(hours [24]history.Hour) []ui.Bar {
	list := make([]ui.Bar, len(hours))
	for i, h := range hours {
		list[i] = ui.Bar{OK: int(max(0, h.Runs-h.Failures)), Failed: int(h.Failures)}
	}
	return list
}

func (d *Dashboard) appCards(r *http.Request, apps []app.App) ([]views.AppCard, error) {
	ids := make([]id.App, len(apps))
	for i, a := range apps {
		ids[i] = a.ID
	}
	recent, err := d.Executions.RecentOfApps(r.Context(), web.Of(r).Grant, ids)
	if err != nil {
		return nil, err
	}
	cards := make([]views.AppCard, len(apps))
	for i, a := range apps {
		did := recent[a.ID]
		cards[i] = views.AppCard{
			Slug: a.Slug, Name: a.Name, Scripts: a.Scripts, LastRun: did.LastRun, Paused: a.Paused,
			Runs: int(did.Runs), Failures: int(did.Failures), Activity: bars(did.Hours),
		}
	}
	return cards, nil
}
