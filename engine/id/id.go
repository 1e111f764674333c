// Package id gives every kind of row its own identifier type, so that an app's id
// cannot be passed where a script's is wanted. All are UUIDs of version 7
// (RFC 9562, section 5.7): they sort by the time they were made.
package id

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// ID is a UUID that belongs to one kind of row, named by T.
type ID[T any] [16]byte

// The kinds of row.
type (
	App        = ID[app]
	Script     = ID[script]
	Version    = ID[version]
	Deployment = ID[deployment]
	User       = ID[user]
	Session    = ID[session]
	Key        = ID[key]
	Execution  = ID[execution]
	Audit      = ID[audit]
	Variable   = ID[variable]
)

type (
	app        struct{}
	script     struct{}
	version    struct{}
	deployment struct{}
	user       struct{}
	session    struct{}
	key        struct{}
	execution  struct{}
	audit      struct{}
	variable   struct{}
)

// New makes an id for the present moment.
func New[I ~[16]byte]() I {
	return I(uuid.Must(uuid.NewV7()))
}

// Parse reads the 36-character form of RFC 9562; it accepts no other form.
func Parse[I ~[16]byte](text string) (I, error) {
	if len(text) != 36 {
		return I{}, fmt.Errorf("id %.40q is not a UUID", text)
	}
	u, err := uuid.Parse(text)
	if err != nil {
		return I{}, fmt.Errorf("id %.40q is not a UUID", text)
	}
	return I(u), nil
}

// Earliest is the smallest id that can have been made at or after t (millisecond precision).
func Earliest[I ~[16]byte](t time.Time) I {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.UnixMilli())<<16)
	var i I
	copy(i[:6], b[:6])
	return i
}

// Time is the moment the id was made, to the millisecond, in UTC.
func (i ID[T]) Time() time.Time {
	ms := int64(i[0])<<40 | int64(i[1])<<32 | int64(i[2])<<24 | int64(i[3])<<16 | int64(i[4])<<8 | int64(i[5])
	return time.UnixMilli(ms).UTC()
}

// String is the 36-character form.
func (i ID[T]) String() string { return uuid.UUID(i).String() }

// IsZero tells whether the id was never set.
func (i ID[T]) IsZero() bool { return i == ID[T]{} }

// MarshalText implements encoding.TextMarshaler.
func (i ID[T]) MarshalText() ([]byte, error) { return uuid.UUID(i).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *ID[T]) UnmarshalText(text []byte) error {
	parsed, err := Parse[ID[T]](string(text))
	if err != nil {
		return err
	}
	*i = parsed
	return nil
}

// UUIDValue implements pgtype.UUIDValuer.
func (i ID[T]) UUIDValue() (pgtype.UUID, error) {
	return pgtype.UUID{Bytes: i, Valid: true}, nil
}

// ScanUUID implements pgtype.UUIDScanner.
func (i *ID[T]) ScanUUID(v pgtype.UUID) error {
	if !v.Valid {
		return fmt.Errorf("cannot scan NULL into %T", i)
	}
	*i = v.Bytes
	return nil
}
