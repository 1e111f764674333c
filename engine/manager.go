package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"picloud/db"
	"picloud/engine/access"
	"picloud/engine/account"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/call"
	"picloud/engine/execution/archive"
	"picloud/engine/execution/history"
	"picloud/engine/id"
	"picloud/engine/jobs"
	"picloud/engine/outbound"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/seal"
	"picloud/engine/variable"
)

// ManagerConfig is what a manager needs.
type ManagerConfig struct {
	Executable        string // this binary, for workers and builds
	Account           account.Account
	DataDir           string
	DatabaseURL       string // empty: the private PostgreSQL below DataDir
	WorkerDatabaseURL string
	AdminEmail        string
	AdminPassword     string
	SecretKey         string // keys of secrets, as seal.Open takes them; empty: one is kept in DataDir
	Retention         archive.Retention
	ModuleDepth       int // how many modules may import each other in a row; 0: bundle.DefaultDepth
}

// Manager is the part of the product that never runs a function's code.
type Manager struct {
	Access       *access.Service
	Apps         *app.Service
	Scripts      *script.Service
	Pauses       *pause.Service
	Variables    *variable.Service
	Outbound     *outbound.Service
	Secrets      *variable.System
	Executions   *history.Store
	HistoryShare int64 // of an app, in bytes of a rolling day
	Pool         *pgxpool.Pool
	Account      account.Account
	Starter      *account.Starter
	RunDir       string       // journals and sockets
	Start        script.Start // what workers start with while the database does not answer
	WorkerURL    string       // of the database, with few rights
	Keys         *seal.Ring   // of secrets
	KeyDir       seal.Dir     // where those are that were not given

	jobs     *jobs.Jobs
	pauses   *pause.System
	table    *script.Table
	unserved *unserved
	done     []func() error // in the order of opening
}

// OpenManager builds the manager's parts in order: database, schema, services, the first
// app. Close undoes it.
func OpenManager(ctx context.Context, config ManagerConfig) (*Manager, error) {
	m := &Manager{Account: config.Account, Starter: account.NewStarter()}
	m.done = append(m.done, func() error { m.Starter.Close(); return nil })
	if err := m.open(ctx, config); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Manager) open(ctx context.Context, config ManagerConfig) (err error) {
	if err = m.openDatabase(ctx, config); err != nil { // first, since it locks the data folder
		return err
	}
	if err = m.openRunDir(config.DataDir); err != nil {
		return err
	}
	m.Access = access.New(m.Pool, access.Config{})
	m.Apps = app.New(m.Pool)
	build := bundle.NewChildren(config.Executable, m.startChild).BuildAll
	m.Scripts = script.NewService(m.Pool, build)
	m.Scripts.ModuleDepth = config.ModuleDepth
	m.Pauses = pause.NewService(m.Pool)
	m.Outbound = outbound.NewService(m.Pool)
	m.pauses = pause.NewSystem(m.Pauses)
	if err = m.openSecrets(ctx, config); err != nil {
		return err
	}
	m.HistoryShare = config.Retention.Share()
	m.Executions = history.NewStore(m.Pool)
	m.Executions.AppShare = m.HistoryShare
	system := script.NewSystem(m.Pool, build)
	if m.jobs, err = jobs.Open(m.Pool, config.Retention, system.TrimChanges, m.pauses.Trim); err != nil {
		return err
	}
	if err = m.Access.Bootstrap(ctx, config.AdminEmail, config.AdminPassword); err != nil {
		return fmt.Errorf("PICLOUD_ADMIN_EMAIL, PICLOUD_ADMIN_PASSWORD: %w", err)
	}
	if err = system.Seed(ctx); err != nil {
		return err
	}
	m.table = script.NewTable(m.Pool, m.Keys, variable.NewUses())
	if err = m.table.Refresh(ctx); err != nil {
		return err
	}
	if m.Start, err = script.StartIn(config.DataDir); err != nil {
		return err
	}
	m.unserved, err = openUnserved(m.Pool, m.table, m.RunDir, m.HistoryShare)
	if err == nil {
		m.done = append(m.done, m.unserved.close)
	}
	return err
}

// Refuse writes down that a function was called while no worker was ready. It gives the id of
// the call's row: zero when many share one, or there is no such function.
func (m *Manager) Refuse(app, name string, request *call.Request) id.Execution {
	return m.unserved.refuse(app, name, request)
}

// openDatabase starts or reaches PostgreSQL, opens the manager's pool, brings the schema
// up to date and finds the worker's narrower address.
func (m *Manager) openDatabase(ctx context.Context, config ManagerConfig) error {
	managerURL := config.DatabaseURL
	if managerURL == "" {
		embedded, err := db.Start(ctx, db.EmbeddedConfig{DataDir: config.DataDir, Account: config.Account, Log: slog.Default()})
		if err != nil {
			return err
		}
		m.done = append(m.done, embedded.Stop)
		managerURL, m.WorkerURL = embedded.ManagerURL(), embedded.WorkerURL()
	} else {
		lock, err := db.LockDir(config.DataDir, config.Account)
		if err != nil {
			return err
		}
		m.done = append(m.done, lock.Unlock)
	}
	pool, err := db.Open(ctx, managerURL, db.Options{Name: "picloud manager"})
	if err != nil {
		return err
	}
	m.Pool = pool
	m.done = append(m.done, func() error { pool.Close(); return nil })
	if err := db.Migrate(ctx, pool, MigrationSteps()...); err != nil {
		return err
	}
	if m.WorkerURL != "" {
		return nil
	}
	narrow, err := db.NarrowRole(ctx, pool, managerURL, config.WorkerDatabaseURL)
	if err != nil {
		return err
	}
	if m.WorkerURL = narrow.URL; narrow.Full != "" {
		slog.Warn("the worker is not confined in the database", "why", narrow.Full)
	}
	return nil
}

// openSecrets reads the keys of secrets. The first is made where nothing is sealed yet; what is
// sealed and cannot be opened is told and left as it is.
func (m *Manager) openSecrets(ctx context.Context, config ManagerConfig) (err error) {
	if m.KeyDir, err = seal.DirIn(config.DataDir); err != nil {
		return err
	}
	if m.Keys, err = seal.Open(config.SecretKey, m.KeyDir); err != nil {
		return fmt.Errorf("keys of secrets: %w", err)
	}
	m.Variables, m.Secrets = variable.NewService(m.Pool, m.Keys), variable.NewSystem(m.Pool, m.Keys)
	missing, err := m.Secrets.Missing(ctx)
	if err != nil {
		return err
	}
	if missing != "" {
		slog.Error(missing)
		return nil
	}
	if m.Keys.Current() != "" {
		return nil
	}
	if err := m.KeyDir.Make(); err != nil {
		return err
	}
	slog.Warn("a key for secrets was made: keep a copy of it, for without it no secret can be read again", "file", m.KeyDir.CurrentFile())
	return nil
}

// startChild starts a child that ends with this process.
func (m *Manager) startChild(cmd *exec.Cmd) error {
	cmd.SysProcAttr = m.Account.Child(syscall.SIGKILL)
	return m.Starter.Start(cmd)
}

// MigrationSteps are the parts of the schema that packages of the engine keep.
func MigrationSteps() []db.Step { return []db.Step{jobs.Migrate, archive.EnsurePartitions} }

// OpenDatabase reaches the database of an installation for a local command: that of
// DATABASE_URL, that which a running service serves, or else the private one, started
// for the time being.
func OpenDatabase(ctx context.Context, config ManagerConfig) (pool *pgxpool.Pool, done func(), err error) {
	address, stop := config.DatabaseURL, func() error { return nil }
	if address == "" {
		running, found := "", false
		if running, found, err = db.Running(config.DataDir); err != nil {
			return nil, nil, err
		}
		address = running
		if !found {
			embedded, err := db.Start(ctx, db.EmbeddedConfig{DataDir: config.DataDir, Account: config.Account, Log: slog.Default()})
			if err != nil {
				return nil, nil, err
			}
			address, stop = embedded.ManagerURL(), embedded.Stop
		}
	}
	if pool, err = db.Open(ctx, address, db.Options{Name: "picloud command"}); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return pool, func() { pool.Close(); _ = stop() }, nil
}

// OnChange sets what hears of changes of apps and scripts before their callers do.
func (m *Manager) OnChange(told func(context.Context) error) {
	m.Apps.Here, m.Scripts.Here, m.Pauses.Here, m.Variables.Here, m.Outbound.Here = told, told, told, told, told
}

// Run does the manager's background work until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.jobs.Run(ctx) })
	group.Go(func() error { return m.Access.Run(ctx) })
	group.Go(func() error { return m.table.Run(ctx) })
	group.Go(func() error { return m.Start.Keep(ctx, m.table, script.NewPrograms(m.Pool, "")) })
	group.Go(func() error { return m.unserved.run(ctx) })
	return group.Wait()
}

// Close stops what OpenManager started, in reverse order.
func (m *Manager) Close() error {
	var faults []error
	for _, done := range slices.Backward(m.done) {
		faults = append(faults, done())
	}
	m.done = nil
	return errors.Join(faults...)
}

func (m *Manager) openRunDir(dataDir string) (err error) {
	if m.RunDir, err = runDir(dataDir); err != nil || filepath.Dir(m.RunDir) == dataDir {
		return err
	}
	m.done = append(m.done, func() error {
		_ = os.Remove(m.RunDir) // a journal that still owes rows keeps it
		return nil
	})
	return nil
}

// socketPath is how long a Unix socket's path may be, less the longest name in runDir.
const socketPath = 107 - 32

// runDir is the private folder for journals and sockets: below the data folder, or, where
// that path is too long for a socket, a folder of its own in the system's temporary one.
func runDir(dataDir string) (string, error) {
	dir := filepath.Join(dataDir, "run")
	if len(dir) > socketPath {
		sum := sha256.Sum256([]byte(dir))
		dir = filepath.Join(os.TempDir(), "picloud-"+hex.EncodeToString(sum[:6]))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("run directory: %w", err)
	}
	return dir, private(dir, os.Geteuid())
}

// private tells whether only its owner, that user, can enter a folder: anyone may have
// made one of this name.
func private(dir string, uid int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) != uid || !info.IsDir() || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("run directory %s is not a private folder of ours", dir)
	}
	return nil
}
