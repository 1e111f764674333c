package execution

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/call"
	"picloud/engine/id"
	"picloud/queries"
)

// batch is some records on their way into the tables, and the memory for it, which is
// kept from one batch to the next.
type batch struct {
	pool  *pgxpool.Pool
	views []view

	executions, lines, captures bytes.Buffer
	counts                      map[countKey]*count
}

const (
	batchRows  = 2000
	batchBytes = 4 << 20 // of encoded records, so that captured bodies do not pile up
)

type countKey struct {
	app    id.App
	script id.Script
	hour   int64 // microseconds since 2000
}

type count struct{ runs, failures, wall, executing, longest int64 }

func newBatch(pool *pgxpool.Pool) *batch {
	return &batch{pool: pool, counts: make(map[countKey]*count)}
}

// write puts the views into the tables in one transaction. With check those that are
// there already are left out; it is for when it is not known whether an earlier try
// succeeded.
func (b *batch) write(ctx context.Context, views []view, check bool) error {
	return db.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		if check {
			var err error
			if views, err = missing(ctx, tx, views); err != nil {
				return err
			}
		}
		b.fill(views)
		for _, table := range [...]struct {
			rows *bytes.Buffer
			sql  string
		}{{&b.executions, copyExecutions}, {&b.lines, copyLines}, {&b.captures, copyCaptures}} {
			if table.rows.Len() == len(copyHead) {
				continue
			}
			table.rows.WriteString(copyTrailer)
			if _, err := tx.Conn().PgConn().CopyFrom(ctx, io.Reader(table.rows), table.sql); err != nil {
				return fmt.Errorf("copy %d runs: %w", len(views), err)
			}
		}
		return b.writeCounts(ctx, tx)
	})
}

func (b *batch) fill(views []view) {
	for _, buffer := range [...]*bytes.Buffer{&b.executions, &b.lines, &b.captures} {
		buffer.Reset()
		buffer.WriteString(copyHead)
	}
	clear(b.counts)
	for i := range views {
		v := &views[i]
		b.executions.Write(appendExecution(b.executions.AvailableBuffer(), v))
		if v.lineCount > 0 {
			b.lines.Write(appendLogLines(b.lines.AvailableBuffer(), v))
		}
		if v.capture != nil {
			b.captures.Write(appendCaptureRow(b.captures.AvailableBuffer(), v))
		}
		b.count(v)
	}
}

const hourMicros = int64(time.Hour / time.Microsecond)

func (b *batch) count(v *view) {
	if string(v.trigger) == string(call.Draft) {
		return
	}
	key := countKey{v.app, v.script, v.started - v.started%hourMicros}
	c := b.counts[key]
	if c == nil {
		c = &count{}
		b.counts[key] = c
	}
	c.runs++
	if failed(call.Outcome(v.outcome), int(v.status)) {
		c.failures++
	}
	c.wall += v.wall
	c.executing += v.executing
	c.longest = max(c.longest, v.wall)
}

// failed tells whether a run counts as a failure: its own 5xx answers do, a caller who
// went away does not.
func failed(outcome call.Outcome, status int) bool {
	switch outcome {
	case call.OK:
		return status >= 500
	case call.Cancelled:
		return false
	}
	return true
}

// writeCounts adds in the order of the keys, so that two writers never wait for each
// other in a circle.
func (b *batch) writeCounts(ctx context.Context, tx pgx.Tx) error {
	if len(b.counts) == 0 {
		return nil
	}
	keys := make([]countKey, 0, len(b.counts))
	for key := range b.counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y countKey) int {
		return cmp.Or(bytes.Compare(x.app[:], y.app[:]), bytes.Compare(x.script[:], y.script[:]), cmp.Compare(x.hour, y.hour))
	})
	var p queries.AddRunCountsAcrossAppsParams
	for _, key := range keys {
		c := b.counts[key]
		p.AppIds = append(p.AppIds, pgtype.UUID{Bytes: key.app, Valid: true})
		p.ScriptIds = append(p.ScriptIds, pgtype.UUID{Bytes: key.script, Valid: true})
		p.Hours = append(p.Hours, fromMicros(key.hour))
		p.Runs = append(p.Runs, c.runs)
		p.Failures = append(p.Failures, c.failures)
		p.WallUs = append(p.WallUs, c.wall)
		p.CpuUs = append(p.CpuUs, c.executing)
		p.WallUsMax = append(p.WallUsMax, c.longest)
	}
	if err := queries.New().AddRunCountsAcrossApps(ctx, tx, p); err != nil {
		return fmt.Errorf("add to the counts of %d scripts: %w", len(keys), err)
	}
	return nil
}

// missing are the views whose runs have no row yet.
func missing(ctx context.Context, tx pgx.Tx, views []view) ([]view, error) {
	if len(views) == 0 {
		return nil, nil
	}
	p := queries.ListRecordedAcrossAppsParams{Low: views[0].execution, High: views[0].execution}
	for i := range views {
		v := &views[i]
		p.AppIds = append(p.AppIds, pgtype.UUID{Bytes: v.app, Valid: true})
		p.Ids = append(p.Ids, pgtype.UUID{Bytes: v.execution, Valid: true})
		if bytes.Compare(v.execution[:], p.Low[:]) < 0 {
			p.Low = v.execution
		}
		if bytes.Compare(v.execution[:], p.High[:]) > 0 {
			p.High = v.execution
		}
	}
	recorded, err := queries.New().ListRecordedAcrossApps(ctx, tx, p)
	if err != nil {
		return nil, fmt.Errorf("look for %d runs: %w", len(views), err)
	}
	seen := make(map[id.Execution]bool, len(recorded)+len(views))
	for _, run := range recorded {
		seen[run] = true
	}
	left := make([]view, 0, len(views))
	for _, v := range views {
		if !seen[v.execution] {
			seen[v.execution] = true
			left = append(left, v)
		}
	}
	return left, nil
}

// loss is a number of runs that have no row.
type loss struct {
	reason string
	count  int64
}

// The reasons of a loss, as the table run_losses has them.
const (
	LostFull    = "full"    // no room in the ring
	LostRefused = "refused" // the database did not take it, or it could not be read
)

// note writes losses down.
func (b *batch) note(ctx context.Context, losses []loss) error {
	if len(losses) == 0 {
		return nil
	}
	return db.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		for _, l := range losses {
			err := queries.New().AddRunLoss(ctx, tx, queries.AddRunLossParams{At: time.Now(), Reason: l.reason, Count: l.count})
			if err != nil {
				return fmt.Errorf("note %d lost runs: %w", l.count, err)
			}
		}
		return nil
	})
}

// verdict on an error of write.
type fate uint8

const (
	retry  fate = iota // the database is away, or busy, or not as it should be
	again              // some rows are there already: the same with check
	refuse             // the database does not take one of the rows
)

func fateOf(err error) fate {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return retry
	}
	if refused.Code == "23505" {
		return again
	}
	for _, class := range [...]string{"22", "23", "54", "XX"} {
		if strings.HasPrefix(refused.Code, class) {
			return refuse
		}
	}
	return retry
}

// settle writes the views and, when the database does not take one of them, halves until
// it is alone. It returns how many were refused; an error means that the database is away
// and that it is not known which views are written.
func (b *batch) settle(ctx context.Context, views []view, check bool) (refused int64, err error) {
	err = b.write(ctx, views, check)
	if err == nil {
		return 0, nil
	}
	switch fateOf(err) {
	case retry:
		return 0, err
	case again:
		if !check {
			return b.settle(ctx, views, true)
		}
		return 0, err // somebody else writes the same; the next look will see it
	}
	if len(views) <= 1 {
		return int64(len(views)), nil
	}
	half := len(views) / 2
	first, err := b.settle(ctx, views[:half], check)
	if err != nil {
		return first, err
	}
	second, err := b.settle(ctx, views[half:], check)
	return first + second, err
}

// forget gives the memory back.
func (b *batch) forget() { *b = *newBatch(b.pool) }
