package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"picloud/engine/execution"
)

const (
	upkeepEvery = time.Minute
	upkeepSpan  = 50 * time.Second // a job that is needed sooner again goes on for so long
	upkeepLimit = 5 * time.Minute
	keepRows    = time.Hour // of jobs of the past, for who looks into the table
)

// upkeepArgs is the job that keeps the tables of runs in order.
type upkeepArgs struct{}

// Kind implements river.JobArgs.
func (upkeepArgs) Kind() string { return "execution_upkeep" }

// askForUpkeep adds a job now and each minute. Every node does; of those of one minute
// the first stays.
func (j *Jobs) askForUpkeep(ctx context.Context) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	var cleaned time.Time
	for {
		_, err := j.client.Insert(ctx, upkeepArgs{}, &river.InsertOpts{
			MaxAttempts: 1, // the next minute is soon enough
			UniqueOpts:  river.UniqueOpts{ByPeriod: upkeepEvery},
		})
		if err == nil && time.Since(cleaned) > keepRows {
			_, err = j.pool.Exec(ctx, "DELETE FROM river_job WHERE kind = $1 AND created_at < now() - $2::interval", upkeepArgs{}.Kind(), keepRows)
			cleaned = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("upkeep not asked for; it is in a minute", "error", fmt.Errorf("jobs: %w", err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

type upkeepWorker struct {
	river.WorkerDefaults[upkeepArgs]
	upkeep *execution.Upkeep
	busy   sync.Mutex
}

// Timeout implements river.Worker.
func (w *upkeepWorker) Timeout(*river.Job[upkeepArgs]) time.Duration { return upkeepLimit }

// Work implements river.Worker.
func (w *upkeepWorker) Work(ctx context.Context, _ *river.Job[upkeepArgs]) error {
	if !w.busy.TryLock() {
		return nil // the job of an earlier minute is still at it
	}
	defer w.busy.Unlock()
	for began := time.Now(); ; {
		next, err := w.upkeep.Do(ctx)
		if err != nil {
			return err
		}
		if time.Since(began)+next > upkeepSpan {
			return nil
		}
		pause := time.NewTimer(next)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}
