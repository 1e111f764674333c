package access

import (
	"strings"
	"testing"
	"time"
)

// Who may come in does not change without a row of the audit table.
func TestNothingChangesUnaudited(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	ctx, actor, _ := signedIn(t, s, "192.0.2.1")
	_, other, _ := signedIn(t, s, "192.0.2.2")
	wanted := NewKey{Name: "deploy", Access: KeyWrites}
	secret, key, err := s.MakeKey(ctx, grantOf(t, actor), wanted)
	if err != nil {
		t.Fatal(err)
	}
	grant := grantOf(t, actor)
	if _, err := s.pool.Exec(t.Context(), "ALTER TABLE audit RENAME TO elsewhere"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func() error{
		"make a key":            func() error { _, _, err := s.MakeKey(ctx, grant, wanted); return err },
		"revoke a key":          func() error { return s.RevokeKey(ctx, grant, key.ID) },
		"revoke a session":      func() error { return s.RevokeSession(ctx, grant, other.Session) },
		"revoke other sessions": func() error { _, err := s.RevokeOtherSessions(ctx, grant); return err },
		"sign in": func() error {
			_, err := s.SignIn(t.Context(), ownerEmail, ownerPassword, client("192.0.2.3"))
			return err
		},
		"sign out": func() error { return s.SignOut(ctx, client("192.0.2.1")) },
	} {
		if change() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := s.CheckKey(t.Context(), secret); err != nil {
		t.Errorf("the key is revoked: %v", err)
	}
	sessions, err := s.ListSessions(ctx, grant)
	keys, keysErr := s.ListKeys(ctx, grant)
	if err != nil || keysErr != nil || len(sessions) != 2 || len(keys) != 1 {
		t.Errorf("%d sessions, %d keys, %v, %v", len(sessions), len(keys), err, keysErr)
	}
}

func TestOldFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	if _, err := s.SignIn(t.Context(), ownerEmail, "wrong wrong wrong", client("192.0.2.1")); err == nil {
		t.Fatal("a wrong password is let in")
	}
	for _, want := range []string{"set-up, sign-in failed", "set-up"} {
		if err := s.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(audits(t, s), ", "); got != want {
			t.Errorf("audit %q, want %q", got, want)
		}
		c.forward(keptFailures + 24*time.Hour)
	}
}
