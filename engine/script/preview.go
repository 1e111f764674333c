package script

import (
	"context"
	"fmt"
	"slices"

	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
)

// Trial is a program that was made without storing anything.
type Trial struct {
	Script  Script // whose program it is
	Output  bundle.Output
	Modules []Use // in it
}

// Build makes the program of a draft without storing anything; source nil is the draft
// as it is stored. It fails as Publish does.
func (s *Service) Build(ctx context.Context, grant actor.Grant, script id.Script, source *string) (Trial, error) {
	return s.BuildWith(ctx, grant, script, source, script)
}

// BuildWith makes the program of what is live of a script that uses a module, with a draft of the
// module in its place. That the script does not build with it is a fault at field "dependent".
func (s *Service) BuildWith(ctx context.Context, grant actor.Grant, script id.Script, source *string, dependent id.Script) (Trial, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Trial{}, err
	}
	w, _, err := s.wishOf(ctx, grant, script, Publishing{Source: source})
	if err != nil {
		return Trial{}, err
	}
	if faults := w.refuse(nil); len(faults) > 0 {
		return Trial{}, invalid(faults)
	}
	c, err := s.changeOf(ctx, appID, w)
	if err != nil {
		return Trial{}, err
	}
	changes := []*change{c}
	if dependent != script {
		parent, err := s.parentOf(ctx, c, dependent)
		if err != nil {
			return Trial{}, err
		}
		changes = append(changes, parent)
	}
	if err := s.buildAll(ctx, appID, changes); err != nil {
		return Trial{}, err
	}
	if err := s.verdict(ctx, c, nil); err != nil {
		return Trial{}, err
	}
	last := changes[len(changes)-1]
	if len(last.problems) > 0 {
		return Trial{}, misfit(last)
	}
	last.output.Warnings = c.output.Warnings // their places are in the draft
	return Trial{Script: last.current, Output: last.output, Modules: last.uses()}, nil
}

// misfit tells that a script does not build with a draft of a module.
func misfit(dependent *change) error {
	first := dependent.problems[0]
	f := fault.New(fault.Invalid, "%s does not build with this draft: %s", dependent.name, summary(dependent.file().Name, dependent.problems))
	f.Fields = []fault.Field{{Name: "dependent", Message: f.Public, Line: first.Line, Column: first.Column}}
	return f
}

// parentOf is what is live of a script that uses a module, directly or through others.
func (s *Service) parentOf(ctx context.Context, module *change, dependent id.Script) (*change, error) {
	parents, err := s.followers(ctx, &plan{app: module.current.App, asked: []*change{module}}, Follow{})
	if err != nil {
		return nil, err
	}
	for _, parent := range parents {
		if parent.script == dependent {
			current, err := s.read(ctx, module.current.App, dependent)
			current.Language = parent.current.Language // of what is live
			parent.current = current
			return parent, err
		}
	}
	return nil, fault.New(fault.NotFound, "No such script follows %s.", module.name)
}

// uses are the modules of a program as people are told of them.
func (c *change) uses() []Use {
	importers, names := map[string][]string{}, map[string]string{}
	for _, edge := range c.output.Edges {
		importers[edge.File] = append(importers[edge.File], edge.Importer)
		names[edge.File] = c.modules[edge.File].name
	}
	var uses []Use
	for _, file := range sortedFiles(c.modules) {
		n := c.modules[file]
		use := Use{Script: n.script, Name: n.name, File: file, Version: n.number, Follows: n.follows}
		use.from(importers[file], names)
		uses = append(uses, use)
	}
	return uses
}

// Outlook is what publishing a module comes to for a script that has it.
type Outlook struct {
	Dependent
	Problems bundle.Problems // why it would stay as it is; none: it follows
	Same     bool            // it follows, and what is live of it is that already
}

// Preview tells what publishing a module comes to, without storing anything: source nil is its
// draft, a version above 0 is one that is to be live again. It fails as Publish or MakeLive does.
func (s *Service) Preview(ctx context.Context, grant actor.Grant, script id.Script, source *string, version int) ([]Outlook, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return nil, err
	}
	w, err := s.wishFor(ctx, grant, script, source, version)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, appID, []wish{w}, Follow{})
	if err != nil {
		return nil, err
	}
	if err := s.judge(ctx, p, nil); err != nil {
		return nil, err
	}
	if w.kind != Module {
		return nil, nil
	}
	dependents, err := s.dependentsOf(ctx, s.pool, appID, script)
	if err != nil {
		return nil, err
	}
	outlooks := make([]Outlook, len(dependents))
	for i, d := range dependents {
		outlooks[i] = Outlook{Dependent: d, Same: d.Follows}
		for _, c := range slices.Concat(p.followed, p.failed) {
			if c.script == d.ID {
				outlooks[i].Problems, outlooks[i].Same = c.problems, false
			}
		}
	}
	return outlooks, nil
}

// wishFor is what publishing a source comes to, or making a stored version live.
func (s *Service) wishFor(ctx context.Context, grant actor.Grant, script id.Script, source *string, version int) (wish, error) {
	if version > 0 {
		current, err := s.Get(ctx, grant, script)
		if err != nil {
			return wish{}, err
		}
		return s.wishBack(ctx, grant, current, version)
	}
	w, _, err := s.wishOf(ctx, grant, script, Publishing{Source: source})
	if err == nil {
		err = invalid(w.refuse(nil))
	}
	return w, err
}

// Together is what came of publishing several scripts.
type Together struct {
	Published []Published // in the order asked for; what follows is told below
	Followed  []Followed
	Failed    []Failed
}

// PublishTogether makes the drafts of several scripts live in one transaction, with what follows
// them: all or none. Those that are live already stay as they are.
func (s *Service) PublishTogether(ctx context.Context, grant actor.Grant, scripts []string, note string, follow Follow) (Together, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Together{}, err
	}
	wishes, err := s.wishesOf(ctx, grant, scripts, note)
	if err != nil {
		return Together{}, err
	}
	p, err := s.release(ctx, grant, appID, wishes, follow, func(p *plan) error { return s.judgeTogether(ctx, p) })
	if err != nil {
		return Together{}, fmt.Errorf("publish %d scripts of %s: %w", len(wishes), appID, err)
	}
	done := Together{Published: make([]Published, len(p.asked))}
	done.Followed, done.Failed = p.outcome()
	for i, c := range p.asked {
		if done.Published[i], err = s.published(ctx, grant, c); err != nil {
			return Together{}, err
		}
	}
	return done, nil
}

// wishesOf are the drafts of scripts, each once.
func (s *Service) wishesOf(ctx context.Context, grant actor.Grant, scripts []string, note string) (wishes []wish, err error) {
	faults := Publishing{Note: note}.check()
	if len(scripts) == 0 || len(scripts) > MaxTogether {
		faults = append(faults, fault.Field{Name: "scripts", Message: fmt.Sprintf("%d scripts are named; 1 to %d can be published together.", len(scripts), MaxTogether)})
		return nil, invalid(faults)
	}
	seen := map[id.Script]bool{}
	for _, named := range scripts {
		found, err := s.Find(ctx, grant, named)
		if fault.Is(err, fault.NotFound) {
			faults = append(faults, fault.Field{Name: "scripts", Message: fmt.Sprintf("There is no script %.80q.", named)})
			continue
		}
		if err != nil {
			return nil, err
		}
		if seen[found.ID] {
			continue
		}
		seen[found.ID] = true
		w, _, err := s.wishOf(ctx, grant, found.ID, Publishing{Note: note})
		if err != nil {
			return nil, err
		}
		wishes = append(wishes, w)
	}
	return wishes, invalid(faults)
}

// MaxTogether is how many drafts are published at a time.
const MaxTogether = 100

// judgeTogether tells what is wrong with all of several scripts at once, each by its file.
func (s *Service) judgeTogether(ctx context.Context, p *plan) error {
	var all bundle.Problems
	var fields []fault.Field
	for _, c := range p.asked {
		for _, problem := range c.problems {
			message := summary(c.current.File(), bundle.Problems{problem})
			if problem.Line == 0 {
				message = c.current.File() + ": " + message
			}
			all = append(all, problem)
			fields = append(fields, fault.Field{Name: "scripts." + c.name, Message: message, Line: problem.Line, Column: problem.Column})
		}
	}
	if len(all) > 0 {
		f := fault.New(fault.Invalid, "%s", fields[0].Message).Because(all)
		f.Fields = fields
		return f
	}
	return s.judge(ctx, p, nil)
}
