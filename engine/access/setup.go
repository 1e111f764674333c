package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// NeedsSetup tells whether nobody owns this installation yet.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	has, err := s.q.HasUser(ctx, s.pool)
	if err != nil {
		return false, fmt.Errorf("look for a user: %w", err)
	}
	return !has, nil
}

// NewSetupToken makes the token of a set-up link, good for SetupLifetime; the one made
// before is worth nothing from then on. It is false when there is an owner.
func (s *Service) NewSetupToken(ctx context.Context) (string, bool, error) {
	token := rand.Text()
	made, err := s.q.PutSetupToken(ctx, s.pool, queries.PutSetupTokenParams{
		TokenHash: digest(token), ExpiresAt: s.now().Add(SetupLifetime),
	})
	if err != nil {
		return "", false, fmt.Errorf("make a set-up token: %w", err)
	}
	if made == 0 {
		return "", false, nil
	}
	return token, true, nil
}

func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func errHasOwner() error {
	return fault.New(fault.Conflict, "This PiCloud has an owner already. Sign in instead.")
}

func (s *Service) fitsSetup(token string, hash []byte, expires time.Time) error {
	if subtle.ConstantTimeCompare(digest(token), hash) != 1 {
		return fault.New(fault.NotFound, "This set-up link is not the newest one. The newest is in the output of the last start.")
	}
	if !s.now().Before(expires) {
		return fault.New(fault.NotFound, "This set-up link is over an hour old. Start PiCloud again to get a new one.")
	}
	return nil
}

// CheckSetup tells whether the token may be used; it consumes nothing.
func (s *Service) CheckSetup(ctx context.Context, token string) error {
	needed, err := s.NeedsSetup(ctx)
	if err != nil {
		return err
	}
	if !needed {
		return errHasOwner()
	}
	row, err := s.q.ReadSetupToken(ctx, s.pool)
	if db.IsNoRows(err) {
		return fault.New(fault.NotFound, "There is no set-up link. Start PiCloud again to get one.")
	}
	if err != nil {
		return fmt.Errorf("read the set-up token: %w", err)
	}
	return s.fitsSetup(token, row.TokenHash, row.ExpiresAt)
}

// Newcomer is what a person says of themselves when they become the owner.
type Newcomer struct {
	Email    string
	Name     string
	Password string
}

func (n *Newcomer) check() error {
	n.Email, n.Name = strings.TrimSpace(n.Email), strings.TrimSpace(n.Name)
	var faults fields
	faults.add("email", emailFault(n.Email))
	faults.add("name", nameFault("name", n.Name))
	faults.add("password", passwordFault(n.Password, n.Email))
	return faults.err()
}

// CompleteSetup makes the owner and uses the token up. Of two at once one makes the
// owner, and the other gets a Conflict.
func (s *Service) CompleteSetup(ctx context.Context, token string, who Newcomer, client Client) (id.User, error) {
	if err := s.CheckSetup(ctx, token); err != nil {
		return id.User{}, err
	}
	if err := who.check(); err != nil {
		return id.User{}, err
	}
	hash, err := s.hasher.hash(ctx, who.Password)
	if err != nil {
		return id.User{}, err
	}
	return s.addOwner(ctx, who, hash, cleaned(client), func(tx pgx.Tx) error {
		row, err := s.q.LockSetupToken(ctx, tx)
		if db.IsNoRows(err) {
			return errHasOwner()
		}
		if err != nil {
			return fmt.Errorf("lock the set-up token: %w", err)
		}
		return s.fitsSetup(token, row.TokenHash, row.ExpiresAt)
	})
}

// Bootstrap makes the owner from configured values. Without any, and once a user exists,
// it does nothing.
func (s *Service) Bootstrap(ctx context.Context, email, password string) error {
	if email == "" && password == "" {
		return nil
	}
	needed, err := s.NeedsSetup(ctx)
	if err != nil || !needed {
		return err
	}
	who := configured(email, password)
	if err := who.check(); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, who.Password)
	if err != nil {
		return err
	}
	_, err = s.addOwner(ctx, who, hash, Client{}, func(pgx.Tx) error { return nil })
	if fault.Is(err, fault.Conflict) { // another node was first
		return nil
	}
	return err
}

// CheckBootstrap tells what Bootstrap would refuse while there is no user.
func CheckBootstrap(email, password string) error {
	if email == "" && password == "" {
		return nil
	}
	who := configured(email, password)
	return who.check()
}

func configured(email, password string) Newcomer {
	who := Newcomer{Email: email, Password: password}
	who.Name, _, _ = strings.Cut(strings.TrimSpace(email), "@")
	return who
}

func (s *Service) addOwner(ctx context.Context, who Newcomer, hash string, client Client, allowed func(pgx.Tx) error) (id.User, error) {
	owner := id.New[id.User]()
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := allowed(tx); err != nil {
			return err
		}
		err := s.q.AddOwner(ctx, tx, queries.AddOwnerParams{ID: owner, Email: who.Email, Name: who.Name, PasswordHash: hash})
		if db.IsUnique(err, "") {
			return errHasOwner()
		}
		if err != nil {
			return fmt.Errorf("add the owner: %w", err)
		}
		if err := s.q.DropSetupToken(ctx, tx); err != nil {
			return fmt.Errorf("drop the set-up token: %w", err)
		}
		return s.audit(ctx, tx, audit.By(Actor{User: owner, Client: client}, audit.SetUp, audit.User(owner), nil))
	})
	if err != nil {
		return id.User{}, err
	}
	return owner, nil
}
