package jobs

import (
	"context"
	"log/slog"
	"time"

	"picloud/engine/execution/archive"

	"github.com/riverqueue/river"
)

const (
	upkeepSpan  = 50 * time.Second // a job that is needed sooner again goes on for so long
	upkeepLimit = 5 * time.Minute
)

// upkeepArgs is the job that keeps the tables of runs in order.
type upkeepArgs struct{}

// Kind implements river.JobArgs.
func (upkeepArgs) Kind() string { return "execution_upkeep" }

type upkeepJob struct {
	river.WorkerDefaults[upkeepArgs]
	upkeep *archive.Upkeep
}

// Timeout implements river.Worker.
func (j *upkeepJob) Timeout(*river.Job[upkeepArgs]) time.Duration { return upkeepLimit }

// Work implements river.Worker.
func (j *upkeepJob) Work(ctx context.Context, _ *river.Job[upkeepArgs]) error {
	for began := time.Now(); ; {
		next, err := j.upkeep.Do(ctx)
		if err != nil {
			slog.WarnContext(ctx, "runs and logs were not tidied; the next minute tries again", "error", err) // River tells of it too quietly
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
