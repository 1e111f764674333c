package engine

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
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
	pool    *pgxpool.Pool
	share   int64    // of an app in the history, see archive
	left    []string // journals of earlier lives
	path    string
	table   *script.Table
	journal *journal.Journal
	crowds  *journal.Crowds
	flusher *archive.Flusher

	closing sync.RWMutex
	closed  bool // what comes now leaves no row
}

// The manager's journal has no runs under way, and few rows.
const (
	unservedSlots = 256
	unservedRing  = 4 << 20
)

// openUnserved makes the journal of this life. Without one, as on a full disk, calls leave no row
// while no worker is ready, and all else goes on.
func openUnserved(pool *pgxpool.Pool, table *script.Table, dir string, share int64) (*unserved, error) {
	left, err := filepath.Glob(filepath.Join(dir, "manager-*.journal"))
	if err != nil {
		return nil, fmt.Errorf("find journals: %w", err)
	}
	u := &unserved{
		pool: pool, share: share, left: left, table: table,
		path: filepath.Join(dir, fmt.Sprintf("manager-%d-%d.journal", os.Getpid(), time.Now().UnixNano())),
	}
	if u.journal, err = journal.Create(u.path, unservedSlots, unservedRing); err != nil {
		slog.Warn("calls that come while no worker is ready will leave no row", "error", err)
		u.closed = true
		return u, nil
	}
	u.crowds, u.flusher = journal.NewCrowds(u.journal, func(*execution.Record) {}), archive.NewFlusher(pool, u.journal, share)
	return u, nil
}

// run writes what an earlier life owes, and rows until ctx ends, then what was counted and what
// is left.
func (u *unserved) run(ctx context.Context) error {
	var recovering sync.WaitGroup
	defer recovering.Wait()
	recovering.Go(func() { u.recover(ctx) })
	if u.journal == nil {
		return nil
	}
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		u.crowds.Close()
		stop()
	})()
	return u.flusher.Run(writing)
}

func (u *unserved) recover(ctx context.Context) {
	for _, path := range u.left {
		err := archive.Recover(ctx, u.pool, path, u.share, func(execution.Running) archive.Verdict { return archive.Verdict{} })
		if err != nil && ctx.Err() == nil {
			slog.Error("journal not recovered; it is tried again at the next start", "journal", filepath.Base(path), "error", err)
		}
	}
}

// close keeps the journal when it still owes rows.
func (u *unserved) close() error {
	u.closing.Lock()
	defer u.closing.Unlock()
	u.closed = true
	if u.journal == nil {
		return nil
	}
	u.crowds.Close()
	owes := u.journal.Pending() > 0
	if err := u.journal.Close(); err != nil || owes {
		return err
	}
	return os.Remove(u.path)
}

const notReady = "No worker was ready to run it. One starts within a moment; if not, the server's log says why."

// refuse gives the id of the call's row, which it may share with others.
func (u *unserved) refuse(app, name string, request *call.Request) (run id.Execution) {
	live, found := u.table.Lookup(app, name)
	if !found {
		return id.Execution{}
	}
	c := call.Call{
		Execution: id.New[id.Execution](), Cause: call.Cause{Kind: call.HTTP}, Event: call.Event{Request: request},
		Script: call.Script{App: live.App, AppSlug: live.AppSlug, ID: live.Script, Name: live.Name, Version: live.Version},
	}
	record := &execution.Record{
		Identity: execution.IdentityOf(&c, execution.CaptureOff, live.Env().Secrets(), time.Now()), Status: call.Unavailable.Status(), Outcome: call.Unavailable,
		Failure: &call.Failure{Message: notReady}, Policy: execution.CaptureOff,
	}
	u.closing.RLock()
	defer u.closing.RUnlock()
	if u.closed {
		return id.Execution{}
	}
	if shared, joined := u.crowds.Join(record); joined {
		return shared
	}
	u.journal.NoSlot().Finish(record)
	return c.Execution
}
