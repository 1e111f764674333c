package api

import (
	"net/http"
	"strconv"

	"picloud/engine/bundle"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/pause"
	"picloud/engine/script"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/web"
)

// ListScripts answers GET /apps/{app}/scripts?limit&after.
func (a *API) ListScripts(w http.ResponseWriter, r *http.Request) error {
	values, err := query(r, "limit", "after")
	if err != nil {
		return err
	}
	most, err := limit(values)
	if err != nil {
		return err
	}
	scripts, more, err := a.Scripts.List(r.Context(), web.Of(r).Grant, values["after"], most)
	if err != nil {
		return err
	}
	pauses, err := a.Pauses.List(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	answer := v1.Scripts{Scripts: make([]v1.Script, len(scripts))}
	for i, one := range scripts {
		answer.Scripts[i] = a.fromScript(r, one)
		answer.Scripts[i].Paused = pauseOf(pauses, one.ID)
	}
	if more {
		answer.Next = scripts[len(scripts)-1].Name
	}
	return write(w, http.StatusOK, answer)
}

// CreateScript answers POST /apps/{app}/scripts.
func (a *API) CreateScript(w http.ResponseWriter, r *http.Request) error {
	var body v1.NewScript
	if err := read(r, &body); err != nil {
		return err
	}
	state := web.Of(r)
	made, err := a.Scripts.Create(r.Context(), state.Grant, script.New{
		Name: body.Name, Kind: script.Kind(body.Kind), Description: body.Description, Language: bundle.Language(body.Language), Source: body.Source,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/apps/"+state.App.Slug+"/scripts/"+made.Name)
	return write(w, http.StatusCreated, a.fromScript(r, made))
}

// ReadScript answers GET /apps/{app}/scripts/{script}, with the live source.
func (a *API) ReadScript(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	answer := a.fromScript(r, state.Script)
	pauses, err := a.Pauses.List(r.Context(), state.Grant)
	if err != nil {
		return err
	}
	answer.Paused = pauseOf(pauses, state.Script.ID)
	if state.Script.LiveVersion > 0 {
		live, err := a.Scripts.Version(r.Context(), state.Grant, state.Script.ID, state.Script.LiveVersion)
		if err != nil {
			return err
		}
		answer.Source = &live.Source
		if err := a.addModules(r, &answer, state.Script); err != nil {
			return err
		}
	}
	return write(w, http.StatusOK, answer)
}

// PutScript answers PUT /apps/{app}/scripts/{script}: 201 when it made the script, else 200
// (RFC 9110, section 9.3.4).
func (a *API) PutScript(w http.ResponseWriter, r *http.Request) error {
	var body v1.PutScript
	if err := read(r, &body); err != nil {
		return err
	}
	follow, err := followOf(body.Follow)
	if err != nil {
		return err
	}
	state := web.Of(r)
	published, err := a.Scripts.Put(r.Context(), state.Grant,
		script.New{Name: r.PathValue("script"), Kind: script.Kind(body.Kind), Language: bundle.Language(body.Language)},
		script.Publishing{Source: body.Source, Note: body.Note, IfVersion: body.IfVersion, Follow: follow})
	if err != nil {
		return err
	}
	answer, err := a.fromPublished(r, published)
	if err != nil {
		return err
	}
	if published.Created {
		return write(w, http.StatusCreated, answer)
	}
	return write(w, http.StatusOK, answer)
}

// PatchScript answers PATCH /apps/{app}/scripts/{script}.
func (a *API) PatchScript(w http.ResponseWriter, r *http.Request) error {
	var body v1.PatchScript
	if err := read(r, &body); err != nil {
		return err
	}
	state := web.Of(r)
	settings := script.Settings{Description: state.Script.Description, Capture: state.Script.Capture, Unpublish: body.Unpublish}
	if body.Kind != nil {
		if settings.Kind = script.Kind(*body.Kind); settings.Kind == "" {
			return fault.AtField("kind", "The kind is empty; leave it out to keep it.")
		}
	}
	if body.Description != nil {
		settings.Description = *body.Description
	}
	if body.Capture != nil {
		settings.Capture = execution.Policy(*body.Capture)
	}
	if body.Language != nil {
		if settings.Language = bundle.Language(*body.Language); settings.Language == "" {
			return fault.AtField("language", "The language is empty; leave it out to keep it.")
		}
	}
	changed, err := a.Scripts.Describe(r.Context(), state.Grant, state.Script.ID, settings)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, a.fromScript(r, changed))
}

// DeleteScript answers DELETE /apps/{app}/scripts/{script}.
func (a *API) DeleteScript(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	if err := a.Scripts.Delete(r.Context(), state.Grant, state.Script.ID, state.Script.Name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ReleaseScript answers DELETE /apps/{app}/scripts/{script}/pause.
func (a *API) ReleaseScript(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	if err := a.Pauses.ReleaseScript(r.Context(), state.Grant, state.Script.ID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// pauseOf is the pause of a script's live version; nil: it is not paused.
func pauseOf(pauses pause.Pauses, script id.Script) *v1.Pause {
	for _, p := range pauses.Scripts {
		if p.Script != script || !p.Live {
			continue
		}
		one := v1.Pause{At: p.At.UTC(), Why: p.Why + "."}
		for _, run := range p.Runs {
			one.Executions = append(one.Executions, run.String())
		}
		return &one
	}
	return nil
}

// ListVersions answers GET /apps/{app}/scripts/{script}/versions?limit&before.
func (a *API) ListVersions(w http.ResponseWriter, r *http.Request) error {
	values, err := query(r, "limit", "before")
	if err != nil {
		return err
	}
	most, err := limit(values)
	if err != nil {
		return err
	}
	before := 0
	if text := values["before"]; text != "" {
		if before, err = strconv.Atoi(text); err != nil || before < 1 {
			return fault.AtField("before", "Before is the number of a version, not %.20q.", text)
		}
	}
	state := web.Of(r)
	versions, more, err := a.Scripts.Versions(r.Context(), state.Grant, state.Script.ID, before, most)
	if err != nil {
		return err
	}
	answer := v1.Versions{Versions: make([]v1.Version, len(versions))}
	for i, one := range versions {
		answer.Versions[i] = v1.Version{
			Number: one.Number, Live: one.Live, Kind: string(one.Kind), Language: string(one.Language), Author: one.Author, Note: one.Note,
			Size: one.Size, CreatedAt: one.CreatedAt.UTC(),
		}
		if one.Origin != one.Number {
			answer.Versions[i].Follows = one.Origin
		}
	}
	if more {
		answer.Next = strconv.Itoa(versions[len(versions)-1].Number)
	}
	return write(w, http.StatusOK, answer)
}

// MakeLive answers POST /apps/{app}/scripts/{script}/versions/{version}/live.
func (a *API) MakeLive(w http.ResponseWriter, r *http.Request) error {
	number, err := strconv.Atoi(r.PathValue("version"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such version.").Because(err)
	}
	var body v1.MakeLive
	if err := readOptional(r, &body); err != nil {
		return err
	}
	follow, err := followOf(body.Follow)
	if err != nil {
		return err
	}
	state := web.Of(r)
	live, err := a.Scripts.MakeLive(r.Context(), state.Grant, state.Script.ID, number, body.Note, follow)
	if err != nil {
		return err
	}
	answer := v1.MadeLive{Script: a.fromScript(r, live.Script)}
	answer.Followed, answer.Failed = fromFollowers(live.Followed, live.Failed)
	return write(w, http.StatusOK, answer)
}

// Unpublish answers DELETE /apps/{app}/scripts/{script}/live, also when nothing is live.
func (a *API) Unpublish(w http.ResponseWriter, r *http.Request) error {
	state := web.Of(r)
	if _, err := a.Scripts.Unpublish(r.Context(), state.Grant, state.Script.ID, ""); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) fromScript(r *http.Request, s script.Script) v1.Script {
	state := web.Of(r)
	base := a.BaseURL
	if base == "" {
		base = state.Origin
	}
	out := v1.Script{
		ID: s.ID.String(), App: state.App.Slug, Name: s.Name, Description: s.Description, Language: string(s.Language),
		Kind: string(s.Kind), Capture: string(s.Capture),
		CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(),
	}
	if s.Kind == script.Endpoint {
		out.URL = base + "/fn/" + state.App.Slug + "/" + s.Name
	}
	if s.LiveVersion > 0 {
		out.LiveVersion = &s.LiveVersion
	}
	return out
}
