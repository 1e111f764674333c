package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/queries"
)

func (s *Service) userByEmail(ctx context.Context, email string) (queries.User, error) {
	user, err := s.q.ReadUserByEmail(ctx, s.pool, strings.TrimSpace(email))
	if db.IsNoRows(err) {
		return user, fault.New(fault.NotFound, "There is no user %s.", clip(email, maxEmail))
	}
	if err != nil {
		return user, fmt.Errorf("read user %s: %w", email, err)
	}
	return user, nil
}

// ResetPassword gives the user a new random password, ends all their sessions, and
// returns the password.
func (s *Service) ResetPassword(ctx context.Context, email string) (string, error) {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return "", err
	}
	random := make([]byte, 15)
	_, _ = rand.Read(random) // never fails
	password := base62(new(big.Int).SetBytes(random), 21)
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.q.ForgetSignInFailures(ctx, tx, subject("account:", strings.ToLower(user.Email))); err != nil {
			return fmt.Errorf("forget failed sign-ins: %w", err)
		}
		return s.setPassword(ctx, tx, user.ID, hash, audit.Entry{Actor: audit.CLI, Action: audit.PasswordReset})
	})
	if err != nil {
		return "", err
	}
	s.endings.ring()
	return password, nil
}

// MintKey makes a key that may write in every app of the user and lives for ttl.
func (s *Service) MintKey(ctx context.Context, email string, ttl time.Duration) (string, Key, error) {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return "", Key{}, err
	}
	expires := s.now().Add(ttl)
	return s.addKey(ctx, user.ID, NewKey{Name: "command line", Access: KeyWrites, ExpiresAt: &expires}, audit.Entry{Actor: audit.CLI})
}
