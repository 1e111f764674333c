package script

import (
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
	w, current, err := s.wishOf(ctx, grant, script, wanted)
	if err != nil {
		return Published{}, err
	}
	live := queries.Script{AppID: appID, ID: script}
	if current.LiveVersion > 0 {
		live.LiveVersion = new(int32(current.LiveVersion))
	}
	if err := s.fresh(ctx, s.pool, live, wanted.IfVersion); err != nil {
		return Published{}, err
	}
	return s.publish(ctx, grant, appID, w, wanted.Follow, wanted.check())
}

// wishOf is what publishing comes to for a script that is there.
func (s *Service) wishOf(ctx context.Context, grant actor.Grant, script id.Script, wanted Publishing) (wish, Script, error) {
	current, err := s.Get(ctx, grant, script)
	if err != nil {
		return wish{}, Script{}, err
	}
	source, err := s.sourceOf(ctx, grant, script, wanted.Source)
	return wish{
		script: script, name: current.Name, kind: current.Kind, source: source, note: strings.TrimSpace(wanted.Note),
		given: wanted.Source != nil, ifVersion: wanted.IfVersion,
	}, current, err
}

// publish makes one script live. faults are those of what is said beside it.
func (s *Service) publish(ctx context.Context, grant actor.Grant, appID id.App, w wish, follow Follow, faults []fault.Field) (Published, error) {
	if faults = w.refuse(faults); isAbout(faults, "name", "source", "language", "kind") {
		return Published{}, invalid(faults)
	}
	p, err := s.release(ctx, grant, appID, []wish{w}, follow, func(p *plan) error { return s.judge(ctx, p, faults) })
	if err != nil {
		return Published{}, fmt.Errorf("publish %s: %w", w.name, err)
	}
	done, err := s.published(ctx, grant, p.asked[0])
	done.Followed, done.Failed = p.outcome()
	return done, err
}

func (s *Service) published(ctx context.Context, grant actor.Grant, c *change) (Published, error) {
	current, err := s.Get(ctx, grant, c.current.ID)
	return Published{Script: current, Version: c.made, Unchanged: c.isLive, Created: c.add != nil, Warnings: c.output.Warnings}, err
}

// outcome tells what came of those that follow.
func (p *plan) outcome() (followed []Followed, failed []Failed) {
	for _, c := range p.followed {
		followed = append(followed, Followed{Name: c.name, Version: c.made})
	}
	slices.SortFunc(followed, func(a, b Followed) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range p.failed {
		failed = append(failed, Failed{Name: c.name, Problems: c.problems})
	}
	return followed, failed
}

// judge refuses a plan whose scripts do not build.
func (s *Service) judge(ctx context.Context, p *plan, faults []fault.Field) error {
	for _, c := range p.asked {
		if err := s.verdict(ctx, c, faults); err != nil {
			return err
		}
	}
	return invalid(faults)
}

// Put publishes a source under a name, and makes the script in the same step when the
// app has none of that name; language and kind are used only then.
func (s *Service) Put(ctx context.Context, grant actor.Grant, wanted New, publishing Publishing) (Published, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Published{}, err
	}
	found, err := s.Find(ctx, grant, wanted.Name)
	if err == nil && found.Name == wanted.Name {
		faults := append(publishing.check(), wanted.otherwise(found)...)
		if isAbout(faults, "language", "kind") {
			return Published{}, invalid(faults)
		}
		return s.Publish(ctx, grant, found.ID, publishing)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Published{}, err
	}
	if err := s.fresh(ctx, s.pool, queries.Script{}, publishing.IfVersion); err != nil {
		return Published{}, err
	}
	add := wanted
	add.complete()
	if publishing.Source != nil {
		add.Source = *publishing.Source
	}
	faults := append(add.faults(), publishing.check()...)
	if publishing.Source == nil {
		faults = append(faults, fault.Field{Name: "source", Message: "A source is needed."})
	}
	w := wish{add: &add, name: add.Name, kind: add.Kind, source: add.Source, note: strings.TrimSpace(publishing.Note), ifVersion: publishing.IfVersion}
	done, err := s.publish(ctx, grant, appID, w, publishing.Follow, faults)
	if fault.Is(err, fault.Conflict) { // somebody has just made it
		if found, findErr := s.Find(ctx, grant, wanted.Name); findErr == nil && found.Name == wanted.Name {
			return s.Put(ctx, grant, wanted, publishing)
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

func isAbout(faults []fault.Field, names ...string) bool {
	return slices.ContainsFunc(faults, func(field fault.Field) bool { return slices.Contains(names, field.Name) })
}

// refuse adds to some faults those that keep a source from being built: only one of a known
// language and under a good name is.
func (w wish) refuse(faults []fault.Field) []fault.Field {
	if why := name.Check(w.name); why != "" && !isAbout(faults, "name") {
		faults = append(faults, fault.Field{Name: "name", Message: why})
	}
	if why := checkSource(w.source); why != "" && !isAbout(faults, "source") {
		faults = append(faults, fault.Field{Name: "source", Message: why})
	}
	return faults
}

// verdict tells what is wrong with what was built, together with the faults of other fields, and
// adds to the warnings of what is good.
func (s *Service) verdict(ctx context.Context, c *change, faults []fault.Field) (err error) {
	if len(c.problems) == 0 {
		c.output.Warnings, err = s.withUnknown(ctx, c.current, c.output)
		return err
	}
	f := fault.New(fault.Invalid, "%s", summary(c.current.File(), c.problems)).Because(c.problems)
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
