package script

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

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
	IfVersion *int   // publish only while this version is live, or another build of it; 0: while none is
	Follow    Follow // of a module
}

// Published is what came of it.
type Published struct {
	Script    Script
	Version   int
	Unchanged bool            // all that it is made of is live already; no version was made
	Created   bool            // the script was made with it
	Warnings  bundle.Problems // of the source that went live
	Followed  []Followed      // what was built anew because it follows the module
	Failed    []Failed        // what follows the module and stays as it is, for it does not build
}

// Followed is a script that got a new version because it follows a module.
type Followed struct {
	Name    string
	Version int
}

// Failed is a script that would follow a module and does not build with it.
type Failed struct {
	Name     string
	Problems bundle.Problems
}

// Publish builds a source and makes it the live version. Problems of the source are an
// Invalid fault at field "source" with bundle.Problems as its cause; a live version other
// than IfVersion is a Conflict. What is live already makes no new version. The scripts that follow
// a module are built anew in the same transaction; those that do not build stay as they are.
func (s *Service) Publish(ctx context.Context, grant actor.Grant, script id.Script, wanted Publishing) (Published, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Published{}, err
	}
	c, err := s.changeOf(ctx, grant, script, wanted)
	if err != nil {
		return Published{}, err
	}
	return s.publish(ctx, grant, appID, c, wanted.Follow, wanted.check())
}

// changeOf is what publishing comes to for a script that is there.
func (s *Service) changeOf(ctx context.Context, grant actor.Grant, script id.Script, wanted Publishing) (*change, error) {
	current, err := s.Get(ctx, grant, script)
	if err != nil {
		return nil, err
	}
	source, err := s.sourceOf(ctx, grant, script, wanted.Source)
	if err != nil {
		return nil, err
	}
	return &change{
		script: current, source: source, note: strings.TrimSpace(wanted.Note), given: wanted.Source != nil, ifVersion: wanted.IfVersion,
	}, nil
}

// publish makes one script live. faults are those of what is said beside it.
func (s *Service) publish(ctx context.Context, grant actor.Grant, appID id.App, c *change, follow Follow, faults []fault.Field) (Published, error) {
	if err := s.fresh(ctx, s.pool, c.row(), c.ifVersion); err != nil {
		return Published{}, err
	}
	if faults = c.refuse(faults); isAbout(faults, "name", "source", "language", "kind") {
		return Published{}, invalid(faults)
	}
	p, err := s.release(ctx, grant, appID, []*change{c}, follow, func(p *plan) error { return s.judge(ctx, p, faults) })
	if err != nil {
		return Published{}, fmt.Errorf("publish %s: %w", c.script.Name, err)
	}
	if c.isLive {
		return s.unchanged(ctx, grant, c)
	}
	return s.published(ctx, grant, p, c)
}

func (s *Service) published(ctx context.Context, grant actor.Grant, p *plan, c *change) (Published, error) {
	current, err := s.Get(ctx, grant, c.script.ID)
	done := Published{Script: current, Version: c.made, Created: c.add != nil, Warnings: c.output.Warnings}
	for _, f := range p.followed {
		done.Followed = append(done.Followed, Followed{Name: f.script.Name, Version: f.made})
	}
	for _, f := range p.failed {
		done.Failed = append(done.Failed, Failed{Name: f.script.Name, Problems: f.problems})
	}
	return done, err
}

// unchanged answers for what is live already.
func (s *Service) unchanged(ctx context.Context, grant actor.Grant, c *change) (Published, error) {
	err := s.q.RebaseDraft(ctx, s.pool, queries.RebaseDraftParams{
		AppID: c.script.App, ScriptID: c.script.ID, SourceHash: hashOf(c.source), Version: int32(c.script.LiveVersion),
	})
	if err != nil {
		return Published{}, fmt.Errorf("publish %s: %w", c.script.ID, err)
	}
	current, err := s.Get(ctx, grant, c.script.ID)
	return Published{Script: current, Version: current.LiveVersion, Unchanged: true, Warnings: c.output.Warnings}, err
}

// judge refuses a plan whose scripts do not build, and leaves out what is live already.
func (s *Service) judge(ctx context.Context, p *plan, faults []fault.Field) error {
	changed := false
	for _, c := range p.asked {
		if err := s.verdict(ctx, c, faults); err != nil {
			return err
		}
		var err error
		if c.isLive, err = s.isLive(ctx, c); err != nil {
			return err
		}
		changed = changed || !c.isLive
	}
	if !changed {
		p.followed, p.failed = nil, nil
	}
	return invalid(faults)
}

// Put publishes a source under a name, and makes the script in the same step when the
// app has none of that name; language and kind are used only then.
func (s *Service) Put(ctx context.Context, grant actor.Grant, add New, wanted Publishing) (Published, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Published{}, err
	}
	found, err := s.Find(ctx, grant, add.Name)
	if err == nil && found.Name == add.Name {
		faults := append(wanted.check(), add.otherwise(found)...)
		if isAbout(faults, "language", "kind") {
			return Published{}, invalid(faults)
		}
		return s.Publish(ctx, grant, found.ID, wanted)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Published{}, err
	}
	add.complete()
	if wanted.Source != nil {
		add.Source = *wanted.Source
	}
	faults := append(add.faults(), wanted.check()...)
	if wanted.Source == nil {
		faults = append(faults, fault.Field{Name: "source", Message: "A source is needed."})
	}
	c := &change{
		script: Script{App: appID, Name: add.Name, Language: add.Language, Kind: add.Kind}, add: &add, source: add.Source,
		note: strings.TrimSpace(wanted.Note), ifVersion: wanted.IfVersion,
	}
	done, err := s.publish(ctx, grant, appID, c, wanted.Follow, faults)
	if fault.Is(err, fault.Conflict) { // somebody has just made it
		if found, findErr := s.Find(ctx, grant, add.Name); findErr == nil && found.Name == add.Name {
			return s.Publish(ctx, grant, found.ID, wanted)
		}
	}
	return done, err
}

// otherwise tells that a script is there which is of another sort than the one asked for.
func (w New) otherwise(found Script) (faults []fault.Field) {
	if w.Language != "" && w.Language != found.Language {
		faults = append(faults, fault.Field{Name: "language", Message: fmt.Sprintf("The script is written in %s; send that language, or none, or change it with PATCH.", found.Language)})
	}
	if w.Kind != "" && w.Kind != found.Kind {
		faults = append(faults, fault.Field{Name: "kind", Message: fmt.Sprintf("The script is %s; send that kind, or none, or change it with PATCH.", article(found.Kind))})
	}
	return faults
}

// check gives the faults of what is said beside the source.
func (p Publishing) check() []fault.Field {
	if why := checkText("The note", p.Note, MaxNote); why != "" {
		return []fault.Field{{Name: "note", Message: why}}
	}
	return nil
}

// sourceOf is the given source, or the draft's.
func (s *Service) sourceOf(ctx context.Context, grant actor.Grant, script id.Script, given *string) (string, error) {
	if given == nil {
		draft, err := s.Draft(ctx, grant, script)
		return draft.Source, err
	}
	return *given, nil
}

// isLive tells whether all that a change is made of is live already.
func (s *Service) isLive(ctx context.Context, c *change) (bool, error) {
	if c.script.LiveVersion == 0 || c.version > 0 {
		return false, nil
	}
	live, err := s.q.ReadVersionHash(ctx, s.pool, queries.ReadVersionHashParams{AppID: c.script.App, ScriptID: c.script.ID, Number: int32(c.script.LiveVersion)})
	if err != nil {
		return false, fmt.Errorf("read version %d of %s: %w", c.script.LiveVersion, c.script.ID, err)
	}
	return bytes.Equal(live.Inputs, c.inputs), nil
}

func isAbout(faults []fault.Field, names ...string) bool {
	return slices.ContainsFunc(faults, func(field fault.Field) bool { return slices.Contains(names, field.Name) })
}

// refuse adds to some faults those that keep a source from being built: only one of a known
// language and under a good name is.
func (c *change) refuse(faults []fault.Field) []fault.Field {
	if why := name.Check(c.script.Name); why != "" && !isAbout(faults, "name") {
		faults = append(faults, fault.Field{Name: "name", Message: why})
	}
	if why := checkSource(c.source); why != "" && !isAbout(faults, "source") {
		faults = append(faults, fault.Field{Name: "source", Message: why})
	}
	return faults
}

// verdict tells what is wrong with what was built, together with the faults of other fields, and
// adds to the warnings of what is good.
func (s *Service) verdict(ctx context.Context, c *change, faults []fault.Field) (err error) {
	if len(c.problems) == 0 {
		c.output.Warnings, err = s.withUnknown(ctx, c.script, c.output)
		return err
	}
	f := fault.New(fault.Invalid, "%s", summary(c.script.File(), c.problems)).Because(c.problems)
	f.Fields = slices.Clone(faults)
	for _, problem := range c.problems {
		f.Fields = append(f.Fields, fault.Field{Name: "source", Message: problem.Message, Line: problem.Line, Column: problem.Column})
	}
	return f
}

// withUnknown adds to the warnings of a program those for variables that it names and does not get.
func (s *Service) withUnknown(ctx context.Context, script Script, output bundle.Output) (bundle.Problems, error) {
	if len(output.Env) == 0 || script.App.IsZero() {
		return output.Warnings, nil
	}
	params := queries.ListVariableNamesParams{AppID: script.App, ScriptID: &script.ID, Everywhere: script.Kind == Module}
	known, err := s.q.ListVariableNames(ctx, s.pool, params)
	if err != nil {
		return nil, fmt.Errorf("list variables of %s: %w", script.App, err)
	}
	warnings := output.Warnings
	for _, use := range output.Env {
		if use.File == script.File() && !slices.Contains(known, use.Name) {
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

// fresh refuses when another version is live than the one expected. Another build of it, which was
// made because it follows a module, is as good.
func (s *Service) fresh(ctx context.Context, source queries.DBTX, script queries.Script, expected *int) error {
	live := number(script.LiveVersion)
	if expected == nil || *expected == live {
		return nil
	}
	if live > 0 && *expected > 0 && *expected <= maxNumber {
		now, err := s.q.ReadVersionHash(ctx, source, queries.ReadVersionHashParams{AppID: script.AppID, ScriptID: script.ID, Number: int32(live)})
		if err != nil {
			return err
		}
		then, err := s.q.ReadVersionHash(ctx, source, queries.ReadVersionHashParams{AppID: script.AppID, ScriptID: script.ID, Number: int32(*expected)})
		if err == nil && then.Origin == now.Origin {
			return nil
		}
		if err != nil && !db.IsNoRows(err) {
			return err
		}
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
