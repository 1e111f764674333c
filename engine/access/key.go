package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// KeyAccess is how far a key reaches.
type KeyAccess string

// The two.
const (
	KeyReads  KeyAccess = "read"
	KeyWrites KeyAccess = "write"
)

// Key is an API key as its owner sees it; the key itself is shown only when it is made.
type Key struct {
	ID        id.Key
	Name      string
	Last4     string // the last four characters
	Access    KeyAccess
	App       *id.App // nil: every app
	AppSlug   string
	CreatedAt time.Time
	ExpiresAt *time.Time // nil: never
	LastUsed  *time.Time // nil: never; to the minute
	Expired   bool
}

// NewKey is what a key is made from.
type NewKey struct {
	Name      string
	Access    KeyAccess
	App       *id.App
	ExpiresAt *time.Time
}

const (
	keyPrefix     = "pic_"
	keyBodyDigits = 43 // base62 digits of 32 bytes
	keySumDigits  = 6  // base62 digits of a CRC-32
	digits        = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// base62 writes a number of at most width digits, with leading zeros.
func base62(n *big.Int, width int) string {
	out := []byte(strings.Repeat("0", width))
	n, base, digit := new(big.Int).Set(n), big.NewInt(62), new(big.Int)
	for i := width - 1; i >= 0 && n.Sign() > 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = digits[digit.Int64()]
	}
	return string(out)
}

// checksum lets a scanner, and us, tell a key from what merely looks like one.
func checksum(body string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(keyPrefix+body)))), keySumDigits)
}

func newSecret() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	body := base62(new(big.Int).SetBytes(random), keyBodyDigits)
	return keyPrefix + body + "_" + checksum(body)
}

func wellFormed(secret string) bool {
	body, sum, ok := strings.Cut(strings.TrimPrefix(secret, keyPrefix), "_")
	return ok && strings.HasPrefix(secret, keyPrefix) && len(body) == keyBodyDigits && sum == checksum(body)
}

// MakeKey makes a key for the person and gives its secret, which is not kept.
func (s *Service) MakeKey(ctx context.Context, grant actor.Grant, wanted NewKey) (string, Key, error) {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return "", Key{}, err
	}
	who := grant.Who()
	wanted.Name = strings.TrimSpace(wanted.Name)
	var faults fields
	faults.add("name", nameFault("name", wanted.Name))
	if wanted.Access != KeyReads && wanted.Access != KeyWrites {
		faults.add("access", fmt.Sprintf("A key can %q or %q, not %q.", KeyReads, KeyWrites, clip(string(wanted.Access), 20)))
	}
	if wanted.ExpiresAt != nil && !wanted.ExpiresAt.After(s.now()) {
		faults.add("expires", "The key would have expired already.")
	}
	if wanted.App != nil {
		has, err := s.q.HasApp(ctx, s.pool, *wanted.App)
		if err != nil {
			return "", Key{}, fmt.Errorf("look for app %s: %w", *wanted.App, err)
		}
		if !has || !grant.Sees(*wanted.App) {
			faults.add("app", "There is no such app.")
		}
	}
	if err := faults.err(); err != nil {
		return "", Key{}, err
	}
	return s.addKey(ctx, who.User, wanted, audit.Entry{Actor: who.String(), Address: who.Client.Address})
}

// addKey stores a key; by says who makes it.
func (s *Service) addKey(ctx context.Context, user id.User, wanted NewKey, by audit.Entry) (string, Key, error) {
	secret := newSecret()
	key := Key{
		ID: id.New[id.Key](), Name: wanted.Name, Last4: secret[len(secret)-4:], Access: wanted.Access, App: wanted.App,
		CreatedAt: s.now(), ExpiresAt: wanted.ExpiresAt,
	}
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		err := s.q.AddKey(ctx, tx, queries.AddKeyParams{
			ID: key.ID, UserID: user, AppID: key.App, Name: key.Name, Hash: digest(secret), Last4: key.Last4,
			Access: string(key.Access), CreatedAt: key.CreatedAt, ExpiresAt: key.ExpiresAt,
		})
		if err != nil {
			return err
		}
		by.Action, by.Object, by.Detail = audit.KeyMade, audit.Key(key.ID), map[string]any{"name": key.Name, "access": key.Access}
		return s.audit(ctx, tx, by)
	})
	if err != nil {
		return "", Key{}, fmt.Errorf("add a key: %w", err)
	}
	return secret, key, nil
}

// ListKeys gives the person's keys that were not revoked, newest first.
func (s *Service) ListKeys(ctx context.Context, grant actor.Grant) ([]Key, error) {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return nil, err
	}
	who := grant.Who()
	rows, err := s.q.ListKeys(ctx, s.pool, who.User)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	list, now := make([]Key, len(rows)), s.now()
	for i, r := range rows {
		list[i] = Key{
			ID: r.ID, Name: r.Name, Last4: r.Last4, Access: KeyAccess(r.Access), App: r.AppID, CreatedAt: r.CreatedAt,
			ExpiresAt: r.ExpiresAt, LastUsed: r.LastUsedAt, Expired: r.ExpiresAt != nil && !r.ExpiresAt.After(now),
		}
		if r.AppSlug != nil {
			list[i].AppSlug = *r.AppSlug
		}
	}
	return list, nil
}

// RevokeKey ends a key at once. A key of somebody else is as absent as one that never was.
func (s *Service) RevokeKey(ctx context.Context, grant actor.Grant, key id.Key) error {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return err
	}
	who := grant.Who()
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		revoked, err := s.q.RevokeKey(ctx, tx, queries.RevokeKeyParams{ID: key, UserID: who.User, Now: s.now()})
		if err != nil {
			return err
		}
		if revoked == 0 {
			return fault.New(fault.NotFound, "There is no such key.")
		}
		return s.audit(ctx, tx, audit.By(who, audit.KeyRevoked, audit.Key(key), nil))
	})
	if err != nil {
		return fmt.Errorf("revoke key %s: %w", key, err)
	}
	return nil
}

// CheckKey is the actor behind a key. Unknown, revoked, expired and misspelt keys are
// the same Unauthenticated fault.
func (s *Service) CheckKey(ctx context.Context, secret string) (Actor, error) {
	refused := fault.New(fault.Unauthenticated, "This key is not valid.")
	if !wellFormed(secret) {
		return Actor{}, refused
	}
	row, err := s.q.FindKey(ctx, s.pool, queries.FindKeyParams{Hash: digest(secret), Now: s.now()})
	if db.IsNoRows(err) {
		return Actor{}, refused
	}
	if err != nil {
		return Actor{}, fmt.Errorf("find the key: %w", err)
	}
	s.used.note(row.ID, s.now())
	return Actor{
		User: row.UserID, Name: row.UserName, Email: row.Email, Key: &row.ID,
		CanWrite: row.Access == string(KeyWrites), App: row.AppID,
	}, nil
}

// usedKeys remembers which keys were used since the last flush; it holds at most the
// keys that exist.
type usedKeys struct {
	mu sync.Mutex
	at map[id.Key]time.Time
}

func newUsedKeys() *usedKeys { return &usedKeys{at: map[id.Key]time.Time{}} }

func (u *usedKeys) note(key id.Key, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.at[key] = now
}

func (s *Service) flushUsedKeys(ctx context.Context) error {
	s.used.mu.Lock()
	used := s.used.at
	s.used.at = map[id.Key]time.Time{}
	s.used.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	var params queries.TouchKeysParams
	for key, at := range used {
		params.Ids = append(params.Ids, pgtype.UUID{Bytes: key, Valid: true})
		params.Ats = append(params.Ats, at)
	}
	if err := s.q.TouchKeys(ctx, s.pool, params); err != nil {
		return fmt.Errorf("note the use of keys: %w", err)
	}
	return nil
}
