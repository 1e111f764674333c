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
	secret, key, err := s.MakeKey(ctx, grantOf(t, actor), NewKey{Name: " deploy ", Access: KeyReads, App: &shop, ExpiresAt: &expires})
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
	list, err := s.ListKeys(ctx, grantOf(t, actor))
	if err != nil || len(list) != 1 || list[0].AppSlug != "shop" || list[0].LastUsed != nil {
		t.Fatalf("keys %+v, %v", list, err)
	}
	if err := s.flushUsedKeys(ctx); err != nil {
		t.Fatal(err)
	}
	if list, _ = s.ListKeys(ctx, grantOf(t, actor)); list[0].LastUsed == nil {
		t.Error("the use of the key is not noted")
	}
	_, err = granted(got) // a key never makes keys
	wantKind(t, err, fault.Denied)

	lasting, second, err := s.MakeKey(ctx, grantOf(t, actor), NewKey{Name: "lasting", Access: KeyWrites})
	if err != nil {
		t.Fatal(err)
	}
	c.forward(time.Hour)
	_, err = s.CheckKey(ctx, secret)
	expired := wantKind(t, err, fault.Unauthenticated)
	if err := s.RevokeKey(ctx, grantOf(t, actor), second.ID); err != nil {
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
	gone := fault.Of(s.RevokeKey(ctx, grantOf(t, actor), second.ID))
	if never := fault.Of(s.RevokeKey(ctx, grantOf(t, actor), id.New[id.Key]())); never.Kind != fault.NotFound || gone.Public != never.Public {
		t.Errorf("revoked %q, never there %q", gone.Public, never.Public)
	}
}

func TestNewKeyFaults(t *testing.T) {
	t.Parallel()
	s, c := newOwned(t)
	ctx, actor, _ := signedIn(t, s, "192.0.2.1")
	past, nowhere := c.now(), id.New[id.App]()
	_, _, err := s.MakeKey(ctx, grantOf(t, actor), NewKey{Name: "a\x00b", Access: "all", App: &nowhere, ExpiresAt: &past})
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
