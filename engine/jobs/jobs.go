// Package jobs is durable background work: it runs once in the whole installation,
// whatever number of nodes there are, and survives a restart. It hides River.
//
// A River client that has started asks the database about once a second and wakes the
// processor twenty times, also when there is nothing to do, so it is started for as long
// as there is something to do, which is a moment each minute.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"picloud/engine/execution/archive"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Jobs is this process's part of the background work.
type Jobs struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	hourly []func(context.Context) error
}

const (
	every      = time.Minute
	maxWorkers = 4
	softStop   = 5 * time.Second
	keepRows   = time.Hour // of jobs of the past, for who looks into the table
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

// Open prepares the work; Run does it. The tables must be there. hourly is small work that
// may be done by several nodes.
func Open(pool *pgxpool.Pool, retention archive.Retention, hourly ...func(context.Context) error) (*Jobs, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &upkeepJob{upkeep: archive.NewUpkeep(pool, retention)})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger:                 quiet(),
		Workers:                workers,
		Queues:                 map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: maxWorkers}},
		PollOnly:               true, // what is to do is there before the client starts
		LeaderElectionDisabled: true, // nothing waits for its time and nothing is tried again
		SoftStopTimeout:        softStop,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Jobs{pool: pool, client: client, hourly: hourly}, nil
}

// Run works until ctx ends and what runs then has ended, or five seconds have passed.
// While the database is away it tries again each minute.
func (j *Jobs) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var cleaned time.Time
	for {
		err := j.work(ctx)
		if err == nil && time.Since(cleaned) > keepRows {
			err = j.clean(ctx)
			cleaned = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("background work failed; it is tried again in a minute", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (j *Jobs) clean(ctx context.Context) error {
	if _, err := j.pool.Exec(ctx, "DELETE FROM river_job WHERE kind = $1 AND created_at < now() - $2::interval", upkeepArgs{}.Kind(), keepRows); err != nil {
		return fmt.Errorf("remove old jobs: %w", err)
	}
	for _, do := range j.hourly {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// work adds the job of this minute and does it. Every node tries; the first one's stays.
func (j *Jobs) work(ctx context.Context) (err error) {
	added, err := j.client.Insert(ctx, upkeepArgs{}, &river.InsertOpts{
		MaxAttempts: 1, // the next minute is soon enough
		UniqueOpts:  river.UniqueOpts{ByPeriod: every},
	})
	if err != nil {
		return fmt.Errorf("add job: %w", err)
	}
	if added.UniqueSkippedAsDuplicate {
		return nil
	}
	ended, leave := j.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled)
	defer leave()
	if err := j.client.Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*softStop)
		defer cancel()
		err = errors.Join(err, j.client.Stop(stopping))
	}()
	limit := time.NewTimer(upkeepLimit)
	defer limit.Stop()
	for {
		select {
		case event := <-ended:
			if event != nil && event.Job.ID != added.Job.ID {
				continue
			}
			return nil
		case <-limit.C: // another node has taken it
			return nil
		case <-ctx.Done():
			return nil
		}
	}
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
