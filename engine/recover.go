package engine

import (
	"context"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/journal"
	"picloud/engine/worker"
)

// Recover writes the rows that a dead worker's journal still owes, with what is known of
// the death. Blame needs proof: the run that the fatal trace names, those that ignored
// their deadline, and, when memory ran out, the run that had been executing longest.
func (m *Manager) Recover(ctx context.Context, journal string, death worker.Death) error {
	if death.Slot < 0 && death.Why == worker.OutOfMemory {
		death.Slot = executingLongest(journal)
	}
	return archive.Recover(ctx, m.Pool, journal, func(run execution.Running) archive.Verdict {
		switch {
		case death.Slot == run.Slot:
			return archive.Verdict{Outcome: call.Crashed, Ended: death.At, Failure: &call.Failure{
				Message: "The worker process died in this run: " + death.Why + ".",
			}}
		case death.Hung && run.Deadline.Before(death.At):
			return archive.Verdict{Outcome: call.Killed, Ended: death.At, Failure: &call.Failure{
				Message: "The run ignored its deadline and was killed together with its process.",
			}}
		case death.Slot >= 0 || death.Hung:
			return archive.Verdict{Outcome: call.Crashed, Ended: death.At, Failure: &call.Failure{
				Message: "The worker process died because of another run.",
			}}
		}
		return archive.Verdict{Outcome: call.Crashed, Ended: death.At, Failure: &call.Failure{
			Message: "The worker process ended: " + death.Why + ".",
		}}
	})
}

func executingLongest(path string) (slot int) {
	journal, err := journal.Open(path)
	if err != nil {
		return -1
	}
	defer journal.Close()
	slot = -1
	var since time.Time
	for run := range journal.Running() {
		if !run.Waiting && (slot < 0 || run.ExecutingSince.Before(since)) {
			slot, since = run.Slot, run.ExecutingSince
		}
	}
	return slot
}
