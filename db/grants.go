package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/cluster"
)

// workerGrants is all that the worker's role may do: read what it runs, add what
// happened. Of what happened it reads only the ids, to know after a crash which rows
// are there. Partitions are reached through their parents.
const workerGrants = `
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %[1]s;
GRANT USAGE ON SCHEMA public TO %[1]s;
GRANT SELECT ON apps, app_old_slugs, scripts, script_old_names, script_versions, programs, change_log, pauses, variables, outbound_policies TO %[1]s;
GRANT UPDATE (used_at) ON variables TO %[1]s;
GRANT SELECT, INSERT, UPDATE (last_at) ON outbound_seen TO %[1]s;
GRANT INSERT ON executions, log_lines, captures TO %[1]s;
GRANT SELECT (id, app_id) ON executions TO %[1]s;
GRANT SELECT (execution_id, seq) ON log_lines TO %[1]s;
GRANT SELECT (execution_id) ON captures TO %[1]s;
GRANT SELECT, INSERT, UPDATE ON run_counts TO %[1]s;
GRANT INSERT ON run_losses TO %[1]s;
`

// grantWorker gives the grants to the worker's role of this database: the fixed one of
// a private server, or the one that NarrowRole made.
func grantWorker(ctx context.Context, pool *pgxpool.Pool) error {
	var role string
	err := pool.QueryRow(ctx, `
SELECT rolname FROM pg_roles
WHERE rolname = (SELECT value FROM settings WHERE name = $1)
   OR rolname = $2 AND current_user = $3
LIMIT 1`, workerRoleSetting, cluster.Worker, cluster.Manager).Scan(&role)
	if IsNoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the worker's role: %w", err)
	}
	if _, err := pool.Exec(ctx, fmt.Sprintf(workerGrants, pgx.Identifier{role}.Sanitize())); err != nil {
		return fmt.Errorf("grants of role %s: %w", role, err)
	}
	return nil
}
