package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// TogetherBody is the limit in bytes of a form that publishes drafts together: each has a name and
// a revision.
const TogetherBody = 64 << 10

// togetherProps are the drafts among some scripts that are not live. Those that differ from what is
// live are chosen; what was never published, or was unpublished, is not before a person says so.
func togetherProps(scripts []script.Script, changes map[id.Script]script.Difference) (props views.TogetherProps) {
	for _, s := range scripts {
		if !s.DraftChanged {
			continue
		}
		if len(props.Rows) == script.MaxTogether {
			props.More++
			continue
		}
		props.Rows = append(props.Rows, views.TogetherRow{
			Name: s.Name, Module: s.Kind == script.Module, Revision: strconv.FormatInt(s.Revision, 10), Live: s.LiveVersion,
			Added: changes[s.ID].Added, Removed: changes[s.ID].Removed, Rebuilt: s.LiveVersion > 0 && s.LiveLanguage != s.Language,
			Chosen: s.LiveVersion > 0,
		})
	}
	return props
}

// PublishTogether makes the drafts of several scripts live in one step.
func (d *Dashboard) PublishTogether(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	state, chosen := web.Of(r), values["scripts"]
	if err = d.seen(r, chosen, values); err == nil {
		var done script.Together
		done, err = d.Scripts.PublishTogether(r.Context(), state.Grant, chosen, values.Get("note"), script.Follow{})
		if err == nil {
			return d.done(w, r, togetherWords(done), paths.App(state.App.Slug))
		}
	}
	status, _, ok := refusal(w, r, err)
	if !ok {
		return err
	}
	return d.app(w, r, status, func(props *views.TogetherProps) { refuseTogether(props, state.App.Slug, values, err) })
}

// seen refuses drafts that were saved again since the form was drawn.
func (d *Dashboard) seen(r *http.Request, chosen []string, values url.Values) error {
	if len(chosen) > script.MaxTogether {
		return nil // which is refused with its number
	}
	var fields []fault.Field
	for _, name := range chosen {
		found, err := d.Scripts.Find(r.Context(), web.Of(r).Grant, name)
		if fault.Is(err, fault.NotFound) {
			continue // so is this
		}
		if err != nil {
			return err
		}
		if values.Get("revision."+name) != strconv.FormatInt(found.Revision, 10) {
			fields = append(fields, fault.Field{Name: "scripts." + found.Name, Message: "The draft was saved again since this page was drawn. Look at it once more."})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	conflict := fault.New(fault.Conflict, "%s", fields[0].Message)
	conflict.Fields = fields
	return conflict
}

// refuseTogether puts what is wrong to the scripts that it is about, and keeps what was typed.
func refuseTogether(props *views.TogetherProps, app string, values url.Values, err error) {
	props.Open, props.Note, props.Faults = true, values.Get("note"), views.Faults{}
	for i := range props.Rows {
		props.Rows[i].Chosen = slices.Contains(values["scripts"], props.Rows[i].Name)
	}
	f := fault.Of(err)
	if len(f.Fields) == 0 {
		props.Faults[""] = f.Public
	}
	for _, field := range f.Fields {
		name, isScript := strings.CutPrefix(field.Name, "scripts.")
		at := slices.IndexFunc(props.Rows, func(row views.TogetherRow) bool { return row.Name == name })
		switch {
		case isScript && at >= 0:
			props.Rows[at].Faults = append(props.Rows[at].Faults, togetherFault(app, name, field))
		case field.Name == "scripts" || field.Name == "note":
			props.Faults[field.Name] = strings.TrimSpace(props.Faults[field.Name] + " " + field.Message)
		default:
			props.Faults[""] = strings.TrimSpace(props.Faults[""] + " " + field.Message)
		}
	}
	if props.Faults["scripts"] == "" && len(f.Fields) > 0 && strings.HasPrefix(f.Fields[0].Name, "scripts.") {
		props.Faults[""] = "Nothing was published."
	}
}

// togetherFault is one fault of a script; its message begins with its place.
func togetherFault(app, name string, field fault.Field) views.TogetherFault {
	if field.Line == 0 {
		return views.TogetherFault{Message: field.Message}
	}
	place, message, _ := strings.Cut(field.Message, ": ")
	return views.TogetherFault{Place: place, Message: message, Href: paths.ScriptAt(app, name, field.Line, field.Column)}
}

// Of what was published, of who follows and of who stays, so many are named.
const namedTogether = 8

// togetherWords tell what went live, and what that brought about.
func togetherWords(all script.Together) string {
	var live, same, followed, stayed []string
	for _, one := range all.Published {
		if one.Unchanged {
			same = append(same, one.Script.Name)
			continue
		}
		live = append(live, fmt.Sprintf("%s v%d", one.Script.Name, one.Version))
	}
	for _, f := range all.Followed {
		followed = append(followed, fmt.Sprintf("%s v%d", f.Name, f.Version))
	}
	for _, f := range all.Failed {
		stayed = append(stayed, f.Name+firstProblem(f.Problems))
	}
	words := "Nothing to publish."
	if len(live) > 0 {
		words = "Published " + listed(live) + "."
	}
	if len(same) > 0 {
		words += " Live already: " + listed(same) + "."
	}
	if len(followed) > 0 {
		words += " Followed: " + listed(followed) + "."
	}
	if len(stayed) > 0 {
		words += " Not built, and as before: " + listed(stayed) + "."
	}
	return words
}

func firstProblem(problems bundle.Problems) string {
	if len(problems) == 0 {
		return ""
	}
	return " (" + clip(strings.TrimSuffix(problems[0].Message, "."), 200) + ")"
}

// listed names some things, and counts the rest.
func listed(names []string) string {
	if more := len(names) - namedTogether; more > 1 {
		return strings.Join(names[:namedTogether], ", ") + " and " + ui.Count(more) + " more"
	}
	return strings.Join(names, ", ")
}
