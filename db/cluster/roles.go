package cluster

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SetUp makes the roles and the database where they are missing. It needs the server to
// run and may be repeated.
func (c *Cluster) SetUp(ctx context.Context) error {
	address, err := c.URL(Super, "postgres")
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("set up the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, role := range []string{Manager, Worker} {
		password, err := c.Password(role)
		if err != nil {
			return err
		}
		if err := EnsureRole(ctx, conn, role, password); err != nil {
			return err
		}
	}
	var exists, closed bool
	err = conn.QueryRow(ctx, `SELECT count(*) > 0, count(datacl) > 0 FROM pg_database WHERE datname = $1`, Database).Scan(&exists, &closed)
	if err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !exists {
		err = MakeDatabase(ctx, conn, Database, "template1")
	} else if !closed {
		err = limitDatabase(ctx, conn, Database)
	}
	if err == nil && !closed && c.Binaries.Major < 15 {
		err = c.closeSchema(ctx)
	}
	return err
}

// closeSchema does what PostgreSQL does by itself from version 15 on: the schema public
// belongs to the owner of the database, and nobody else makes tables in it.
func (c *Cluster) closeSchema(ctx context.Context) error {
	address, err := c.URL(Super, Database)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("close the schema: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "ALTER SCHEMA public OWNER TO "+Manager+"; REVOKE ALL ON SCHEMA public FROM PUBLIC"); err != nil {
		return fmt.Errorf("close the schema: %w", err)
	}
	return nil
}

// EnsureRole makes a role that can sign in with the password and may do nothing else.
func EnsureRole(ctx context.Context, conn *pgx.Conn, role, password string) error {
	var exists bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&exists)
	if err != nil {
		return fmt.Errorf("look for role %s: %w", role, err)
	}
	if exists {
		return nil
	}
	// The server gets a verifier, not the password, so that no log of statements has it.
	_, err = conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", pgx.Identifier{role}.Sanitize(), verifier(password)))
	if err != nil {
		return fmt.Errorf("make role %s: %w", role, err)
	}
	return nil
}

// MakeDatabase makes a database of the manager, closed to everybody but the two roles.
func MakeDatabase(ctx context.Context, conn *pgx.Conn, name, template string) error {
	_, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+
		" OWNER "+Manager+" TEMPLATE "+pgx.Identifier{template}.Sanitize())
	if err != nil {
		return fmt.Errorf("make database %s: %w", name, err)
	}
	return limitDatabase(ctx, conn, name)
}

func limitDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	database := pgx.Identifier{name}.Sanitize()
	_, err := conn.Exec(ctx, "REVOKE ALL ON DATABASE "+database+" FROM PUBLIC; "+
		"GRANT CONNECT, TEMPORARY ON DATABASE "+database+" TO "+Worker)
	if err != nil {
		return fmt.Errorf("limit database %s: %w", name, err)
	}
	return nil
}
