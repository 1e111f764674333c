package script

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Draft is the source being written. There is one per script.
type Draft struct {
	Source      string
	Revision    int64 // grows by one at each save
	BaseVersion int   // the version it was begun from; 0: none
	SavedAt     time.Time
	SavedBy     string // the name of the person; "" when gone or the platform
	SavedByID   *id.User
	Replaced    time.Time // when a text that TakeBack gives back was set aside; zero: there is none
}

// StaleDraft is a save over a revision that is no longer the latest. It is a Conflict
// and carries the other side, so that a page can show the difference: mine is what was
// to be saved, theirs is Current, and Base is the version both were begun from.
type StaleDraft struct {
	Current Draft
	Base    string // source of version Current.BaseVersion; "" when there is none
	fault   *fault.Fault
}

func (e *StaleDraft) Error() string { return e.fault.Error() }

func (e *StaleDraft) Unwrap() error { return e.fault }

// Draft gives the draft of a script.
func (s *Service) Draft(ctx context.Context, grant actor.Grant, script id.Script) (Draft, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Draft{}, err
	}
	row, err := s.q.ReadDraft(ctx, s.pool, queries.ReadDraftParams{AppID: app, ScriptID: script})
	if db.IsNoRows(err) {
		return Draft{}, noScript()
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read draft of %s: %w", script, err)
	}
	draft := Draft{
		Source: row.Source, Revision: row.Revision, BaseVersion: number(row.BaseVersion),
		SavedAt: row.UpdatedAt, SavedByID: row.UpdatedBy,
	}
	if row.UpdatedByName != nil {
		draft.SavedBy = *row.UpdatedByName
	}
	if row.ReplacedAt != nil {
		draft.Replaced = *row.ReplacedAt
	}
	return draft, nil
}

// SaveDraft stores a source over the given revision and answers with the draft as it is
// then. Over another revision it fails with *StaleDraft, unless the other save was of the
// same source. A draft need not compile.
func (s *Service) SaveDraft(ctx context.Context, grant actor.Grant, script id.Script, source string, revision int64) (Draft, error) {
	app, err := grant.App(actor.WriteScript)
	if err != nil {
		return Draft{}, err
	}
	if why := checkSource(source); why != "" {
		return Draft{}, fault.AtField("source", "%s", why)
	}
	by := authorOf(grant)
	saved, err := s.q.SaveDraft(ctx, s.pool, queries.SaveDraftParams{
		AppID: app, ScriptID: script, Revision: revision, Source: source, SourceHash: hashOf(source), UpdatedBy: by.user,
	})
	if err == nil {
		return Draft{
			Source: source, Revision: saved.Revision, BaseVersion: number(saved.BaseVersion),
			SavedAt: saved.UpdatedAt, SavedBy: by.name, SavedByID: by.user,
		}, nil
	}
	if !db.IsNoRows(err) {
		return Draft{}, fmt.Errorf("save draft of %s: %w", script, err)
	}
	current, err := s.Draft(ctx, grant, script)
	if err != nil {
		return Draft{}, err
	}
	if current.Source == source {
		return current, nil
	}
	return Draft{}, s.staleDraft(ctx, grant, script, revision, current)
}

func (s *Service) staleDraft(ctx context.Context, grant actor.Grant, script id.Script, revision int64, current Draft) error {
	stale := &StaleDraft{Current: current}
	by := ""
	if current.SavedBy != "" {
		by = " by " + current.SavedBy
	}
	stale.fault = fault.New(fault.Conflict, "The draft was saved elsewhere%s: revision %d was expected, it has revision %d.", by, revision, current.Revision)
	if current.BaseVersion > 0 {
		base, err := s.Version(ctx, grant, script, current.BaseVersion)
		if err != nil {
			return err
		}
		stale.Base = base.Source
	}
	return stale
}

// TakeVersion makes a version's source the draft, over the given revision; over another
// one it fails with *StaleDraft. What the draft held is set aside, unless a version has
// it, too. It takes the place of what was set aside before.
func (s *Service) TakeVersion(ctx context.Context, grant actor.Grant, script id.Script, number int, revision int64) (Draft, error) {
	if err := grant.Need(actor.WriteScript); err != nil {
		return Draft{}, err
	}
	version, err := s.Version(ctx, grant, script, number)
	if err != nil {
		return Draft{}, err
	}
	return s.replaceDraft(ctx, grant, script, revision, version.Source, new(int32(version.Number)))
}

// TakeBack makes the draft what was set aside, and sets aside what it held, as TakeVersion does.
func (s *Service) TakeBack(ctx context.Context, grant actor.Grant, script id.Script, revision int64) (Draft, error) {
	app, err := grant.App(actor.WriteScript)
	if err != nil {
		return Draft{}, err
	}
	aside, err := s.q.ReadReplacedDraft(ctx, s.pool, queries.ReadReplacedDraftParams{AppID: app, ScriptID: script})
	if db.IsNoRows(err) {
		return Draft{}, fault.New(fault.NotFound, "No earlier draft is set aside.")
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read what was the draft of %s: %w", script, err)
	}
	return s.replaceDraft(ctx, grant, script, revision, aside.Source, aside.ReplacedBase)
}

func (s *Service) replaceDraft(ctx context.Context, grant actor.Grant, script id.Script, revision int64, source string, base *int32) (Draft, error) {
	app, err := grant.App(actor.WriteScript)
	if err != nil {
		return Draft{}, err
	}
	current, err := s.Draft(ctx, grant, script)
	if err != nil || current.Source == source {
		return current, err
	}
	by := authorOf(grant)
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.q.ReplaceDraft(ctx, tx, queries.ReplaceDraftParams{
			AppID: app, ScriptID: script, Revision: revision, Source: source, SourceHash: hashOf(source), BaseVersion: base, UpdatedBy: by.user,
		})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, by.did(audit.DraftReplaced, script, map[string]any{"revision": revision, "version": number(base)}))
	})
	if db.IsNoRows(err) {
		if current, err = s.Draft(ctx, grant, script); err != nil {
			return Draft{}, err
		}
		return Draft{}, s.staleDraft(ctx, grant, script, revision, current)
	}
	if err != nil {
		return Draft{}, fmt.Errorf("replace the draft of %s: %w", script, err)
	}
	return s.Draft(ctx, grant, script)
}
