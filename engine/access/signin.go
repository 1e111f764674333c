package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Failed tries slow down: those at an account from an address first, then those at the
// account from wherever they come, then those of the address at whatever account. Nothing
// is ever locked, and a device that is known to be the account's own is counted by itself.
const (
	freeTries    = 5 // of a device, or of an account from an address
	accountTries = 20
	addressTries = 100
	longestWait  = 5 * time.Minute
	forgetAfter  = time.Hour // without a try
)

// Issued is a session's secret and the mark of the device, for the cookies.
type Issued struct {
	Token   string
	Expires time.Time // absolute; idle sessions end before
	Device  string    // to be sent as Client.Device at the next sign-in
}

// SignIn opens a session with a new token. A wrong password and an unknown e-mail are
// the same Unauthenticated fault after the same work; too many tries are TooMany with
// the time to wait.
func (s *Service) SignIn(ctx context.Context, email, password string, client Client) (Issued, error) {
	ctx, err := s.Load(ctx, "") // keeps what the request loaded
	if err != nil {
		return Issued{}, err
	}
	client = cleaned(client)
	user, tries, err := s.verify(ctx, strings.TrimSpace(email), password, client)
	if err != nil {
		return Issued{}, err
	}
	if err := s.forgive(ctx, tries); err != nil {
		return Issued{}, err
	}
	issued, err := s.begin(ctx, user, client)
	if err != nil {
		return Issued{}, err
	}
	if err := s.stillHolds(ctx, user, issued); err != nil {
		return Issued{}, err
	}
	who := Actor{User: user.ID, Client: client}
	if err := s.audit(ctx, s.pool, audit.By(who, audit.SignedIn, audit.User(user.ID), nil)); err != nil {
		return Issued{}, errors.Join(err, s.q.DropSessionByToken(context.WithoutCancel(ctx), s.pool, digest(issued.Token)))
	}
	return issued, nil
}

// stillHolds refuses a session whose password was changed while it was being opened: a
// change before this look is seen by it, and a later one ends the session itself.
func (s *Service) stillHolds(ctx context.Context, user queries.User, issued Issued) error {
	now, err := s.q.ReadUser(ctx, s.pool, user.ID)
	if err != nil {
		return fmt.Errorf("read the user again: %w", err)
	}
	if now.PasswordHash == user.PasswordHash {
		return nil
	}
	if err := s.q.DropSessionByToken(ctx, s.pool, digest(issued.Token)); err != nil {
		return fmt.Errorf("drop the session: %w", err)
	}
	return errWrong()
}

func errWrong() error {
	return fault.New(fault.Unauthenticated, "E-mail or password is wrong.")
}

// verify finds the user with that password, if another try is free.
func (s *Service) verify(ctx context.Context, email, password string, client Client) (queries.User, tries, error) {
	user, err := s.q.ReadUserByEmail(ctx, s.pool, clip(email, maxEmail+1))
	known := err == nil
	if err != nil && !db.IsNoRows(err) {
		return user, nil, fmt.Errorf("read the user: %w", err)
	}
	if !known {
		user.PasswordHash = dummyHash()
	}
	device, err := s.deviceOf(ctx, user.ID, client)
	if err != nil {
		return user, nil, err
	}
	tries := triesOf(email, client, device)
	if err := s.take(ctx, tries, email, client); err != nil {
		return user, nil, err
	}
	user, err = s.match(ctx, user, known, password, client)
	if fault.Is(err, fault.Unavailable) { // nothing was tried
		err = errors.Join(err, s.giveBack(ctx, tries))
	}
	return user, tries, err
}

// match gives the user if the password is theirs. It works as long for a user who is not
// known.
func (s *Service) match(ctx context.Context, user queries.User, known bool, password string, client Client) (queries.User, error) {
	match, stale, err := s.hasher.verify(ctx, password, user.PasswordHash)
	if err != nil {
		return queries.User{}, fmt.Errorf("verify the password: %w", err)
	}
	if !known || !match {
		e := audit.Entry{Actor: audit.System, Address: client.Address, Action: audit.SignInFailed, Object: audit.UnknownUser}
		if known {
			e.Object = audit.User(user.ID)
		}
		if err := s.audit(ctx, s.pool, e); err != nil {
			return queries.User{}, err
		}
		return queries.User{}, errWrong()
	}
	if stale {
		return s.rehash(ctx, user, password)
	}
	return user, nil
}

func (s *Service) rehash(ctx context.Context, user queries.User, password string) (queries.User, error) {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return user, err
	}
	err = s.q.ReplacePasswordHash(ctx, s.pool, queries.ReplacePasswordHashParams{ID: user.ID, OldHash: user.PasswordHash, NewHash: hash})
	if err != nil {
		return user, fmt.Errorf("store the new hash: %w", err)
	}
	user.PasswordHash = hash
	return user, nil
}

// bucket is what tries are counted in.
type bucket struct {
	subject string // key of sign_in_failures
	free    int    // failures until tries have to wait
	account bool   // whatever the address
	address bool   // whatever the account
}

// tries are the buckets that one try is counted in. All go through them in the same order,
// so that two tries cannot wait for each other.
type tries []bucket

// triesOf gives the buckets of a try from the device, which is "" when it is not known.
func triesOf(email string, client Client, device string) tries {
	if device != "" {
		return tries{{subject: subject("device:", device), free: freeTries}}
	}
	account, address := strings.ToLower(email), network(client.Address)
	return tries{
		{subject: subject("account:", account), free: accountTries, account: true},
		{subject: subject("pair:", account+" "+address), free: freeTries},
		{subject: subject("address:", address), free: addressTries, address: true},
	}
}

func subject(kind, value string) string {
	sum := sha256.Sum256([]byte(kind + value))
	return kind + hex.EncodeToString(sum[:16])
}

// network is the whole of an IPv4 address and the /64 of an IPv6 address, which is what
// one subscriber has.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// take counts the try before it is made. A person who has a session from the same
// address is not held up by what others try against the account.
func (s *Service) take(ctx context.Context, t tries, email string, client Client) error {
	return db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		for _, b := range t {
			wait, err := s.takeOne(ctx, tx, b)
			if err != nil {
				return err
			}
			if wait > 0 && b.account {
				known, err := s.q.HasSessionFrom(ctx, tx, queries.HasSessionFromParams{Email: email, Address: client.Address, Now: s.now()})
				if err != nil {
					return fmt.Errorf("look for a session: %w", err)
				}
				if known {
					continue
				}
			}
			if wait > 0 {
				return errWait(wait)
			}
		}
		return nil
	})
}

func errWait(wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	return fault.New(fault.TooMany, "Too many failed sign-ins. Try again in %d %s.", seconds, unit).After(time.Duration(seconds) * time.Second)
}

// takeOne counts a try and gives 0, or gives how long to wait and counts nothing.
func (s *Service) takeOne(ctx context.Context, tx pgx.Tx, b bucket) (time.Duration, error) {
	now := s.now()
	_, err := s.q.TakeSignInAttempt(ctx, tx, queries.TakeSignInAttemptParams{
		Subject: b.subject, Now: now, Forgotten: now.Add(-forgetAfter), Free: int32(b.free), Longest: longestWait.Seconds(),
	})
	if err == nil {
		return 0, nil
	}
	if !db.IsNoRows(err) {
		return 0, fmt.Errorf("count the try: %w", err)
	}
	row, err := s.q.ReadSignInFailures(ctx, tx, b.subject)
	if err != nil {
		return 0, fmt.Errorf("read the tries: %w", err)
	}
	return max(row.LastAt.Add(waitAfter(int(row.Count), b.free)).Sub(now), time.Second), nil
}

// waitAfter is how long a subject waits after that many failures.
func waitAfter(count, free int) time.Duration {
	if count < free {
		return 0
	}
	return min(time.Second<<min(count-free, 30), longestWait)
}

// forgive is for a right password: account and device start anew, the address only gets
// this try back, so that one account of one's own does not buy tries at others.
func (s *Service) forgive(ctx context.Context, t tries) error {
	for _, b := range t {
		var err error
		if b.address {
			err = s.q.GiveBackSignInAttempt(ctx, s.pool, b.subject)
		} else {
			err = s.q.ForgetSignInFailures(ctx, s.pool, b.subject)
		}
		if err != nil {
			return fmt.Errorf("forget the failed tries: %w", err)
		}
	}
	return nil
}

func (s *Service) giveBack(ctx context.Context, t tries) error {
	for _, b := range t {
		if err := s.q.GiveBackSignInAttempt(ctx, s.pool, b.subject); err != nil {
			return fmt.Errorf("give the try back: %w", err)
		}
	}
	return nil
}

// ChangePassword sets a new password, ends every other session of the person, and gives
// this one a new token.
func (s *Service) ChangePassword(ctx context.Context, grant actor.Grant, current, next string) (Issued, error) {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return Issued{}, err
	}
	who := grant.Who()
	if message := passwordFault(next, who.Email); message != "" {
		return Issued{}, fault.AtField("password", "%s", message)
	}
	client := cleaned(who.Client)
	user, tries, err := s.verify(ctx, who.Email, current, client)
	if fault.Is(err, fault.Unauthenticated) {
		return Issued{}, fault.AtField("current", "This is not your present password.")
	}
	if err != nil {
		return Issued{}, err
	}
	if err := s.forgive(ctx, tries); err != nil {
		return Issued{}, err
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return Issued{}, err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		return s.setPassword(ctx, tx, user.ID, hash, audit.Entry{Actor: who.String(), Address: client.Address, Action: audit.PasswordChanged})
	})
	if err != nil {
		return Issued{}, err
	}
	s.endings.ring()
	return s.begin(ctx, user, client)
}

// setPassword stores the hash and ends all sessions of the user.
func (s *Service) setPassword(ctx context.Context, tx pgx.Tx, user id.User, hash string, e audit.Entry) error {
	if err := s.q.SetPasswordHash(ctx, tx, queries.SetPasswordHashParams{ID: user, PasswordHash: hash}); err != nil {
		return fmt.Errorf("set the password: %w", err)
	}
	ended, err := s.q.DropSessionsOfUser(ctx, tx, user)
	if err != nil {
		return fmt.Errorf("end the sessions: %w", err)
	}
	e.Object, e.Detail = audit.User(user), map[string]any{"sessions_ended": ended}
	return s.audit(ctx, tx, e)
}
