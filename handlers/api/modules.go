package api

import (
	"encoding/json"
	"net/http"
	"slices"

	"picloud/engine/fault"
	"picloud/engine/script"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/web"
)

// PublishTogether answers POST /apps/{app}/publish.
func (a *API) PublishTogether(w http.ResponseWriter, r *http.Request) error {
	var body v1.PublishTogether
	if err := read(r, &body); err != nil {
		return err
	}
	follow, err := followOf(body.Follow)
	if err != nil {
		return err
	}
	together, err := a.Scripts.PublishTogether(r.Context(), web.Of(r).Grant, body.Scripts, body.Note, follow)
	if err != nil {
		return err
	}
	answer := v1.PublishedTogether{Published: make([]v1.Published, len(together.Published))}
	answer.Followed, answer.Failed = fromFollowers(together.Followed, together.Failed)
	for i, one := range together.Published {
		if answer.Published[i], err = a.fromPublished(r, one); err != nil {
			return err
		}
	}
	return write(w, http.StatusOK, answer)
}

// followOf reads who follows a module: true, false, or names. Nothing is true.
func followOf(text json.RawMessage) (script.Follow, error) {
	var all bool
	var names []string
	switch {
	case len(text) == 0 || string(text) == "null":
		return script.Follow{}, nil
	case json.Unmarshal(text, &all) == nil:
		return script.Follow{None: !all}, nil
	case json.Unmarshal(text, &names) == nil && !slices.Contains(names, ""):
		return script.Follow{None: len(names) == 0, Only: names}, nil
	}
	return script.Follow{}, fault.AtField("follow", "Follow is true, false or a list of the names of scripts, not %.40s.", text)
}

// fromPublished tells what was published, with what is imported.
func (a *API) fromPublished(r *http.Request, published script.Published) (v1.Published, error) {
	answer := v1.Published{Script: a.fromScript(r, published.Script), Version: published.Version, Unchanged: published.Unchanged}
	answer.URL = answer.Script.URL
	for _, warning := range published.Warnings {
		answer.Warnings = append(answer.Warnings, v1.FieldFault{Field: "source", Message: warning.Message, Line: warning.Line, Column: warning.Column})
	}
	answer.Followed, answer.Failed = fromFollowers(published.Followed, published.Failed)
	err := a.addModules(r, &answer.Script, published.Script)
	return answer, err
}

func fromFollowers(ours []script.Followed, theirs []script.Failed) (followed []v1.Followed, failed []v1.Failed) {
	for _, one := range ours {
		followed = append(followed, v1.Followed{Name: one.Name, Version: one.Version})
	}
	for _, one := range theirs {
		errors := make([]v1.FieldFault, len(one.Problems))
		for i, problem := range one.Problems {
			errors[i] = v1.FieldFault{Field: "source", Message: problem.Message, Line: problem.Line, Column: problem.Column}
		}
		failed = append(failed, v1.Failed{Name: one.Name, Errors: errors})
	}
	return followed, failed
}

// addModules tells what the live version of a script imports, exports, and who imports it.
func (a *API) addModules(r *http.Request, s *v1.Script, script script.Script) error {
	if script.LiveVersion == 0 {
		return nil
	}
	grant := web.Of(r).Grant
	modules, err := a.Scripts.Modules(r.Context(), grant, script.ID, script.LiveVersion)
	if err != nil {
		return err
	}
	for _, m := range modules {
		s.Imports = append(s.Imports, v1.Import{Name: m.Name, Version: m.Version, Follows: m.Follows, Direct: m.Direct})
	}
	dependents, err := a.Scripts.Dependents(r.Context(), grant, script.ID)
	if err != nil {
		return err
	}
	for _, d := range dependents {
		s.Dependents = append(s.Dependents, v1.Import{Name: d.Name, Version: d.Version, Follows: d.Follows, Direct: d.Direct})
	}
	exports, err := a.Scripts.Exports(r.Context(), grant, script.ID, script.LiveVersion)
	if err != nil {
		return err
	}
	for _, e := range exports {
		s.Exports = append(s.Exports, v1.Export(e))
	}
	return nil
}
