package variable

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/id"
	"picloud/queries"
)

// usesEvery is how often it is written down which secrets were read.
const usesEvery = 30 * time.Second

// Uses are secrets that were read and of which that is not written down yet. What a process that
// dies had not written is not known; who reads a secret often is known anyway.
type Uses struct {
	some chan struct{} // has an entry when there are any

	mu   sync.Mutex
	read map[id.Variable]*atomic.Bool
}

// NewUses makes an empty one; Run writes what is noted.
func NewUses() *Uses {
	return &Uses{some: make(chan struct{}, 1), read: map[id.Variable]*atomic.Bool{}}
}

func (u *Uses) note(secret id.Variable, noted *atomic.Bool) {
	u.mu.Lock()
	u.read[secret] = noted
	u.mu.Unlock()
	select {
	case u.some <- struct{}{}:
	default:
	}
}

// Run writes which secrets were read, once in a while and when ctx ends. It costs nothing while
// none is.
func (u *Uses) Run(ctx context.Context, pool *pgxpool.Pool) error {
	for ctx.Err() == nil {
		select {
		case <-u.some:
		case <-ctx.Done():
			return nil
		}
		at := time.Now()
		select {
		case <-time.After(usesEvery*3/4 + rand.N(usesEvery/2)):
		case <-ctx.Done():
		}
		u.write(ctx, pool, at)
	}
	return nil
}

func (u *Uses) write(ctx context.Context, pool *pgxpool.Pool, at time.Time) {
	u.mu.Lock()
	ids := make([]pgtype.UUID, 0, len(u.read))
	for secret, noted := range u.read {
		ids = append(ids, pgtype.UUID{Bytes: secret, Valid: true})
		noted.Store(false)
	}
	clear(u.read)
	u.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := queries.New().NoteVariableUsesAcrossApps(ctx, pool, queries.NoteVariableUsesAcrossAppsParams{At: &at, Ids: ids})
	if err != nil {
		slog.Warn("not written down which secrets were read", "error", err)
	}
}
