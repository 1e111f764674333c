package db_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"golang.org/x/sync/errgroup"

	"picloud/db"
	"picloud/db/dbtest"
)

const addSetting = "INSERT INTO settings (name, value) VALUES ($1, 'x')"

func settingThere(t *testing.T, pool *pgxpool.Pool, name string) bool {
	t.Helper()
	return read[bool](t, pool, "SELECT EXISTS (SELECT FROM settings WHERE name = $1)", name)
}

func TestInTx(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	add := func(ctx context.Context, name string, then func() error) error {
		return db.InTx(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, addSetting, name); err != nil {
				return err
			}
			return then()
		})
	}
	if err := add(t.Context(), "committed", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := add(t.Context(), "refused", func() error { return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := add(ctx, "cancelled", func() error { cancel(); return ctx.Err() }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_ = add(t.Context(), "panicked", func() error { panic("stop") })
	}()
	for name, want := range map[string]bool{"committed": true, "refused": false, "cancelled": false, "panicked": false} {
		if settingThere(t, pool, name) != want {
			t.Errorf("row %s: want %v", name, want)
		}
	}
	if busy := pool.Stat().AcquiredConns(); busy != 0 {
		t.Errorf("%d connections stay taken", busy)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	write(t, pool, addSetting, "twice")
	_, err := pool.Exec(t.Context(), addSetting, "twice")
	if !db.IsUnique(err, "settings_pkey") || !db.IsUnique(err, "") || db.IsUnique(err, "other") || db.IsForeignKey(err, "") || db.IsAway(err) {
		t.Error(err)
	}
	var value string
	err = pool.QueryRow(t.Context(), "SELECT value FROM settings WHERE name = 'none'").Scan(&value)
	if !db.IsNoRows(err) || db.IsAway(err) {
		t.Error(err)
	}
	_, err = db.Open(t.Context(), "postgres://nobody@/none?host=/nonexistent", db.Options{})
	if !db.IsAway(err) {
		t.Error(err)
	}
	_, err = db.Open(t.Context(), strings.Replace(dbtest.WorkerURL(t, pool), "picloud_worker:", "picloud_worker:not", 1), db.Options{})
	if err == nil || db.IsAway(err) {
		t.Error("a wrong password:", err)
	}
	_, err = db.Open(t.Context(), "postgres://user:secret@host:port/", db.Options{})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func TestPoolSurvivesItsConnectionsBeingEnded(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	other := open(t, dbtest.SuperURL(t, pool))
	read[int](t, pool, "SELECT 1")
	write(t, other, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	eventually(t, "the pool works", func() bool {
		_, err := pool.Exec(t.Context(), "SELECT 1")
		if err != nil && !db.IsAway(err) {
			t.Errorf("%T %v", err, err)
		}
		return err == nil
	})
}

// empty is a database without a schema.
func empty(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.New(t)
	write(t, pool, "DROP SCHEMA public CASCADE")
	write(t, pool, "CREATE SCHEMA public")
	return pool
}

func TestMigrateByManyNodesAtOnce(t *testing.T) {
	t.Parallel()
	pool := empty(t)
	var nodes errgroup.Group
	for range 4 {
		nodes.Go(func() error {
			return db.Migrate(t.Context(), pool, func(ctx context.Context, pool *pgxpool.Pool) error {
				_, err := pool.Exec(ctx, "CREATE TABLE IF NOT EXISTS a_step_was_here ()")
				return err
			})
		})
	}
	if err := nodes.Wait(); err != nil {
		t.Fatal(err)
	}
	read[int](t, pool, "SELECT count(*)::int FROM a_step_was_here")
	if got := read[int](t, dbtest.WorkerPool(t, pool), "SELECT count(*)::int FROM scripts"); got != 0 {
		t.Error(got)
	}
	if limit := read[string](t, pool, "SHOW statement_timeout"); limit != "30s" {
		t.Error("migrating changed the pool:", limit)
	}
}

func TestMigrateTellsOfAFailedStep(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	err := db.Migrate(t.Context(), dbtest.New(t), func(context.Context, *pgxpool.Pool) error { return refused })
	if !errors.Is(err, refused) {
		t.Error(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	write(t, pool, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	if err := db.Migrate(t.Context(), pool); !errors.Is(err, db.ErrNewerSchema) {
		t.Error(err)
	}
}

// A schema that has to lock a table does not queue behind who reads it for long: all who write
// would queue behind it.
func TestMigrationWaitsForReadersAside(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	write(t, pool, "DROP SCHEMA public CASCADE")
	write(t, pool, "CREATE SCHEMA public")
	through := stdlib.OpenDBFromPool(pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, through, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 2); err != nil { // the third locks what is written to all the time
		t.Fatal(err)
	}
	through.Close()
	reader, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), "SELECT FROM executions"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	go func() { migrated <- db.Migrate(t.Context(), pool) }()
	waits := func() bool {
		return read[bool](t, pool, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'executions'::regclass)")
	}
	for _, wanted := range []bool{true, false} { // it queues, and gives up
		for until := time.Now().Add(30 * time.Second); waits() != wanted; {
			if time.Now().After(until) {
				t.Fatalf("waits: want %v", wanted)
			}
		}
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
	read[int](t, pool, "SELECT count(subject)::int FROM executions")
}
