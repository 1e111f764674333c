package dashboard

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/engine/variable"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// ValueBody is the limit in bytes of a form with a value: an escaped line end, which a browser
// sends as two, takes six.
const ValueBody = 6*variable.MaxValue + 64<<10

// shownValue is how much of a value a list shows, in characters.
const shownValue = 80

// Variables are the variables and secrets of an app, or those that the script of the address gets.
func (d *Dashboard) Variables(w http.ResponseWriter, r *http.Request) error {
	return d.variables(w, r, http.StatusOK, views.VariablesProps{})
}

func (d *Dashboard) variables(w http.ResponseWriter, r *http.Request, status int, props views.VariablesProps) error {
	f, head, err := d.valuesFrame(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	list := func() ([]variable.Variable, error) { return d.Values.List(r.Context(), state.Grant) }
	if head != nil {
		list = func() ([]variable.Variable, error) {
			return d.Values.ListOf(r.Context(), state.Grant, state.Script.ID)
		}
	}
	all, err := list()
	if err != nil {
		return err
	}
	for _, v := range all {
		props.Rows = append(props.Rows, variableRow(v))
	}
	props.Script = head
	return d.page(w, r, status, views.Variables(f, props))
}

// valuesFrame is the frame of a page about values; head is the script's that the address names.
func (d *Dashboard) valuesFrame(r *http.Request) (f views.Frame, head *views.ScriptHead, err error) {
	if web.Of(r).Script.ID.IsZero() {
		f, err = d.appFrame(r)
		return f, nil, err
	}
	f, of, err := d.scriptFrame(r, nil)
	return f, &of, err
}

func variableRow(v variable.Variable) views.VariableRow {
	row := views.VariableRow{
		Name: v.Name, Secret: v.Secret, Script: v.ScriptName, Size: v.Size, UsedBy: v.UsedBy, UsedAt: v.UsedAt,
		SetAt: v.SetAt, SetBy: v.SetBy, MissingKey: string(v.MissingKey),
	}
	row.Value, row.Cut = beginning(v.Value)
	return row
}

// beginning is the first line of a value, as far as a list shows it.
func beginning(value string) (text string, cut bool) {
	text, _, cut = strings.Cut(value, "\n")
	if utf8.RuneCountInString(text) > shownValue {
		text, cut = string([]rune(text)[:shownValue]), true
	}
	return text, cut
}

// AddVariable gives a new name its value.
func (d *Dashboard) AddVariable(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	typed := views.VariableForm{Name: strings.TrimSpace(values.Get("name")), Value: values.Get("value"), Kind: values.Get("kind"), Script: values.Get("script")}
	change := variable.Change{Name: typed.Name, Secret: typed.Kind == "secret", Value: typed.Value, Fresh: true}
	script, err := d.scriptOf(r, typed.Script)
	if err == nil {
		_, _, err = d.Values.Put(r.Context(), state.Grant, script, change)
	}
	if err == nil {
		return d.done(w, r, typed.Name+" is set.", paths.Variables(state.App.Slug, state.Script.Name))
	}
	status, faults, ok := valueRefusal(w, r, err)
	if !ok {
		return err
	}
	if change.Secret {
		typed.Value = ""
	}
	return d.variables(w, r, status, views.VariablesProps{Form: typed, Faults: faults})
}

// scriptOf is the script of the address, or else the one that was chosen; zero: the app.
func (d *Dashboard) scriptOf(r *http.Request, chosen string) (id.Script, error) {
	state := web.Of(r)
	if !state.Script.ID.IsZero() || chosen == "" {
		return state.Script.ID, nil
	}
	found, err := d.Scripts.Find(r.Context(), state.Grant, chosen)
	if fault.Is(err, fault.NotFound) {
		return id.Script{}, fault.AtField("script", "The app has no script %.80q.", chosen)
	}
	return found.ID, err
}

// valueRefusal is refusal, also where a key is missing: who typed a value is told on the form.
func valueRefusal(w http.ResponseWriter, r *http.Request, err error) (status int, faults views.Faults, ok bool) {
	if fault.Is(err, fault.Unavailable) {
		web.Of(r).Err = err
		return http.StatusServiceUnavailable, views.Faults{"": fault.Of(err).Public}, true
	}
	return refusal(w, r, err)
}

// Variable is the page of one name.
func (d *Dashboard) Variable(w http.ResponseWriter, r *http.Request) error {
	return d.variable(w, r, http.StatusOK, nil, nil)
}

// variable draws the page of one; typed is what was not set of a variable.
func (d *Dashboard) variable(w http.ResponseWriter, r *http.Request, status int, typed *string, faults views.Faults) error {
	state := web.Of(r)
	found, err := d.Values.Get(r.Context(), state.Grant, state.Script.ID, r.PathValue("name"))
	if err != nil {
		return err
	}
	f, head, err := d.valuesFrame(r)
	if err != nil {
		return err
	}
	props := views.VariableProps{Script: head, Row: variableRow(found), Value: found.Value, Faults: faults}
	if typed != nil && !found.Secret {
		props.Value = *typed
	}
	return d.page(w, r, status, views.Variable(f, props))
}

// ChangeVariable gives a name another value. The field of a secret begins empty: left so, nothing
// was typed.
func (d *Dashboard) ChangeVariable(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state := web.Of(r)
	change := variable.Change{Name: r.PathValue("name"), Secret: values.Get("kind") == "secret", Value: values.Get("value")}
	if change.Secret && change.Value == "" {
		err = fault.AtField("value", "Type the new value.")
	} else {
		_, _, err = d.Values.Put(r.Context(), state.Grant, state.Script.ID, change)
	}
	if err == nil {
		return d.done(w, r, change.Name+" is changed.", paths.Variables(state.App.Slug, state.Script.Name))
	}
	status, faults, ok := valueRefusal(w, r, err)
	if !ok {
		return err
	}
	return d.variable(w, r, status, &change.Value, faults)
}

// DeleteVariable removes a name.
func (d *Dashboard) DeleteVariable(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state, name := web.Of(r), r.PathValue("name")
	if err := d.Values.Delete(r.Context(), state.Grant, state.Script.ID, values.Get("kind") == "secret", name); err != nil {
		return err
	}
	return d.done(w, r, name+" is deleted.", paths.Variables(state.App.Slug, state.Script.Name))
}

// environment are the names that a script gets, for the editor to complete; of a module those that any
// script gets.
func (d *Dashboard) environment(r *http.Request) ([]views.EnvName, error) {
	state := web.Of(r)
	list := func() ([]variable.Variable, error) {
		return d.Values.ListOf(r.Context(), state.Grant, state.Script.ID)
	}
	if state.Script.Kind == script.Module {
		list = func() ([]variable.Variable, error) { return d.Values.List(r.Context(), state.Grant) }
	}
	all, err := list()
	var names []views.EnvName
	for _, v := range all {
		if !slices.ContainsFunc(names, func(known views.EnvName) bool { return known.Name == v.Name }) {
			names = append(names, views.EnvName{Name: v.Name, Secret: v.Secret})
		}
	}
	return names, err
}
