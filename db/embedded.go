package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"picloud/db/cluster"
	"picloud/engine/account"
)

// EmbeddedConfig says where and as whom a private PostgreSQL runs.
type EmbeddedConfig struct {
	DataDir  string // exists and belongs to the account, see account.DataDir
	Account  account.Account
	Log      *slog.Logger
	Settings map[string]string // of postgresql.conf, over ours; for tests and benchmarks
}

// Embedded is a private PostgreSQL, a child of this process: restarted when it dies,
// ended with us.
type Embedded struct {
	log     *slog.Logger
	lock    *Lock
	cluster *cluster.Cluster
	starter *account.Starter
	manager string
	worker  string

	stop    context.CancelFunc
	done    chan struct{}
	stopErr error // read after done
}

// How long parts of a start or stop may take before the next means is tried.
const (
	startTimeout = 60 * time.Second
	fastTimeout  = 30 * time.Second
	quitTimeout  = 5 * time.Second
	longestWait  = 5 * time.Second // between two attempts to restart
	steadyAfter  = 30 * time.Second
)

// Start locks the data directory, makes the database there when it is missing, stops a
// server that an earlier life left behind, and serves until Stop. ctx bounds the start
// alone.
func Start(ctx context.Context, config EmbeddedConfig) (*Embedded, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	lock, err := LockDir(config.DataDir, config.Account)
	if err != nil {
		return nil, err
	}
	e := &Embedded{log: config.Log, lock: lock, done: make(chan struct{})}
	if e.cluster, err = cluster.Open(ctx, config.DataDir, config.Account, config.Settings); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	e.starter = account.NewStarter()
	if err := e.begin(ctx); err != nil {
		e.starter.Close()
		return nil, errors.Join(err, e.cluster.Clean(), lock.Unlock())
	}
	return e, nil
}

func (e *Embedded) begin(ctx context.Context) error {
	var err error
	if e.manager, err = e.cluster.URL(cluster.Manager, cluster.Database); err != nil {
		return err
	}
	if e.worker, err = e.cluster.URL(cluster.Worker, cluster.Database); err != nil {
		return err
	}
	first, err := e.launch(ctx)
	if err != nil {
		return err
	}
	if err := e.cluster.SetUp(ctx); err != nil {
		return errors.Join(err, first.shutdown())
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	go e.supervise(running, first)
	return nil
}

// ManagerURL is the address of the database for the manager, who owns it.
func (e *Embedded) ManagerURL() string { return e.manager }

// WorkerURL is the address of the database for workers, with few rights.
func (e *Embedded) WorkerURL() string { return e.worker }

// Stop ends the server cleanly and waits for it; it may be called again.
func (e *Embedded) Stop() error {
	e.stop()
	<-e.done
	return e.stopErr
}

// Running is the manager's address of the database that a service serves from dataDir
// at the moment; false when none does.
func Running(dataDir string) (managerURL string, running bool, err error) {
	return cluster.RunningURL(dataDir)
}

// Exists tells whether dataDir has a database in it. What cannot be looked at may have.
func Exists(dataDir string) bool { return cluster.Exists(dataDir) }

// supervise restarts the server when it ends by itself, and ends it at Stop.
func (e *Embedded) supervise(ctx context.Context, current *server) {
	defer close(e.done)
	defer e.starter.Close()
	wait := 100 * time.Millisecond
	for {
		begun := time.Now()
		select {
		case <-ctx.Done():
			e.stopErr = errors.Join(current.shutdown(), e.cluster.Clean(), e.lock.Unlock())
			return
		case <-current.ended:
		}
		if time.Since(begun) > steadyAfter {
			wait = 100 * time.Millisecond
		}
		e.log.ErrorContext(ctx, "the database server ended, starting it again", "cause", current.err, "wait", wait)
		next := e.relaunch(ctx, wait)
		if next == nil {
			e.stopErr = errors.Join(e.cluster.Clean(), e.lock.Unlock())
			return
		}
		current, wait = next, min(2*wait, longestWait)
	}
}

// relaunch tries until a server is up; nil when ctx ended before.
func (e *Embedded) relaunch(ctx context.Context, wait time.Duration) *server {
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		attempt, cancel := context.WithTimeout(ctx, startTimeout)
		next, err := e.launch(attempt)
		cancel()
		if err == nil {
			e.log.InfoContext(ctx, "the database server is up again")
			return next
		}
		wait = min(2*wait, longestWait)
		if ctx.Err() == nil {
			e.log.ErrorContext(ctx, "the database server does not start", "error", err, "wait", wait)
		}
	}
}

// launch starts a server and waits until it takes connections. What a server that was
// killed left behind, its shared memory and lock file, may be in use a little longer:
// then it ends who uses it and tries again.
func (e *Embedded) launch(ctx context.Context) (*server, error) {
	for {
		next, err := e.launchOnce(ctx)
		if err == nil || !strings.Contains(err.Error(), "shared memory block") && !strings.Contains(err.Error(), "lock file") {
			return next, err
		}
		if err := e.cluster.EndParts(ctx); err != nil {
			return nil, err
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			if holders := e.cluster.Holders(); holders != "" {
				err = fmt.Errorf("the data folder is held by %s: %w", holders, err)
			}
			return nil, err
		case <-timer.C:
		}
	}
}

func (e *Embedded) launchOnce(ctx context.Context) (*server, error) {
	next := &server{cmd: e.cluster.Command(), tail: &logTail{log: e.log}, ended: make(chan struct{})}
	next.cmd.SysProcAttr = e.cluster.Account.Child(syscall.SIGINT)
	next.cmd.Stderr = next.tail
	next.cmd.WaitDelay = 2 * time.Second
	if err := e.starter.Start(next.cmd); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	go next.wait()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !e.cluster.Ready(next.cmd.Process.Pid) {
		select {
		case <-next.ended:
			return nil, fmt.Errorf("start PostgreSQL: %w: %s", next.err, next.tail.last())
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w: %s", ctx.Err(), next.tail.last()), next.shutdown())
		case <-tick.C:
		}
	}
	return next, nil
}
