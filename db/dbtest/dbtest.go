// Package dbtest gives each test a PostgreSQL database of its own, made from a migrated
// template. It uses the server named by PICLOUD_TEST_POSTGRES, the address of a
// superuser, or starts one for the process, which goes away with the process. Where no
// server can be had a test fails; it is never skipped.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/db/cluster"
)

// ServerEnv names the server to use, as the address of a superuser.
const ServerEnv = "PICLOUD_TEST_POSTGRES"

const timeout = 60 * time.Second

// process is the one thing that the tests of a process share.
var process struct {
	once     sync.Once
	server   string   // address of a superuser
	keeper   *os.File // open as long as the process lives
	template string
	err      error
}

// New makes a migrated database for the test and opens a pool in the manager's role.
// Both go away with the test.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return open(t, URL(t), "dbtest manager")
}

// URL makes a migrated database for the test and returns the manager's address, for
// tests that start processes.
func URL(t testing.TB) string {
	t.Helper()
	process.once.Do(prepare)
	if process.err != nil {
		t.Fatalf("dbtest: %v", process.err)
	}
	name := "test_" + randomName()
	err := asSuper(process.server, func(ctx context.Context, conn *pgx.Conn) error {
		return cluster.MakeDatabase(ctx, conn, name, process.template)
	})
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		err := asSuper(process.server, func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
			return err
		})
		if err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return address(process.server, cluster.Manager, name)
}

// WorkerURL is the address of the same database in the worker's role.
func WorkerURL(t testing.TB, pool *pgxpool.Pool) string {
	t.Helper()
	return address(process.server, cluster.Worker, pool.Config().ConnConfig.Database)
}

// SuperURL is the address of the same database for a superuser.
func SuperURL(t testing.TB, pool *pgxpool.Pool) string {
	t.Helper()
	parsed, err := url.Parse(process.server)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	parsed.Path = "/" + pool.Config().ConnConfig.Database
	return parsed.String()
}

// WorkerPool opens the database of a pool in the worker's narrow role.
func WorkerPool(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	return open(t, WorkerURL(t, pool), "dbtest worker")
}

func open(t testing.TB, address, name string) *pgxpool.Pool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	pool, err := db.Open(ctx, address, db.Options{Name: name, MaxConns: 8})
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func prepare() {
	process.server, process.err = server()
	if process.err == nil {
		process.template, process.err = template(process.server)
	}
}

// template finds or makes the migrated database that tests copy. Several test processes
// may do so at once. Its name has the hash of the migrations, so a server that is kept
// never serves an old schema.
func template(server string) (string, error) {
	hash, err := db.SchemaHash()
	if err != nil {
		return "", err
	}
	name := "template_" + hash
	err = asSuper(server, func(ctx context.Context, conn *pgx.Conn) error {
		const lock = 7_526_470_913_462_872
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
			return fmt.Errorf("lock the template: %w", err)
		}
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
			return fmt.Errorf("look for the template: %w", err)
		}
		if exists {
			return nil
		}
		return makeTemplate(ctx, conn, server, name)
	})
	return name, err
}

func makeTemplate(ctx context.Context, conn *pgx.Conn, server, name string) error {
	for _, role := range []string{cluster.Manager, cluster.Worker} {
		if err := cluster.EnsureRole(ctx, conn, role, password(server, role)); err != nil {
			return err
		}
	}
	growing := name + "_new"
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+growing+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("remove a half made template: %w", err)
	}
	if err := cluster.MakeDatabase(ctx, conn, growing, "template1"); err != nil {
		return err
	}
	pool, err := db.Open(ctx, address(server, cluster.Manager, growing), db.Options{Name: "dbtest template"})
	if err != nil {
		return err
	}
	err = db.Migrate(ctx, pool)
	pool.Close()
	if err != nil {
		return err
	}
	// A session that has just ended may still be counted for a moment.
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1`, growing)
	if err != nil {
		return fmt.Errorf("close the template: %w", err)
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+growing+" RENAME TO "+name); err != nil {
		return fmt.Errorf("keep the template: %w", err)
	}
	return nil
}

func asSuper(server string, work func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("test server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(ctx, conn)
}

// address is a database of the server for a role.
func address(server, role, database string) string {
	parsed, err := url.Parse(server)
	if err != nil {
		panic(err) // pgx has read it before
	}
	parsed.User = url.UserPassword(role, password(server, role))
	parsed.Path = "/" + database
	return parsed.String()
}

// password is the same in every process that uses the server.
func password(server, role string) string {
	sum := sha256.Sum256([]byte(server + "\x00" + role))
	return hex.EncodeToString(sum[:])
}

func randomName() string {
	random := make([]byte, 8)
	rand.Read(random)
	return hex.EncodeToString(random)
}
