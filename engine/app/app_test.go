package app_test

import (
	"strings"
	"sync"
	"testing"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/fault"
	"picloud/engine/id"
)

func someone() actor.Actor {
	return actor.Actor{User: id.New[id.User](), Name: "Ada", CanWrite: true, Client: actor.Client{Address: "192.0.2.1"}}
}

func may(t *testing.T, who actor.Actor, capability actor.Capability, in id.App) actor.Grant {
	t.Helper()
	grant, err := actor.Allow(who, capability, in)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// create is a grant of somebody to make apps.
func create(t *testing.T) actor.Grant {
	t.Helper()
	return may(t, someone(), actor.CreateApp, id.App{})
}

func TestAppsAreMadeFoundAndListed(t *testing.T) {
	t.Parallel()
	apps := app.New(dbtest.New(t))
	ada := someone()
	made, err := apps.Create(t.Context(), may(t, ada, actor.CreateApp, id.App{}), app.Naming{Name: "  Café Straße "})
	if err != nil || made.Slug != "cafe-strasse" || made.Name != "Café Straße" {
		t.Fatalf("%+v, %v", made, err)
	}
	explicit, err := apps.Create(t.Context(), may(t, ada, actor.CreateApp, id.App{}), app.Naming{Name: "Another", Slug: "other"})
	if err != nil || explicit.Slug != "other" {
		t.Fatalf("%+v, %v", explicit, err)
	}
	found, err := apps.Find(t.Context(), create(t), "cafe-strasse")
	if err != nil || found.ID != made.ID {
		t.Errorf("%+v, %v", found, err)
	}
	all, err := apps.List(t.Context(), may(t, ada, actor.ListApps, id.App{}))
	if err != nil || len(all) != 2 || all[0].Slug != "other" {
		t.Errorf("%+v, %v", all, err)
	}
	ada.App = &made.ID
	if own, err := apps.List(t.Context(), may(t, ada, actor.ListApps, id.App{})); err != nil || len(own) != 1 || own[0].ID != made.ID {
		t.Errorf("a key of one app sees %+v, %v", own, err)
	}
	if _, err := apps.Find(t.Context(), create(t), "nothing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := apps.Get(t.Context(), may(t, someone(), actor.ReadApp, id.New[id.App]())); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

func TestBadNamingsNameTheirField(t *testing.T) {
	t.Parallel()
	apps := app.New(dbtest.New(t))
	cases := []struct {
		naming app.Naming
		field  string
		says   string
	}{
		{app.Naming{}, "name", "needed"},
		{app.Naming{Name: strings.Repeat("ü", 81)}, "name", "81 characters; the limit is 80"},
		{app.Naming{Name: "a\nb"}, "name", "cannot be shown"},
		{app.Naming{Name: "日本"}, "slug", "No address"},
		{app.Naming{Name: "API"}, "slug", "reserved"},
		{app.Naming{Name: "x", Slug: "Big"}, "slug", `'B'`},
		{app.Naming{Name: "x", Slug: ".."}, "slug", `'.'`},
		{app.Naming{Name: "x", Slug: strings.Repeat("a", 64)}, "slug", "64"},
	}
	for _, c := range cases {
		_, err := apps.Create(t.Context(), create(t), c.naming)
		f := fault.Of(err)
		if f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != c.field || !strings.Contains(f.Fields[0].Message, c.says) {
			t.Errorf("%+v: %+v", c.naming, f)
		}
	}
}

func TestRenamedAppsLeaveARedirect(t *testing.T) {
	t.Parallel()
	apps := app.New(dbtest.New(t))
	first, err := apps.Create(t.Context(), create(t), app.Naming{Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := apps.Rename(t.Context(), may(t, someone(), actor.ManageApp, first.ID), app.Naming{Name: "Uno", Slug: "uno"})
	if err != nil || renamed.Slug != "uno" || renamed.Name != "Uno" {
		t.Fatalf("%+v, %v", renamed, err)
	}
	if found, err := apps.Find(t.Context(), create(t), "one"); err != nil || found.Slug != "uno" {
		t.Errorf("%+v, %v", found, err)
	}
	second, err := apps.Create(t.Context(), create(t), app.Naming{Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := apps.Find(t.Context(), create(t), "one"); err != nil || found.ID != second.ID {
		t.Errorf("a used slug still leads to the old app: %+v, %v", found, err)
	}
	_, err = apps.Rename(t.Context(), may(t, someone(), actor.ManageApp, second.ID), app.Naming{Name: "One", Slug: "uno"})
	if f := fault.Of(err); f.Kind != fault.Conflict || len(f.Fields) != 1 || f.Fields[0].Name != "slug" {
		t.Errorf("%v", err)
	}
	if same, err := apps.Rename(t.Context(), may(t, someone(), actor.ManageApp, second.ID), app.Naming{Name: "Only the name"}); err != nil || same.Slug != "one" {
		t.Errorf("%+v, %v", same, err)
	}
	back, err := apps.Rename(t.Context(), may(t, someone(), actor.ManageApp, first.ID), app.Naming{Name: "Uno", Slug: "tre"})
	if err != nil || back.Slug != "tre" {
		t.Fatal(err)
	}
	if found, err := apps.Find(t.Context(), create(t), "uno"); err != nil || found.ID != first.ID {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestOneOfTwoTakesASlug(t *testing.T) {
	t.Parallel()
	apps := app.New(dbtest.New(t))
	grant, errs := create(t), make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = apps.Create(t.Context(), grant, app.Naming{Name: "Same"}) })
	}
	all.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !fault.Is(err, fault.Conflict) {
			t.Errorf("%v", err)
		}
	}
	if made != 1 {
		t.Errorf("%d apps were made", made)
	}
}

func TestAGrantThatIsTooSmallIsRefused(t *testing.T) {
	t.Parallel()
	apps, ada := app.New(dbtest.New(t)), someone()
	shop, err := apps.Create(t.Context(), create(t), app.Naming{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	none := actor.Grant{}
	lists, reads, writes := may(t, ada, actor.ListApps, id.App{}), may(t, ada, actor.ReadApp, shop.ID), may(t, ada, actor.WriteScript, shop.ID)
	makes, manages := may(t, ada, actor.CreateApp, id.App{}), may(t, ada, actor.ManageApp, shop.ID)
	for name, c := range map[string]struct {
		try     func(actor.Grant) error
		refused []actor.Grant
	}{
		"create": {
			func(g actor.Grant) error { _, err := apps.Create(t.Context(), g, app.Naming{Name: "X"}); return err },
			[]actor.Grant{lists, reads, writes, manages},
		},
		"rename": {
			func(g actor.Grant) error { _, err := apps.Rename(t.Context(), g, app.Naming{Name: "X"}); return err },
			[]actor.Grant{lists, reads, writes, makes},
		},
		"get":  {func(g actor.Grant) error { _, err := apps.Get(t.Context(), g); return err }, []actor.Grant{lists, makes}},
		"list": {func(g actor.Grant) error { _, err := apps.List(t.Context(), g); return err }, nil},
		"find": {func(g actor.Grant) error { _, err := apps.Find(t.Context(), g, "shop"); return err }, nil},
	} {
		if err := c.try(none); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s with no grant: %v", name, err)
		}
		for i, grant := range c.refused {
			if err := c.try(grant); !fault.Is(err, fault.Denied) {
				t.Errorf("%s with grant %d: %v", name, i, err)
			}
		}
	}
}

// An app that a key may not know of is as absent as one that is not there.
func TestABoundKeyFindsItsAppOnly(t *testing.T) {
	t.Parallel()
	apps, key := app.New(dbtest.New(t)), someone()
	for _, name := range []string{"Own", "Foreign"} {
		made, err := apps.Create(t.Context(), create(t), app.Naming{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if name == "Own" {
			key.App = &made.ID
		}
	}
	bound := may(t, key, actor.ListApps, id.App{})
	if own, err := apps.Find(t.Context(), bound, "own"); err != nil || own.Name != "Own" {
		t.Errorf("%+v, %v", own, err)
	}
	_, foreign := apps.Find(t.Context(), bound, "foreign")
	_, missing := apps.Find(t.Context(), bound, "missing")
	if !fault.Is(foreign, fault.NotFound) || fault.Of(foreign).Public != fault.Of(missing).Public {
		t.Errorf("%v, %v", foreign, missing)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apps := app.New(pool)
	ada := someone()
	made, err := apps.Create(t.Context(), may(t, ada, actor.CreateApp, id.App{}), app.Naming{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := apps.Rename(t.Context(), may(t, ada, actor.ManageApp, made.ID), app.Naming{Name: "Shop", Slug: "store"}); err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(t.Context(), `WITH u AS (INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'ada@example.com', 'Ada', '') RETURNING id)
INSERT INTO api_keys (id, user_id, app_id, name, hash, last4, access) SELECT $2, id, $3, 'ci', '', '', 'write' FROM u`, ada.User, id.New[id.Key](), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	grant := may(t, ada, actor.DeleteApp, made.ID)
	if with, err := apps.Contents(t.Context(), grant); err != nil || with != (app.Contents{Keys: 1}) {
		t.Errorf("%+v, %v", with, err)
	}
	if err := apps.Delete(t.Context(), grant, "shop"); fault.Of(err).Kind != fault.Invalid || fault.Of(err).Fields[0].Name != "slug" {
		t.Errorf("%v", err)
	}
	if err := apps.Delete(t.Context(), may(t, ada, actor.ManageApp, made.ID), "store"); !fault.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if err := apps.Delete(t.Context(), grant, "store"); err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"store", "shop"} {
		if _, err := apps.Find(t.Context(), create(t), slug); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", slug, err)
		}
	}
	if err := apps.Delete(t.Context(), grant, "store"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	var keys, audited, changes int
	err = pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM api_keys), (SELECT count(*) FROM audit WHERE action = 'app deleted' AND object = $1),
(SELECT count(*) FROM change_log WHERE app_id = $2)`, "app:"+made.ID.String(), made.ID).Scan(&keys, &audited, &changes)
	if err != nil || keys != 0 || audited != 1 || changes != 3 {
		t.Errorf("%d keys, %d audit rows, %d changes, %v", keys, audited, changes, err)
	}
	if _, err := apps.Create(t.Context(), create(t), app.Naming{Name: "Store"}); err != nil {
		t.Errorf("the address is not free again: %v", err)
	}
}
