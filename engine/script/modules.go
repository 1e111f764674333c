package script

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Use is a module in a version of a script.
type Use struct {
	Script  id.Script
	Name    string // in use, or as it was where the module is gone
	File    string // by which errors name it
	Version int
	Follows bool // it is built anew with the module; otherwise the import names the version
	Direct  bool // the script's own text imports it
	Gone    bool // the module was deleted since

	Through []string // the modules that import it, by name
}

// Modules are those in a version of a script.
func (s *Service) Modules(ctx context.Context, grant actor.Grant, script id.Script, version int) ([]Use, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil || version < 1 || version > maxNumber {
		return nil, err
	}
	rows, err := s.q.ListModulesOfVersion(ctx, s.pool, queries.ListModulesOfVersionParams{AppID: app, ScriptID: script, Number: int32(version)})
	if err != nil {
		return nil, fmt.Errorf("list modules of %s: %w", script, err)
	}
	uses, names := make([]Use, len(rows)), make(map[string]string, len(rows)) // by files
	for i, row := range rows {
		uses[i] = Use{Script: row.ModuleID, Name: row.Name, File: row.File, Version: int(row.Number), Follows: row.Follows, Gone: row.Now == nil}
		if row.Now != nil {
			uses[i].Name = *row.Now
		}
		names[row.File] = uses[i].Name
	}
	for i, row := range rows {
		uses[i].from(row.Importers, names)
	}
	return uses, nil
}

// from notes the files that import a module, "" for the script's own text.
func (u *Use) from(importers []string, names map[string]string) {
	for _, file := range importers {
		if file == "" {
			u.Direct = true
		} else if name := names[file]; name != "" && !slices.Contains(u.Through, name) {
			u.Through = append(u.Through, name)
		}
	}
	slices.Sort(u.Through)
}

// Users counts for each module of an app the scripts that have it in what is live of them.
func (s *Service) Users(ctx context.Context, grant actor.Grant) (map[id.Script]int, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.CountUsers(ctx, s.pool, app)
	if err != nil {
		return nil, fmt.Errorf("count who uses modules of %s: %w", app, err)
	}
	users := make(map[id.Script]int, len(rows))
	for _, row := range rows {
		users[row.ModuleID] = int(row.Users)
	}
	return users, nil
}

// Dependent is a script that has a module in its live version.
type Dependent struct {
	ID      id.Script
	Name    string
	Kind    Kind
	Version int  // that is live
	Module  int  // the version of the module that it has
	Follows bool // it is built anew with the module
	Direct  bool // its own text imports the module

	Through []string // the modules in it that import the module, by name

	language bundle.Language
}

// Dependents are the scripts that use a module, by name.
func (s *Service) Dependents(ctx context.Context, grant actor.Grant, script id.Script) ([]Dependent, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	return s.dependentsOf(ctx, s.pool, app, script)
}

func (s *Service) dependentsOf(ctx context.Context, source queries.DBTX, app id.App, modules ...id.Script) ([]Dependent, error) {
	if len(modules) == 0 {
		return nil, nil
	}
	ids := make([]pgtype.UUID, len(modules))
	for i, module := range modules {
		ids[i] = pgtype.UUID{Bytes: module, Valid: true}
	}
	rows, err := s.q.ListDependents(ctx, source, queries.ListDependentsParams{AppID: app, Modules: ids})
	if err != nil {
		return nil, fmt.Errorf("list who uses modules of %s: %w", app, err)
	}
	var found []Dependent
	for _, row := range rows {
		if last := len(found) - 1; last >= 0 && found[last].ID == row.ID {
			found[last].Follows = found[last].Follows || row.Follows
			found[last].Direct = found[last].Direct || row.Direct
			found[last].Through = append(found[last].Through, row.Through...)
			slices.Sort(found[last].Through)
			found[last].Through = slices.Compact(found[last].Through)
			continue
		}
		found = append(found, Dependent{
			ID: row.ID, Name: row.Name, Kind: Kind(row.Kind), Version: int(row.Number), Module: int(row.ModuleNumber),
			Follows: row.Follows, Direct: row.Direct, Through: row.Through, language: bundle.Language(row.Language),
		})
	}
	return found, nil
}

// unused refuses what would take a module away from those who use it: a Conflict at a field.
func (s *Service) unused(ctx context.Context, tx pgx.Tx, module queries.Script, field, cannot string) error {
	if Kind(module.Kind) != Module {
		return nil
	}
	dependents, err := s.dependentsOf(ctx, tx, module.AppID, module.ID)
	if err != nil || len(dependents) == 0 {
		return err
	}
	names := make([]string, 0, 3)
	for _, d := range dependents[:min(len(dependents), 3)] {
		names = append(names, d.Name)
	}
	if more := len(dependents) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	conflict := fault.New(fault.Conflict, "%s %s while others use it: %s.", module.Name, cannot, strings.Join(names, ", "))
	conflict.Fields = []fault.Field{{Name: field, Message: conflict.Public}}
	return conflict
}

// Exports are what a version of a module exports.
func (s *Service) Exports(ctx context.Context, grant actor.Grant, script id.Script, version int) ([]bundle.Export, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil || version < 1 || version > maxNumber {
		return nil, err
	}
	text, err := s.q.ReadExports(ctx, s.pool, queries.ReadExportsParams{AppID: app, ScriptID: script, Number: int32(version)})
	if err != nil {
		return nil, fmt.Errorf("read version %d of %s: %w", version, script, err)
	}
	return exportsOf(text)
}

func exportsOf(text []byte) (exports []bundle.Export, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &exports); err != nil {
		return nil, fmt.Errorf("read exports: %w", err)
	}
	return exports, nil
}

// Importable is a module that the scripts of its app may import.
type Importable struct {
	Name    string
	Version int
	Exports []bundle.Export
}

// Importables are the modules of an app that are live, by name.
func (s *Service) Importables(ctx context.Context, grant actor.Grant) ([]Importable, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.ListModuleNames(ctx, s.pool, app)
	if err != nil {
		return nil, fmt.Errorf("list modules of %s: %w", app, err)
	}
	found := make([]Importable, len(rows))
	for i, row := range rows {
		found[i] = Importable{Name: row.Name, Version: int(row.Number)}
		if found[i].Exports, err = exportsOf(row.Exports); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Arrow is an import in what is live.
type Arrow struct {
	From, To id.Script
	FromName string
	FromKind Kind
	ToName   string
	Version  int // of the module
	Follows  bool
}

// Graph are the imports in what is live of an app, as far as they lead to a script or come from it,
// over others, too.
func (s *Service) Graph(ctx context.Context, grant actor.Grant, script id.Script) ([]Arrow, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.ListModuleImports(ctx, s.pool, app)
	if err != nil {
		return nil, fmt.Errorf("list imports of %s: %w", app, err)
	}
	arrows := make([]Arrow, len(rows))
	for i, row := range rows {
		arrows[i] = Arrow{
			From: row.ID, FromName: row.Name, FromKind: Kind(row.Kind), To: row.ModuleID, ToName: row.ModuleName, Version: int(row.Number), Follows: row.Follows,
		}
	}
	return reached(arrows, script), nil
}

// reached keeps the arrows on the ways to and from a script.
func reached(arrows []Arrow, script id.Script) []Arrow {
	spread := func(start, end func(Arrow) id.Script) map[id.Script]bool {
		seen, queue := map[id.Script]bool{script: true}, []id.Script{script}
		for len(queue) > 0 {
			for _, arrow := range arrows {
				if start(arrow) == queue[0] && !seen[end(arrow)] {
					seen[end(arrow)] = true
					queue = append(queue, end(arrow))
				}
			}
			queue = queue[1:]
		}
		return seen
	}
	from, to := func(a Arrow) id.Script { return a.From }, func(a Arrow) id.Script { return a.To }
	down, up := spread(from, to), spread(to, from)
	return slices.DeleteFunc(arrows, func(a Arrow) bool { return !down[a.From] && !up[a.To] })
}
