package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/id"
)

// A range that is being filled is cut at a moment in the near future: no run may have a later
// id before it was read once, to prove that none has.
const (
	cutMargin = 5 * time.Second
	readRate  = 32 << 20 // bytes a second
)

// leeway is how far in the future a range of a size is cut.
func leeway(size int64) time.Duration {
	return cutMargin + time.Duration(float64(size)/readRate*float64(time.Second))
}

// ending is the name of the constraint that a range has while it is cut. A row that lies behind
// the cut is refused meanwhile; its writer tries again, see fateOf.
const ending = "ending"

// cutSpan ends a range soon and begins a new one there, so that the older part of a busy day
// can be dropped on its own. Its rows are read beside those who write, to prove a constraint,
// and with the proof there is nothing to read while nobody can write.
func cutSpan(ctx context.Context, pool *pgxpool.Pool, s span, at id.Execution) (err error) {
	var names [len(tables)]string
	for i, t := range tables {
		n := slices.IndexFunc(s.names, func(name string) bool { return strings.HasPrefix(name, t.name+"_") })
		if n < 0 {
			return fmt.Errorf("cut: no partition of %s from %v", t.name, s.from)
		}
		names[i] = s.names[n]
	}
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutMargin)
			defer cancel()
			err = errors.Join(err, dropEndings(clean, pool))
		}
	}()
	err = inShortLock(ctx, pool, func(tx pgx.Tx) error {
		return each(ctx, tx, names, func(i int) string {
			return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT "+ending+" CHECK (%[2]s >= '%[3]s' AND %[2]s < '%[4]s') NOT VALID", names[i], tables[i].key, s.from, at)
		})
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := prove(ctx, pool, name, leeway(s.size)); err != nil {
			return err
		}
	}
	return inShortLock(ctx, pool, func(tx pgx.Tx) error {
		return each(ctx, tx, names, func(i int) string {
			return fmt.Sprintf(`
				ALTER TABLE %[2]s DETACH PARTITION %[1]s;
				ALTER TABLE %[2]s ATTACH PARTITION %[1]s FOR VALUES FROM ('%[4]s') TO ('%[5]s');
				ALTER TABLE %[1]s DROP CONSTRAINT `+ending+`;
				CREATE TABLE %[3]s (LIKE %[2]s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION);
				ALTER TABLE %[2]s ATTACH PARTITION %[3]s FOR VALUES FROM ('%[5]s') TO ('%[6]s')`,
				names[i], tables[i].name, spanName(tables[i].name, at), s.from, at, s.to)
		})
	})
}

// each does a statement for the partition of each table.
func each(ctx context.Context, tx pgx.Tx, names [len(tables)]string, statement func(i int) string) error {
	for i, name := range names {
		if _, err := tx.Exec(ctx, statement(i)); err != nil {
			return fmt.Errorf("cut partition %s: %w", name, err)
		}
	}
	return nil
}

// prove reads a partition to the end, within a time.
func prove(ctx context.Context, pool *pgxpool.Pool, name string, within time.Duration) error {
	return db.InTx(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d; ALTER TABLE %s VALIDATE CONSTRAINT "+ending, within.Milliseconds(), name))
		if err != nil {
			return fmt.Errorf("read partition %s: %w", name, err)
		}
		return nil
	})
}

// dropEndings takes back what a cut that was not finished has left.
func dropEndings(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `SELECT c.conrelid::regclass::text FROM pg_constraint c JOIN pg_inherits i ON i.inhrelid = c.conrelid
		WHERE i.inhparent IN ('executions'::regclass, 'log_lines'::regclass, 'captures'::regclass) AND c.conname = $1`, ending)
	if err != nil {
		return fmt.Errorf("look for unfinished cuts: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for unfinished cuts: %w", err)
	}
	for _, name := range names {
		err := inShortLock(ctx, pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "ALTER TABLE "+name+" DROP CONSTRAINT IF EXISTS "+ending)
			return err
		})
		if err != nil {
			return fmt.Errorf("take back the cut of %s: %w", name, err)
		}
	}
	return nil
}
