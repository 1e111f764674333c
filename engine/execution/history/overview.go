package history

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/queries"
)

// Last is the newest run of a script.
type Last struct {
	Execution id.Execution
	Status    int
	Outcome   call.Outcome
	Started   time.Time
}

// LastRuns gives the newest run of each script that ran; runs of the draft do not count.
func (s *Store) LastRuns(ctx context.Context, grant actor.Grant, scripts []id.Script) (map[id.Script]Last, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		return nil, nil
	}
	found, err := queries.New().ListLastExecutions(ctx, s.pool, queries.ListLastExecutionsParams{AppID: app, ScriptIds: uuids(scripts)})
	if err != nil {
		return nil, fmt.Errorf("last runs of app %s: %w", app, err)
	}
	last := make(map[id.Script]Last, len(found))
	for _, e := range found {
		last[e.ScriptID] = Last{Execution: e.ID, Status: int(e.Status), Outcome: call.Outcome(e.Outcome), Started: e.StartedAt}
	}
	return last, nil
}

// AppActivity is what all scripts of an app did together.
type AppActivity struct {
	Activity
	LastRun time.Time // zero: never, or too long ago
}

// RecentOfApps gives the activity of apps as Recent does, those left out that the actor
// may not know of; only counts are filled.
func (s *Store) RecentOfApps(ctx context.Context, grant actor.Grant, apps []id.App) (map[id.App]*AppActivity, error) {
	if err := grant.Need(actor.ListApps); err != nil {
		return nil, err
	}
	apps = slices.DeleteFunc(slices.Clone(apps), func(app id.App) bool { return !grant.Sees(app) })
	recent := make(map[id.App]*AppActivity, len(apps))
	for _, app := range apps {
		recent[app] = &AppActivity{}
	}
	first := execution.RollingDay(time.Now())
	counts, err := queries.New().SumRunCountsOfApps(ctx, s.pool, queries.SumRunCountsOfAppsParams{AppIds: uuids(apps), Since: first})
	if err != nil {
		return nil, fmt.Errorf("counts of %d apps: %w", len(apps), err)
	}
	for _, c := range counts {
		a := recent[c.AppID]
		a.Runs += c.Runs
		a.Failures += c.Failures
		if hour := int(c.Hour.Sub(first) / time.Hour); hour >= 0 && hour < len(a.Hours) {
			a.Hours[hour] = Hour{Runs: c.Runs, Failures: c.Failures}
		}
	}
	last, err := queries.New().ListLastExecutionsOfApps(ctx, s.pool, uuids(apps))
	if err != nil {
		return nil, fmt.Errorf("last runs of %d apps: %w", len(apps), err)
	}
	for _, e := range last {
		recent[e.AppID].LastRun = e.StartedAt
	}
	return recent, nil
}

const firstLine = 200 // characters

// FirstLines gives the beginning of the first log line of each row that logged.
func (s *Store) FirstLines(ctx context.Context, grant actor.Grant, rows []Row) (map[id.Execution]string, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	var runs []id.Execution
	low, high := lastID, id.Execution{}
	for _, row := range rows {
		if row.LineCount > 0 {
			runs = append(runs, row.Execution)
			if bytes.Compare(row.Execution[:], low[:]) < 0 {
				low = row.Execution
			}
			if bytes.Compare(row.Execution[:], high[:]) > 0 {
				high = row.Execution
			}
		}
	}
	if len(runs) == 0 {
		return nil, nil
	}
	found, err := queries.New().ListFirstLogLines(ctx, s.pool, queries.ListFirstLogLinesParams{
		AppID: app, ExecutionIds: uuids(runs), Most: firstLine, Low: low, High: high,
	})
	if err != nil {
		return nil, fmt.Errorf("first lines of app %s: %w", app, err)
	}
	lines := make(map[id.Execution]string, len(found))
	for _, line := range found {
		lines[line.ExecutionID] = line.Message
	}
	return lines, nil
}

func uuids[I ~[16]byte](ids []I) []pgtype.UUID {
	list := make([]pgtype.UUID, len(ids))
	for i, one := range ids {
		list[i] = pgtype.UUID{Bytes: one, Valid: true}
	}
	return list
}
