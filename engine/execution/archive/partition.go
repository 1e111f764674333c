package archive

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/id"
)

// tables are the partitioned ones with their keys, in the order in which they are always
// locked and written.
var tables = [...]struct{ name, key string }{
	{"executions", "id"}, {"log_lines", "execution_id"}, {"captures", "execution_id"},
}

// span is a range of ids that has a partition in each of the tables.
type span struct {
	from, to id.Execution // to is not in it
	names    []string
	size     int64 // bytes on disk of all of them
}

const daysAhead = 3

const listPartitions = `
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), pg_total_relation_size(c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('executions'::regclass, 'log_lines'::regclass, 'captures'::regclass)`

var boundsPattern = regexp.MustCompile(`FROM \('([0-9a-f-]{36})'\) TO \('([0-9a-f-]{36})'\)`)

// listSpans gives the ranges, oldest first, and what the defaults take on disk.
func listSpans(ctx context.Context, pool *pgxpool.Pool) (spans []span, defaults int64, err error) {
	rows, err := pool.Query(ctx, listPartitions)
	if err != nil {
		return nil, 0, fmt.Errorf("list partitions: %w", err)
	}
	found := make(map[[2]id.Execution]*span)
	var name, bounds string
	var size int64
	_, err = pgx.ForEachRow(rows, []any{&name, &bounds, &size}, func() error {
		match := boundsPattern.FindStringSubmatch(bounds)
		if match == nil {
			defaults += size
			return nil
		}
		from, err := id.Parse[id.Execution](match[1])
		if err != nil {
			return fmt.Errorf("bounds of %s: %w", name, err)
		}
		to, err := id.Parse[id.Execution](match[2])
		if err != nil {
			return fmt.Errorf("bounds of %s: %w", name, err)
		}
		s := found[[2]id.Execution{from, to}]
		if s == nil {
			s = &span{from: from, to: to}
			found[[2]id.Execution{from, to}] = s
		}
		s.names = append(s.names, name)
		s.size += size
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list partitions: %w", err)
	}
	for _, s := range found {
		spans = append(spans, *s)
	}
	slices.SortFunc(spans, func(x, y span) int { return bytes.Compare(x.from[:], y.from[:]) })
	return spans, defaults, nil
}

// EnsurePartitions makes the partitions of today and the next three days where they are
// missing. It may be run again and by several processes.
func EnsurePartitions(ctx context.Context, pool *pgxpool.Pool) error {
	return ensureDays(ctx, pool, time.Now(), daysAhead+1)
}

func ensureDays(ctx context.Context, pool *pgxpool.Pool, first time.Time, days int) error {
	spans, _, err := listSpans(ctx, pool)
	if err != nil {
		return err
	}
	day := first.UTC().Truncate(24 * time.Hour)
	for range days {
		next := day.AddDate(0, 0, 1)
		for _, hole := range holes(spans, id.Earliest[id.Execution](day), id.Earliest[id.Execution](next)) {
			err := inShortLock(ctx, pool, func(tx pgx.Tx) error { return makeSpan(ctx, tx, hole[0], hole[1]) })
			if err != nil {
				return err
			}
		}
		day = next
	}
	return nil
}

// holes are the parts of [from, to) that no span covers.
func holes(spans []span, from, to id.Execution) (uncovered [][2]id.Execution) {
	for _, s := range spans {
		if bytes.Compare(s.to[:], from[:]) <= 0 || bytes.Compare(s.from[:], to[:]) >= 0 {
			continue
		}
		if bytes.Compare(from[:], s.from[:]) < 0 {
			uncovered = append(uncovered, [2]id.Execution{from, s.from})
		}
		from = s.to
	}
	if bytes.Compare(from[:], to[:]) < 0 {
		uncovered = append(uncovered, [2]id.Execution{from, to})
	}
	return uncovered
}

// inShortLock runs what changes the set of partitions. Rows that come in meanwhile wait
// in their rings, so it must be short; whoever cannot have the locks soon tries later.
// The advisory lock keeps two nodes from making the same partition; without it one would
// fail and try again.
func inShortLock(ctx context.Context, pool *pgxpool.Pool, work func(tx pgx.Tx) error) error {
	return db.InTx(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '3s'; SELECT pg_advisory_xact_lock(7526470913462873)"); err != nil {
			return fmt.Errorf("lock the partitions: %w", err)
		}
		return work(tx)
	})
}

func spanName(table string, from id.Execution) string {
	at := from.Time()
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return table + at.Format("_20060102")
	}
	return table + at.Format("_20060102_150405_") + fmt.Sprintf("%03d", at.Nanosecond()/1e6)
}

// makeSpan makes the partitions of a range and moves in what the defaults have of it. It
// attaches them instead of making them in place: that does not lock out writers.
func makeSpan(ctx context.Context, tx pgx.Tx, from, to id.Execution) error {
	for _, t := range tables {
		name := spanName(t.name, from)
		var covered bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&covered); err != nil {
			return fmt.Errorf("partition %s: %w", name, err)
		}
		if covered { // by another node, a moment ago
			continue
		}
		_, err := tx.Exec(ctx, fmt.Sprintf(`
			CREATE TABLE %[1]s (LIKE %[2]s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION);
			LOCK TABLE %[2]s_default IN ACCESS EXCLUSIVE MODE;
			WITH moved AS (DELETE FROM %[2]s_default WHERE %[3]s >= '%[4]s' AND %[3]s < '%[5]s' RETURNING *)
				INSERT INTO %[1]s SELECT * FROM moved;
			ALTER TABLE %[2]s ATTACH PARTITION %[1]s FOR VALUES FROM ('%[4]s') TO ('%[5]s')`,
			name, t.name, t.key, from, to))
		if err != nil {
			return fmt.Errorf("make partition %s: %w", name, err)
		}
	}
	return nil
}

// cutMargin is how far in the future a range is cut: no run may have a later id yet.
const cutMargin = 5 * time.Second

// cutSpan ends a range soon and begins a new one there, so that the older part of a busy day
// can be dropped on its own. Rows are read once, to prove that none lies behind the cut.
func cutSpan(ctx context.Context, tx pgx.Tx, s span, at id.Execution) error {
	for _, t := range tables {
		i := slices.IndexFunc(s.names, func(name string) bool { return len(name) > len(t.name) && name[:len(t.name)+1] == t.name+"_" })
		if i < 0 {
			return fmt.Errorf("cut: no partition of %s from %v", t.name, s.from)
		}
		next := spanName(t.name, at)
		_, err := tx.Exec(ctx, fmt.Sprintf(`
			ALTER TABLE %[2]s DETACH PARTITION %[1]s;
			ALTER TABLE %[2]s ATTACH PARTITION %[1]s FOR VALUES FROM ('%[4]s') TO ('%[5]s');
			CREATE TABLE %[3]s (LIKE %[2]s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION);
			ALTER TABLE %[2]s ATTACH PARTITION %[3]s FOR VALUES FROM ('%[5]s') TO ('%[6]s')`,
			s.names[i], t.name, next, s.from, at, s.to))
		if err != nil {
			return fmt.Errorf("cut partition %s: %w", s.names[i], err)
		}
	}
	return nil
}

func dropSpan(ctx context.Context, tx pgx.Tx, s span) error {
	for _, t := range tables { // the order of writers, so that nobody waits in a circle
		for _, name := range s.names {
			if len(name) > len(t.name) && name[:len(t.name)+1] == t.name+"_" {
				if _, err := tx.Exec(ctx, "DROP TABLE IF EXISTS "+name); err != nil {
					return fmt.Errorf("drop partition %s: %w", name, err)
				}
			}
		}
	}
	return nil
}
