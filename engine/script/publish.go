package script

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/name"
	"picloud/queries"
)

// Publishing is what to publish.
type Publishing struct {
	Source    *string // nil: the draft as it is stored
	Note      string
	IfVersion *int // publish only while this version is live; 0: while none is
}

// Published is what came of it.
type Published struct {
	Script    Script
	Version   int
	Unchanged bool            // the source is live already; no version was made
	Created   bool            // the script was made with it
	Warnings  bundle.Problems // of the source that went live
}

// Publish builds a source and makes it the live version. Problems of the source are an
// Invalid fault at field "source" with bundle.Problems as its cause; a live version other
// than IfVersion is a Conflict. A source that is live already makes no new version.
func (s *Service) Publish(ctx context.Context, grant actor.Grant, script id.Script, wanted Publishing) (Published, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Published{}, err
	}
	current, err := s.Get(ctx, grant, script)
	if err != nil {
		return Published{}, err
	}
	if err := fresh(wanted.IfVersion, current.LiveVersion); err != nil {
		return Published{}, err
	}
	source, err := s.sourceOf(ctx, grant, script, wanted.Source)
	if err != nil {
		return Published{}, err
	}
	faults := wanted.check()
	if same, err := s.isLive(ctx, current, source); err != nil {
		return Published{}, err
	} else if same && len(faults) == 0 {
		return s.unchanged(ctx, current, source)
	}
	output, err := s.compile(ctx, current, source, faults)
	if err != nil {
		return Published{}, err
	}
	v := version{script: script, language: current.Language, source: source, output: output, note: strings.TrimSpace(wanted.Note), given: wanted.Source != nil}
	var made int
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		made, err = s.store(ctx, tx, authorOf(grant), appID, v, wanted.IfVersion)
		return err
	})
	if err != nil {
		return Published{}, fmt.Errorf("publish %s: %w", script, err)
	}
	s.Announce(ctx)
	current, err = s.Get(ctx, grant, script)
	return Published{Script: current, Version: made, Warnings: output.Warnings}, err
}

// unchanged answers for a source that is live already.
func (s *Service) unchanged(ctx context.Context, current Script, source string) (Published, error) {
	err := s.q.RebaseDraft(ctx, s.pool, queries.RebaseDraftParams{
		AppID: current.App, ScriptID: current.ID, SourceHash: hashOf(source), Version: int32(current.LiveVersion),
	})
	if err != nil {
		return Published{}, fmt.Errorf("publish %s: %w", current.ID, err)
	}
	return Published{Script: current, Version: current.LiveVersion, Unchanged: true}, nil
}

// Put publishes a source under a name, and makes the script in the same step when the
// app has none of that name; language is used only then.
func (s *Service) Put(ctx context.Context, grant actor.Grant, named string, language bundle.Language, wanted Publishing) (Published, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Published{}, err
	}
	found, err := s.Find(ctx, grant, named)
	if err == nil && found.Name == named {
		if language != "" && language != found.Language {
			faults := wanted.check()
			faults = append(faults, fault.Field{Name: "language", Message: fmt.Sprintf("The script is written in %s; send that language, or none, or change it with PATCH.", found.Language)})
			return Published{}, invalid(faults)
		}
		return s.Publish(ctx, grant, found.ID, wanted)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Published{}, err
	}
	if err := fresh(wanted.IfVersion, 0); err != nil {
		return Published{}, err
	}
	if language == "" {
		language = bundle.TypeScript
	}
	add := New{Name: named, Language: language}
	if wanted.Source != nil {
		add.Source = *wanted.Source
	}
	faults := append(add.faults(), wanted.check()...)
	if wanted.Source == nil {
		faults = append(faults, fault.Field{Name: "source", Message: "A source is needed."})
	}
	output, err := s.compile(ctx, Script{App: appID, Name: named, Language: language}, add.Source, faults)
	if err != nil {
		return Published{}, err
	}
	var made id.Script
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		made, err = s.addLive(ctx, tx, authorOf(grant), appID, add, output, wanted.Note)
		return err
	})
	if fault.Is(err, fault.Conflict) { // somebody has just made it
		if found, findErr := s.Find(ctx, grant, named); findErr == nil && found.Name == named {
			return s.Publish(ctx, grant, found.ID, wanted)
		}
	}
	if err != nil {
		return Published{}, fmt.Errorf("put script %s: %w", named, err)
	}
	s.Announce(ctx)
	current, err := s.Get(ctx, grant, made)
	return Published{Script: current, Version: 1, Created: true, Warnings: output.Warnings}, err
}

// check gives the faults of what is said beside the source.
func (p Publishing) check() []fault.Field {
	if why := checkText("The note", p.Note, MaxNote); why != "" {
		return []fault.Field{{Name: "note", Message: why}}
	}
	return nil
}

// addLive makes a script whose first version is live at once.
func (s *Service) addLive(ctx context.Context, tx pgx.Tx, by author, appID id.App, wanted New, output bundle.Output, note string) (id.Script, error) {
	made, err := s.add(ctx, tx, by, appID, wanted)
	if err != nil {
		return made, err
	}
	_, err = s.store(ctx, tx, by, appID, version{script: made, language: wanted.Language, source: wanted.Source, output: output, note: note}, nil)
	return made, err
}

// Build makes the program of a draft without storing anything; source nil is the draft
// as it is stored. It fails as Publish does.
func (s *Service) Build(ctx context.Context, grant actor.Grant, script id.Script, source *string) (Script, bundle.Output, error) {
	if err := grant.Need(actor.WriteScript); err != nil {
		return Script{}, bundle.Output{}, err
	}
	current, err := s.Get(ctx, grant, script)
	if err != nil {
		return Script{}, bundle.Output{}, err
	}
	text, err := s.sourceOf(ctx, grant, script, source)
	if err != nil {
		return Script{}, bundle.Output{}, err
	}
	output, err := s.compile(ctx, current, text, nil)
	return current, output, err
}

// sourceOf is the given source, or the draft's.
func (s *Service) sourceOf(ctx context.Context, grant actor.Grant, script id.Script, given *string) (string, error) {
	if given == nil {
		draft, err := s.Draft(ctx, grant, script)
		return draft.Source, err
	}
	return *given, nil
}

func (s *Service) isLive(ctx context.Context, current Script, source string) (bool, error) {
	if current.LiveVersion == 0 {
		return false, nil
	}
	live, err := s.q.ReadVersionHash(ctx, s.pool, queries.ReadVersionHashParams{AppID: current.App, ScriptID: current.ID, Number: int32(current.LiveVersion)})
	if err != nil {
		return false, fmt.Errorf("read version %d of %s: %w", current.LiveVersion, current.ID, err)
	}
	return bytes.Equal(live.SourceHash, hashOf(source)) && live.Language == string(current.Language), nil
}

// compile builds in a child and tells what is wrong with the source at its field, together with
// the faults of other fields. Only a source that may be one, of a known language and under a good
// name, is built.
func (s *Service) compile(ctx context.Context, script Script, source string, faults []fault.Field) (bundle.Output, error) {
	isAbout := func(names ...string) bool {
		return slices.ContainsFunc(faults, func(field fault.Field) bool { return slices.Contains(names, field.Name) })
	}
	if why := name.Check(script.Name); why != "" && !isAbout("name") {
		faults = append(faults, fault.Field{Name: "name", Message: why})
	}
	if why := checkSource(source); why != "" && !isAbout("source") {
		faults = append(faults, fault.Field{Name: "source", Message: why})
	}
	if isAbout("name", "source", "language") {
		return bundle.Output{}, invalid(faults)
	}
	output, err := s.build(ctx, bundle.Input{File: script.File(), Language: script.Language, Source: source})
	if err == nil {
		if output.Warnings, err = s.withUnknown(ctx, script, output); err != nil {
			return bundle.Output{}, err
		}
		return output, invalid(faults)
	}
	problems, ok := errors.AsType[bundle.Problems](err)
	if !ok {
		return bundle.Output{}, fmt.Errorf("build %s: %w", script.File(), err)
	}
	for _, problem := range problems {
		faults = append(faults, fault.Field{Name: "source", Message: problem.Message, Line: problem.Line, Column: problem.Column})
	}
	f := fault.New(fault.Invalid, "%s", summary(script.File(), problems)).Because(problems)
	f.Fields = faults
	return bundle.Output{}, f
}

// withUnknown adds to the warnings of a program those for variables that it names and does not get.
func (s *Service) withUnknown(ctx context.Context, script Script, output bundle.Output) (bundle.Problems, error) {
	if len(output.Env) == 0 || script.App.IsZero() {
		return output.Warnings, nil
	}
	known, err := s.q.ListVariableNames(ctx, s.pool, queries.ListVariableNamesParams{AppID: script.App, ScriptID: &script.ID})
	if err != nil {
		return nil, fmt.Errorf("list variables of %s: %w", script.App, err)
	}
	warnings := output.Warnings
	for _, use := range output.Env {
		if !slices.Contains(known, use.Name) {
			warnings = append(warnings, bundle.Problem{
				Message: fmt.Sprintf("There is no variable or secret %s. Add it on the page Variables of the app.", use.Name),
				Line:    use.Line, Column: use.Column, Length: len(use.Name),
			})
		}
	}
	slices.SortStableFunc(warnings, func(a, b bundle.Problem) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return warnings, nil
}

// envNames are the names of the variables that a program names, each once.
func envNames(output bundle.Output) []string {
	names := make([]string, 0, len(output.Env))
	for _, use := range output.Env {
		names = append(names, use.Name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxEnvNames)]
}

// maxEnvNames is how many names of variables are known of a version; an app has no more of them.
const maxEnvNames = 1000

func summary(file string, problems bundle.Problems) string {
	first := problems[0]
	if first.Line == 0 {
		return first.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, first.Line, first.Column, first.Message)
}

// fresh refuses when another version is live than the one expected.
func fresh(expected *int, live int) error {
	if expected == nil || *expected == live {
		return nil
	}
	stale := fault.New(fault.Conflict, "%s was expected to be live, but %s is.", capital(describe(*expected)), describe(live))
	stale.Fields = []fault.Field{{Name: "if_version", Message: stale.Public, Current: &live}}
	return stale
}

func describe(version int) string {
	if version == 0 {
		return "no version"
	}
	return fmt.Sprintf("version %d", version)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// version is one to be stored.
type version struct {
	script   id.Script
	language bundle.Language
	source   string
	output   bundle.Output
	note     string
	given    bool // the source did not come from the draft
}

// store writes a version and makes it live, all in the caller's transaction.
func (s *Service) store(ctx context.Context, tx pgx.Tx, by author, appID id.App, v version, ifVersion *int) (int, error) {
	locked, err := s.lock(ctx, tx, appID, v.script)
	if err != nil {
		return 0, err
	}
	if err := fresh(ifVersion, number(locked.LiveVersion)); err != nil {
		return 0, err
	}
	next, err := s.q.NextVersionNumber(ctx, tx, queries.NextVersionNumberParams{AppID: appID, ScriptID: v.script})
	if err != nil {
		return 0, err
	}
	err = s.q.AddVersion(ctx, tx, queries.AddVersionParams{
		ID: id.New[id.Version](), AppID: appID, ScriptID: v.script, Number: next, Language: string(v.language),
		Source: v.source, SourceHash: hashOf(v.source), Program: v.output.Program, SourceMap: v.output.SourceMap,
		Hash: v.output.Hash[:], AuthorID: by.user, Author: by.name, Note: v.note, EnvNames: envNames(v.output),
	})
	if err != nil {
		return 0, err
	}
	if v.given {
		err = s.q.FollowDraft(ctx, tx, queries.FollowDraftParams{
			AppID: appID, ScriptID: v.script, Source: v.source, SourceHash: hashOf(v.source), Version: next, UpdatedBy: by.user,
			ExampleHash: hashOf(Starter(Plain, v.language)),
		})
		if err != nil {
			return 0, err
		}
	}
	err = s.q.RebaseDraft(ctx, tx, queries.RebaseDraftParams{AppID: appID, ScriptID: v.script, SourceHash: hashOf(v.source), Version: next})
	if err != nil {
		return 0, err
	}
	return int(next), s.deploy(ctx, tx, by, locked, next, v.note)
}
