package dashboard

import (
	"net/http"
	"slices"
	"strings"

	"picloud/engine/execution/redact"
	"picloud/engine/fault"
	"picloud/engine/variable"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// PasteBody is the limit in bytes of a form with a .env file, where each character may be escaped.
const PasteBody = 6*variable.MaxPaste + 64<<10

// PastePage is the form for a .env file.
func (d *Dashboard) PastePage(w http.ResponseWriter, r *http.Request) error {
	return d.paste(w, r, http.StatusOK, views.PasteProps{})
}

func (d *Dashboard) paste(w http.ResponseWriter, r *http.Request, status int, props views.PasteProps) error {
	f, head, err := d.valuesFrame(r)
	if err != nil {
		return err
	}
	props.Script = head
	return d.page(w, r, status, views.Paste(f, props))
}

// PreviewPaste shows what a .env file would change. A new name that looks like a secret's is one
// unless the person says otherwise.
func (d *Dashboard) PreviewPaste(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	return d.preview(w, r, http.StatusOK, values.Get("text"), redact.Secret, nil)
}

// preview draws what a text would change, or where it cannot be read.
func (d *Dashboard) preview(w http.ResponseWriter, r *http.Request, status int, text string, secret func(string) bool, faults views.Faults) error {
	state := web.Of(r)
	planned, err := d.Values.Plan(r.Context(), state.Grant, state.Script.ID, text, secret)
	if err != nil {
		refused, _, ok := refusal(w, r, err)
		if !ok {
			return err
		}
		return d.paste(w, r, refused, views.PasteProps{Text: text, Faults: views.Faults{"text": sentences(err)}})
	}
	f, head, err := d.valuesFrame(r)
	if err != nil {
		return err
	}
	props := views.PreviewProps{Script: head, Text: text, Faults: faults}
	for _, p := range planned {
		row := views.PlannedRow{VariableRow: views.VariableRow{Name: p.Name, Secret: p.Secret, Size: len(p.Value)}, Effect: string(p.Effect)}
		if !p.Secret {
			row.Value, row.Cut = beginning(p.Value)
		}
		props.Rows = append(props.Rows, row)
	}
	return d.page(w, r, status, views.PastePreview(f, props))
}

// sentences are the messages of a fault's fields, a line each.
func sentences(err error) string {
	var all []string
	for _, field := range fault.Of(err).Fields {
		all = append(all, field.Message)
	}
	return strings.Join(all, "\n")
}

// ApplyPaste sets what was pasted.
func (d *Dashboard) ApplyPaste(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state, text := web.Of(r), values.Get("text")
	secret := func(name string) bool { return slices.Contains(values["secret"], name) }
	changed, err := d.Values.Paste(r.Context(), state.Grant, state.Script.ID, text, secret)
	if err == nil {
		return d.done(w, r, pasted(changed), paths.Variables(state.App.Slug, state.Script.Name))
	}
	status, faults, ok := valueRefusal(w, r, err)
	if !ok {
		return err
	}
	for _, whole := range []string{"name", "value"} { // there are no such inputs: it is about all of them
		if faults[whole] != "" {
			faults[""] = faults[whole]
		}
	}
	return d.preview(w, r, status, text, secret, faults)
}

func pasted(changed int) string {
	switch changed {
	case 0:
		return "All of it was set already."
	case 1:
		return "1 value is set."
	}
	return ui.Count(changed) + " values are set."
}
