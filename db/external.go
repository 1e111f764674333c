package db

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/cluster"
	"picloud/queries"
)

// Settings in which all nodes of an installation on a server of its own find the
// worker's role.
const (
	workerRoleSetting     = "database_worker_role"
	workerPasswordSetting = "database_worker_password"
)

// Narrow is the address with which a worker reaches the database.
type Narrow struct {
	URL string
	// Full says why the worker has all rights of the manager; empty when it has not.
	Full string
}

// NarrowRole finds the worker's address for a server given by DATABASE_URL: the
// override when there is one; else the same address with a role of few rights, which is
// made, with a random password, where it is missing. Where the manager may not make
// roles the worker gets the manager's address, and Full says so. Call it after Migrate.
func NarrowRole(ctx context.Context, pool *pgxpool.Pool, managerURL, override string) (Narrow, error) {
	if override != "" {
		return Narrow{URL: override}, nil
	}
	role, password, err := workerLogin(ctx, pool)
	if err != nil {
		return Narrow{}, err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return Narrow{}, fmt.Errorf("make the worker's role: %w", err)
	}
	err = cluster.EnsureRole(ctx, conn.Conn(), role, password)
	if err == nil {
		_, err = conn.Exec(ctx, "GRANT CONNECT, TEMPORARY ON DATABASE "+
			pgx.Identifier{pool.Config().ConnConfig.Database}.Sanitize()+" TO "+pgx.Identifier{role}.Sanitize())
	}
	conn.Release()
	if err == nil {
		err = underLock(ctx, pool, func() error { return grantWorker(ctx, pool) })
	}
	if IsDenied(err) {
		return Narrow{URL: managerURL, Full: "the user of DATABASE_URL may not make roles (CREATEROLE), so the worker has its rights; " +
			"name a user of few rights in PICLOUD_WORKER_DATABASE_URL"}, nil
	}
	if err != nil {
		return Narrow{}, err
	}
	address, err := withUser(managerURL, role, password)
	if err != nil {
		return Narrow{URL: managerURL, Full: "DATABASE_URL is not in the form postgres://…, so the worker has its user; " +
			"name a user of few rights in PICLOUD_WORKER_DATABASE_URL"}, nil
	}
	return Narrow{URL: address}, nil
}

// workerLogin reads the name and password of the role, and writes them first where no
// node has yet. A role's name counts for the whole server, so it is this database's own.
func workerLogin(ctx context.Context, pool *pgxpool.Pool) (role, password string, err error) {
	q := queries.New()
	for _, setting := range []struct {
		name, fresh string
		into        *string
	}{
		{workerRoleSetting, cluster.Worker + "_" + randomHex(4), &role},
		{workerPasswordSetting, randomHex(32), &password},
	} {
		if err := q.AddSetting(ctx, pool, queries.AddSettingParams{Name: setting.name, Value: setting.fresh}); err != nil {
			return "", "", fmt.Errorf("keep the worker's role: %w", err)
		}
		if *setting.into, err = q.ReadSetting(ctx, pool, setting.name); err != nil {
			return "", "", fmt.Errorf("read the worker's role: %w", err)
		}
	}
	return role, password, nil
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	rand.Read(random)
	return hex.EncodeToString(random)
}

// withUser is the address with another user and password.
func withUser(address, role, password string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		return "", fmt.Errorf("address of the database is not a URL")
	}
	parsed.User = url.UserPassword(role, password)
	var kept []string // as they were written: the driver takes a + for itself
	for pair := range strings.SplitSeq(parsed.RawQuery, "&") {
		if name, _, _ := strings.Cut(pair, "="); name != "user" && name != "password" {
			kept = append(kept, pair)
		}
	}
	parsed.RawQuery = strings.Join(kept, "&")
	return parsed.String(), nil
}
