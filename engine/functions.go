package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"picloud/db"
	"picloud/engine/execution"
	"picloud/engine/invoke"
	"picloud/engine/js"
	"picloud/engine/script"
	"picloud/engine/sdk/log"
	"picloud/engine/webapi"
	"picloud/engine/worker"
)

// Worker is the part of the product that runs functions.
type Worker struct {
	Table   *script.Table
	Invoker *invoke.Invoker
	Live    *execution.Live

	pool    *pgxpool.Pool
	journal *execution.Journal
	flusher *execution.Flusher
}

// OpenWorker builds the worker's parts; Close undoes it.
func OpenWorker(ctx context.Context, config worker.Config) (*Worker, error) {
	js.SetUp()
	pool, err := db.Open(ctx, config.DatabaseURL, db.Options{Name: "picloud worker"})
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	w := &Worker{pool: pool, Table: script.NewTable(pool)}
	if err := w.Table.Refresh(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("worker: %w", err)
	}
	if w.journal, err = execution.CreateJournal(config.Journal, config.JournalSlots, config.RingSize); err != nil {
		pool.Close()
		return nil, fmt.Errorf("worker: %w", err)
	}
	w.Live = execution.NewLive(w.journal)
	w.flusher = execution.NewFlusher(pool, w.journal)
	w.Invoker = invoke.New(invoke.Config{
		Table: w.Table, Journal: w.journal, Live: w.Live,
		Globals: js.NewGlobals(webapi.Globals(), log.Globals()),
		Limits:  config.Limits, MaxRunning: config.MaxRunning, MemoryBudget: config.MemoryBudget, SlotLabel: worker.SlotLabel,
	})
	return w, nil
}

// Run does the worker's background work until ctx ends, then writes what is left.
func (w *Worker) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.Table.Run(ctx) })
	group.Go(func() error { return w.Invoker.Run(ctx) })
	group.Go(func() error { return w.flusher.Run(ctx) })
	return group.Wait()
}

// Close ends the worker's connections. The journal stays for the manager to recover.
func (w *Worker) Close() error {
	w.pool.Close()
	return w.journal.Close()
}
