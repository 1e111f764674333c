package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/id"
	"picloud/queries"
)

// Channel is where nodes hear at once that the change log has grown. It is a hint; the
// log is what counts.
const Channel = "picloud_change"

// Event is a row of the audit table.
type Event struct {
	Actor   string // "user:…", "key:…", "cli" or "system"
	Address string
	Action  string
	Object  string
	Detail  map[string]any
}

// Record notes in one transaction with a change that something of the app is to be read
// again by every node, and who did what.
func Record(ctx context.Context, tx pgx.Tx, app id.App, event Event) error {
	q := queries.New()
	if err := q.AddChange(ctx, tx, app); err != nil {
		return fmt.Errorf("note the change of app %s: %w", app, err)
	}
	if event.Detail == nil {
		event.Detail = map[string]any{}
	}
	detail, err := json.Marshal(event.Detail)
	if err != nil {
		return fmt.Errorf("audit %s: %w", event.Action, err)
	}
	err = q.AddAudit(ctx, tx, queries.AddAuditParams{
		ID: id.New[id.Audit](), At: time.Now(), Actor: event.Actor, Action: event.Action, Object: event.Object, Detail: detail, Address: event.Address,
	})
	if err != nil {
		return fmt.Errorf("audit %s: %w", event.Action, err)
	}
	return nil
}

// Herald tells of what was committed. The zero value with a Pool tells the nodes alone.
type Herald struct {
	Pool *pgxpool.Pool
	Here func(context.Context) error // tells this node's worker; the caller waits for it
}

// Announce makes a change known: to all nodes by a notice, and to the worker of this node
// before it returns, so that what was answered is so. It comes after the commit,
// so that no transaction waits for the server's one queue of notices. Who misses it finds
// the change in the change log within seconds.
func (h *Herald) Announce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	_, _ = h.Pool.Exec(ctx, "SELECT pg_notify($1, '')", Channel)
	if h.Here != nil {
		if err := h.Here(ctx); err != nil {
			slog.Warn("the worker was not told of a change", "error", err)
		}
	}
}
