// Package archive writes what happened into the tables: finished runs by COPY, those that a
// dead process left in its journal, and the upkeep of the partitions they lie in. Whatever
// becomes of process and database meanwhile, a run becomes one row: its execution's id tells
// what is there already.
package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
	"picloud/queries"
)

// batch is some records on their way into the tables, and the memory for it, which is
// kept from one batch to the next.
type batch struct {
	pool   *pgxpool.Pool
	ledger *ledger
	views  []execution.View

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

type count struct{ runs, failures, wall, executing, longest, bytes int64 }

func newBatch(pool *pgxpool.Pool, share int64) *batch {
	return &batch{pool: pool, ledger: newLedger(share), counts: make(map[countKey]*count)}
}

// write puts the views into the tables in one transaction. With check those that are
// there already are left out; it is for when it is not known whether an earlier try
// succeeded.
func (b *batch) write(ctx context.Context, views []execution.View, check bool) error {
	b.ledger.refresh(ctx, b.pool)
	failures := maps.Clone(b.ledger.failures)
	err := db.InTx(ctx, b.pool, func(tx pgx.Tx) error {
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
	if err != nil {
		b.ledger.failures = failures // they will be counted again
		return err
	}
	for key, c := range b.counts {
		b.ledger.used[key.app] += c.bytes
	}
	return nil
}

func (b *batch) fill(views []execution.View) {
	for _, buffer := range [...]*bytes.Buffer{&b.executions, &b.lines, &b.captures} {
		buffer.Reset()
		buffer.WriteString(copyHead)
	}
	clear(b.counts)
	for i := range views {
		v := &views[i]
		left, size := b.ledger.leaves(v), int64(0)
		if left < execution.RowLeftOut {
			size = footprint(v, left)
			b.add(v, left)
		}
		b.count(v, size)
	}
}

// add puts what is kept of a run into the tables' rows.
func (b *batch) add(v *execution.View, left execution.LeftOut) {
	lines := v.LineCount > 0 && left < execution.LogLeftOut
	capture := v.Capture != nil && left < execution.MessagesLeftOut
	if lines == (v.LineCount > 0) && capture == (v.Capture != nil) {
		left = execution.NothingLeftOut
	}
	b.executions.Write(appendExecution(b.executions.AvailableBuffer(), v, left))
	if lines {
		b.lines.Write(appendLogLines(b.lines.AvailableBuffer(), v))
	}
	if capture {
		b.captures.Write(appendCaptureRow(b.captures.AvailableBuffer(), v))
	}
}

const hourMicros = int64(time.Hour / time.Microsecond)

func (b *batch) count(v *execution.View, size int64) {
	key := countKey{v.App, v.Script, v.Started - v.Started%hourMicros}
	c := b.counts[key]
	if c == nil {
		c = &count{}
		b.counts[key] = c
	}
	c.bytes += size
	if string(v.Kind) == string(call.Draft) {
		return
	}
	c.runs += 1 + v.Others
	if call.Outcome(v.Outcome).Failed(int(v.Status)) {
		c.failures += 1 + v.Others
	}
	c.wall += v.Wall
	c.executing += v.Executing
	c.longest = max(c.longest, v.Wall)
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
		p.Hours = append(p.Hours, execution.FromMicros(key.hour))
		p.Runs = append(p.Runs, c.runs)
		p.Failures = append(p.Failures, c.failures)
		p.WallUs = append(p.WallUs, c.wall)
		p.CpuUs = append(p.CpuUs, c.executing)
		p.WallUsMax = append(p.WallUsMax, c.longest)
		p.Bytes = append(p.Bytes, c.bytes)
	}
	if err := queries.New().AddRunCountsAcrossApps(ctx, tx, p); err != nil {
		return fmt.Errorf("add to the counts of %d scripts: %w", len(keys), err)
	}
	return nil
}

// missing are the views whose runs have no row yet.
func missing(ctx context.Context, tx pgx.Tx, views []execution.View) ([]execution.View, error) {
	if len(views) == 0 {
		return nil, nil
	}
	p := queries.ListRecordedAcrossAppsParams{Low: views[0].Execution, High: views[0].Execution}
	for i := range views {
		v := &views[i]
		p.AppIds = append(p.AppIds, pgtype.UUID{Bytes: v.App, Valid: true})
		p.Ids = append(p.Ids, pgtype.UUID{Bytes: v.Execution, Valid: true})
		if bytes.Compare(v.Execution[:], p.Low[:]) < 0 {
			p.Low = v.Execution
		}
		if bytes.Compare(v.Execution[:], p.High[:]) > 0 {
			p.High = v.Execution
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
	left := make([]execution.View, 0, len(views))
	for _, v := range views {
		if !seen[v.Execution] {
			seen[v.Execution] = true
			left = append(left, v)
		}
	}
	return left, nil
}

// note writes losses down.
func (b *batch) note(ctx context.Context, losses []journal.Loss) error {
	if len(losses) == 0 {
		return nil
	}
	return db.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		for _, l := range losses {
			err := queries.New().AddRunLoss(ctx, tx, queries.AddRunLossParams{At: time.Now(), Reason: l.Reason, Count: l.Count})
			if err != nil {
				return fmt.Errorf("note %d lost runs: %w", l.Count, err)
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
func (b *batch) settle(ctx context.Context, views []execution.View, check bool) (refused int64, err error) {
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
func (b *batch) forget() {
	known := b.ledger
	*b = *newBatch(b.pool, known.share)
	b.ledger = known
}
