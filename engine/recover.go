package engine

import (
	"context"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/journal"
	"picloud/engine/pause"
	"picloud/engine/worker"
)

// Recover writes the rows that a dead worker's journal still owes, with what is known of
// the death. Blame needs proof: the run that the fatal trace names, those that ignored
// their deadline, and, when memory ran out, the run that had been executing longest.
func (m *Manager) Recover(ctx context.Context, journal string, death worker.Death) error {
	proven := proven(journal, death)
	told := m.blame(ctx, proven) // first, so that the next worker does not meet the same
	if err := m.recover(ctx, journal, death); err != nil || told == nil {
		return err
	}
	return m.blame(ctx, proven) // the database is back
}

// blameLimit is what noting deaths may take.
const blameLimit = 5 * time.Second

func (m *Manager) blame(ctx context.Context, deaths []pause.Death) error {
	ctx, cancel := context.WithTimeout(ctx, blameLimit)
	defer cancel()
	return m.pauses.Blame(ctx, deaths...)
}

// givenUp is how near to its beginning the deadline of a run is that the worker itself gave up
// on, by the processor time that it had to hear of it.
const givenUp = 500 * time.Millisecond

// proven are the runs of a dead worker's journal that are known to have ended it.
func proven(path string, death worker.Death) (deaths []pause.Death) {
	journal, err := journal.Open(path)
	if err != nil {
		return nil
	}
	defer journal.Close()
	for run := range journal.Running() {
		d := pause.Death{Run: run.Identity, Program: run.Program, Why: "The worker process died in it: " + death.Why, At: death.At}
		switch {
		case run.Program == [32]byte{}:
			continue
		case run.Slot == death.Slot:
		case death.Slot < 0 && death.Hung && !run.Waiting && run.Deadline.Before(run.Started.Add(givenUp)):
			d.Why = "It ignored its deadline and was killed together with its process"
		default:
			continue
		}
		deaths = append(deaths, d)
	}
	return deaths
}

func (m *Manager) recover(ctx context.Context, journal string, death worker.Death) error {
	if death.Slot < 0 && death.Why == worker.OutOfMemory {
		death.Slot = executingLongest(journal)
	}
	return archive.Recover(ctx, m.Pool, journal, m.HistoryShare, func(run execution.Running) archive.Verdict {
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
