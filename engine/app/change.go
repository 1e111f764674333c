package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/audit"
	"picloud/engine/id"
	"picloud/queries"
)

// Channel is where nodes hear at once that the change log has grown. It is a hint; the
// log is what counts.
const Channel = "picloud_change"

// Record notes in one transaction with a change that something of the app is to be read
// again by every node, and who did what.
func Record(ctx context.Context, tx pgx.Tx, app id.App, did audit.Entry) error {
	if err := queries.New().AddChange(ctx, tx, app); err != nil {
		return fmt.Errorf("note the change of app %s: %w", app, err)
	}
	return audit.Write(ctx, tx, did)
}

// Herald tells of what was committed.
type Herald struct {
	Here func(context.Context) error // tells this node's worker, and the caller waits for it; nil: the nodes alone are told

	pool *pgxpool.Pool
}

// NewHerald makes a Herald over a pool in the manager's role.
func NewHerald(pool *pgxpool.Pool) Herald { return Herald{pool: pool} }

// Announce makes a change known: to all nodes by a notice, and to the worker of this node
// before it returns, so that what was answered is so. It comes after the commit,
// so that no transaction waits for the server's one queue of notices. Who misses it finds
// the change in the change log within seconds.
func (h *Herald) Announce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	_, _ = h.pool.Exec(ctx, "SELECT pg_notify($1, '')", Channel)
	if h.Here != nil {
		if err := h.Here(ctx); err != nil {
			slog.Warn("the worker was not told of a change", "error", err)
		}
	}
}
