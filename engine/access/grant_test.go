package access

import (
	"testing"

	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
)

// What is about the account itself is refused to every grant of something else.
func TestAGrantThatIsTooSmallIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := newOwned(t)
	ctx, who, _ := signedIn(t, s, "192.0.2.1")
	_, other, _ := signedIn(t, s, "192.0.2.2")
	_, key, err := s.MakeKey(ctx, grantOf(t, who), NewKey{Name: "deploy", Access: KeyWrites})
	if err != nil {
		t.Fatal(err)
	}
	grants := map[string]actor.Grant{"zero": {}}
	for name, capability := range map[string]actor.Capability{"list apps": actor.ListApps, "create app": actor.CreateApp} {
		if grants[name], err = actor.Allow(who, capability, id.App{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, capability := range map[string]actor.Capability{"read": actor.ReadApp, "write": actor.WriteScript, "manage": actor.ManageApp} {
		if grants[name], err = actor.Allow(who, capability, id.New[id.App]()); err != nil {
			t.Fatal(err)
		}
	}
	for name, grant := range grants {
		want := fault.Denied
		if name == "zero" {
			want = fault.Unauthenticated
		}
		for what, try := range map[string]func() error{
			"make a key":            func() error { _, _, err := s.MakeKey(ctx, grant, NewKey{Name: "x", Access: KeyReads}); return err },
			"list keys":             func() error { _, err := s.ListKeys(ctx, grant); return err },
			"revoke a key":          func() error { return s.RevokeKey(ctx, grant, key.ID) },
			"list sessions":         func() error { _, err := s.ListSessions(ctx, grant); return err },
			"revoke a session":      func() error { return s.RevokeSession(ctx, grant, other.Session) },
			"revoke other sessions": func() error { _, err := s.RevokeOtherSessions(ctx, grant); return err },
			"change the password": func() error {
				_, err := s.ChangePassword(ctx, grant, ownerPassword, "another harbour onion tram")
				return err
			},
		} {
			if err := try(); !fault.Is(err, want) {
				t.Errorf("%s with a grant to %s: %v", what, name, err)
			}
		}
	}
}
