package script_test

import (
	"context"
	"testing"

	"picloud/db/dbtest"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/engine/seal"
	"picloud/engine/variable"
)

// got are the names and values that a script gets.
func got(t *testing.T, env *variable.Env) map[string]string {
	t.Helper()
	all := map[string]string{}
	for i := range env.Len() {
		name, _ := env.Name(i)
		value, err := env.Value(i)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = value
	}
	return all
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
}

// What a script is configured with is there at the next call, after a start without the database too.
func TestTableKnowsTheVariables(t *testing.T) {
	t.Parallel()
	w := begin(t)
	keys, err := seal.Open(seal.Generate(), "")
	if err != nil {
		t.Fatal(err)
	}
	variables := variable.NewService(w.pool, keys)
	set := func(script id.Script, changes ...variable.Change) {
		t.Helper()
		if _, err := variables.Set(t.Context(), w.write, script, changes); err != nil {
			t.Fatal(err)
		}
	}
	first, second := w.create(t, "first"), w.create(t, "second")
	w.publish(t, first, "export default () => 1")
	set(id.Script{}, variable.Change{Name: "A", Value: "1"}, variable.Change{Name: "TOKEN", Value: "of the app", Secret: true})
	set(second.ID, variable.Change{Name: "TOKEN", Value: "of its own", Secret: true}, variable.Change{Name: "B", Value: "2"})
	routes := script.NewTable(dbtest.WorkerPool(t, w.pool), keys, variable.NewUses())
	refresh(t, routes)
	live, _ := routes.Lookup("shop", "first")
	same(t, "live", got(t, live.Env()), map[string]string{"A": "1", "TOKEN": "of the app"})
	same(t, "not published", got(t, routes.Env(w.app.ID, second.ID)), map[string]string{"A": "1", "B": "2", "TOKEN": "of its own"})
	if routes.Env(id.New[id.App](), first.ID).Len() != 0 {
		t.Error("another app has variables")
	}
	if clean := live.Env().Secrets().Clean("x of its own, of the app"); clean != "x [redacted], [redacted]" {
		t.Errorf("%q: a script's log may tell another's secret", clean)
	}

	set(id.Script{}, variable.Change{Name: "A", Value: "changed"})
	if err := variables.Delete(t.Context(), w.write, id.Script{}, true, "TOKEN"); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	live, _ = routes.Lookup("shop", "first")
	same(t, "changed", got(t, live.Env()), map[string]string{"A": "changed"})

	folder, err := script.StartIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keepUntil(t, folder, routes, w)
	restored := script.NewTable(gone(t, w), keys, variable.NewUses())
	if err := restored.Restore(folder); err != nil {
		t.Fatal(err)
	}
	live, _ = restored.Lookup("shop", "first")
	same(t, "restored", got(t, live.Env()), map[string]string{"A": "changed"})
	same(t, "restored, not published", got(t, restored.Env(w.app.ID, second.ID)), map[string]string{"A": "changed", "B": "2", "TOKEN": "of its own"})
}

// keepUntil keeps a table in a folder until its programs are there too.
func keepUntil(t *testing.T, folder script.Start, routes *script.Table, w *world) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- folder.Keep(ctx, routes, script.NewPrograms(dbtest.WorkerPool(t, w.pool), "")) }()
	await(t, "kept", func() bool { return len(programs(t, folder)) == 1 })
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
