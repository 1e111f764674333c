// Package pause sets aside what kills workers. A program whose runs were proved to have
// ended their worker three times within ten minutes is paused, a draft's as well as a
// version's; three programs paused within an hour pause their app. Calls of what is paused
// are refused before they run. A pause is of a program, by its hash: another source is free
// of it, and the same one under another version is not. It ends when its owner releases it.
//
// Proof is a fatal trace that names the run, or its deafness to its deadline. A run that was
// merely there when a worker died is not counted.
package pause

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/id"
	"picloud/queries"
)

// Pause is why a script's calls are refused, or an app's.
type Pause struct {
	Script  id.Script // whose run was the last
	Name    string    // of the script; "" where it is about an app
	Version int       // of the last run; 0: the draft
	Live    bool      // what is live is paused, not the draft
	Why     string    // what ended the last worker, a sentence without its stop
	Runs    []id.Execution
	At      time.Time
}

// Service shows pauses and ends them.
type Service struct {
	app.Herald

	pool *pgxpool.Pool
	q    *queries.Queries
}

// NewService makes it over a pool in the manager's role.
func NewService(pool *pgxpool.Pool) *Service {
	return &Service{Herald: app.NewHerald(pool), pool: pool, q: queries.New()}
}

// Pauses are all of an app.
type Pauses struct {
	App     *Pause  // nil: the app is not paused
	Scripts []Pause // by name: what is live, and drafts of the last day
}

// List gives the pauses of the grant's app.
func (s *Service) List(ctx context.Context, grant actor.Grant) (Pauses, error) {
	appID, err := grant.App(actor.ReadApp)
	if err != nil {
		return Pauses{}, err
	}
	var all Pauses
	switch row, err := s.q.ReadAppPause(ctx, s.pool, appID); {
	case err == nil:
		all.App = &Pause{Script: row.ScriptID, Version: int(row.Version), Why: row.Why, Runs: runs(row.Executions), At: row.At}
	case !db.IsNoRows(err):
		return Pauses{}, fmt.Errorf("read pause of %s: %w", appID, err)
	}
	rows, err := s.q.ListPausedScripts(ctx, s.pool, appID)
	if err != nil {
		return Pauses{}, fmt.Errorf("list pauses of %s: %w", appID, err)
	}
	for _, row := range rows {
		all.Scripts = append(all.Scripts, Pause{
			Script: row.ID, Name: row.Name, Version: int(row.Version), Live: row.Live, Why: row.Why, Runs: runs(row.Executions), At: row.At,
		})
	}
	return all, nil
}

func runs(rows []pgtype.UUID) []id.Execution {
	list := make([]id.Execution, len(rows))
	for i, row := range rows {
		list[i] = row.Bytes
	}
	return list
}

// ReleaseScript ends the pauses of a script's live version and of its draft; what they did
// before counts no more. None: nothing changes.
func (s *Service) ReleaseScript(ctx context.Context, grant actor.Grant, script id.Script) error {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		paused, err := s.q.ListPausedScripts(ctx, tx, appID)
		if err != nil {
			return err
		}
		for _, p := range paused {
			if p.ID != script {
				continue
			}
			detail := map[string]any{"name": p.Name, "version": p.Version}
			if err := s.release(ctx, tx, appID, p.Hash, audit.By(grant.Who(), audit.ScriptReleased, audit.Script(script), detail)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("release script %s: %w", script, err)
	}
	s.Announce(ctx)
	return nil
}

// ReleaseApp ends the pause of the grant's app; that of each of its scripts goes on. None:
// nothing changes.
func (s *Service) ReleaseApp(ctx context.Context, grant actor.Grant) error {
	appID, err := grant.App(actor.ManageApp)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		return s.release(ctx, tx, appID, wholeApp(), audit.By(grant.Who(), audit.AppReleased, audit.App(appID), nil))
	})
	if err != nil {
		return fmt.Errorf("release app %s: %w", appID, err)
	}
	s.Announce(ctx)
	return nil
}

func (s *Service) release(ctx context.Context, tx pgx.Tx, appID id.App, hash []byte, did audit.Entry) error {
	dropped, err := s.q.DropPause(ctx, tx, queries.DropPauseParams{AppID: appID, Hash: hash})
	if err != nil || dropped == 0 {
		return err
	}
	if err := s.q.ForgetWorkerDeaths(ctx, tx, queries.ForgetWorkerDeathsParams{AppID: appID, Hash: hash}); err != nil {
		return err
	}
	return app.Record(ctx, tx, appID, did)
}

// wholeApp stands in the place of a program's hash.
func wholeApp() []byte { return []byte{} }
