package api

import (
	"net/http"

	"picloud/engine/fault"
	"picloud/engine/variable"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/web"
)

// ValueBody is the limit in bytes of a request with a value: 64 KiB of text may take six times
// that where every character is escaped.
const ValueBody = 6*variable.MaxValue + 64<<10

// ListVariables answers GET …/variables of an app, or of a script.
func (a *API) ListVariables(w http.ResponseWriter, r *http.Request) error {
	found, err := a.values(r, false)
	if err != nil {
		return err
	}
	answer := v1.Variables{Variables: make([]v1.Variable, len(found))}
	for i, one := range found {
		answer.Variables[i] = fromVariable(one)
	}
	return write(w, http.StatusOK, answer)
}

// ListSecrets answers GET …/secrets of an app, or of a script.
func (a *API) ListSecrets(w http.ResponseWriter, r *http.Request) error {
	found, err := a.values(r, true)
	if err != nil {
		return err
	}
	answer := v1.Secrets{Secrets: make([]v1.Secret, len(found))}
	for i, one := range found {
		answer.Secrets[i] = fromSecret(one)
	}
	return write(w, http.StatusOK, answer)
}

// values are those of the app, or of the script that the path names.
func (a *API) values(r *http.Request, secret bool) (found []variable.Variable, err error) {
	if _, err := query(r); err != nil {
		return nil, err
	}
	all, err := a.Variables.List(r.Context(), web.Of(r).Grant)
	for _, one := range all {
		if one.Script == web.Of(r).Script.ID && one.Secret == secret {
			found = append(found, one)
		}
	}
	return found, err
}

// PutVariable answers PUT …/variables/{name}.
func (a *API) PutVariable(w http.ResponseWriter, r *http.Request) error {
	now, status, err := a.put(r, false)
	if err != nil {
		return err
	}
	return write(w, status, fromVariable(now))
}

// PutSecret answers PUT …/secrets/{name}, without the value.
func (a *API) PutSecret(w http.ResponseWriter, r *http.Request) error {
	now, status, err := a.put(r, true)
	if err != nil {
		return err
	}
	return write(w, status, fromSecret(now))
}

// put is 201 where there was no such name, else 200 (RFC 9110, section 9.3.4).
func (a *API) put(r *http.Request, secret bool) (now variable.Variable, status int, err error) {
	var body v1.PutValue
	if err := read(r, &body); err != nil {
		return now, 0, err
	}
	if body.Value == nil {
		return now, 0, fault.AtField("value", "A value is needed; it may be empty.")
	}
	state := web.Of(r)
	now, added, err := a.Variables.Put(r.Context(), state.Grant, state.Script.ID, variable.Change{
		Name: r.PathValue("name"), Secret: secret, Value: *body.Value,
	})
	if added {
		return now, http.StatusCreated, err
	}
	return now, http.StatusOK, err
}

// DeleteVariable answers DELETE …/variables/{name}.
func (a *API) DeleteVariable(w http.ResponseWriter, r *http.Request) error {
	return a.deleteValue(w, r, false)
}

// DeleteSecret answers DELETE …/secrets/{name}.
func (a *API) DeleteSecret(w http.ResponseWriter, r *http.Request) error {
	return a.deleteValue(w, r, true)
}

func (a *API) deleteValue(w http.ResponseWriter, r *http.Request, secret bool) error {
	state := web.Of(r)
	if err := a.Variables.Delete(r.Context(), state.Grant, state.Script.ID, secret, r.PathValue("name")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func fromVariable(v variable.Variable) v1.Variable {
	return v1.Variable{
		Name: v.Name, Script: v.ScriptName, Value: v.Value, Size: v.Size, SetAt: v.SetAt.UTC(), SetBy: v.SetBy, UsedBy: namesOf(v.UsedBy),
	}
}

func fromSecret(v variable.Variable) v1.Secret {
	out := v1.Secret{
		Name: v.Name, Script: v.ScriptName, Size: v.Size, SetAt: v.SetAt.UTC(), SetBy: v.SetBy, UsedBy: namesOf(v.UsedBy), MissingKey: string(v.MissingKey),
	}
	if !v.UsedAt.IsZero() {
		used := v.UsedAt.UTC()
		out.UsedAt = &used
	}
	return out
}

// namesOf is a list also where there are none.
func namesOf(names []string) []string { return append([]string{}, names...) }
