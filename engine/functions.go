package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"picloud/db"
	"picloud/engine/account"
	"picloud/engine/egress"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/journal"
	"picloud/engine/execution/live"
	"picloud/engine/invoke"
	"picloud/engine/js"
	"picloud/engine/outbound"
	"picloud/engine/script"
	"picloud/engine/sdk/env"
	"picloud/engine/sdk/log"
	"picloud/engine/sdk/missing"
	"picloud/engine/seal"
	"picloud/engine/variable"
	"picloud/engine/webapi"
	"picloud/engine/worker"
)

// Worker is the part of the product that runs functions.
type Worker struct {
	Table   *script.Table
	Invoker *invoke.Invoker
	Live    *live.Hub

	records   *pgxpool.Pool // of records and routes, which never wait for what functions ask for
	functions *pgxpool.Pool
	journal   *journal.Journal
	flusher   *archive.Flusher
	uses      *variable.Uses
	network   *egress.Client
	learnt    *outbound.Learnt
}

// Connections of a worker: one listens, one writes records; functions ask for their programs.
const (
	recordConns   = 4
	functionConns = 8
)

// SetUpFunctions makes the settings of a process that will run functions. It comes before all
// else in it: they are read without a lock, by whoever asks for the time.
func SetUpFunctions() { js.SetUp() }

// Inward is what functions reach of this instance without the network.
type Inward interface {
	http.RoundTripper
	IsOurs(*url.URL) egress.Ours
}

// OpenWorker builds the worker's parts after SetUpFunctions; Close undoes it.
func OpenWorker(ctx context.Context, config worker.Config, inward Inward) (*Worker, error) {
	w := &Worker{}
	if err := w.open(ctx, config, inward); err != nil {
		return nil, errors.Join(fmt.Errorf("worker: %w", err), w.Close())
	}
	w.Live = live.NewHub(w.journal)
	w.flusher = archive.NewFlusher(w.records, w.journal, config.HistoryShare)
	w.Invoker = invoke.New(invoke.Config{
		Programs: script.NewPrograms(w.functions, script.Start(config.Start)), Journal: w.journal, Live: w.Live,
		Globals: js.NewGlobals(webapi.Globals(), log.Globals(), env.Globals()).Explaining(missing.Explain),
		Network: w.network, Reached: w.learnt.Note,
		MaxRunning: config.MaxRunning, MaxWaiting: config.MaxWaiting, MemoryBudget: config.MemoryBudget, SlotLabel: worker.SlotLabel,
	})
	return w, nil
}

// open opens what can fail.
func (w *Worker) open(ctx context.Context, config worker.Config, inward Inward) (err error) {
	if w.records, err = db.Open(ctx, config.DatabaseURL, db.Options{Name: "picloud worker", MaxConns: recordConns, Later: true}); err != nil {
		return err
	}
	if w.functions, err = db.Open(ctx, config.DatabaseURL, db.Options{Name: "picloud functions", MaxConns: functionConns, Later: true}); err != nil {
		return err
	}
	keys, err := seal.Open(config.SecretKeys, seal.Dir(config.KeyDir))
	if err != nil {
		return fmt.Errorf("keys of secrets: %w", err)
	}
	w.uses, w.learnt = variable.NewUses(), outbound.NewLearnt()
	w.Table = script.NewTable(w.records, keys, w.uses)
	if err = w.readRoutes(ctx, script.Start(config.Start)); err != nil {
		return err
	}
	if w.journal, err = journal.Create(config.Journal, config.JournalSlots, config.RingSize); err != nil {
		return err
	}
	if err = w.openNetwork(config, inward); err != nil { // before it is confined: certificates are read now
		return err
	}
	if config.OwnProcess {
		err = w.confine(config)
	}
	return err
}

// openNetwork makes what functions reach the network with.
func (w *Worker) openNetwork(config worker.Config, inward Inward) (err error) {
	database := w.records.Config().ConnConfig
	hosts := []string{net.JoinHostPort(database.Host, strconv.Itoa(int(database.Port)))}
	for _, next := range database.Fallbacks {
		hosts = append(hosts, net.JoinHostPort(next.Host, strconv.Itoa(int(next.Port))))
	}
	hosts = slices.DeleteFunc(hosts, func(host string) bool { return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "[/") })
	out := egress.Config{Ports: config.Ports, Database: slices.Compact(hosts), NAT64: config.FetchNAT64}
	if out.Allow, err = egress.ParseAllow(config.FetchAllow); err != nil {
		return err
	}
	if config.FetchProxy != "" {
		if out.Proxy, err = url.Parse(config.FetchProxy); err != nil {
			return errors.New("the proxy for functions' requests is no URL") // it may hold a password
		}
	}
	if inward != nil {
		out.Inward, out.IsOurs = inward, inward.IsOurs
	}
	w.network, err = egress.New(out)
	return err
}

// routesLimit is how long a worker that starts waits for its routes before it takes those that
// the manager has kept for it.
const routesLimit = time.Second

func (w *Worker) readRoutes(ctx context.Context, start script.Start) error {
	soon, cancel := context.WithTimeout(ctx, routesLimit)
	defer cancel()
	err := w.Table.Refresh(soon)
	if err == nil || soon.Err() == nil && !db.IsAway(err) {
		return err
	}
	if missing := w.Table.Restore(start); missing != nil {
		slog.Warn("the database does not answer, and there are no routes to start with", "error", missing)
		return w.Table.Refresh(ctx)
	}
	slog.Warn("the database does not answer; the worker starts with the routes that were kept for it", "error", err)
	return nil
}

// confine lets the worker's process open no file but those beside its journal, those that it
// starts with, the keys of secrets, and those of /etc, with which hosts are looked up. All else of the data
// folder, and the files of others, are out of reach of whatever runs in it.
func (w *Worker) confine(config worker.Config) error {
	readable := egress.Files()
	for _, folder := range []string{config.Start, config.KeyDir} {
		if folder != "" {
			readable = append(readable, folder)
		}
	}
	confined, err := account.Confine(filepath.Dir(config.Journal), readable...)
	if err != nil {
		return err
	}
	slog.Debug("worker's files", "confined", confined)
	return nil
}

// Run does the worker's background work until ctx ends, then writes what is left.
func (w *Worker) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.Table.Run(ctx) })
	group.Go(func() error { return w.Invoker.Watch(ctx) })
	group.Go(func() error { return w.flusher.Run(ctx) })
	group.Go(func() error { return w.uses.Run(ctx, w.records) })
	group.Go(func() error { return w.learnt.Run(ctx, w.records) })
	return group.Wait()
}

// Close ends the worker's connections. The journal stays for the manager to recover.
func (w *Worker) Close() error {
	if w.network != nil {
		w.network.Close()
	}
	for _, pool := range []*pgxpool.Pool{w.records, w.functions} {
		if pool != nil {
			pool.Close()
		}
	}
	if w.journal == nil {
		return nil
	}
	return w.journal.Close()
}
