package pause

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/audit"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/queries"

	"picloud/engine/app"
)

// When what is paused, and for how long deaths are remembered.
const (
	deathsToPause   = 3
	deathsWithin    = 10 * time.Minute
	programsToPause = 3
	programsWithin  = time.Hour
	draftsFor       = 24 * time.Hour // a paused draft may be another long since
)

// Death is the end of a worker that was proved to be the doing of a run.
type Death struct {
	Run     execution.Identity
	Program [32]byte // SHA-256 of the run's program
	Why     string   // a sentence without its stop
	At      time.Time
}

// System is what PiCloud does with pauses by itself, for nobody and in all apps.
type System struct{ pauses *Service }

// NewSystem pauses by way of a service, and announces as it does.
func NewSystem(pauses *Service) *System { return &System{pauses: pauses} }

// Blame notes deaths and pauses what has caused too many. A death that was noted before, by
// its run, counts once.
func (s *System) Blame(ctx context.Context, deaths ...Death) error {
	paused := false
	for _, death := range deaths {
		err := db.InTx(ctx, s.pauses.pool, func(tx pgx.Tx) error {
			did, err := s.blame(ctx, tx, death)
			paused = paused || did
			return err
		})
		if err != nil {
			return fmt.Errorf("blame run %s: %w", death.Run.Execution, err)
		}
	}
	if paused {
		s.pauses.Announce(ctx)
	}
	return nil
}

func (s *System) blame(ctx context.Context, tx pgx.Tx, death Death) (paused bool, err error) {
	q, appID := s.pauses.q, death.Run.App
	if _, err := q.LockApp(ctx, tx, appID); err != nil { // one after the other, so that the third is known to be it
		if db.IsNoRows(err) {
			return false, nil
		}
		return false, err
	}
	hash := death.Program[:]
	if err := q.AddWorkerDeath(ctx, tx, queries.AddWorkerDeathParams{ExecutionID: death.Run.Execution, AppID: appID, Hash: hash, At: death.At}); err != nil {
		return false, err
	}
	runs, err := q.ListWorkerDeaths(ctx, tx, queries.ListWorkerDeathsParams{AppID: appID, Hash: hash, Since: death.At.Add(-deathsWithin), Most: deathsToPause})
	if err != nil || len(runs) < deathsToPause {
		return false, err
	}
	if paused, err = s.pause(ctx, tx, death, hash, runs); err != nil || !paused {
		return false, err
	}
	programs, err := q.CountPausedPrograms(ctx, tx, queries.CountPausedProgramsParams{AppID: appID, Since: death.At.Add(-programsWithin)})
	if err != nil || programs < programsToPause {
		return paused, err
	}
	_, err = s.pause(ctx, tx, death, wholeApp(), runs)
	return paused, err
}

// pause writes one down; false: it is paused already.
func (s *System) pause(ctx context.Context, tx pgx.Tx, death Death, hash []byte, runs []id.Execution) (bool, error) {
	run := &death.Run
	p := queries.AddPauseParams{AppID: run.App, Hash: hash, ScriptID: run.Script, Version: int32(run.Version), Why: death.Why}
	for _, each := range runs {
		p.Executions = append(p.Executions, pgtype.UUID{Bytes: each, Valid: true})
	}
	added, err := s.pauses.q.AddPause(ctx, tx, p)
	if err != nil || added == 0 {
		return false, err
	}
	did := audit.Entry{
		Actor: audit.System, Action: audit.ScriptPaused, Object: audit.Script(run.Script),
		Detail: map[string]any{"name": run.ScriptName, "version": run.Version, "runs": runs},
	}
	if len(hash) == 0 {
		did.Action, did.Object = audit.AppPaused, audit.App(run.App)
	}
	slog.Warn("paused, because it ended its worker again and again", "what", did.Object, "script", run.ScriptName, "version", run.Version, "why", death.Why)
	return true, app.Record(ctx, tx, run.App, did)
}

// Trim forgets deaths that count for nothing any more, and the pauses of old drafts. Once an
// hour is enough.
func (s *System) Trim(ctx context.Context) error {
	if err := s.pauses.q.DropOldWorkerDeathsAcrossApps(ctx, s.pauses.pool, time.Now().Add(-programsWithin)); err != nil {
		return fmt.Errorf("trim the deaths of workers: %w", err)
	}
	if err := s.pauses.q.DropOldDraftPausesAcrossApps(ctx, s.pauses.pool, time.Now().Add(-draftsFor)); err != nil {
		return fmt.Errorf("trim the pauses of drafts: %w", err)
	}
	return nil
}
