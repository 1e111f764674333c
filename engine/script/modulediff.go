package script

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"picloud/engine/actor"
	"picloud/engine/id"
	"picloud/queries"
)

// ModuleChange is what became of a module between two versions of a script that has it.
type ModuleChange struct {
	Script   id.Script // of the module
	Name     string    // in use, or as it was where the module is gone
	File     string    // by which errors name it
	From, To int       // its versions; 0: it is not there
	Follows  bool      // otherwise the import names the version
	Gone     bool      // the module was deleted since
	Text     Difference
}

// Same tells that the program has the same text of it, if in another version.
func (c ModuleChange) Same() bool { return c.From > 0 && c.To > 0 && len(c.Text.Hunks) == 0 }

// diffAllTime is what the comparisons of all modules may take together.
const diffAllTime = time.Second

// moduleText is a module in a version, with its text.
type moduleText struct {
	Use
	source string
}

// DiffModules compares the modules in two states of a script, as Diff does its own text: 0 is the
// draft, which has those of the live version.
func (s *Service) DiffModules(ctx context.Context, grant actor.Grant, script id.Script, from, to int) ([]ModuleChange, error) {
	older, err := s.modulesOf(ctx, grant, script, from)
	if err != nil {
		return nil, err
	}
	newer, err := s.modulesOf(ctx, grant, script, to)
	if err != nil {
		return nil, err
	}
	var changes []ModuleChange
	left := diffAllTime
	for _, pair := range paired(older, newer) {
		change, before, after := ModuleChange{}, "", ""
		for i, one := range pair {
			if one == nil {
				continue
			}
			change.Script, change.Name, change.File, change.Follows, change.Gone = one.Script, one.Name, one.File, one.Follows, one.Gone
			if i == 0 {
				change.From, before = one.Version, one.source
			} else {
				change.To, after = one.Version, one.source
			}
		}
		begun := time.Now()
		change.Text = compare(before, after, max(min(left, diffTime), time.Millisecond))
		left -= time.Since(begun)
		changes = append(changes, change)
	}
	slices.SortFunc(changes, func(a, b ModuleChange) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.File, b.File))
	})
	return changes, nil
}

// modulesOf are the modules in a state of a script, with their texts.
func (s *Service) modulesOf(ctx context.Context, grant actor.Grant, script id.Script, number int) ([]*moduleText, error) {
	if number == 0 {
		current, err := s.Get(ctx, grant, script)
		if err != nil {
			return nil, err
		}
		number = current.LiveVersion
	}
	uses, err := s.Modules(ctx, grant, script, number)
	if err != nil || len(uses) == 0 {
		return nil, err
	}
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.ListSourcesOfVersion(ctx, s.pool, queries.ListSourcesOfVersionParams{AppID: app, ScriptID: script, Number: int32(number)})
	if err != nil {
		return nil, fmt.Errorf("read modules of version %d of %s: %w", number, script, err)
	}
	sources := make(map[string]string, len(rows))
	for _, row := range rows {
		sources[row.File] = row.Source
	}
	modules := make([]*moduleText, len(uses))
	for i, use := range uses {
		modules[i] = &moduleText{Use: use, source: sources[use.File]}
	}
	return modules, nil
}

// paired puts the modules of two versions beside each other: those of the same file, then those of
// the same script, which was renamed, or is pinned at another version.
func paired(older, newer []*moduleText) [][2]*moduleText {
	var pairs [][2]*moduleText
	match := func(same func(a, b *moduleText) bool) {
		older = slices.DeleteFunc(older, func(a *moduleText) bool {
			at := slices.IndexFunc(newer, func(b *moduleText) bool { return same(a, b) })
			if at < 0 {
				return false
			}
			pairs = append(pairs, [2]*moduleText{a, newer[at]})
			newer = slices.Delete(newer, at, at+1)
			return true
		})
	}
	match(func(a, b *moduleText) bool { return a.File == b.File && a.Script == b.Script })
	match(func(a, b *moduleText) bool { return a.Script == b.Script })
	for _, a := range older {
		pairs = append(pairs, [2]*moduleText{a, nil})
	}
	for _, b := range newer {
		pairs = append(pairs, [2]*moduleText{nil, b})
	}
	return pairs
}
