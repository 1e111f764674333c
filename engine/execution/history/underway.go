package history

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"picloud/db"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/queries"
)

// A run that has just ended is on its way to the database: a young one that is in no
// journal any more is looked for again.
const (
	youngRun   = time.Minute
	lookAgain  = 50 * time.Millisecond
	lookLonger = 2 * time.Second
)

// locate tells whose run it is, and of one that is under way how it began.
func (s *Store) locate(ctx context.Context, run id.Execution) (id.App, *Row, error) {
	end := time.Now().Add(lookLonger)
	for age := time.Since(run.Time()); ; {
		rows := s.running(func(r *execution.Running) bool { return r.Execution == run })
		app, err := queries.New().FindAppOfExecutionAcrossApps(ctx, s.pool, run)
		switch {
		case err == nil:
			return app, nil, nil
		case !db.IsNoRows(err):
			return id.App{}, nil, fmt.Errorf("app of run %s: %w", run, err)
		case len(rows) > 0:
			return rows[0].App, &rows[0], nil
		case age > youngRun || age < -youngRun || s.Running == nil || time.Now().After(end):
			return id.App{}, nil, errNoRun()
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return id.App{}, nil, ctx.Err()
		}
	}
}

// underWay are the runs that a query's first page begins with, newest first.
func (s *Store) underWay(q *Query) []Row {
	wanted := !q.Failed && len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, call.Running)
	if !wanted || !q.Before.IsZero() || !q.Until.IsZero() || q.StatusClass != 0 {
		return nil
	}
	rows := s.running(func(r *execution.Running) bool {
		return r.App == q.app && (q.Script.IsZero() || r.Script == q.Script) && (q.Version == nil || *q.Version == r.Version) &&
			!r.Started.Before(q.Since) && q.MatchesPath(&r.Identity) && q.MatchesText(r.About())
	})
	return rows[:min(len(rows), pageRows)]
}

// MatchesPath tells whether the path of an HTTP request is what the query asks for.
func (q *Query) MatchesPath(of *execution.Identity) bool {
	_, path := of.HTTP()
	wanted := searchable(q.Path)
	if strings.HasPrefix(wanted, "/") {
		return strings.HasPrefix(path, wanted)
	}
	return strings.Contains(path, wanted)
}

// MatchesText tells whether one of the texts has the text that the query asks for.
func (q *Query) MatchesText(texts ...string) bool {
	wanted := strings.ToLower(searchable(q.Text))
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), wanted) })
}

// MatchesEnd tells whether a run that ended so is what the query asks for.
func (q *Query) MatchesEnd(outcome call.Outcome, status int) bool {
	return (len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, outcome)) && (!q.Failed || outcome.Failed(status)) &&
		(q.StatusClass == 0 || status/100 == q.StatusClass)
}

func (s *Store) running(match func(*execution.Running) bool) []Row {
	if s.Running == nil {
		return nil
	}
	var rows []Row
	for _, run := range s.Running(match) {
		row := Row{Identity: run.Identity, Outcome: call.Running, Wall: max(time.Since(run.Started), 0), Executing: run.Executing}
		row.Method, row.Path = run.HTTP()
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int { return bytes.Compare(b.Execution[:], a.Execution[:]) })
	return rows
}

// withRunning puts what runs before what has ended; what did both meanwhile has ended.
func withRunning(running, ended []Row) []Row {
	running = slices.DeleteFunc(running, func(r Row) bool {
		return slices.ContainsFunc(ended, func(e Row) bool { return e.Execution == r.Execution })
	})
	return append(running, ended...)
}
