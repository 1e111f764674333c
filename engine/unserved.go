package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/journal"
	"picloud/engine/id"
	"picloud/engine/script"
)

// unserved gives the calls their rows that came while no worker was ready. They go the way of
// all runs: into a journal, the manager's own, and from there to the tables.
type unserved struct {
	path     string
	table    *script.Table
	journal  *journal.Journal
	refusals *journal.Refusals
	flusher  *archive.Flusher
}

// The manager's journal has no runs under way and few that ended.
const (
	unservedSlots = 1
	unservedRing  = 1 << 20
)

// openUnserved writes what an earlier life owes and makes the journal of this one.
func openUnserved(ctx context.Context, pool *pgxpool.Pool, table *script.Table, dir string) (*unserved, error) {
	left, err := filepath.Glob(filepath.Join(dir, "manager-*.journal"))
	if err != nil {
		return nil, fmt.Errorf("find journals: %w", err)
	}
	for _, path := range left {
		if err := archive.Recover(ctx, pool, path, func(execution.Running) archive.Verdict { return archive.Verdict{} }); err != nil {
			return nil, err
		}
	}
	u := &unserved{path: filepath.Join(dir, fmt.Sprintf("manager-%d.journal", os.Getpid())), table: table}
	if u.journal, err = journal.Create(u.path, unservedSlots, unservedRing); err != nil {
		return nil, err
	}
	u.refusals, u.flusher = journal.NewRefusals(u.journal), archive.NewFlusher(pool, u.journal)
	return u, nil
}

// run writes rows until ctx ends, then what was counted and what is left.
func (u *unserved) run(ctx context.Context) error {
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		u.refusals.Close()
		stop()
	})()
	return u.flusher.Run(writing)
}

// close keeps the journal when it still owes rows.
func (u *unserved) close() error {
	u.refusals.Close()
	owes := u.journal.Pending() > 0
	if err := u.journal.Close(); err != nil || owes {
		return err
	}
	return os.Remove(u.path)
}

const notReady = "No worker was ready to run it. One starts within a moment; if not, the server's log says why."

// refuse gives the id of the call's row, if it has one of its own.
func (u *unserved) refuse(app, name string, request *call.Request) (run id.Execution) {
	live, found := u.table.Lookup(app, name)
	if !found {
		return id.Execution{}
	}
	c := call.Call{
		Execution: id.New[id.Execution](), Cause: call.Cause{Kind: call.HTTP}, Event: call.Event{Request: request},
		Script: call.Script{App: live.App, AppSlug: live.AppSlug, ID: live.Script, Name: live.Name, Version: live.Version},
	}
	own := u.refusals.Add(&execution.Record{
		Identity: execution.IdentityOf(&c, execution.CaptureOff, time.Now()), Status: call.Unavailable.Status(), Outcome: call.Unavailable,
		Failure: &call.Failure{Message: notReady}, Policy: execution.CaptureOff,
	})
	if !own {
		return id.Execution{}
	}
	return c.Execution
}
