package dashboard

import (
	"net/http"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/name"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// NewScriptPage is the form for a script.
func (d *Dashboard) NewScriptPage(w http.ResponseWriter, r *http.Request) error {
	kind := script.Kind(r.URL.Query().Get("kind"))
	if script.CheckKind(kind) != "" {
		kind = script.Endpoint
	}
	return d.newScript(w, r, http.StatusOK, views.NewScriptProps{Kind: string(kind), Language: string(bundle.TypeScript), Template: string(script.Plain)})
}

func (d *Dashboard) newScript(w http.ResponseWriter, r *http.Request, status int, props views.NewScriptProps) error {
	f, err := d.appFrame(r)
	if err != nil {
		return err
	}
	props.Said = views.NameSaid{Rule: name.Rule, Fault: props.Faults["name"]}
	return d.page(w, r, status, views.NewScript(f, props))
}

// NewScriptName is what is said of a name while it is typed.
func (d *Dashboard) NewScriptName(w http.ResponseWriter, r *http.Request) error {
	state, named := web.Of(r), r.URL.Query().Get("name")
	said := views.NameSaid{Rule: name.Rule}
	if err := d.Scripts.CheckName(r.Context(), state.Grant, named); err != nil {
		_, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		state.Err, said.Fault = nil, faults["name"] // nothing was refused
	} else {
		said.Name = named
		said.URL, _ = d.scriptURLs(r, state.App.Slug, named)
	}
	return d.page(w, r, http.StatusOK, views.NameSaidPart(said))
}

// CreateScript makes a script from a template and publishes it. A module has an example of its own.
func (d *Dashboard) CreateScript(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	typed := views.NewScriptProps{
		Name: values.Get("name"), Kind: values.Get("kind"), Description: values.Get("description"), Language: values.Get("language"), Template: values.Get("template"),
	}
	wanted := script.New{
		Name: typed.Name, Kind: script.Kind(typed.Kind), Description: typed.Description, Language: bundle.Language(typed.Language), Template: script.Template(typed.Template),
	}
	if wanted.Kind == script.Module {
		wanted.Template = script.Plain
	}
	made, err := d.Scripts.Create(r.Context(), state.Grant, wanted)
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		typed.Faults = faults
		return d.newScript(w, r, status, typed)
	}
	published, err := d.Scripts.Publish(r.Context(), state.Grant, made.ID, script.Publishing{Note: "First version"})
	if err != nil {
		return err
	}
	words, page := "", paths.Script(state.App.Slug, made.Name)
	if made.Kind == script.Module {
		words = "Live: the scripts of this app import it from \"app:" + made.Name + "\"."
	} else {
		shared, _ := d.scriptURLs(r, state.App.Slug, published.Script.Name)
		words = "Live: " + shared
	}
	return d.done(w, r, words, page)
}

// Script is the editor. With ?from=<run> its run panel holds that run's request; of a run
// that is gone it is empty.
func (d *Dashboard) Script(w http.ResponseWriter, r *http.Request) error {
	draft, err := d.draft(r)
	if err != nil {
		return err
	}
	var request views.RunForm
	if from := r.URL.Query().Get("from"); from != "" {
		if request, err = d.requestFrom(r, from); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return d.editor(w, r, http.StatusOK, draft, views.ScriptProps{Request: request})
}

// editor draws the editor over a draft. A source that is set stays: it is what was
// typed and not stored.
func (d *Dashboard) editor(w http.ResponseWriter, r *http.Request, status int, draft script.Draft, props views.ScriptProps) error {
	f, head, err := d.scriptFrame(r, &draft)
	if err != nil {
		return err
	}
	if props.Env, err = d.environment(r); err != nil {
		return err
	}
	if err := d.withModules(r, &props); err != nil {
		return err
	}
	current := web.Of(r).Script
	props.Script, props.Language, props.File = head, string(current.Language), current.File()
	props.Revision, props.SavedAt, props.SavedBy = draft.Revision, draft.SavedAt, draft.SavedBy
	props.JustReplaced = draft.Replaced.Equal(draft.SavedAt)
	if props.Source == "" {
		props.Source = draft.Source
	}
	if props.Request.Method == "" {
		props.Request.Method = http.MethodGet
		if len(props.Dependents) > 0 {
			props.Request.In = props.Dependents[0]
		}
	}
	return d.page(w, r, status, views.Script(f, props))
}
