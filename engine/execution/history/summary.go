package history

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/queries"
)

// Point is a run in a scatter of time and duration.
type Point struct {
	Execution id.Execution
	Started   time.Time
	Wall      time.Duration
	Status    int
	Outcome   call.Outcome
}

// Cloud is the points of a scatter, and the time they span.
type Cloud struct {
	From, To time.Time
	Points   []Point // about 500 at most, in no order
}

const (
	cloudPoints = 500
	maxBuckets  = 250
)

// Scatter samples the runs of a range evenly over time: of each of so many stretches the
// newest, and the newest of its failures. Of the query it reads app, script, Since and
// Until; without Since the range begins with the oldest run there is, within 14 days.
func (s *Store) Scatter(ctx context.Context, grant actor.Grant, q Query, buckets int) (Cloud, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Cloud{}, err
	}
	q.app = app
	cloud := Cloud{From: q.Since, To: q.Until}
	if cloud.To.IsZero() {
		cloud.To = time.Now()
	}
	if cloud.From.IsZero() {
		oldest, err := s.oldest(ctx, &q, id.Earliest[id.Execution](cloud.To.AddDate(0, 0, -14)))
		if db.IsNoRows(err) {
			cloud.From = cloud.To.Add(-time.Hour)
			return cloud, nil
		}
		if err != nil {
			return Cloud{}, fmt.Errorf("oldest run: %w", err)
		}
		cloud.From = oldest.Time()
	}
	if !cloud.From.Before(cloud.To) {
		return cloud, nil
	}
	buckets = min(max(buckets, 1), maxBuckets)
	lows, highs := stretches(cloud.From, cloud.To, buckets)
	each := int32(max(cloudPoints/buckets/2, 1))
	seen := make(map[id.Execution]bool)
	add := func(run id.Execution, started time.Time, wall int64, status int16, outcome string) {
		if seen[run] {
			return
		}
		seen[run] = true
		cloud.Points = append(cloud.Points, Point{
			Execution: run, Started: started, Wall: time.Duration(wall) * time.Microsecond, Status: int(status), Outcome: call.Outcome(outcome),
		})
	}
	if !q.Script.IsZero() {
		found, err := queries.New().SampleExecutionsOfScript(ctx, s.pool, queries.SampleExecutionsOfScriptParams{
			AppID: q.app, ScriptID: q.Script, Lows: lows, Highs: highs, Each: each,
		})
		for _, p := range found {
			add(p.ID, p.StartedAt, p.WallUs, p.Status, p.Outcome)
		}
		if err != nil {
			return Cloud{}, fmt.Errorf("sample runs of script %s: %w", q.Script, err)
		}
		return cloud, nil
	}
	found, err := queries.New().SampleExecutionsOfApp(ctx, s.pool, queries.SampleExecutionsOfAppParams{
		AppID: q.app, Lows: lows, Highs: highs, Each: each,
	})
	for _, p := range found {
		add(p.ID, p.StartedAt, p.WallUs, p.Status, p.Outcome)
	}
	if err != nil {
		return Cloud{}, fmt.Errorf("sample runs of app %s: %w", q.app, err)
	}
	return cloud, nil
}

func (s *Store) oldest(ctx context.Context, q *Query, since id.Execution) (id.Execution, error) {
	if q.Script.IsZero() {
		return queries.New().FindOldestExecutionOfApp(ctx, s.pool, queries.FindOldestExecutionOfAppParams{AppID: q.app, Since: since})
	}
	return queries.New().FindOldestExecutionOfScript(ctx, s.pool, queries.FindOldestExecutionOfScriptParams{AppID: q.app, ScriptID: q.Script, Since: since})
}

// stretches cuts a time into equal ranges of ids. Each begins at a place of its own
// inside its millisecond, so that also a second can be cut into many.
func stretches(from, to time.Time, n int) (lows, highs []pgtype.UUID) {
	edge := func(i int) pgtype.UUID {
		at := from.Add(time.Duration(float64(to.Sub(from)) * float64(i) / float64(n)))
		run := id.Earliest[id.Execution](at)
		// How the generator of google/uuid fills the 12 bits behind (RFC 9562, section 6.2).
		binary.BigEndian.PutUint16(run[6:], 0x7000|uint16(at.Nanosecond()%1e6>>8))
		return pgtype.UUID{Bytes: run, Valid: true}
	}
	for i := range n {
		lows, highs = append(lows, edge(i)), append(highs, edge(i+1))
	}
	return lows, highs
}

// Activity is what a script did, hour by hour. Drafts are not counted.
type Activity struct {
	Runs      int64
	Failures  int64         // outcome neither ok nor cancelled, or a status from 500 on
	Wall      time.Duration // of all runs together
	Executing time.Duration // of all runs together
	Longest   time.Duration
	Hours     [24]Hour // the last one is the present hour
}

// Hour is one point of a sparkline.
type Hour struct{ Runs, Failures int64 }

// Recent gives the activity of an app's scripts in the present hour and the 23 before it;
// scripts that did not run are not in it.
func (s *Store) Recent(ctx context.Context, grant actor.Grant) (map[id.Script]*Activity, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	first := execution.RollingDay(time.Now())
	counts, err := queries.New().ListRunCounts(ctx, s.pool, queries.ListRunCountsParams{AppID: app, Since: first})
	if err != nil {
		return nil, fmt.Errorf("counts of app %s: %w", app, err)
	}
	recent := make(map[id.Script]*Activity)
	for _, c := range counts {
		a := recent[c.ScriptID]
		if a == nil {
			a = &Activity{}
			recent[c.ScriptID] = a
		}
		a.Runs += c.Runs
		a.Failures += c.Failures
		a.Wall += time.Duration(c.WallUs) * time.Microsecond
		a.Executing += time.Duration(c.CpuUs) * time.Microsecond
		a.Longest = max(a.Longest, time.Duration(c.WallUsMax)*time.Microsecond)
		if hour := int(c.Hour.Sub(first) / time.Hour); hour >= 0 && hour < len(a.Hours) {
			a.Hours[hour].Runs += c.Runs
			a.Hours[hour].Failures += c.Failures
		}
	}
	return recent, nil
}
