package pause_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/seal"
)

// world is an app, shop, and its scripts; a program is its source.
type world struct {
	*testing.T
	pool    *pgxpool.Pool
	scripts *script.Service
	pauses  *pause.Service
	system  *pause.System
	table   *script.Table
	shop    id.App
	owner   actor.Actor
	ids     map[string]id.Script
}

func begin(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, pool: dbtest.New(t), shop: id.New[id.App](), ids: map[string]id.Script{}}
	w.owner = actor.Actor{User: id.New[id.User](), Name: "anna", CanWrite: true}
	w.exec("INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'anna@example.com', 'anna', '')", w.owner.User)
	w.exec("INSERT INTO apps (id, slug, name) VALUES ($1, 'shop', 'Shop')", w.shop)
	w.scripts = script.NewService(w.pool, func(_ context.Context, in []bundle.Input) ([]bundle.Built, error) {
		source := in[0].Entry.Source
		return []bundle.Built{{Output: bundle.Output{Program: source, SourceMap: "{}", Hash: sha256.Sum256([]byte(source))}}}, nil
	})
	w.pauses = pause.NewService(w.pool)
	w.system = pause.NewSystem(w.pauses)
	w.table = script.NewTable(dbtest.WorkerPool(t, w.pool), &seal.Ring{}, nil)
	return w
}

func (w *world) exec(sql string, values ...any) {
	w.Helper()
	if _, err := w.pool.Exec(w.Context(), sql, values...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) may(capability actor.Capability) actor.Grant {
	w.Helper()
	grant, err := actor.Allow(w.owner, capability, w.shop)
	if err != nil {
		w.Fatal(err)
	}
	return grant
}

// publish makes a source live; what kills is told by its text.
func (w *world) publish(name, source string) {
	w.Helper()
	published, err := w.scripts.Put(w.Context(), w.may(actor.WriteScript), script.New{Name: name}, script.Publishing{Source: &source})
	if err != nil {
		w.Fatal(err)
	}
	w.ids[name] = published.Script.ID
}

// kills notes the death of a worker and tells whose run it was.
func (w *world) kills(name string, version int, source string, ago time.Duration) id.Execution {
	w.Helper()
	run := id.New[id.Execution]()
	err := w.system.Blame(w.Context(), pause.Death{
		Run:     execution.Identity{Execution: run, App: w.shop, Script: w.ids[name], ScriptName: name, Version: version},
		Program: sha256.Sum256([]byte(source)), Why: "It overflowed", At: time.Now().Add(-ago),
	})
	if err != nil {
		w.Fatal(err)
	}
	return run
}

func (w *world) list() pause.Pauses {
	w.Helper()
	all, err := w.pauses.List(w.Context(), w.may(actor.ReadApp))
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// says checks what the worker's table says of a live script.
func (w *world) says(name string, want script.Paused) {
	w.Helper()
	if err := w.table.Refresh(w.Context()); err != nil {
		w.Fatal(err)
	}
	if live, found := w.table.Lookup("shop", name); !found || live.Paused != want {
		w.Errorf("%s: %t %v, want %v", name, found, live.Paused, want)
	}
}

func TestThreeDeathsPauseAProgram(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.publish("evil", "evil")
	w.publish("good", "good")
	w.kills("evil", 1, "evil", time.Hour) // too long ago
	first := w.kills("evil", 1, "evil", 9*time.Minute)
	second := w.kills("evil", 1, "evil", time.Minute)
	if all := w.list(); len(all.Scripts) > 0 {
		t.Fatalf("paused too early: %+v", all)
	}
	third := w.kills("evil", 1, "evil", 0)
	all := w.list()
	if len(all.Scripts) != 1 || all.App != nil {
		t.Fatalf("got %+v", all)
	}
	got := all.Scripts[0]
	if got.Name != "evil" || got.Script != w.ids["evil"] || !got.Live || got.Version != 1 || got.Why != "It overflowed" || !slices.Equal(got.Runs, []id.Execution{third, second, first}) {
		t.Errorf("got %+v", got)
	}
	w.says("evil", script.ProgramPaused)
	w.says("good", script.NotPaused)
	if got := w.table.Paused(w.shop, sha256.Sum256([]byte("evil"))); got != script.ProgramPaused {
		t.Errorf("a draft of it: %v", got)
	}

	w.publish("evil", "mended")
	w.says("evil", script.NotPaused)
	if all := w.list(); len(all.Scripts) > 0 {
		t.Errorf("another source: %+v", all)
	}
	w.publish("evil", "evil")
	w.says("evil", script.ProgramPaused) // as it was

	if err := w.pauses.ReleaseScript(t.Context(), w.may(actor.WriteScript), w.ids["evil"]); err != nil {
		t.Fatal(err)
	}
	w.says("evil", script.NotPaused)
	w.kills("evil", 3, "evil", 0) // what was before counts no more
	w.says("evil", script.NotPaused)
	if err := w.pauses.ReleaseScript(t.Context(), w.may(actor.ReadApp), w.ids["evil"]); !fault.Is(err, fault.Denied) {
		t.Errorf("who may only read: %v", err)
	}
}

func TestADraftIsPaused(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.publish("evil", "good")
	for range 3 {
		w.kills("evil", 0, "bad draft", 0)
	}
	w.says("evil", script.NotPaused)
	if got := w.table.Paused(w.shop, sha256.Sum256([]byte("bad draft"))); got != script.ProgramPaused {
		t.Errorf("the draft: %v", got)
	}
	if all := w.list(); len(all.Scripts) != 1 || all.Scripts[0].Live {
		t.Errorf("got %+v", all)
	}
	draft, err := w.scripts.Draft(t.Context(), w.may(actor.WriteScript), w.ids["evil"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.scripts.SaveDraft(t.Context(), w.may(actor.WriteScript), w.ids["evil"], "better", draft.Revision); err != nil {
		t.Fatal(err)
	}
	if all := w.list(); len(all.Scripts) != 1 { // it may be taken back
		t.Errorf("after a change: %+v", all)
	}
	w.exec("UPDATE pauses SET at = at - interval '2 days'")
	if err := w.system.Trim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := w.list(); len(all.Scripts) != 0 {
		t.Errorf("days later: %+v", all)
	}
}

func TestThreeProgramsPauseTheApp(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.publish("good", "good")
	for _, name := range []string{"a", "b", "c"} {
		w.says("good", script.NotPaused)
		w.publish(name, name)
		for range 3 {
			w.kills(name, 1, name, 0)
		}
	}
	w.says("good", script.AppPaused)
	all := w.list()
	if all.App == nil || len(all.App.Runs) != 3 || len(all.Scripts) != 3 {
		t.Errorf("got %+v", all)
	}
	if err := w.pauses.ReleaseApp(t.Context(), w.may(actor.WriteScript)); !fault.Is(err, fault.Denied) {
		t.Errorf("who may not manage the app: %v", err)
	}
	if err := w.pauses.ReleaseApp(t.Context(), w.may(actor.ManageApp)); err != nil {
		t.Fatal(err)
	}
	w.says("good", script.NotPaused)
	w.says("a", script.ProgramPaused)
	if err := w.pauses.ReleaseApp(t.Context(), w.may(actor.ManageApp)); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A journal may be recovered twice; a run has died once.
func TestADeathCountsOnce(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.publish("evil", "evil")
	death := pause.Death{
		Run:     execution.Identity{Execution: id.New[id.Execution](), App: w.shop, Script: w.ids["evil"]},
		Program: sha256.Sum256([]byte("evil")), At: time.Now(),
	}
	if err := w.system.Blame(t.Context(), death, death, death, death); err != nil {
		t.Fatal(err)
	}
	w.says("evil", script.NotPaused)
	death.Run.App = id.New[id.App]()
	if err := w.system.Blame(t.Context(), death); err != nil {
		t.Errorf("an app that is gone: %v", err)
	}
}
