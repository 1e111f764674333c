package access

import (
	"strings"
	"testing"
	"time"

	"picloud/engine/fault"
	"picloud/engine/id"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	ctx, actor, _ := signedIn(t, s, "192.0.2.1")
	shop := addApp(t, s, "shop")
	expires := c.now().Add(time.Hour)
	secret, key, err := s.MakeKey(ctx, actor, NewKey{Name: " deploy ", Access: KeyReads, App: &shop, ExpiresAt: &expires})
	if err != nil {
		t.Fatal(err)
	}
	if !wellFormed(secret) || len(secret) != 4+43+1+6 || !strings.HasSuffix(secret, key.Last4) || key.Name != "deploy" {
		t.Errorf("key %q %+v", secret, key)
	}
	got, err := s.CheckKey(ctx, secret)
	if err != nil || got.CanWrite || got.App == nil || *got.App != shop || got.Key == nil || *got.Key != key.ID || got.User != actor.User {
		t.Fatalf("actor %+v, %v", got, err)
	}
	list, err := s.ListKeys(ctx, actor)
	if err != nil || len(list) != 1 || list[0].AppSlug != "shop" || list[0].LastUsed != nil {
		t.Fatalf("keys %+v, %v", list, err)
	}
	if err := s.flushUsedKeys(ctx); err != nil {
		t.Fatal(err)
	}
	if list, _ = s.ListKeys(ctx, actor); list[0].LastUsed == nil {
		t.Error("the use of the key is not noted")
	}
	_, _, err = s.MakeKey(ctx, got, NewKey{Name: "child", Access: KeyWrites}) // a key never makes keys
	wantKind(t, err, fault.Denied)

	lasting, second, err := s.MakeKey(ctx, actor, NewKey{Name: "lasting", Access: KeyWrites})
	if err != nil {
		t.Fatal(err)
	}
	c.forward(time.Hour)
	_, err = s.CheckKey(ctx, secret)
	expired := wantKind(t, err, fault.Unauthenticated)
	if err := s.RevokeKey(ctx, actor, second.ID); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{
		"revoked": lasting, "unknown": newSecret(), "empty": "", "shape": "pic_x", "checksum": lasting[:len(lasting)-1] + "!",
		"long": strings.Repeat("x", 1<<20),
	} {
		_, err := s.CheckKey(ctx, other)
		if f := wantKind(t, err, fault.Unauthenticated); f.Public != expired.Public {
			t.Errorf("%s: %q, expired says %q", name, f.Public, expired.Public)
		}
	}
	gone := fault.Of(s.RevokeKey(ctx, actor, second.ID))
	if never := fault.Of(s.RevokeKey(ctx, actor, id.New[id.Key]())); never.Kind != fault.NotFound || gone.Public != never.Public {
		t.Errorf("revoked %q, never there %q", gone.Public, never.Public)
	}
}

func TestNewKeyFaults(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	ctx, actor, _ := signedIn(t, s, "192.0.2.1")
	past, nowhere := c.now(), id.New[id.App]()
	_, _, err := s.MakeKey(ctx, actor, NewKey{Name: "a\x00b", Access: "all", App: &nowhere, ExpiresAt: &past})
	f := wantKind(t, err, fault.Invalid)
	var names []string
	for _, field := range f.Fields {
		names = append(names, field.Name)
	}
	if got := strings.Join(names, " "); got != "name access expires app" {
		t.Errorf("fields %q", got)
	}
}

func addApp(t *testing.T, s *Service, slug string) id.App {
	t.Helper()
	app := id.New[id.App]()
	if _, err := s.pool.Exec(t.Context(), "INSERT INTO apps (id, slug, name) VALUES ($1, $2, $2)", app, slug); err != nil {
		t.Fatal(err)
	}
	return app
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	own, foreign := id.New[id.App](), id.New[id.App]()
	key := id.New[id.Key]()
	user := id.New[id.User]()
	session := Actor{User: user, CanWrite: true}
	writes, reads := Actor{User: user, Key: &key, CanWrite: true}, Actor{User: user, Key: &key}
	boundWrites, boundReads := Actor{User: user, Key: &key, CanWrite: true, App: &own}, Actor{User: user, Key: &key, App: &own}
	const yes, no, hidden = "yes", "denied", "not found"
	for _, c := range []struct {
		capability Capability
		app        id.App
		want       [5]string // session, write key, read key, bound write key, bound read key
	}{
		{ReadApp, own, [5]string{yes, yes, yes, yes, yes}},
		{ReadApp, foreign, [5]string{yes, yes, yes, hidden, hidden}},
		{WriteScript, own, [5]string{yes, yes, no, yes, no}},
		{WriteScript, foreign, [5]string{yes, yes, no, hidden, hidden}},
		{ManageApp, own, [5]string{yes, yes, no, yes, no}},
		{ListApps, id.App{}, [5]string{yes, yes, yes, yes, yes}},
		{CreateApp, id.App{}, [5]string{yes, yes, no, no, no}},
		{ManageAccount, id.App{}, [5]string{yes, no, no, no, no}},
	} {
		for i, actor := range []Actor{session, writes, reads, boundWrites, boundReads} {
			got := yes
			switch err := Check(actor, c.capability, c.app); {
			case fault.Is(err, fault.Denied):
				got = no
			case fault.Is(err, fault.NotFound):
				got = hidden
			case err != nil:
				t.Fatal(err)
			}
			if got != c.want[i] {
				t.Errorf("capability %d, actor %d: %s, want %s", c.capability, i, got, c.want[i])
			}
		}
		if err := Check(Actor{}, c.capability, c.app); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("capability %d is open to nobody: %v", c.capability, err)
		}
	}
}
