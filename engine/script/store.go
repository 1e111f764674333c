package script

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// holdModules holds the imports of an app as they are to the end of the transaction. Whoever
// changes what is live of an app, or a name in it, begins with it.
func (s *Service) holdModules(ctx context.Context, tx pgx.Tx, appID id.App) (revision int64, err error) {
	revision, err = s.q.LockModules(ctx, tx, appID)
	if db.IsNoRows(err) {
		return 0, fault.New(fault.NotFound, "There is no such app.")
	}
	return revision, err
}

// carryOut stores a plan, unless it was overtaken.
func (s *Service) carryOut(ctx context.Context, tx pgx.Tx, by author, p *plan) error {
	revision, err := s.holdModules(ctx, tx, p.app)
	if err != nil {
		return err
	}
	all := slices.Concat(p.asked, p.followed)
	if slices.ContainsFunc(all, (*change).touchesModules) {
		if revision != p.revision {
			return errMoved
		}
		if err := s.q.ReviseModules(ctx, tx, p.app); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b *change) int { return bytes.Compare(a.script[:], b.script[:]) }) // whoever locks several does so in this order
	rows, made := make([]queries.Script, len(all)), map[string]int{}                                      // made: versions of modules by name
	for i, c := range all {
		if rows[i], err = s.lockFor(ctx, tx, by, p.app, c); err != nil {
			return err
		}
		if c.kind == Module {
			made[c.current.Name] = c.made
		}
	}
	for i, c := range all {
		if c.follower {
			c.note = followNote(c, made)
		}
		if err := s.store(ctx, tx, by, rows[i], c, made); err != nil {
			return err
		}
	}
	return nil
}

// lockFor holds the row of a script that changes, makes it if it is a new one, and chooses the
// number of its version.
func (s *Service) lockFor(ctx context.Context, tx pgx.Tx, by author, appID id.App, c *change) (queries.Script, error) {
	if c.add != nil {
		made, err := s.add(ctx, tx, by, appID, *c.add)
		if err != nil {
			return queries.Script{}, err
		}
		c.current.ID = made
	}
	row, err := s.lock(ctx, tx, appID, c.current.ID)
	if err != nil {
		return row, err
	}
	if err := s.fresh(ctx, tx, row, c.ifVersion); err != nil {
		return row, err
	}
	live := number(row.LiveVersion)
	if (c.follower || c.isLive) && live != c.current.LiveVersion || Kind(row.Kind) != c.kind || row.Name != c.current.Name {
		return row, errMoved
	}
	switch {
	case c.isLive:
		c.made = live
	case c.isStored:
		c.made = c.stored.Number
	default:
		next, err := s.q.NextVersionNumber(ctx, tx, queries.NextVersionNumberParams{AppID: appID, ScriptID: row.ID})
		if err != nil {
			return row, err
		}
		c.made = int(next)
	}
	return row, nil
}

// store writes a version, unless it is there, and makes it live, unless it is.
func (s *Service) store(ctx context.Context, tx pgx.Tx, by author, row queries.Script, c *change, made map[string]int) error {
	if c.isLive {
		return s.q.RebaseDraft(ctx, tx, queries.RebaseDraftParams{AppID: row.AppID, ScriptID: row.ID, SourceHash: hashOf(c.source), Version: int32(c.made)})
	}
	if !c.isStored {
		if err := s.addVersion(ctx, tx, by, row, c, made); err != nil {
			return err
		}
		if err := s.moveDraft(ctx, tx, by, row, c); err != nil {
			return err
		}
	}
	if number(row.LiveVersion) == c.made {
		return nil
	}
	return s.deploy(ctx, tx, by, row, int32(c.made), c.note)
}

func (s *Service) addVersion(ctx context.Context, tx pgx.Tx, by author, row queries.Script, c *change, made map[string]int) error {
	hash := hashOf(c.source)
	if err := s.q.AddSource(ctx, tx, queries.AddSourceParams{AppID: row.AppID, Hash: hash, Source: c.source}); err != nil {
		return err
	}
	origin, err := s.originOf(ctx, tx, row, c)
	if err != nil {
		return err
	}
	version := queries.AddVersionParams{
		ID: id.New[id.Version](), AppID: row.AppID, ScriptID: row.ID, Number: int32(c.made), Language: string(c.current.Language),
		SourceHash: hash, SourceMap: c.output.SourceMap, AuthorID: by.user, Author: by.name, Note: c.note, EnvNames: envNames(c.output),
		Inputs: c.inputs, Origin: int32(origin),
	}
	if c.kind == Module {
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
	return s.addModules(ctx, tx, version, c, made)
}

// originOf is the version that a person published of which a new one is another build.
func (s *Service) originOf(ctx context.Context, tx pgx.Tx, row queries.Script, c *change) (int, error) {
	switch {
	case c.stored != nil:
		return c.stored.Origin, nil
	case !c.follower:
		return c.made, nil
	}
	live, err := s.q.ReadVersionHash(ctx, tx, queries.ReadVersionHashParams{AppID: row.AppID, ScriptID: row.ID, Number: int32(c.current.LiveVersion)})
	return int(live.Origin), err
}

// addModules writes what a version was built with. Their texts are there: they are those of versions.
func (s *Service) addModules(ctx context.Context, tx pgx.Tx, version queries.AddVersionParams, c *change, made map[string]int) error {
	for _, file := range sortedFiles(c.modules) {
		n := c.modules[file]
		if n.follows && made[n.name] > 0 {
			n.number = made[n.name]
		}
		err := s.q.AddVersionModule(ctx, tx, queries.AddVersionModuleParams{
			AppID: version.AppID, VersionID: version.ID, File: file, ModuleID: n.script, Name: n.name, Number: int32(n.number),
			Language: string(n.file.Language), SourceHash: hashOf(n.file.Source), Follows: n.follows,
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
			ExampleHash: hashOf(starterOf(c.current)),
		})
		if err != nil {
			return err
		}
	}
	return s.q.RebaseDraft(ctx, tx, queries.RebaseDraftParams{AppID: row.AppID, ScriptID: row.ID, SourceHash: hashOf(c.source), Version: int32(c.made)})
}
