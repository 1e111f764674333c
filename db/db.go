// Package db is the way to PostgreSQL: the private server of an installation without one
// of its own, connection pools, transactions and the migrations of the schema. It hides
// the driver's errors behind a few questions, and guarantees that a pool works again by
// itself after the server was away.
package db

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Times after which the server ends what takes too long. A parameter in the address of
// the database, as in …?statement_timeout=60000, goes before these.
const (
	StatementTimeout = 30 * time.Second
	IdleTxTimeout    = 30 * time.Second // a transaction that does nothing
	LockTimeout      = 10 * time.Second
	ConnectTimeout   = 5 * time.Second
	rollbackTimeout  = 5 * time.Second
)

// Options are the choices of one pool.
type Options struct {
	Name     string // application_name in pg_stat_activity
	MaxConns int32  // 10 when it is 0
	Later    bool   // no sign-in now: the server may be away
	// Wait is how long a server that is away is waited for, as when it starts together
	// with us; 0 is not at all.
	Wait time.Duration
}

// Open makes a pool and signs in once, so that a wrong address is known at once, unless that
// is for later.
func Open(ctx context.Context, url string, options Options) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("address of the database: %w", err) // pgx hides the password
	}
	if options.MaxConns == 0 {
		options.MaxConns = 10
	}
	config.MaxConns = options.MaxConns
	config.MaxConnIdleTime = 5 * time.Minute
	config.MaxConnLifetime = time.Hour
	config.MaxConnLifetimeJitter = 10 * time.Minute
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = ConnectTimeout
	}
	parameters := config.ConnConfig.RuntimeParams
	for name, value := range map[string]string{
		"application_name":                    options.Name,
		"statement_timeout":                   milliseconds(StatementTimeout),
		"idle_in_transaction_session_timeout": milliseconds(IdleTxTimeout),
		"lock_timeout":                        milliseconds(LockTimeout),
		"timezone":                            "UTC",
	} {
		if _, set := parameters[name]; !set {
			parameters[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if options.Later {
		return pool, nil
	}
	if err := await(ctx, pool, options.Wait); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return pool, nil
}

// await asks until the server answers, refuses us or the time is over.
func await(ctx context.Context, pool *pgxpool.Pool, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := pool.Ping(ctx)
		if err == nil || !IsAway(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// InTx runs work in one transaction: committed when it returns nil, else rolled back,
// also when ctx has ended meanwhile or work panics.
func InTx(ctx context.Context, pool *pgxpool.Pool, work func(tx pgx.Tx) error) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		// After a commit it does nothing; a connection that cannot roll back is closed.
		_ = tx.Rollback(ending)
	}()
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
