package script

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/id"
	"picloud/queries"
)

// The app and the function that a new installation begins with.
const (
	SeedSlug   = "main"
	SeedScript = "hello"
)

// Seed gives an installation without apps its first one, with a published function that
// works. Of several nodes that start at the same time one does it.
func (s *Service) Seed(ctx context.Context) error {
	apps, err := s.q.ListApps(ctx, s.pool)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if len(apps) > 0 {
		return nil
	}
	hello := New{Name: SeedScript, Description: "Says hello. Change it, or delete it.", Language: bundle.TypeScript, Source: helloTypeScript}
	output, err := s.compile(ctx, Script{Name: hello.Name, Language: hello.Language}, hello.Source)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	app := id.New[id.App]()
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		made, err := s.q.AddAppOnce(ctx, tx, queries.AddAppOnceParams{ID: app, Slug: SeedSlug, Name: "Main"})
		if err != nil || made == 0 {
			return err
		}
		_, err = s.addLive(ctx, tx, authorOf(actor.Actor{}), app, hello, output, "First version")
		return err
	})
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	s.Announce(ctx)
	return nil
}
