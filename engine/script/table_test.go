package script_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/execution"
	"picloud/engine/id"
	"picloud/engine/script"
	"picloud/engine/seal"
)

func table(t *testing.T, w *world) *script.Table {
	t.Helper()
	made := script.NewTable(dbtest.WorkerPool(t, w.pool), &seal.Ring{}, nil)
	if err := made.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return made
}

func refresh(t *testing.T, table *script.Table) {
	t.Helper()
	if err := table.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTableFollowsChanges(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	known := w.create(t, "known")
	w.publish(t, known, "export default () => 'one'")
	w.create(t, "unpublished")
	routes := table(t, w)
	live, found := routes.Lookup("shop", "known")
	if !found || live.Version != 1 || live.AppSlug != "shop" || live.Script != known.ID || live.App != w.app.ID || live.Capture != execution.CaptureHeads {
		t.Fatalf("%+v, %t", live, found)
	}
	if _, found := routes.Lookup("shop", "unpublished"); found {
		t.Error("a script without a version is live")
	}
	w.publish(t, known, "export default () => 'two'")
	if _, err := w.scripts.Describe(ctx, w.write, known.ID, script.Settings{Capture: execution.CaptureOff}); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	second, _ := routes.Lookup("shop", "known")
	if second.Version != 2 || second.Hash == live.Hash || second.Capture != execution.CaptureOff {
		t.Errorf("%+v", second)
	}
	if _, err := w.scripts.MakeLive(ctx, w.write, known.ID, 1, "", script.Follow{}); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	if back, _ := routes.Lookup("shop", "known"); back.Version != 1 || back.Hash != live.Hash {
		t.Errorf("%+v", back)
	}
	programs := script.NewPrograms(dbtest.WorkerPool(t, w.pool), "")
	program, err := programs.Load(ctx, live.VersionID, live.Hash)
	if err != nil || !strings.HasPrefix(program, "(()=>{") {
		t.Errorf("%.40s, %v", program, err)
	}
	if text, err := programs.LoadSourceMap(ctx, live.VersionID); err != nil || !strings.Contains(text, "known.ts") {
		t.Errorf("%s, %v", text, err)
	}
	if err := w.scripts.Delete(ctx, w.write, known.ID, "known"); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	if _, found := routes.Lookup("shop", "known"); found || routes.Size() != 0 {
		t.Error("a deleted script is live")
	}
}

// Who does not find what another node has just published makes the table look again.
func TestTableRechecks(t *testing.T) {
	t.Parallel()
	w := begin(t)
	routes := table(t, w)
	if routes.Recheck(t.Context()) {
		t.Error("something changed while nothing did")
	}
	w.publish(t, w.create(t, "late"), "export default () => 'late'")
	for until := time.Now().Add(30 * time.Second); ; {
		routes.Recheck(t.Context())
		if _, found := routes.Lookup("shop", "late"); found {
			break
		}
		if time.Now().After(until) {
			t.Fatal("never looked again")
		}
	}
}

func TestTableKnowsOldNames(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	s := w.create(t, "before")
	w.publish(t, s, "export default () => 1")
	other, err := w.apps.Create(ctx, w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	routes := table(t, w)
	if _, err := w.scripts.Rename(ctx, w.write, s.ID, "after"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.apps.Rename(ctx, w.may(t, actor.ManageApp, w.app.ID), app.Naming{Name: "Store", Slug: "store"}); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	for _, try := range [][2]string{{"store", "before"}, {"shop", "before"}, {"shop", "after"}} {
		if _, found := routes.Lookup(try[0], try[1]); found {
			t.Errorf("%v is found", try)
		}
		if slug, name, found := routes.Moved(try[0], try[1]); !found || slug != "store" || name != "after" {
			t.Errorf("%v moved to %s/%s, %t", try, slug, name, found)
		}
	}
	if live, found := routes.Lookup("store", "after"); !found || live.AppSlug != "store" || live.Name != "after" {
		t.Errorf("%+v, %t", live, found)
	}
	if _, _, found := routes.Moved("shop", "never"); found {
		t.Error("a name that never was has moved")
	}
	w.app, w.write = other, w.may(t, actor.WriteScript, other.ID)
	again := w.create(t, "before")
	w.publish(t, again, "export default () => 2")
	if _, err := w.apps.Rename(ctx, w.may(t, actor.ManageApp, other.ID), app.Naming{Name: "Shop", Slug: "shop"}); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	if live, found := routes.Lookup("shop", "before"); !found || live.Script != again.ID {
		t.Errorf("%+v, %t", live, found)
	}
	if _, _, found := routes.Moved("shop", "after"); found {
		t.Error("a reused slug still leads away")
	}
}

func TestOldChangesAreDropped(t *testing.T) {
	t.Parallel()
	w := begin(t)
	s := w.create(t, "s")
	routes := table(t, w)
	if _, err := w.pool.Exec(t.Context(), "UPDATE change_log SET at = now() - interval '2 days'"); err != nil {
		t.Fatal(err)
	}
	w.publish(t, s, "export default () => 1")
	if err := script.NewSystem(w.pool, builder(t)).TrimChanges(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM change_log").Scan(&left); err != nil || left != 1 {
		t.Errorf("%d changes are left, %v", left, err)
	}
	refresh(t, routes)
	if live, _ := routes.Lookup("shop", "s"); live.Version != 1 {
		t.Errorf("%+v", live)
	}
}

// A change whose number is lower may be committed after one with a higher number.
func TestTableSeesLateCommits(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	a, b := w.create(t, "a"), w.create(t, "b")
	w.publish(t, a, "export default () => 1")
	w.publish(t, b, "export default () => 1")
	w.publish(t, a, "export default () => 2")
	routes := table(t, w)
	late, err := w.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(ctx, "INSERT INTO change_log (app_id) VALUES ($1)", w.app.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(ctx, "UPDATE scripts SET live_version = 1 WHERE id = $1", a.ID); err != nil {
		t.Fatal(err)
	}
	w.publish(t, b, "export default () => 2")
	refresh(t, routes)
	if live, _ := routes.Lookup("shop", "b"); live.Version != 2 {
		t.Errorf("%+v", live)
	}
	if err := late.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	if live, _ := routes.Lookup("shop", "a"); live.Version != 1 {
		t.Errorf("%+v", live)
	}
}

// await asks until it is so; there is no signal for "a table has noticed".
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("not within 20 s: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestRunHearsOfChangesAndSurvivesLostConnections(t *testing.T) {
	t.Parallel()
	w := begin(t)
	s := w.create(t, "s")
	routes := script.NewTable(dbtest.WorkerPool(t, w.pool), &seal.Ring{}, nil)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := routes.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	version := func(n int) func() bool {
		return func() bool { live, _ := routes.Lookup("shop", "s"); return live.Version == n }
	}
	w.publish(t, s, "export default () => 1")
	await(t, "first version", version(1))
	published := time.Now()
	w.publish(t, s, "export default () => 2")
	await(t, "second version", version(2))
	t.Logf("publish and notice took %s", time.Since(published))
	if _, err := w.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%change_log WHERE id%' AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	if live, found := routes.Lookup("shop", "s"); !found || live.Version != 2 {
		t.Error("the table forgot what it knew")
	}
	w.publish(t, s, "export default () => 3")
	await(t, "third version", version(3))
	// Without a notice the change log is read all the same.
	if _, err := w.pool.Exec(t.Context(), "WITH c AS (INSERT INTO change_log (app_id) VALUES ($1)) UPDATE scripts SET live_version = 1 WHERE id = $2", w.app.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	await(t, "first version again", version(1))
	stop()
	running.Wait()
}

func TestTenThousandScriptsAreAFewMegabytes(t *testing.T) { // not parallel: others' memory would be measured too
	w := begin(t)
	_, err := w.pool.Exec(t.Context(), `
WITH s AS (INSERT INTO scripts (id, app_id, name, language, live_version)
  SELECT gen_random_uuid(), $1, 'script-' || n, 'typescript', 1 FROM generate_series(1, 10000) n RETURNING id, name)
, t AS (INSERT INTO sources (app_id, hash, source) VALUES ($1, '', '')),
  p AS (INSERT INTO programs (app_id, hash, program) SELECT $1, sha256(name::bytea), '' FROM s)
INSERT INTO script_versions (id, app_id, script_id, number, language, source_hash, source_map, hash, inputs, origin, author)
SELECT gen_random_uuid(), $1, id, 1, 'typescript', '', '', sha256(name::bytea), '', 1, '' FROM s`, w.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	routes := script.NewTable(dbtest.WorkerPool(t, w.pool), &seal.Ring{}, nil)
	var before, after runtime.MemStats
	measure := func(into *runtime.MemStats) {
		runtime.GC()
		runtime.GC() // what pools let go of in the first is freed in the second
		runtime.ReadMemStats(into)
	}
	measure(&before)
	refresh(t, routes)
	measure(&after)
	if live, found := routes.Lookup("shop", "script-9999"); !found || live.Version != 1 || routes.Size() != 10000 {
		t.Errorf("%+v", live)
	}
	grown := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	if t.Logf("%d MiB", grown); grown > 10 {
		t.Errorf("the table takes %d MiB", grown)
	}
}
