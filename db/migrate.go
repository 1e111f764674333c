package db

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock under which a schema is changed.
const migrationLock = 7_526_470_913_462_871

// ErrNewerSchema says that a later version of the program has changed the schema.
var ErrNewerSchema = errors.New("the database was last used by a newer picloud: start that version, or restore a backup made before")

// Step is a part of the schema that another package keeps. It may be run again and again.
type Step = func(ctx context.Context, pool *pgxpool.Pool) error

// Migrate brings the schema up to what this program knows, then runs the further steps,
// then grants the worker's role what it may use. Several nodes may do so at once: one
// works, the others wait. A schema newer than the program is refused with ErrNewerSchema.
// The pool must be the manager's; no statement of a migration has a time limit.
func Migrate(ctx context.Context, pool *pgxpool.Pool, steps ...Step) error {
	config := pool.Config()
	config.MaxConns, config.MinConns = 4, 0
	for _, name := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		config.ConnConfig.RuntimeParams[name] = "0"
	}
	own, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer own.Close()
	return underLock(ctx, own, func() error {
		if err := migrateSchema(ctx, own); err != nil {
			return err
		}
		for _, step := range steps {
			if err := step(ctx, own); err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
		}
		return grantWorker(ctx, own)
	})
}

// underLock waits by asking again, so that a waiter holds no snapshot that would stop
// an index from being built.
func underLock(ctx context.Context, pool *pgxpool.Pool, work func() error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer conn.Release()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for locked := false; !locked; {
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", migrationLock).Scan(&locked); err != nil {
			return fmt.Errorf("lock the schema: %w", err)
		}
		if locked {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock the schema: %w", ctx.Err())
		case <-tick.C:
		}
	}
	defer func() {
		// Ending the connection ends the lock, whatever became of ctx.
		_ = conn.Conn().Close(context.WithoutCancel(ctx))
	}()
	return work()
}

// SchemaHash names the schema that Migrate makes: 16 hexadecimal digits over the
// migrations and grants.
func SchemaHash() (string, error) {
	hash := sha256.New()
	hash.Write([]byte(workerGrants))
	err := fs.WalkDir(migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := migrations.ReadFile(path)
		fmt.Fprintf(hash, "%s\x00%d\x00%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("migrations: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

func migrateSchema(ctx context.Context, pool *pgxpool.Pool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	defer sqlDB.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, sqlDB, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("version of the schema: %w", err)
	}
	if current > target {
		return fmt.Errorf("schema %d, this program knows %d: %w", current, target, ErrNewerSchema)
	}
	if current == target {
		return nil
	}
	for tries := 1; ; tries++ {
		_, err := provider.Up(ctx)
		if err == nil {
			return nil
		}
		if !isLockTimeout(err) || tries == lockTries {
			return fmt.Errorf("migrate from schema %d to %d: %w", current, target, err)
		}
		slog.Warn("the schema is changed once those who read a table for long have ended", "error", err)
		select { // for those who waited behind us
		case <-time.After(lockPause):
		case <-ctx.Done():
			return fmt.Errorf("migrate from schema %d to %d: %w", current, target, ctx.Err())
		}
	}
}

// A migration that has to lock a busy table gives up soon and comes again.
const (
	lockTries = 200
	lockPause = 2 * time.Second
)
