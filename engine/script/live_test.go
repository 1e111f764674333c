package script_test

import (
	"strings"
	"testing"

	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/bundle"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
)

func TestUnpublishAndBack(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	made := w.create(t, "greet")
	w.publish(t, made, "export default () => 'one'")
	routes := table(t, w)
	live := func(want bool) {
		t.Helper()
		refresh(t, routes) // reads the change log, as a worker that heard of the change does
		if _, found := routes.Lookup("shop", "greet"); found != want {
			t.Errorf("live: %t, want %t", found, want)
		}
	}
	live(true)
	if _, err := w.scripts.Unpublish(ctx, w.write, made.ID, strings.Repeat("n", 501)); fault.Of(err).Fields[0].Name != "note" {
		t.Errorf("%v", err)
	}
	for range 2 { // the second finds it so, and notes nothing
		off, err := w.scripts.Unpublish(ctx, w.write, made.ID, " wrong prices ")
		if err != nil || off.LiveVersion != 0 || !off.PublishedAt.IsZero() {
			t.Fatalf("%+v, %v", off, err)
		}
		live(false)
	}
	if back, err := w.scripts.MakeLive(ctx, w.write, made.ID, 1, "", script.Follow{}); err != nil || back.Script.LiveVersion != 1 {
		t.Fatalf("%+v, %v", back, err)
	}
	live(true)
	if _, err := w.scripts.Unpublish(ctx, w.write, made.ID, ""); err != nil {
		t.Fatal(err)
	}
	none := 0
	again, err := w.scripts.Publish(ctx, w.write, made.ID, script.Publishing{IfVersion: &none})
	if err != nil || again.Version != 2 || again.Script.LiveVersion != 2 {
		t.Fatalf("%+v, %v", again, err)
	}
	live(true)
	history, _, err := w.scripts.Deployments(ctx, w.write, made.ID, id.Deployment{}, 0)
	if err != nil || len(history) != 5 {
		t.Fatalf("%+v, %v", history, err)
	}
	for i, want := range [][2]int{{0, 2}, {1, 0}, {0, 1}, {1, 0}, {0, 1}} {
		if history[i].From != want[0] || history[i].To != want[1] {
			t.Errorf("switch %d: %+v, want %v", i, history[i], want)
		}
	}
	if history[3].Note != "wrong prices" || history[3].Author != "Ada" {
		t.Errorf("%+v", history[3])
	}
	var audited int
	if err := w.pool.QueryRow(ctx, "SELECT count(*) FROM audit WHERE action = 'script unpublished' AND object = $1", "script:"+made.ID.String()).Scan(&audited); err != nil || audited != 2 {
		t.Errorf("%d audit rows, %v", audited, err)
	}
}

// What was in an app that is deleted is gone from the worker's table, too; the last app is
// not made again when PiCloud starts.
func TestDeletedAppsAreGone(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	system := script.NewSystem(w.pool, builder(t))
	if err := system.Seed(ctx); err != nil { // finds an app
		t.Fatal(err)
	}
	s := w.create(t, "greet")
	w.publish(t, s, "export default () => 1")
	if _, err := w.scripts.Rename(ctx, w.write, s.ID, "welcome"); err != nil {
		t.Fatal(err)
	}
	w.create(t, "unpublished")
	routes := table(t, w)
	if err := w.apps.Delete(ctx, w.may(t, actor.DeleteApp, w.app.ID), "shop"); err != nil {
		t.Fatal(err)
	}
	refresh(t, routes)
	if _, found := routes.Lookup("shop", "welcome"); found || routes.Size() != 0 {
		t.Error("a script of a deleted app is live")
	}
	if _, _, found := routes.Moved("shop", "greet"); found {
		t.Error("an old name of a deleted app leads somewhere")
	}
	var left int
	err := w.pool.QueryRow(ctx, "SELECT (SELECT count(*) FROM scripts) + (SELECT count(*) FROM drafts) + (SELECT count(*) FROM script_versions) + (SELECT count(*) FROM deployments)").Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows are left, %v", left, err)
	}
	if err := system.Seed(ctx); err != nil {
		t.Fatal(err)
	}
	if apps, err := w.apps.List(ctx, w.may(t, actor.ListApps, id.App{})); err != nil || len(apps) != 0 {
		t.Errorf("%+v, %v", apps, err)
	}
	if _, err := w.apps.Create(ctx, w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Shop"}); err != nil {
		t.Error(err)
	}
}

// Another language leaves draft and versions as they are; the next build takes it.
func TestLanguageIsThatOfTheNextBuild(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	made := w.create(t, "greet")
	const typed, plain = "export default (): string => 'typed'", "export default () => 'plain'"
	w.publish(t, made, typed)
	in := func(language bundle.Language) script.Settings {
		return script.Settings{Description: "words", Capture: execution.CaptureAll, Language: language}
	}
	if _, err := w.scripts.Describe(ctx, w.write, made.ID, in("cobol")); fault.Of(err).Fields[0].Name != "language" {
		t.Errorf("%v", err)
	}
	changed, err := w.scripts.Describe(ctx, w.write, made.ID, in(bundle.JavaScript))
	if err != nil || changed.File() != "greet.js" || changed.LiveVersion != 1 || changed.LiveLanguage != bundle.TypeScript || !changed.DraftChanged {
		t.Fatalf("%+v, %v", changed, err)
	}
	if draft, err := w.scripts.Draft(ctx, w.write, made.ID); err != nil || draft.Source != typed {
		t.Errorf("%+v, %v", draft, err)
	}
	if _, err := w.scripts.Publish(ctx, w.write, made.ID, script.Publishing{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "greet.js:1:") {
		t.Errorf("types in JavaScript: %v", err)
	}
	if second := w.publish(t, made, plain); second.Version != 2 || second.Script.DraftChanged || second.Script.LiveLanguage != bundle.JavaScript {
		t.Errorf("%+v", second)
	}
	if kept, err := w.scripts.Describe(ctx, w.write, made.ID, in("")); err != nil || kept.Language != bundle.JavaScript {
		t.Errorf("%+v, %v", kept, err)
	}
	if _, err := w.scripts.Describe(ctx, w.write, made.ID, in(bundle.TypeScript)); err != nil {
		t.Fatal(err)
	}
	if third := w.publish(t, made, plain); third.Version != 3 || third.Unchanged {
		t.Errorf("the same source in another language is no new version: %+v", third)
	}
	if v, err := w.scripts.Version(ctx, w.write, made.ID, 2); err != nil || v.Language != bundle.JavaScript {
		t.Errorf("%+v, %v", v, err)
	}
}
