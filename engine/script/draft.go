package script

import (
	"context"
	"fmt"
	"time"

	"picloud/db"
	"picloud/engine/actor"
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
