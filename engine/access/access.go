// Package access decides who may come in: the first owner, passwords, sessions and API
// keys. It alone makes actors; what those may do stands in package actor. It hides how
// secrets are kept (only hashes are stored) and guarantees that
//
//   - there is at most one owner, however many set-ups run at once;
//   - a wrong password, an unknown e-mail, and a slow account look the same from outside;
//   - a session or key that was revoked is refused at its next use, on every node;
//   - everything that changes who may come in leaves a row in the audit table.
package access

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/engine/audit"
	"picloud/engine/id"
	"picloud/queries"
)

// Lifetimes.
const (
	IdleLifetime     = 24 * time.Hour      // of a session nobody uses
	AbsoluteLifetime = 30 * 24 * time.Hour // of any session
	SetupLifetime    = time.Hour           // of a set-up link

	touchEvery = time.Minute      // last use of sessions and keys is written at most so often
	watchEvery = 10 * time.Second // how soon an open page learns that another node ended its session
	sweepEvery = time.Hour
)

// Config has only choices; the zero value is right but for tests.
type Config struct {
	Log *slog.Logger     // nil: slog.Default()
	Now func() time.Time // nil: time.Now
}

// Service is the one place that reads and writes people, sessions and keys.
type Service struct {
	pool     *pgxpool.Pool
	log      *slog.Logger
	now      func() time.Time
	q        *queries.Queries
	hasher   *hasher
	sessions *scs.SessionManager
	used     *usedKeys
	endings  *bell
}

// New makes a Service over the manager's pool. Its Run must be running for the last use of keys to be written.
func New(pool *pgxpool.Pool, cfg Config) *Service {
	s := &Service{
		pool: pool, log: cfg.Log, now: cfg.Now, q: queries.New(),
		hasher: newHasher(), used: newUsedKeys(), endings: newBell(),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.sessions = newSessionManager(&store{service: s})
	return s
}

// Run writes the last use of keys once a minute and removes what has expired, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	flush := time.NewTicker(touchEvery)
	defer flush.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			s.report(s.flushUsedKeys(last))
			return nil
		case <-flush.C:
			s.report(s.flushUsedKeys(ctx))
		case <-sweep.C:
			s.report(s.sweep(ctx))
		}
	}
}

func (s *Service) report(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.Warn("access upkeep", "error", err)
	}
}

// keptFailures is how long the audit table keeps sign-ins that failed: anybody can add
// them. Its other rows stay.
const keptFailures = 90 * 24 * time.Hour

// sweep keeps idle sessions until their absolute end: their address is what lets the
// account's own person pass while somebody else's tries slow the account down.
func (s *Service) sweep(ctx context.Context) error {
	now := s.now()
	return errors.Join(
		s.q.DropExpiredSessions(ctx, s.pool, now),
		s.q.DropOldSignInFailures(ctx, s.pool, now.Add(-24*time.Hour)),
		s.q.DropOldFailedSignIns(ctx, s.pool, queries.DropOldFailedSignInsParams{Action: string(audit.SignInFailed), Before: id.Earliest[id.Audit](now.Add(-keptFailures))}))
}

func cleaned(c Client) Client {
	return Client{Address: clip(c.Address, 64), Agent: clip(c.Agent, 200), Device: clip(c.Device, 200)}
}

// clip makes foreign text fit for a column: valid, without control characters, at most limit runes.
func clip(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	runes := 0
	for i := range text {
		if runes == limit {
			return text[:i]
		}
		runes++
	}
	return text
}

// audit writes a row of the audit table at the service's own time.
func (s *Service) audit(ctx context.Context, db queries.DBTX, e audit.Entry) error {
	e.At = s.now()
	return audit.Write(ctx, db, e)
}
