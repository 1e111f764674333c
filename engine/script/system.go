package script

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/audit"
	"picloud/engine/id"
	"picloud/queries"
)

// The app and the function that a new installation begins with.
const (
	SeedSlug   = "main"
	SeedScript = "hello"
)

// seeded is the setting that an installation has once it has had an app.
const seeded = "seeded"

// System is what PiCloud does with scripts by itself, for nobody and in all apps.
type System struct{ scripts *Service }

// NewSystem makes it over a pool in the manager's role.
func NewSystem(pool *pgxpool.Pool, build Builder) *System {
	return &System{scripts: NewService(pool, build)}
}

// Seed gives a new installation its first app, with a published function that works. Of
// several nodes that start at the same time one does it. Who deletes the last app has none.
func (s *System) Seed(ctx context.Context) error {
	switch _, err := s.scripts.q.ReadSetting(ctx, s.scripts.pool, seeded); {
	case err == nil:
		return nil
	case !db.IsNoRows(err):
		return fmt.Errorf("seed: %w", err)
	}
	apps, err := s.scripts.q.ListApps(ctx, s.scripts.pool)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if len(apps) > 0 {
		return s.scripts.q.AddSetting(ctx, s.scripts.pool, queries.AddSettingParams{Name: seeded, Value: "yes"})
	}
	hello := New{Name: SeedScript, Description: "Says hello. Change it, or delete it.", Source: helloTypeScript}
	hello.complete()
	w := wish{add: &hello, name: hello.Name, kind: hello.Kind, source: hello.Source, note: "First version"}
	p, err := s.scripts.plan(ctx, id.App{}, []wish{w}, Follow{})
	if err == nil {
		err = s.scripts.judge(ctx, p, nil)
	}
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	p.app = id.New[id.App]()
	err = db.InTx(ctx, s.scripts.pool, func(tx pgx.Tx) error {
		made, err := s.scripts.q.AddAppOnce(ctx, tx, queries.AddAppOnceParams{ID: p.app, Slug: SeedSlug, Name: "Main"})
		if err != nil || made == 0 {
			return err
		}
		if err := s.scripts.q.AddSetting(ctx, tx, queries.AddSettingParams{Name: seeded, Value: "yes"}); err != nil {
			return err
		}
		return s.scripts.carryOut(ctx, tx, author{name: "PiCloud", actor: audit.System}, p)
	})
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	s.scripts.Announce(ctx)
	return nil
}

// TrimChanges drops what is old from the change log. Once an hour is enough.
func (s *System) TrimChanges(ctx context.Context) error {
	if err := s.scripts.q.DropOldChangesAcrossApps(ctx, s.scripts.pool, time.Now().Add(-keepChanges)); err != nil {
		return fmt.Errorf("trim the change log: %w", err)
	}
	return nil
}
