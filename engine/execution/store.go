package execution

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/call"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Store reads what happened and what happens. All of it is bounded work, whatever the
// tables hold.
type Store struct {
	pool *pgxpool.Pool
	// Running tells the calls under way here that match. May be nil, and must not change
	// once the store is used.
	Running func(match func(*Running) bool) []Running
}

// NewStore reads from the manager's database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Row is a run as lists show it.
type Row struct {
	Execution  id.Execution
	App        id.App
	Script     id.Script
	ScriptName string // as it was
	Version    int    // 0: the draft
	Trigger    call.Trigger
	Method     string
	Path       string
	Status     int
	Outcome    call.Outcome
	Started    time.Time
	Wall       time.Duration
	Executing  time.Duration
	LineCount  int
	Failure    *Failure // nil: ended well
}

// Run is all that is kept of a run.
type Run struct {
	Row
	Lines     []LogLine
	MoreLines bool     // Lines are only the first
	Capture   *Capture // nil: none was made
}

// linesOnRun is as many as a run may have: its 1,000, and the one that says that there were more.
const linesOnRun = 1001

// Get gives a run with its log, or of one that is under way, whose outcome is then
// [call.Running], its beginning. A NotFound fault when the app has no such run.
func (s *Store) Get(ctx context.Context, app id.App, run id.Execution) (Run, error) {
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
	if found.LogLines > 0 {
		if got.Lines, err = s.Lines(ctx, app, run, 0, linesOnRun); err != nil {
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
	capture, err := DecodeCapture(data)
	if err != nil {
		return Run{}, fmt.Errorf("capture of run %s: %w", run, err)
	}
	got.Capture = &capture
	return got, nil
}

// Lines gives up to limit lines of a run behind the line with number after.
func (s *Store) Lines(ctx context.Context, app id.App, run id.Execution, after, limit int) ([]LogLine, error) {
	found, err := queries.New().ListLogLines(ctx, s.pool, queries.ListLogLinesParams{
		AppID: app, ExecutionID: run, After: int32(after), Page: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("lines of run %s: %w", run, err)
	}
	lines := make([]LogLine, len(found))
	for i, line := range found {
		lines[i] = LogLine{Seq: int(line.Seq), At: line.At, Level: call.Level(line.Level), Message: line.Message}
		if line.Fields != nil {
			lines[i].Fields = *line.Fields
		}
	}
	return lines, nil
}

// AppOf tells whose run it is, for who knows only the run; the caller has to check that
// the app may be seen.
func (s *Store) AppOf(ctx context.Context, run id.Execution) (id.App, error) {
	app, _, err := s.locate(ctx, run)
	return app, err
}

func errNoRun() error {
	return fault.New(fault.NotFound, "There is no such run; runs are removed after a while.")
}

func rowOf(e *queries.Execution) Row {
	row := Row{
		Execution: e.ID, App: e.AppID, Script: e.ScriptID, ScriptName: e.ScriptName, Version: int(e.Version),
		Trigger: call.Trigger(e.Trigger), Method: e.Method, Path: e.Path, Status: int(e.Status), Outcome: call.Outcome(e.Outcome),
		Started: e.StartedAt, Wall: time.Duration(e.WallUs) * time.Microsecond, Executing: time.Duration(e.CpuUs) * time.Microsecond,
		LineCount: int(e.LogLines),
	}
	if len(e.Error) > 0 {
		row.Failure = &Failure{}
		if err := json.Unmarshal(e.Error, row.Failure); err != nil {
			row.Failure.Message = "The error of this run cannot be read."
		}
	}
	return row
}

// Losses are the runs that have no row.
type Losses struct {
	Full    int64 // no room in the ring, because the database was away or too slow
	Refused int64 // the database did not take the row
	Last    time.Time
}

// Losses counts those noted since a time; the columns of a living worker's journal that
// are not written yet are not in it.
func (s *Store) Losses(ctx context.Context, since time.Time) (Losses, error) {
	found, err := queries.New().SumRunLosses(ctx, s.pool, since)
	if err != nil {
		return Losses{}, fmt.Errorf("lost runs: %w", err)
	}
	var sum Losses
	for _, l := range found {
		switch l.Reason {
		case LostFull:
			sum.Full = l.Count
		case LostRefused:
			sum.Refused = l.Count
		}
		if l.LastAt.After(sum.Last) {
			sum.Last = l.LastAt
		}
	}
	return sum, nil
}
