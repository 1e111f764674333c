package db

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// IsNoRows tells that a query for one row found none.
func IsNoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// IsUnique tells that a row would have broken the named unique constraint or index; with
// an empty name any.
func IsUnique(err error, constraint string) bool { return violates(err, "23505", constraint) }

// IsForeignKey tells that a row refers to one that is not there, or is still referred
// to, by the named constraint; with an empty name any.
func IsForeignKey(err error, constraint string) bool { return violates(err, "23503", constraint) }

func violates(err error, code, constraint string) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == code && (constraint == "" || refused.ConstraintName == constraint)
}

// IsAway tells that the server cannot be reached or takes no work at the moment, so that
// the same work may succeed later.
func IsAway(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch refused.Code { // PostgreSQL, appendix A
		case "57P01", "57P02", "57P03", // admin shutdown, crash shutdown, cannot connect now
			"53300", "53200", "53100": // too many connections, out of memory, disk full
			return true
		}
		return strings.HasPrefix(refused.Code, "08") // connection exceptions
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, net.ErrClosed)
}

// isLockTimeout tells that a lock could not be had in time.
func isLockTimeout(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "55P03" // lock not available
}

// IsDenied tells that the role has no right to do this.
func IsDenied(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "42501" // insufficient privilege
}

// IsUnmade tells that the schema is not there yet: Migrate has never run.
func IsUnmade(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "42P01" // undefined table
}
