package dashboard

import (
	"net/http"

	"picloud/engine/bundle"
	"picloud/engine/execution"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// ScriptSettings are three forms: what it is, its name, and its end.
func (d *Dashboard) ScriptSettings(w http.ResponseWriter, r *http.Request) error {
	return d.scriptSettings(w, r, http.StatusOK, views.ScriptSettingsProps{})
}

// scriptSettings draws the forms; what was typed in one of them stays.
func (d *Dashboard) scriptSettings(w http.ResponseWriter, r *http.Request, status int, props views.ScriptSettingsProps) error {
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	state := web.Of(r)
	newest, _, err := d.Scripts.Versions(r.Context(), state.Grant, state.Script.ID, 0, 1)
	if err != nil {
		return err
	}
	if props.Script = head; len(newest) > 0 {
		props.Versions = newest[0].Number
	}
	if props.Capture == "" {
		props.Description, props.Capture, props.Language = state.Script.Description, string(state.Script.Capture), string(state.Script.Language)
	}
	if props.Name == "" {
		props.Name = state.Script.Name
	}
	if props.Kind == "" {
		props.Kind = string(state.Script.Kind)
	}
	return d.page(w, r, status, views.ScriptSettings(f, props))
}

// DescribeScript saves description, capture and language.
func (d *Dashboard) DescribeScript(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	settings := script.Settings{
		Description: values.Get("description"), Capture: execution.Policy(values.Get("capture")), Language: bundle.Language(values.Get("language")),
	}
	if _, err := d.Scripts.Describe(r.Context(), state.Grant, state.Script.ID, settings); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.scriptSettings(w, r, status, views.ScriptSettingsProps{
			Description: settings.Description, Capture: string(settings.Capture), Language: string(settings.Language), Faults: faults,
		})
	}
	return d.done(w, r, "Saved.", paths.ScriptSettings(state.App.Slug, state.Script.Name))
}

// SetKind makes a module of an endpoint, or the other way round.
func (d *Dashboard) SetKind(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state, kind, unpublish := web.Of(r), script.Kind(values.Get("kind")), values.Get("unpublish") != ""
	if kind == state.Script.Kind {
		return d.done(w, r, "The kind is as it was.", paths.ScriptSettings(state.App.Slug, state.Script.Name))
	}
	settings := script.Settings{Description: state.Script.Description, Capture: state.Script.Capture, Kind: kind, Unpublish: unpublish}
	if _, err := d.Scripts.Describe(r.Context(), state.Grant, state.Script.ID, settings); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.scriptSettings(w, r, status, views.ScriptSettingsProps{Kind: string(kind), Unpublish: unpublish, Faults: faults})
	}
	words := "It is an endpoint now. Publish it, and its URL answers."
	if kind == script.Module {
		words = "It is a module now. Publish it, and others can import it."
	}
	return d.done(w, r, words, paths.ScriptSettings(state.App.Slug, state.Script.Name))
}

// RenameScript gives a script another name; the old URL leads to the new one.
func (d *Dashboard) RenameScript(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	renamed, err := d.Scripts.Rename(r.Context(), state.Grant, state.Script.ID, values.Get("name"))
	if err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.scriptSettings(w, r, status, views.ScriptSettingsProps{Name: values.Get("name"), Faults: faults})
	}
	words := "The script is called " + renamed.Name + ". Its old URL answers with a redirect."
	if renamed.Kind == script.Module {
		words = "The module is called " + renamed.Name + ". Imports of its old name still lead to it, with a warning."
	}
	return d.done(w, r, words, paths.ScriptSettings(state.App.Slug, renamed.Name))
}

// DeleteScript removes a script whose name was repeated.
func (d *Dashboard) DeleteScript(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	if err := d.Scripts.Delete(r.Context(), state.Grant, state.Script.ID, values.Get("confirm")); err != nil {
		status, faults, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		faults["confirm"] = faults["name"] // the engine's field is the input of this form
		delete(faults, "name")
		return d.scriptSettings(w, r, status, views.ScriptSettingsProps{Confirm: values.Get("confirm"), Faults: faults})
	}
	return d.done(w, r, "The script "+state.Script.Name+" is deleted.", paths.App(state.App.Slug))
}
