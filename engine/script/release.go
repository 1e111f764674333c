package script

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Follow says which of the scripts that follow a module are built anew with it. The zero value is
// all of them.
type Follow struct {
	None bool
	Only []string // by name; empty: all
}

func (f Follow) takes(name string) bool {
	return !f.None && (len(f.Only) == 0 || slices.Contains(f.Only, name))
}

// change is a script that gets another live version.
type change struct {
	script    Script // as it is; one without an id is made
	add       *New
	source    string
	version   int // of what is made live; 0: a new one
	note      string
	given     bool // the source did not come from the draft
	ifVersion *int
	follower  bool // it is built anew for the modules that it follows

	output   bundle.Output
	problems bundle.Problems
	modules  map[string]node // in the program
	inputs   []byte          // inputsOf
	isLive   bool            // all that it is made of is live already
	made     int             // the number of its version
}

func (c *change) file() bundle.File {
	return bundle.File{Name: c.script.File(), Language: c.script.Language, Source: c.source}
}

// row is the script as the database has it, as far as it is known.
func (c *change) row() queries.Script {
	row := queries.Script{AppID: c.script.App, ID: c.script.ID, Name: c.script.Name}
	if c.script.LiveVersion > 0 {
		row.LiveVersion = new(int32(c.script.LiveVersion))
	}
	return row
}

// touchesModules tells whether others must be sure of it, or it of them.
func (c *change) touchesModules() bool { return c.script.Kind == Module || len(c.modules) > 0 }

// plan is what a change of some scripts comes to, for the modules as they are now.
type plan struct {
	app      id.App
	revision int64 // of the imports of the app
	asked    []*change
	followed []*change // those that build
	failed   []*change // those that follow and do not build
}

// errMoved says that a plan was overtaken by another.
var errMoved = errors.New("the scripts of the app have changed meanwhile")

// plan builds all that is asked for, and what follows it. Nothing is stored.
func (s *Service) plan(ctx context.Context, appID id.App, asked []*change, follow Follow) (*plan, error) {
	p := &plan{app: appID, asked: asked}
	if !appID.IsZero() {
		revision, err := s.q.ReadModuleRevision(ctx, s.pool, appID)
		if err != nil && !db.IsNoRows(err) {
			return nil, fmt.Errorf("read app %s: %w", appID, err)
		}
		p.revision = revision
	}
	followers, err := s.followers(ctx, appID, asked, follow)
	if err != nil {
		return nil, err
	}
	if err := s.buildAll(ctx, appID, slices.Concat(asked, followers)); err != nil {
		return nil, err
	}
	for _, c := range followers {
		if len(c.problems) > 0 {
			p.failed = append(p.failed, c)
		} else {
			p.followed = append(p.followed, c)
		}
	}
	return p, nil
}

// buildAll builds changes with each other, in one child.
func (s *Service) buildAll(ctx context.Context, appID id.App, changes []*change) error {
	r, texts := s.newResolver(appID, changes), []string(nil)
	for _, c := range changes {
		texts = append(texts, c.source)
	}
	if err := r.resolve(ctx, texts...); err != nil {
		return err
	}
	modules, inputs := r.modules(), make([]bundle.Input, len(changes))
	for i, c := range changes {
		inputs[i] = bundle.Input{Entry: r.fill(c.file()), Module: c.script.Kind == Module, Modules: modules, Depth: s.ModuleDepth}
	}
	built, err := s.build(ctx, inputs)
	if err != nil {
		return fmt.Errorf("build %s: %w", changes[0].script.File(), err)
	}
	for i, c := range changes {
		c.output, c.problems = built[i].Output, built[i].Problems
		c.modules = r.used(c.output)
		c.inputs = inputsOf(c.script.Language, hashOf(c.source), c.modules)
	}
	return nil
}

// inputsOf is the hash of all that a version is built from: language, text and modules.
func inputsOf(language bundle.Language, source []byte, modules map[string]node) []byte {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s", language, source)
	for _, file := range sortedFiles(modules) {
		fmt.Fprintf(sum, "\x00%s\x00%s", file, hashOf(modules[file].file.Source))
	}
	return sum.Sum(nil)
}

func sortedFiles(modules map[string]node) []string { return slices.Sorted(maps.Keys(modules)) }

// followers are the scripts that follow the modules among some changes, and are to be built anew.
func (s *Service) followers(ctx context.Context, appID id.App, asked []*change, follow Follow) ([]*change, error) {
	var modules []id.Script
	for _, c := range asked {
		if c.script.Kind == Module && !c.script.ID.IsZero() {
			modules = append(modules, c.script.ID)
		}
	}
	dependents, err := s.dependentsOf(ctx, s.pool, appID, modules...)
	if err != nil {
		return nil, err
	}
	var found []*change
	var ids []pgtype.UUID
	for _, d := range dependents {
		isAsked := slices.ContainsFunc(asked, func(c *change) bool { return c.script.ID == d.ID })
		if isAsked || !d.Follows || !follow.takes(d.Name) {
			continue
		}
		ids = append(ids, pgtype.UUID{Bytes: d.ID, Valid: true})
		found = append(found, &change{script: Script{ID: d.ID, App: appID, Name: d.Name, Kind: d.Kind, Language: d.language, LiveVersion: d.Version}, follower: true})
	}
	if len(found) == 0 {
		return nil, nil
	}
	rows, err := s.q.ReadLiveSources(ctx, s.pool, queries.ReadLiveSourcesParams{AppID: appID, Scripts: ids})
	if err != nil {
		return nil, fmt.Errorf("read what is live of %s: %w", appID, err)
	}
	for _, row := range rows {
		for _, c := range found {
			if c.script.ID == row.ID {
				c.source = row.Source
			}
		}
	}
	return found, nil
}

// maxPlans is how often a change is planned anew because another was faster.
const maxPlans = 20

// release makes changes live, with what follows them, in one transaction. check looks at a plan
// and may refuse it.
func (s *Service) release(ctx context.Context, grant actor.Grant, appID id.App, asked []*change, follow Follow, check func(*plan) error) (*plan, error) {
	for range maxPlans {
		p, err := s.plan(ctx, appID, asked, follow)
		if err != nil {
			return nil, err
		}
		if err := check(p); err != nil {
			return nil, err
		}
		err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error { return s.carryOut(ctx, tx, authorOf(grant), p) })
		if err == nil {
			s.Announce(ctx)
			return p, nil
		}
		if !errors.Is(err, errMoved) {
			return nil, err
		}
	}
	return nil, fault.New(fault.Conflict, "The modules of the app were changed again and again meanwhile. Nothing was published; try again.")
}

// carryOut stores a plan, unless it was overtaken.
func (s *Service) carryOut(ctx context.Context, tx pgx.Tx, by author, p *plan) error {
	all := slices.DeleteFunc(slices.Concat(p.asked, p.followed), func(c *change) bool { return c.isLive })
	if slices.ContainsFunc(all, (*change).touchesModules) || len(all) > 1 {
		revision, err := s.q.LockModules(ctx, tx, p.app)
		if err != nil {
			return err
		}
		if revision != p.revision {
			return errMoved
		}
		if err := s.q.ReviseModules(ctx, tx, p.app); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b *change) int {
		return cmp.Or(bytes.Compare(a.script.ID[:], b.script.ID[:])) // whoever locks several does so in this order
	})
	locked := make(map[*change]queries.Script, len(all))
	for _, c := range all {
		row, err := s.lockFor(ctx, tx, by, p.app, c)
		if err != nil {
			return err
		}
		locked[c] = row
	}
	made := map[string]int{} // by the names of modules
	for _, c := range all {
		if c.script.Kind == Module {
			made[c.script.Name] = c.made
		}
	}
	for _, c := range all {
		if c.follower {
			c.note = followNote(c, made)
		}
		if err := s.store(ctx, tx, by, locked[c], c, made); err != nil {
			return err
		}
	}
	return nil
}

// lockFor holds the row of a script that changes, makes it if it is a new one, and chooses the
// number of its version.
func (s *Service) lockFor(ctx context.Context, tx pgx.Tx, by author, appID id.App, c *change) (queries.Script, error) {
	script := c.script.ID
	if c.add != nil {
		made, err := s.add(ctx, tx, by, appID, *c.add)
		if err != nil {
			return queries.Script{}, err
		}
		script, c.script.ID = made, made
	}
	row, err := s.lock(ctx, tx, appID, script)
	if err != nil {
		return row, err
	}
	live := number(row.LiveVersion)
	switch {
	case c.follower && live != c.script.LiveVersion, Kind(row.Kind) != c.script.Kind, row.Name != c.script.Name:
		return row, errMoved
	}
	if err := s.fresh(ctx, tx, row, c.ifVersion); err != nil {
		return row, err
	}
	c.made = c.version
	if c.made == 0 {
		next, err := s.q.NextVersionNumber(ctx, tx, queries.NextVersionNumberParams{AppID: appID, ScriptID: script})
		if err != nil {
			return row, err
		}
		c.made = int(next)
	}
	return row, nil
}

// followNote says for which modules a script was built anew.
func followNote(c *change, made map[string]int) string {
	note := "follows"
	for _, file := range sortedFiles(c.modules) {
		if n := c.modules[file]; n.follows && made[n.name] > 0 {
			note += fmt.Sprintf(" %s v%d", n.name, made[n.name])
		}
	}
	return note
}

// store writes a version, unless it is there, and makes it live.
func (s *Service) store(ctx context.Context, tx pgx.Tx, by author, row queries.Script, c *change, made map[string]int) error {
	if c.version > 0 {
		return s.deploy(ctx, tx, by, row, int32(c.version), c.note)
	}
	hash := hashOf(c.source)
	if err := s.q.AddSource(ctx, tx, queries.AddSourceParams{AppID: row.AppID, Hash: hash, Source: c.source}); err != nil {
		return err
	}
	origin := int32(c.made)
	if c.follower {
		live, err := s.q.ReadVersionHash(ctx, tx, queries.ReadVersionHashParams{AppID: row.AppID, ScriptID: row.ID, Number: int32(c.script.LiveVersion)})
		if err != nil {
			return err
		}
		origin = live.Origin
	}
	version := queries.AddVersionParams{
		ID: id.New[id.Version](), AppID: row.AppID, ScriptID: row.ID, Number: int32(c.made), Language: string(c.script.Language),
		SourceHash: hash, SourceMap: c.output.SourceMap, AuthorID: by.user, Author: by.name, Note: c.note, EnvNames: envNames(c.output),
		Inputs: c.inputs, Origin: origin,
	}
	var err error
	if c.script.Kind == Module {
		version.Exports, err = json.Marshal(c.output.Exports)
	} else {
		version.Hash = c.output.Hash[:]
		err = s.q.AddProgram(ctx, tx, queries.AddProgramParams{AppID: row.AppID, Hash: version.Hash, Program: c.output.Program})
	}
	if err != nil {
		return err
	}
	if err := s.q.AddVersion(ctx, tx, version); err != nil {
		return err
	}
	if err := s.storeModules(ctx, tx, version, c, made); err != nil {
		return err
	}
	if err := s.moveDraft(ctx, tx, by, row, c); err != nil {
		return err
	}
	return s.deploy(ctx, tx, by, row, int32(c.made), c.note)
}

// storeModules writes what a version was built with.
func (s *Service) storeModules(ctx context.Context, tx pgx.Tx, version queries.AddVersionParams, c *change, made map[string]int) error {
	for _, file := range sortedFiles(c.modules) {
		n := c.modules[file]
		if n.follows && made[n.name] > 0 {
			n.number = made[n.name]
		}
		hash := hashOf(n.file.Source)
		if err := s.q.AddSource(ctx, tx, queries.AddSourceParams{AppID: version.AppID, Hash: hash, Source: n.file.Source}); err != nil {
			return err
		}
		err := s.q.AddVersionModule(ctx, tx, queries.AddVersionModuleParams{
			AppID: version.AppID, VersionID: version.ID, File: file, ModuleID: n.script, Name: n.name, Number: int32(n.number),
			Language: string(n.file.Language), SourceHash: hash, Follows: n.follows,
		})
		if err != nil {
			return err
		}
	}
	for _, edge := range c.output.Edges {
		err := s.q.AddVersionImport(ctx, tx, queries.AddVersionImportParams{
			AppID: version.AppID, VersionID: version.ID, Importer: edge.Importer, Specifier: edge.Specifier, File: edge.File,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moveDraft takes the draft of a published script along.
func (s *Service) moveDraft(ctx context.Context, tx pgx.Tx, by author, row queries.Script, c *change) error {
	if c.given {
		err := s.q.FollowDraft(ctx, tx, queries.FollowDraftParams{
			AppID: row.AppID, ScriptID: row.ID, Source: c.source, SourceHash: hashOf(c.source), Version: int32(c.made), UpdatedBy: by.user,
			ExampleHash: hashOf(starterOf(c.script)),
		})
		if err != nil {
			return err
		}
	}
	return s.q.RebaseDraft(ctx, tx, queries.RebaseDraftParams{AppID: row.AppID, ScriptID: row.ID, SourceHash: hashOf(c.source), Version: int32(c.made)})
}
