package script_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/js"
	"picloud/engine/script"
)

// The test binary is its own build child.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "build" {
		if bundle.Main(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		return
	}
	js.SetUp()
	os.Exit(m.Run())
}

// world is a database with one app and one person.
type world struct {
	pool    *pgxpool.Pool
	apps    *app.Service
	scripts *script.Service
	app     app.App
	ada     actor.Actor
	write   actor.Grant // of WriteScript in the app
}

// may is a grant of the person.
func (w *world) may(t *testing.T, capability actor.Capability, in id.App) actor.Grant {
	t.Helper()
	grant, err := actor.Allow(w.ada, capability, in)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

func builder(t *testing.T) script.Builder {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return bundle.NewChildren(executable, nil).BuildAll
}

func begin(t *testing.T) *world {
	t.Helper()
	pool := dbtest.New(t)
	w := &world{pool: pool, apps: app.New(pool), scripts: script.NewService(pool, builder(t))}
	w.ada = actor.Actor{User: id.New[id.User](), Name: "Ada", CanWrite: true, Client: actor.Client{Address: "192.0.2.1"}}
	if _, err := pool.Exec(t.Context(), "INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'ada@example.com', 'Ada', '')", w.ada.User); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.app, err = w.apps.Create(t.Context(), w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Shop"}); err != nil {
		t.Fatal(err)
	}
	w.write = w.may(t, actor.WriteScript, w.app.ID)
	return w
}

func (w *world) create(t *testing.T, name string) script.Script {
	t.Helper()
	made, err := w.scripts.Create(t.Context(), w.write, script.New{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) publish(t *testing.T, s script.Script, source string) script.Published {
	t.Helper()
	published, err := w.scripts.Publish(t.Context(), w.write, s.ID, script.Publishing{Source: &source, Note: "note of " + source})
	if err != nil {
		t.Fatal(err)
	}
	return published
}

func TestDraftPublishAndBack(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	made := w.create(t, "greet")
	if made.LiveVersion != 0 || !made.DraftChanged || made.Revision != 1 || made.File() != "greet.ts" || !made.PublishedAt.IsZero() {
		t.Errorf("%+v", made)
	}
	first, err := w.scripts.Publish(ctx, w.write, made.ID, script.Publishing{Note: " first "})
	if err != nil || first.Version != 1 || first.Script.DraftChanged || first.Script.PublishedBy != "Ada" {
		t.Fatalf("%+v, %v", first, err)
	}
	draft, err := w.scripts.SaveDraft(ctx, w.write, made.ID, "export default () => 'two'", 1)
	if err != nil || draft.Revision != 2 || draft.BaseVersion != 1 || draft.SavedBy != "Ada" {
		t.Fatalf("%+v, %v", draft, err)
	}
	if s, err := w.scripts.Find(ctx, w.write, "greet"); err != nil || !s.DraftChanged || s.LiveVersion != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if second, err := w.scripts.Publish(ctx, w.write, made.ID, script.Publishing{}); err != nil || second.Version != 2 {
		t.Fatalf("%+v, %v", second, err)
	}
	again, err := w.scripts.Publish(ctx, w.write, made.ID, script.Publishing{})
	if err != nil || !again.Unchanged || again.Version != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	back, err := w.scripts.MakeLive(ctx, w.write, made.ID, 1, "two was bad", script.Follow{})
	if err != nil || back.Script.LiveVersion != 1 {
		t.Fatalf("%+v, %v", back, err)
	}
	var before, after int
	deployments := func(n *int) {
		if err := w.pool.QueryRow(ctx, "SELECT count(*) FROM deployments").Scan(n); err != nil {
			t.Fatal(err)
		}
	}
	deployments(&before)
	if same, err := w.scripts.MakeLive(ctx, w.write, made.ID, 1, "", script.Follow{}); err != nil || same.Script.LiveVersion != 1 {
		t.Errorf("%+v, %v", same, err)
	}
	if deployments(&after); after != before {
		t.Errorf("making the live version live again was a deployment")
	}
	for _, number := range []int{0, -1, 3, 1 << 40} {
		if _, err := w.scripts.MakeLive(ctx, w.write, made.ID, number, "", script.Follow{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("version %d: %v", number, err)
		}
		if _, err := w.scripts.Version(ctx, w.write, made.ID, number); !fault.Is(err, fault.NotFound) {
			t.Errorf("version %d: %v", number, err)
		}
	}
	checkHistory(t, w, made)
}

func checkHistory(t *testing.T, w *world, made script.Script) {
	t.Helper()
	versions, more, err := w.scripts.Versions(t.Context(), w.write, made.ID, 0, 1)
	if err != nil || !more || len(versions) != 1 || versions[0].Number != 2 || versions[0].Live || versions[0].Size != 26 {
		t.Errorf("%+v, %t, %v", versions, more, err)
	}
	versions, more, err = w.scripts.Versions(t.Context(), w.write, made.ID, 2, 1)
	if err != nil || more || len(versions) != 1 || versions[0].Number != 1 || !versions[0].Live || versions[0].Note != "first" || versions[0].Author != "Ada" {
		t.Errorf("%+v, %t, %v", versions, more, err)
	}
	history, more, err := w.scripts.Deployments(t.Context(), w.write, made.ID, id.Deployment{}, 2)
	if err != nil || !more || len(history) != 2 || history[0].From != 2 || history[0].To != 1 || history[0].Note != "two was bad" || history[1].From != 1 {
		t.Errorf("%+v, %t, %v", history, more, err)
	}
	history, more, err = w.scripts.Deployments(t.Context(), w.write, made.ID, history[1].ID, 2)
	if err != nil || more || len(history) != 1 || history[0].From != 0 || history[0].To != 1 || history[0].Author != "Ada" {
		t.Errorf("%+v, %t, %v", history, more, err)
	}
	var audits int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit WHERE object = $1 AND actor = $2 AND address = '192.0.2.1'", "script:"+made.ID.String(), w.ada.String()).Scan(&audits); err != nil || audits != 4 {
		t.Errorf("%d audit rows, %v", audits, err)
	}
}

func TestProblemsOfTheSourceStopThePublication(t *testing.T) {
	t.Parallel()
	w := begin(t)
	made := w.create(t, "bad")
	sources := map[string]int{
		"export default () => {\n  const x = ;\n}": 2, "import x from '../x'\nexport default x": 1, "\x00": 0, "\xff": 0,
		strings.Repeat("x", 1<<20+1): 0, "const x = 1": 1,
	}
	for source, line := range sources {
		_, err := w.scripts.Publish(t.Context(), w.write, made.ID, script.Publishing{Source: &source})
		f := fault.Of(err)
		if f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Name != "source" || f.Fields[0].Line != line {
			t.Errorf("%.40q: %+v", source, f)
		}
		if problems, ok := errors.AsType[bundle.Problems](err); line > 0 && (!ok || problems[0].Line != line) {
			t.Errorf("%.40q: %v", source, err)
		}
	}
	if versions, _, err := w.scripts.Versions(t.Context(), w.write, made.ID, 0, 0); err != nil || len(versions) != 0 {
		t.Errorf("%+v, %v", versions, err)
	}
	long := strings.Repeat("n", 501)
	if _, err := w.scripts.Publish(t.Context(), w.write, made.ID, script.Publishing{Note: long}); fault.Of(err).Fields[0].Name != "note" {
		t.Errorf("%v", err)
	}
}

func TestOneOfTwoPublishersWins(t *testing.T) {
	t.Parallel()
	w := begin(t)
	made := w.create(t, "race")
	w.publish(t, made, "export default () => 1")
	expected := 1
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			source := "export default () => 'other " + strings.Repeat("x", i) + "'"
			_, errs[i] = w.scripts.Publish(t.Context(), w.write, made.ID, script.Publishing{Source: &source, IfVersion: &expected})
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if f := fault.Of(err); f.Kind != fault.Conflict || !strings.Contains(f.Public, "ersion 1") || !strings.Contains(f.Public, "version 2") {
			t.Errorf("%v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 4 won", won)
	}
	none := 0
	_, err := w.scripts.Publish(t.Context(), w.write, made.ID, script.Publishing{IfVersion: &none})
	if f := fault.Of(err); f.Kind != fault.Conflict || f.Public != "No version was expected to be live, but version 2 is." {
		t.Errorf("%v", err)
	}
}

func TestTwoTabsSaving(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	made := w.create(t, "tabs")
	w.publish(t, made, "export default () => 'base'")
	draft, err := w.scripts.Draft(ctx, w.write, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.scripts.Publish(ctx, w.write, made.ID, script.Publishing{}); err != nil {
		t.Fatal(err)
	}
	theirs, err := w.scripts.SaveDraft(ctx, w.write, made.ID, "theirs", draft.Revision)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.scripts.SaveDraft(ctx, w.write, made.ID, "mine", draft.Revision)
	stale, ok := errors.AsType[*script.StaleDraft](err)
	if !ok || !fault.Is(err, fault.Conflict) {
		t.Fatalf("%v", err)
	}
	if stale.Current.Source != "theirs" || stale.Current.Revision != theirs.Revision || stale.Current.SavedBy != "Ada" || stale.Base != "export default () => 'base'" {
		t.Errorf("%+v", stale)
	}
	if same, err := w.scripts.SaveDraft(ctx, w.write, made.ID, "theirs", draft.Revision); err != nil || same.Revision != theirs.Revision {
		t.Errorf("the same source is a conflict: %+v, %v", same, err)
	}
	if _, err := w.scripts.SaveDraft(ctx, w.write, made.ID, "mine", theirs.Revision); err != nil {
		t.Error(err)
	}
	if _, err := w.scripts.SaveDraft(ctx, w.write, id.New[id.Script](), "mine", 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := w.scripts.SaveDraft(ctx, w.write, made.ID, "\x00", 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

func TestPublishingFromElsewhereKeepsOwnChanges(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	clean, changed := w.create(t, "clean"), w.create(t, "changed")
	for _, s := range []script.Script{clean, changed} {
		if _, err := w.scripts.Publish(ctx, w.write, s.ID, script.Publishing{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.scripts.SaveDraft(ctx, w.write, changed.ID, "being written", 1); err != nil {
		t.Fatal(err)
	}
	for _, s := range []script.Script{clean, changed} {
		w.publish(t, s, "export default () => 'from the CLI'")
	}
	if draft, err := w.scripts.Draft(ctx, w.write, clean.ID); err != nil || !strings.Contains(draft.Source, "CLI") || draft.Revision != 2 || draft.BaseVersion != 2 {
		t.Errorf("%+v, %v", draft, err)
	}
	if draft, err := w.scripts.Draft(ctx, w.write, changed.ID); err != nil || draft.Source != "being written" || draft.Revision != 2 || draft.BaseVersion != 1 {
		t.Errorf("%+v, %v", draft, err)
	}
}

// Whoever loses the race to make a script publishes the next version of it.
func TestPutsAtOnceAllPublish(t *testing.T) {
	t.Parallel()
	w := begin(t)
	const writers = 6
	failed := make(chan error, writers)
	for i := range writers {
		go func() {
			source := fmt.Sprintf("export default () => %d", i)
			_, err := w.scripts.Put(t.Context(), w.write, script.New{Name: "raced", Language: bundle.JavaScript}, script.Publishing{Source: &source})
			failed <- err
		}()
	}
	for range writers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if found, err := w.scripts.Find(t.Context(), w.write, "raced"); err != nil || found.LiveVersion != writers {
		t.Errorf("%+v, %v", found, err)
	}
}

// A draft that nobody published is overwritten by what comes from elsewhere only when it is the
// example a script begins with.
func TestPutKeepsTheFirstDraft(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	source := "export default () => 'ci'"
	for name, c := range map[string]struct{ own, kept string }{
		"own": {"export default () => 'my own work'", "export default () => 'my own work'"}, "example": {"", source},
	} {
		made, err := w.scripts.Create(ctx, w.write, script.New{Name: name, Source: c.own})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.scripts.Put(ctx, w.write, script.New{Name: name}, script.Publishing{Source: &source}); err != nil {
			t.Fatal(err)
		}
		if draft, err := w.scripts.Draft(ctx, w.write, made.ID); err != nil || draft.Source != c.kept {
			t.Errorf("%s: %q, %v", name, draft.Source, err)
		}
	}
}

func TestPutMakesAndPublishes(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	put := func(name, source string, ifVersion *int) (script.Published, error) {
		return w.scripts.Put(ctx, w.write, script.New{Name: name, Language: bundle.JavaScript}, script.Publishing{Source: &source, IfVersion: ifVersion})
	}
	first, err := put("put", "export default () => 1", nil)
	if err != nil || first.Version != 1 || first.Script.Language != bundle.JavaScript || first.Script.DraftChanged {
		t.Fatalf("%+v, %v", first, err)
	}
	if second, err := put("put", "export default () => 2", nil); err != nil || second.Version != 2 || second.Script.ID != first.Script.ID || second.Script.DraftChanged {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := put("broken", "export default", nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if _, err := w.scripts.Find(ctx, w.write, "broken"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a script that does not compile was made: %v", err)
	}
	one := 1
	if _, err := put("absent", "export default () => 1", &one); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if _, err := put("Login", "export default () => 1", nil); fault.Of(err).Fields[0].Name != "name" {
		t.Errorf("%v", err)
	}
}

func TestNamesSettingsAndDeletion(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	a, b := w.create(t, "a"), w.create(t, "b")
	if _, err := w.scripts.Create(ctx, w.write, script.New{Name: "a"}); !fault.Is(err, fault.Conflict) || fault.Of(err).Fields[0].Name != "name" {
		t.Errorf("%v", err)
	}
	if _, err := w.scripts.Create(ctx, w.may(t, actor.WriteScript, id.New[id.App]()), script.New{Name: "a"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"", "API", "..", "fn", strings.Repeat("a", 64), "a/b"} {
		if _, err := w.scripts.Create(ctx, w.write, script.New{Name: name}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := w.scripts.Rename(ctx, w.write, a.ID, name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := w.scripts.Rename(ctx, w.write, a.ID, "b"); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if renamed, err := w.scripts.Rename(ctx, w.write, a.ID, "c"); err != nil || renamed.Name != "c" {
		t.Fatalf("%+v, %v", renamed, err)
	}
	if found, err := w.scripts.Find(ctx, w.write, "a"); err != nil || found.ID != a.ID || found.Name != "c" {
		t.Errorf("%+v, %v", found, err)
	}
	described, err := w.scripts.Describe(ctx, w.write, b.ID, script.Settings{Description: "does b", Capture: execution.CaptureAll})
	if err != nil || described.Description != "does b" || described.Capture != execution.CaptureAll {
		t.Errorf("%+v, %v", described, err)
	}
	if _, err := w.scripts.Describe(ctx, w.write, b.ID, script.Settings{Capture: "some"}); fault.Of(err).Fields[0].Name != "capture" {
		t.Errorf("%v", err)
	}
	if err := w.scripts.Delete(ctx, w.write, b.ID, "B"); fault.Of(err).Fields[0].Name != "name" {
		t.Errorf("%v", err)
	}
	if err := w.scripts.Delete(ctx, w.write, b.ID, "b"); err != nil {
		t.Error(err)
	}
	if err := w.scripts.Delete(ctx, w.write, b.ID, "b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	list, more, err := w.scripts.List(ctx, w.write, "", 0)
	if err != nil || more || len(list) != 1 || list[0].Name != "c" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestNothingOfAnotherAppIsReached(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	made := w.create(t, "mine")
	w.publish(t, made, "export default () => 1")
	other, err := w.apps.Create(ctx, w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	source, theirs := "export default () => 2", w.may(t, actor.WriteScript, other.ID)
	tries := map[string]func() error{
		"get":       func() error { _, err := w.scripts.Get(ctx, theirs, made.ID); return err },
		"draft":     func() error { _, err := w.scripts.Draft(ctx, theirs, made.ID); return err },
		"save":      func() error { _, err := w.scripts.SaveDraft(ctx, theirs, made.ID, "x", 1); return err },
		"version":   func() error { _, err := w.scripts.Version(ctx, theirs, made.ID, 1); return err },
		"diff":      func() error { _, err := w.scripts.Diff(ctx, theirs, made.ID, 0, 1); return err },
		"make live": func() error { _, err := w.scripts.MakeLive(ctx, theirs, made.ID, 1, "", script.Follow{}); return err },
		"rename":    func() error { _, err := w.scripts.Rename(ctx, theirs, made.ID, "x"); return err },
		"delete":    func() error { return w.scripts.Delete(ctx, theirs, made.ID, "mine") },
		"publish": func() error {
			_, err := w.scripts.Publish(ctx, theirs, made.ID, script.Publishing{Source: &source})
			return err
		},
	}
	for name, try := range tries {
		if err := try(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSeedsOnceForSeveralNodes(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	var all sync.WaitGroup
	for range 3 {
		node := script.NewSystem(pool, builder(t))
		all.Go(func() {
			if err := node.Seed(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w := &world{ada: actor.Actor{User: id.New[id.User]()}}
	apps, err := app.New(pool).List(t.Context(), w.may(t, actor.ListApps, id.App{}))
	if err != nil || len(apps) != 1 || apps[0].Slug != script.SeedSlug || apps[0].LiveScripts != 1 || apps[0].Scripts != 1 {
		t.Fatalf("%+v, %v", apps, err)
	}
	hello, err := script.NewService(pool, builder(t)).Find(t.Context(), w.may(t, actor.ReadApp, apps[0].ID), script.SeedScript)
	if err != nil || hello.LiveVersion != 1 || hello.DraftChanged || hello.PublishedBy != "PiCloud" {
		t.Errorf("%+v, %v", hello, err)
	}
}
