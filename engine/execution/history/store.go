// Package history reads what happened and what happens: runs one by one and in pages, their
// log lines and messages, counts by the hour, samples for a chart. All of it is bounded work,
// whatever the tables hold.
package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Store reads.
type Store struct {
	pool *pgxpool.Pool
	// Running tells the calls under way here that match. May be nil, and must not change
	// once the store is used.
	Running func(match func(*execution.Running) bool) []execution.Running
	// AppShare is how many bytes of history an app may add in a rolling day; 0: any number.
	// It must not change either.
	AppShare int64
}

// NewStore reads from the manager's database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Row is a run as lists show it.
type Row struct {
	execution.Identity
	Method    string // of a run that is about an HTTP request; else empty
	Path      string // the same, whole: the subject may be cut
	Status    int
	Outcome   call.Outcome
	Wall      time.Duration
	Executing time.Duration
	LineCount int
	Others    int64              // more calls like this one in the same minute, which have no row of their own
	LeftOut   execution.LeftOut  // of what there was, for want of the app's share
	Failure   *execution.Failure // nil: ended well
}

// Run is all that is kept of a run.
type Run struct {
	Row
	Lines     []execution.LogLine
	MoreLines bool               // Lines are only the first
	Capture   *execution.Capture // nil: none was made
}

// linesOnRun is as many as a run may have: its 1,000, and the one that says that there were more.
const linesOnRun = 1001

// Get gives a run with its log, or of one that is under way, whose outcome is then
// [call.Running], its beginning. A NotFound fault when the app has no such run.
func (s *Store) Get(ctx context.Context, grant actor.Grant, run id.Execution) (Run, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Run{}, err
	}
	find := func() (queries.Execution, error) {
		return queries.New().FindExecution(ctx, s.pool, queries.FindExecutionParams{AppID: app, ID: run})
	}
	found, err := find()
	if db.IsNoRows(err) {
		of, begun, absent := s.locate(ctx, run)
		if absent != nil {
			return Run{}, absent
		}
		if of != app {
			return Run{}, errNoRun()
		}
		if begun != nil {
			return Run{Row: *begun}, nil
		}
		found, err = find()
	}
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", run, err)
	}
	got := Run{Row: rowOf(&found)}
	if found.LogLines > 0 && got.LeftOut < execution.LogLeftOut {
		if got.Lines, err = s.Lines(ctx, grant, run, 0, linesOnRun); err != nil {
			return Run{}, err
		}
		got.MoreLines = int(found.LogLines) > len(got.Lines)
	}
	data, err := queries.New().FindCapture(ctx, s.pool, queries.FindCaptureParams{AppID: app, ExecutionID: run})
	if db.IsNoRows(err) {
		return got, nil
	}
	if err != nil {
		return Run{}, fmt.Errorf("capture of run %s: %w", run, err)
	}
	capture, err := execution.DecodeCapture(data)
	if err != nil {
		return Run{}, fmt.Errorf("capture of run %s: %w", run, err)
	}
	got.Capture = &capture
	return got, nil
}

// Lines gives up to limit lines of a run behind the line with number after.
func (s *Store) Lines(ctx context.Context, grant actor.Grant, run id.Execution, after, limit int) ([]execution.LogLine, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	found, err := queries.New().ListLogLines(ctx, s.pool, queries.ListLogLinesParams{
		AppID: app, ExecutionID: run, After: int32(after), Page: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("lines of run %s: %w", run, err)
	}
	lines := make([]execution.LogLine, len(found))
	for i, line := range found {
		lines[i] = execution.LogLine{Seq: int(line.Seq), At: line.At, Level: call.Level(line.Level), Message: line.Message}
		if line.Fields != nil {
			lines[i].Fields = *line.Fields
		}
	}
	return lines, nil
}

// AppOf tells whose run it is, for who knows only the run. A run of an app that the actor
// may not know of is as absent as one that never was.
func (s *Store) AppOf(ctx context.Context, grant actor.Grant, run id.Execution) (id.App, error) {
	if err := grant.Need(actor.ListApps); err != nil {
		return id.App{}, err
	}
	app, _, err := s.locate(ctx, run)
	if err == nil && !grant.Sees(app) {
		return id.App{}, errNoRun()
	}
	return app, err
}

func errNoRun() error {
	return fault.New(fault.NotFound, "There is no such run; runs are removed after a while.")
}

func rowOf(e *queries.Execution) Row {
	row := Row{
		Identity: execution.Identity{
			Execution: e.ID, App: e.AppID, Script: e.ScriptID, ScriptName: e.ScriptName, Version: int(e.Version), Started: e.StartedAt,
			Cause: call.Cause{
				Kind: call.Kind(e.Trigger), Root: e.RootID.Bytes, Parent: e.ParentID.Bytes,
				Depth: int(e.Depth.Int16), Attempt: int(e.Attempt.Int16), Source: orZero(e.Source),
			},
			Subject: orZero(e.Subject),
		},
		Method: orZero(e.Method), Path: orZero(e.Path), Status: int(e.Status), Outcome: call.Outcome(e.Outcome),
		Wall: time.Duration(e.WallUs) * time.Microsecond, Executing: time.Duration(e.CpuUs) * time.Microsecond,
		LineCount: int(e.LogLines), Others: e.Others.Int64, LeftOut: execution.LeftOut(e.LeftOut.Int16),
	}
	if row.Method != "" {
		row.Event = call.Fetch
		if row.Subject == "" { // written before runs had one
			row.Subject = row.Method + " " + row.Path
		}
	}
	if len(e.Error) > 0 {
		row.Failure = &execution.Failure{}
		if err := json.Unmarshal(e.Error, row.Failure); err != nil {
			row.Failure.Message = "The error of this run cannot be read."
		}
	}
	return row
}

func orZero[T any](value *T) (v T) {
	if value != nil {
		v = *value
	}
	return v
}

// Losses are the runs that have no row.
type Losses struct {
	Full    int64 // no room in the ring, because the database was away or too slow
	Refused int64 // the database did not take the row
	Last    time.Time
}

// LossesAcrossApps counts those noted since a time, for the product itself; what a living
// worker's journal has not written yet is not in it.
func (s *Store) LossesAcrossApps(ctx context.Context, since time.Time) (Losses, error) {
	found, err := queries.New().SumRunLosses(ctx, s.pool, since)
	if err != nil {
		return Losses{}, fmt.Errorf("lost runs: %w", err)
	}
	var sum Losses
	for _, l := range found {
		switch l.Reason {
		case journal.LostFull:
			sum.Full = l.Count
		case journal.LostRefused:
			sum.Refused = l.Count
		}
		if l.LastAt.After(sum.Last) {
			sum.Last = l.LastAt
		}
	}
	return sum, nil
}
