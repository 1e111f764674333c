package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
)

const (
	ownerEmail    = "anna@example.org"
	ownerPassword = "violet harbour onion tram"
)

// clock is a moment that tests move by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newService(t *testing.T) (*Service, *clock) {
	t.Helper()
	c := &clock{at: time.Now().Truncate(time.Microsecond)}
	return New(dbtest.New(t), Config{Now: c.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}), c
}

// newOwned is a service with its owner.
func newOwned(t *testing.T) (*Service, *clock) {
	t.Helper()
	s, c := newService(t)
	if err := s.Bootstrap(t.Context(), ownerEmail, ownerPassword); err != nil {
		t.Fatalf("bootstrap: %v", err)
	}
	return s, c
}

func client(address string) Client { return Client{Address: address, Agent: "test"} }

// signedIn signs the owner in and gives the context and actor of their next request.
func signedIn(t *testing.T, s *Service, address string) (context.Context, Actor, Issued) {
	t.Helper()
	issued, err := s.SignIn(t.Context(), ownerEmail, ownerPassword, client(address))
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	ctx, actor, ok := resume(t, s, issued.Token)
	if !ok {
		t.Fatal("the session is not known after sign-in")
	}
	return ctx, actor, issued
}

func resume(t *testing.T, s *Service, token string) (context.Context, Actor, bool) {
	t.Helper()
	ctx, err := s.Load(t.Context(), token)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	actor, ok := s.Actor(ctx)
	return ctx, actor, ok
}

// granted lets somebody manage their own account.
func granted(who Actor) (actor.Grant, error) {
	return actor.Allow(who, actor.ManageAccount, id.App{})
}

func grantOf(t *testing.T, who Actor) actor.Grant {
	t.Helper()
	grant, err := granted(who)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

func wantKind(t *testing.T, err error, kind fault.Kind) *fault.Fault {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("got error %v, want kind %d", err, kind)
	}
	return fault.Of(err)
}

func audits(t *testing.T, s *Service) []string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), "SELECT actor, action, object, detail::text FROM audit ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var actor, action, object, detail string
		if err := rows.Scan(&actor, &action, &object, &detail); err != nil {
			t.Fatal(err)
		}
		list = append(list, action)
		for _, secret := range []string{ownerPassword, "pic_"} {
			if strings.Contains(actor+object+detail, secret) {
				t.Errorf("audit row of %q holds a secret", action)
			}
		}
	}
	return list
}

func TestSetup(t *testing.T) {
	t.Parallel()
	s, c := newService(t)
	ctx := t.Context()
	first, needed, err := s.NewSetupToken(ctx)
	if err != nil || !needed {
		t.Fatalf("first token: %v, %v", needed, err)
	}
	second, _, err := s.NewSetupToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.CheckSetup(ctx, first), fault.NotFound)
	for range 3 { // looking consumes nothing
		if err := s.CheckSetup(ctx, second); err != nil {
			t.Fatalf("check: %v", err)
		}
	}
	_, err = s.CompleteSetup(ctx, second, Newcomer{Email: "anna", Name: " ", Password: "short"}, client("192.0.2.1"))
	if f := wantKind(t, err, fault.Invalid); len(f.Fields) != 3 {
		t.Errorf("fields: %+v", f.Fields)
	}
	c.forward(SetupLifetime)
	wantKind(t, s.CheckSetup(ctx, second), fault.NotFound)
	third, _, err := s.NewSetupToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for email, password := range map[string]string{ownerEmail: "", "": ownerPassword, "no address": "short"} {
		if err := s.Bootstrap(ctx, email, password); err == nil || email != ownerEmail && !strings.Contains(err.Error(), "e-mail") {
			t.Errorf("bootstrap with %q, %q: %v", email, password, err)
		}
	}
	who := Newcomer{Email: ownerEmail, Name: "Anna", Password: ownerPassword}
	if _, err := s.CompleteSetup(ctx, third, who, client("192.0.2.1")); err != nil {
		t.Fatalf("complete: %v", err)
	}
	wantKind(t, s.CheckSetup(ctx, third), fault.Conflict)
	if _, needed, err := s.NewSetupToken(ctx); needed || err != nil {
		t.Errorf("a token is made although there is an owner: %v", err)
	}
	if err := s.Bootstrap(ctx, "x@example.org", "bad"); err != nil { // an owner is there
		t.Errorf("bootstrap is not inert: %v", err)
	}
}

func TestSetupAtOnceMakesOneOwner(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	token, _, err := s.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const people = 4
	results := make(chan error, people)
	for i := range people {
		go func() {
			who := Newcomer{Email: fmt.Sprintf("p%d@example.org", i), Name: "P", Password: ownerPassword}
			_, err := s.CompleteSetup(context.Background(), token, who, client("192.0.2.1"))
			results <- err
		}()
	}
	won := 0
	for range people {
		if err := <-results; err == nil {
			won++
		} else {
			wantKind(t, err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d set-ups made an owner", won)
	}
}

func TestSignInAndSessions(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	_, err := s.SignIn(t.Context(), "nobody@example.org", ownerPassword, client("192.0.2.1"))
	unknown := wantKind(t, err, fault.Unauthenticated)
	_, err = s.SignIn(t.Context(), ownerEmail, "wrong wrong wrong", client("192.0.2.1"))
	if wrong := wantKind(t, err, fault.Unauthenticated); wrong.Public != unknown.Public {
		t.Errorf("%q and %q tell unknown from wrong", wrong.Public, unknown.Public)
	}
	ctx, actor, one := signedIn(t, s, "192.0.2.1")
	if actor.Email != ownerEmail || actor.Name != "anna" || !actor.CanWrite || actor.Key != nil {
		t.Errorf("actor %+v", actor)
	}
	_, _, two := signedIn(t, s, "192.0.2.2")
	var stored int
	if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM sessions WHERE token_hash = $1", []byte(one.Token)).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("the token itself is stored: %d, %v", stored, err)
	}
	again, err := s.SignIn(ctx, "ANNA@example.org", ownerPassword, client("192.0.2.1")) // in the same browser
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := resume(t, s, one.Token); ok || again.Token == one.Token {
		t.Error("the old token lives on after a new sign-in")
	}
	_, actor, _ = resume(t, s, again.Token)
	list, err := s.ListSessions(t.Context(), grantOf(t, actor))
	if err != nil || len(list) != 2 {
		t.Fatalf("sessions %+v, %v", list, err)
	}
	if ended, err := s.RevokeOtherSessions(t.Context(), grantOf(t, actor)); err != nil || ended != 1 {
		t.Errorf("revoke others: %d, %v", ended, err)
	}
	if _, _, ok := resume(t, s, two.Token); ok {
		t.Error("a revoked session is let in")
	}
	wantKind(t, s.RevokeSession(t.Context(), grantOf(t, actor), id.New[id.Session]()), fault.NotFound)
	c.forward(IdleLifetime + time.Second)
	if _, _, ok := resume(t, s, again.Token); ok {
		t.Error("an idle session is let in")
	}
}

func TestSessionLifetimes(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	_, actor, issued := signedIn(t, s, "192.0.2.1")
	seen := func() time.Time {
		list, err := s.ListSessions(t.Context(), grantOf(t, actor))
		if err != nil || len(list) != 1 || !list[0].Current {
			t.Fatalf("sessions %+v, %v", list, err)
		}
		return list[0].LastSeen
	}
	first := seen()
	c.forward(touchEvery - time.Second)
	resume(t, s, issued.Token)
	if !seen().Equal(first) {
		t.Error("last use is written more than once a minute")
	}
	c.forward(time.Second)
	resume(t, s, issued.Token)
	if seen().Equal(first) {
		t.Error("last use is not written")
	}
	for range 29 {
		c.forward(IdleLifetime - time.Minute)
		if _, _, ok := resume(t, s, issued.Token); !ok {
			t.Fatal("a used session is not let in")
		}
	}
	c.forward(IdleLifetime - time.Minute)
	resume(t, s, issued.Token)
	c.forward(time.Hour)
	if _, _, ok := resume(t, s, issued.Token); ok {
		t.Error("a session outlives its absolute end")
	}
	if err := s.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSignOutAndNotice(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	ctx, actor, issued := signedIn(t, s, "192.0.2.1")
	if err := s.SetNotice(ctx, "Saved."); err != nil {
		t.Fatal(err)
	}
	next, _, _ := resume(t, s, issued.Token)
	for _, want := range []string{"Saved.", ""} {
		if got, err := s.TakeNotice(next); err != nil || got != want {
			t.Errorf("notice %q, %v, want %q", got, err, want)
		}
	}
	late, _, _ := resume(t, s, issued.Token) // a request under way while the session ends
	watched, stop := s.WhileSignedIn(t.Context(), actor.Session)
	defer stop()
	if err := s.SignOut(next, client("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-watched.Done():
	case <-time.After(30 * time.Second):
		t.Error("the open page does not learn that the session ended")
	}
	if err := s.SetNotice(late, "Back again."); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := resume(t, s, issued.Token); ok {
		t.Error("the session is let in after sign-out")
	}
	got := strings.Join(audits(t, s), ", ")
	if want := "set-up, sign-in, sign-out"; got != want {
		t.Errorf("audit %q, want %q", got, want)
	}
}

func TestParallelGuessesShareOneAllowance(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	const guesses = 12
	results := make(chan error, guesses)
	for range guesses {
		go func() {
			_, err := s.SignIn(context.Background(), ownerEmail, "wrong wrong wrong", client("192.0.2.1"))
			results <- err
		}()
	}
	tried := 0
	for range guesses {
		if err := <-results; fault.Is(err, fault.Unauthenticated) {
			tried++
		} else {
			wantKind(t, err, fault.TooMany)
		}
	}
	if tried != freeTries {
		t.Errorf("%d guesses were tried at once, %d are free", tried, freeTries)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	_, _, other := signedIn(t, s, "192.0.2.2")
	ctx, actor, own := signedIn(t, s, "192.0.2.1")
	const next = "granite pelican Tuesday 4"
	if f := wantKind(t, second(s.ChangePassword(ctx, grantOf(t, actor), "wrong wrong wrong", next)), fault.Invalid); f.Fields[0].Name != "current" {
		t.Errorf("fields %+v", f.Fields)
	}
	if f := wantKind(t, second(s.ChangePassword(ctx, grantOf(t, actor), ownerPassword, "passwordpassword1")), fault.Invalid); f.Fields[0].Name != "password" {
		t.Errorf("fields %+v", f.Fields)
	}
	issued, err := s.ChangePassword(ctx, grantOf(t, actor), ownerPassword, next)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"other": other.Token, "old own": own.Token} {
		if _, _, ok := resume(t, s, token); ok {
			t.Errorf("%s session lives on", name)
		}
	}
	if _, _, ok := resume(t, s, issued.Token); !ok {
		t.Error("the own session did not get a new token")
	}
	_, err = s.SignIn(t.Context(), ownerEmail, ownerPassword, client("192.0.2.1"))
	wantKind(t, err, fault.Unauthenticated)
}

func second(_ Issued, err error) error { return err }

func TestLocalCommands(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	_, _, before := signedIn(t, s, "192.0.2.1")
	password, err := s.ResetPassword(t.Context(), "Anna@Example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := resume(t, s, before.Token); ok {
		t.Error("a session outlives the reset")
	}
	if _, err := s.SignIn(t.Context(), ownerEmail, password, client("192.0.2.1")); err != nil {
		t.Errorf("sign in with the new password: %v", err)
	}
	_, err = s.ResetPassword(t.Context(), "nobody@example.org")
	wantKind(t, err, fault.NotFound)
	secret, _, err := s.MintKey(t.Context(), ownerEmail, 30*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if actor, err := s.CheckKey(t.Context(), secret); err != nil || !actor.CanWrite || actor.App != nil {
		t.Errorf("key: %+v, %v", actor, err)
	}
	c.forward(30 * 24 * time.Hour)
	_, err = s.CheckKey(t.Context(), secret)
	wantKind(t, err, fault.Unauthenticated)
	if got, want := strings.Join(audits(t, s), ", "), "set-up, sign-in, password reset, sign-in, key made"; got != want {
		t.Errorf("audit %q, want %q", got, want)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	secret, key, err := s.MintKey(t.Context(), ownerEmail, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CheckKey(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stop"))
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	var used *time.Time
	if err := s.pool.QueryRow(t.Context(), "SELECT last_used_at FROM api_keys WHERE id = $1", key.ID).Scan(&used); err != nil || used == nil {
		t.Errorf("last use after the end: %v, %v", used, err)
	}
}
