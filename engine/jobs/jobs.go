// Package jobs is durable background work: it runs once at a time in the whole
// installation, survives a restart and is tried again when it fails. It hides River.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"picloud/engine/execution"
)

// Jobs is this process's part of the background work.
type Jobs struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
}

const (
	maxWorkers = 4
	maxConns   = maxWorkers + 4 // and one to listen, and those of River itself
	// New work announces itself by NOTIFY; the poll is for what an announcement missed.
	pollInterval = time.Minute
	softStop     = 5 * time.Second
)

// Migrate makes or brings up to date the tables that background work needs. It may be
// run again.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet()})
	if err != nil {
		return fmt.Errorf("migrate jobs: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate jobs: %w", err)
	}
	return nil
}

// Open prepares the work; Run does it, on connections of its own like those of the pool.
// The tables must be there.
func Open(pool *pgxpool.Pool, retention execution.Retention) (*Jobs, error) {
	config := pool.Config()
	config.MaxConns, config.MinConns = maxConns, 0
	// River tries again by itself; asking each connection first whether it lives would
	// double what an idle product asks of the database.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	own, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &upkeepWorker{upkeep: execution.NewUpkeep(own, retention)})
	client, err := river.NewClient(riverpgxv5.New(own), &river.Config{
		Logger:            quiet(),
		Workers:           workers,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: maxWorkers}},
		FetchPollInterval: pollInterval,
		SoftStopTimeout:   softStop,
		// A leader schedules, retries and cleans, and asks the database about once a
		// second for it. As long as the only job is asked for each minute and never
		// tried again, nobody needs one.
		LeaderElectionDisabled: true,
	})
	if err != nil {
		own.Close()
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Jobs{pool: own, client: client}, nil
}

// Run works until ctx ends and what runs then has ended, or five seconds have passed. It
// can be called once.
func (j *Jobs) Run(ctx context.Context) error {
	defer j.pool.Close()
	if err := j.client.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("start jobs: %w", err)
	}
	j.askForUpkeep(ctx)
	<-j.client.Stopped()
	return nil
}

// quiet lets through what an operator has to know.
func quiet() *slog.Logger { return slog.New(&warnings{slog.Default().Handler()}) }

type warnings struct{ slog.Handler }

func (h *warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h *warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &warnings{h.Handler.WithAttrs(attrs)}
}

func (h *warnings) WithGroup(name string) slog.Handler { return &warnings{h.Handler.WithGroup(name)} }
