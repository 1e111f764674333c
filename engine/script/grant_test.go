package script_test

import (
	"testing"

	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/script"
)

// attempt is one method that takes a grant, at the app's script.
type attempt struct {
	name string
	need actor.Capability
	try  func(actor.Grant, id.Script) error
	at   bool // it names one script, which another app does not have
}

func attempts(t *testing.T, scripts *script.Service) []attempt {
	t.Helper()
	ctx, source := t.Context(), "export default () => 'changed'"
	const read, write = actor.ReadApp, actor.WriteScript
	return []attempt{
		{"search", actor.ListApps, func(g actor.Grant, _ id.Script) error { _, err := scripts.Search(ctx, g, "mine", 1); return err }, false},
		{"list", read, func(g actor.Grant, _ id.Script) error { _, _, err := scripts.List(ctx, g, "", 0); return err }, false},
		{"find", read, func(g actor.Grant, _ id.Script) error { _, err := scripts.Find(ctx, g, "mine"); return err }, true},
		{"get", read, func(g actor.Grant, s id.Script) error { _, err := scripts.Get(ctx, g, s); return err }, true},
		{"check a name", read, func(g actor.Grant, _ id.Script) error { return scripts.CheckName(ctx, g, "free") }, false},
		{"changes", read, func(g actor.Grant, s id.Script) error { _, err := scripts.Changes(ctx, g, []id.Script{s}); return err }, false},
		{"draft", read, func(g actor.Grant, s id.Script) error { _, err := scripts.Draft(ctx, g, s); return err }, true},
		{"versions", read, func(g actor.Grant, s id.Script) error { _, _, err := scripts.Versions(ctx, g, s, 0, 0); return err }, false},
		{"version", read, func(g actor.Grant, s id.Script) error { _, err := scripts.Version(ctx, g, s, 1); return err }, true},
		{"diff", read, func(g actor.Grant, s id.Script) error { _, err := scripts.Diff(ctx, g, s, 0, 1); return err }, true},
		{"diff of modules", read, func(g actor.Grant, s id.Script) error { _, err := scripts.DiffModules(ctx, g, s, 0, 1); return err }, true},
		{"own versions", read, func(g actor.Grant, s id.Script) error { _, _, err := scripts.OwnVersions(ctx, g, s, 0, 0); return err }, false},
		{"deployments", read, func(g actor.Grant, s id.Script) error {
			_, _, err := scripts.Deployments(ctx, g, s, id.Deployment{}, 0)
			return err
		}, false},
		{"create", write, func(g actor.Grant, _ id.Script) error {
			_, err := scripts.Create(ctx, g, script.New{Name: "new"})
			return err
		}, false},
		{"save", write, func(g actor.Grant, s id.Script) error { _, err := scripts.SaveDraft(ctx, g, s, source, 1); return err }, true},
		{"take a version", write, func(g actor.Grant, s id.Script) error { _, err := scripts.TakeVersion(ctx, g, s, 1, 1); return err }, true},
		{"take back", write, func(g actor.Grant, s id.Script) error { _, err := scripts.TakeBack(ctx, g, s, 1); return err }, true},
		{"build", write, func(g actor.Grant, s id.Script) error { _, err := scripts.Build(ctx, g, s, &source); return err }, true},
		{"publish", write, func(g actor.Grant, s id.Script) error {
			_, err := scripts.Publish(ctx, g, s, script.Publishing{Source: &source})
			return err
		}, true},
		{"put", write, func(g actor.Grant, _ id.Script) error {
			_, err := scripts.Put(ctx, g, script.New{Name: "mine"}, script.Publishing{Source: &source})
			return err
		}, false},
		{"make live", write, func(g actor.Grant, s id.Script) error {
			_, err := scripts.MakeLive(ctx, g, s, 1, "", script.Follow{})
			return err
		}, true},
		{"unpublish", write, func(g actor.Grant, s id.Script) error { _, err := scripts.Unpublish(ctx, g, s, ""); return err }, true},
		{"rename", write, func(g actor.Grant, s id.Script) error { _, err := scripts.Rename(ctx, g, s, "other"); return err }, true},
		{"describe", write, func(g actor.Grant, s id.Script) error {
			_, err := scripts.Describe(ctx, g, s, script.Settings{Capture: execution.CaptureAll})
			return err
		}, true},
		{"delete", write, func(g actor.Grant, s id.Script) error { return scripts.Delete(ctx, g, s, "mine") }, true},
	}
}

func TestAGrantThatIsTooSmallIsRefused(t *testing.T) {
	t.Parallel()
	w := begin(t)
	made := w.create(t, "mine")
	w.publish(t, made, "export default () => 1")
	before := mustGet(t, w, made.ID)
	var grants []actor.Grant
	for _, capability := range []actor.Capability{actor.ListApps, actor.CreateApp, actor.ManageAccount} {
		grants = append(grants, w.may(t, capability, id.App{}))
	}
	grants = append(grants, w.may(t, actor.ReadApp, w.app.ID), w.may(t, actor.ManageApp, w.app.ID))
	refused := 0
	for _, a := range attempts(t, w.scripts) {
		if err := a.try(actor.Grant{}, made.ID); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s with no grant: %v", a.name, err)
		}
		for i, grant := range grants {
			if grant.Need(a.need) == nil {
				continue
			}
			refused++
			if err := a.try(grant, made.ID); !fault.Is(err, fault.Denied) {
				t.Errorf("%s with grant %d: %v", a.name, i, err)
			}
		}
	}
	if want := 12*3 + 12*5; refused != want {
		t.Errorf("%d grants were too small, want %d", refused, want)
	}
	if after := mustGet(t, w, made.ID); after != before {
		t.Errorf("%+v became %+v", before, after)
	}
}

func mustGet(t *testing.T, w *world, s id.Script) script.Script {
	t.Helper()
	found, err := w.scripts.Get(t.Context(), w.write, s)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A grant for one app reaches no script of another: it is as absent as one that is not there.
func TestAGrantReachesItsOwnAppOnly(t *testing.T) {
	t.Parallel()
	w := begin(t)
	made := w.create(t, "mine")
	w.publish(t, made, "export default () => 1")
	before := mustGet(t, w, made.ID)
	other, err := w.apps.Create(t.Context(), w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	theirs := w.may(t, actor.WriteScript, other.ID)
	for _, a := range attempts(t, w.scripts) {
		if !a.at {
			continue
		}
		foreign, missing := a.try(theirs, made.ID), a.try(theirs, id.New[id.Script]())
		if !fault.Is(foreign, fault.NotFound) || fault.Of(foreign).Public != fault.Of(missing).Public {
			t.Errorf("%s: %v for another app's script, %v for none", a.name, foreign, missing)
		}
	}
	if list, _, err := w.scripts.List(t.Context(), theirs, "", 0); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if versions, _, err := w.scripts.Versions(t.Context(), theirs, made.ID, 0, 0); err != nil || len(versions) != 0 {
		t.Errorf("%+v, %v", versions, err)
	}
	if switches, _, err := w.scripts.Deployments(t.Context(), theirs, made.ID, id.Deployment{}, 0); err != nil || len(switches) != 0 {
		t.Errorf("%+v, %v", switches, err)
	}
	if changes, err := w.scripts.Changes(t.Context(), theirs, []id.Script{made.ID}); err != nil || len(changes) != 0 {
		t.Errorf("%+v, %v", changes, err)
	}
	if after := mustGet(t, w, made.ID); after != before {
		t.Errorf("%+v became %+v", before, after)
	}
}

// What somebody may not see takes none of the places of what they may.
func TestSearchFindsBeforeItCounts(t *testing.T) {
	t.Parallel()
	w := begin(t)
	other, err := w.apps.Create(t.Context(), w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"find-1", "find-2", "find-3"} {
		if _, err := w.scripts.Create(t.Context(), w.may(t, actor.WriteScript, other.ID), script.New{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	w.create(t, "to-find")
	bound, err := actor.Allow(actor.Actor{User: id.New[id.User](), App: &w.app.ID}, actor.ListApps, id.App{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.scripts.Search(t.Context(), bound, "find", 2)
	if err != nil || len(found) != 1 || found[0].Name != "to-find" {
		t.Errorf("%+v, %v", found, err)
	}
}
