package archive

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/id"
	"picloud/queries"
)

// Retention says how much of what happened is kept.
type Retention struct {
	Days  int   // 14 when it is 0
	Bytes int64 // on disk, of runs, lines and captures together; 2 GiB when it is 0
}

// Upkeep makes partitions ahead and drops what is too old or too much. A range is a day;
// when one grows past an eighth of the budget it is cut, so that the budget is kept by
// dropping whole tables, which costs nothing, and never by deleting rows.
type Upkeep struct {
	pool      *pgxpool.Pool
	retention Retention
	lastSize  int64
	lastAt    time.Time
}

const (
	shares      = 8 // of the budget a range may have
	upkeepEvery = time.Minute
	upkeepBusy  = 2 * time.Second
	countsDays  = 30
	lossesDays  = 90
	deleteBatch = 5000
)

// NewUpkeep keeps the tables of a database in order.
func NewUpkeep(pool *pgxpool.Pool, retention Retention) *Upkeep {
	return &Upkeep{pool: pool, retention: retention.orDefault()}
}

func (r Retention) orDefault() Retention {
	if r.Days <= 0 {
		r.Days = 14
	}
	if r.Bytes <= 0 {
		r.Bytes = 2 << 30
	}
	return r
}

// Do does what is due now and tells when to come again: after a minute, sooner while
// the tables grow fast.
func (u *Upkeep) Do(ctx context.Context) (next time.Duration, err error) {
	return u.do(ctx, time.Now())
}

func (u *Upkeep) do(ctx context.Context, now time.Time) (next time.Duration, err error) {
	if err := ensureDays(ctx, u.pool, now, daysAhead+1); err != nil {
		return 0, err
	}
	spans, defaults, err := listSpans(ctx, u.pool)
	if err != nil {
		return 0, err
	}
	if err := u.tidyDefaults(ctx, now); err != nil {
		return 0, err
	}
	if spans, err = u.dropOld(ctx, now, spans); err != nil {
		return 0, err
	}
	if spans, err = u.cutCurrent(ctx, now, spans); err != nil {
		return 0, err
	}
	if err := u.summarize(ctx, now, spans); err != nil {
		return 0, err
	}
	size, err := u.keepBudget(ctx, now, spans, defaults)
	if err != nil {
		return 0, err
	}
	if err := u.forgetCounts(ctx, now); err != nil {
		return 0, err
	}
	return u.next(now, size), nil
}

// next foresees when another share of the budget will be full.
func (u *Upkeep) next(now time.Time, size int64) time.Duration {
	grown, in := size-u.lastSize, now.Sub(u.lastAt)
	first := u.lastAt.IsZero()
	u.lastSize, u.lastAt = size, now
	if first || grown <= 0 {
		return upkeepEvery
	}
	share := float64(u.retention.Bytes / shares)
	due := time.Duration(share / 2 / float64(grown) * float64(in))
	return min(max(due, upkeepBusy), upkeepEvery)
}

func (u *Upkeep) dropOld(ctx context.Context, now time.Time, spans []span) (kept []span, err error) {
	oldest := id.Earliest[id.Execution](now.AddDate(0, 0, -u.retention.Days))
	for _, s := range spans {
		if bytes.Compare(s.to[:], oldest[:]) > 0 {
			kept = append(kept, s)
			continue
		}
		if err := u.drop(ctx, s, "age"); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func (u *Upkeep) drop(ctx context.Context, s span, why string) error {
	slog.Info("old runs dropped", "from", s.from.Time(), "to", s.to.Time(), "bytes", s.size, "why", why)
	return inShortLock(ctx, u.pool, func(tx pgx.Tx) error { return dropSpan(ctx, tx, s) })
}

// cutCurrent cuts the range that is being filled when it has its share.
func (u *Upkeep) cutCurrent(ctx context.Context, now time.Time, spans []span) ([]span, error) {
	i := current(spans, now)
	if i < 0 || spans[i].size <= u.retention.Bytes/shares {
		return spans, nil
	}
	s := spans[i]
	at := id.Earliest[id.Execution](now.Add(cutMargin))
	if soon := id.Earliest[id.Execution](now.Add(time.Minute)); bytes.Compare(soon[:], s.to[:]) >= 0 {
		return spans, nil // the day ends by itself
	}
	if err := inShortLock(ctx, u.pool, func(tx pgx.Tx) error { return cutSpan(ctx, tx, s, at) }); err != nil {
		return nil, err
	}
	spans, _, err := listSpans(ctx, u.pool)
	return spans, err
}

const summarizeCaptures = `SELECT brin_summarize_new_values(indexrelid) FROM pg_index WHERE indrelid = $1::regclass`

// summarize makes the index of captures know the rows that came since it was last done;
// those it does not know are read one by one when a capture is looked for.
func (u *Upkeep) summarize(ctx context.Context, now time.Time, spans []span) error {
	for i := max(current(spans, now.Add(-time.Minute)), 0); i <= current(spans, now); i++ {
		for _, name := range spans[i].names {
			if !strings.HasPrefix(name, "captures_") {
				continue
			}
			if _, err := u.pool.Exec(ctx, summarizeCaptures, name); err != nil {
				return fmt.Errorf("summarize %s: %w", name, err)
			}
		}
	}
	return nil
}

// current is the range of now. After a cut that is, for some seconds, still the old one.
func current(spans []span, now time.Time) int {
	here := id.Earliest[id.Execution](now)
	for i, s := range spans {
		if bytes.Compare(s.from[:], here[:]) <= 0 && bytes.Compare(here[:], s.to[:]) < 0 {
			return i
		}
	}
	return -1
}

// keepBudget drops the oldest ranges until the rest is within the budget. The range being
// filled stays, and so does the one before it until its successor has grown to a share:
// after a burst that fills the budget at once the newest runs are still there.
func (u *Upkeep) keepBudget(ctx context.Context, now time.Time, spans []span, defaults int64) (size int64, err error) {
	size = defaults
	for _, s := range spans {
		size += s.size
	}
	filling := current(spans, now.Add(cutMargin+time.Second))
	for i, s := range spans {
		if size <= u.retention.Bytes || filling < 0 || i >= filling {
			break
		}
		if i == filling-1 && spans[filling].size < u.retention.Bytes/shares {
			break
		}
		if err := u.drop(ctx, s, "size"); err != nil {
			return 0, err
		}
		size -= s.size
	}
	return size, nil
}

// tidyDefaults moves rows of the defaults into partitions of their days and deletes those
// that are too old. The defaults are all but always empty: they catch what comes while no
// upkeep has run for days.
func (u *Upkeep) tidyDefaults(ctx context.Context, now time.Time) error {
	days, err := queries.New().ListDaysInDefaultAcrossApps(ctx, u.pool)
	if err != nil {
		return fmt.Errorf("days in the default partition: %w", err)
	}
	if len(days) == 0 {
		return nil
	}
	oldest := now.AddDate(0, 0, -u.retention.Days)
	for _, day := range days {
		if day.AddDate(0, 0, 1).After(oldest) && day.Before(now.AddDate(0, 0, daysAhead+1)) {
			if err := ensureDays(ctx, u.pool, day, 1); err != nil {
				return err
			}
		}
	}
	before := id.Earliest[id.Execution](oldest)
	for {
		n, err := u.deleteDefaults(ctx, before)
		if err != nil || n == 0 {
			return err
		}
	}
}

func (u *Upkeep) deleteDefaults(ctx context.Context, before id.Execution) (deleted int64, err error) {
	q := queries.New()
	executions, err := q.DeleteOldDefaultExecutionsAcrossApps(ctx, u.pool, queries.DeleteOldDefaultExecutionsAcrossAppsParams{
		Before: pgtype.UUID{Bytes: before, Valid: true}, Batch: deleteBatch,
	})
	if err != nil {
		return 0, fmt.Errorf("delete old runs of the default partition: %w", err)
	}
	lines, err := q.DeleteOldDefaultLogLinesAcrossApps(ctx, u.pool, queries.DeleteOldDefaultLogLinesAcrossAppsParams{Before: before, Batch: deleteBatch})
	if err != nil {
		return 0, fmt.Errorf("delete old lines of the default partition: %w", err)
	}
	captures, err := q.DeleteOldDefaultCapturesAcrossApps(ctx, u.pool, queries.DeleteOldDefaultCapturesAcrossAppsParams{Before: before, Batch: deleteBatch})
	if err != nil {
		return 0, fmt.Errorf("delete old captures of the default partition: %w", err)
	}
	return executions + lines + captures, nil
}

func (u *Upkeep) forgetCounts(ctx context.Context, now time.Time) error {
	if now.Minute() != 0 && !u.lastAt.IsZero() {
		return nil
	}
	q := queries.New()
	if err := q.DeleteRunCountsAcrossApps(ctx, u.pool, now.AddDate(0, 0, -countsDays)); err != nil {
		return fmt.Errorf("forget old counts: %w", err)
	}
	if err := q.DeleteRunLosses(ctx, u.pool, now.AddDate(0, 0, -lossesDays)); err != nil {
		return fmt.Errorf("forget old losses: %w", err)
	}
	return nil
}
