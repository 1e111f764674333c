package script_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/script"
)

func TestWhatIsUnchangedIsLeft(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	w.put(t, "tax", script.Module, `export const rate = 1`)
	pricing := w.put(t, "pricing", script.Module, `import { rate } from "app:tax"; export const price = rate`).Script
	w.put(t, "shop", script.Endpoint, usesPrice)
	w.put(t, "alone", script.Endpoint, `export default 1`)
	together, err := w.scripts.PublishTogether(ctx, w.write, []string{"pricing", "alone"}, "", script.Follow{})
	if err != nil || !together.Published[0].Unchanged || len(together.Followed) > 0 || w.find(t, "shop").LiveVersion != 1 {
		t.Errorf("%+v, %v", together, err)
	}
	// Who was left out follows when the module is published again as it is.
	source := `import { rate } from "app:tax"; export const price = rate * 2`
	if _, err := w.scripts.Publish(ctx, w.write, pricing.ID, script.Publishing{Source: &source, Follow: script.Follow{None: true}}); err != nil {
		t.Fatal(err)
	}
	late, err := w.scripts.Publish(ctx, w.write, pricing.ID, script.Publishing{Source: &source})
	if err != nil || !late.Unchanged || fmt.Sprint(late.Followed) != "[{shop 2}]" {
		t.Errorf("%+v, %v", late, err)
	}
	// An older version that would be built with another module is built anew.
	w.put(t, "tax", "", `export const rate = 7`)
	back, err := w.scripts.MakeLive(ctx, w.write, pricing.ID, 1, "", script.Follow{})
	versions, _, _ := w.scripts.Versions(ctx, w.write, pricing.ID, 0, 0)
	uses, _ := w.scripts.Modules(ctx, w.write, pricing.ID, back.Version)
	if err != nil || back.Version != 4 || versions[0].Origin != 1 || !versions[0].Live || len(uses) != 1 || uses[0].Version != 2 {
		t.Errorf("%+v, %v\n%+v\n%+v", back, err, versions, uses)
	}
	if err := fault.Of(w.followErr(t, pricing, "nobody")); err.Kind != fault.Invalid || err.Fields[0].Name != "follow" {
		t.Error(err)
	}
}

func (w *world) followErr(t *testing.T, module script.Script, name string) error {
	t.Helper()
	_, err := w.scripts.Publish(t.Context(), w.write, module.ID, script.Publishing{Follow: script.Follow{Only: []string{name}}})
	return err
}

// A name by which somebody still imports a module cannot become another's.
func TestOldNamesInUseAreKept(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	pricing := w.put(t, "pricing", script.Module, `export const price = 1`).Script
	other := w.put(t, "other", script.Module, `export const price = 2`).Script
	w.put(t, "shop", script.Endpoint, usesPrice)
	if _, err := w.scripts.Rename(ctx, w.write, pricing.ID, "prices"); err != nil {
		t.Fatal(err)
	}
	_, renamed := w.scripts.Rename(ctx, w.write, other.ID, "pricing")
	for what, err := range map[string]error{"publish": w.putErr(t, "pricing", script.Module, `export const price = 3`), "rename": renamed} {
		if f := fault.Of(err); f.Kind != fault.Conflict || f.Public != "shop still imports prices by the name pricing. Let it import prices by its own name first." {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.put(t, "shop", "", strings.Replace(usesPrice, "pricing", "prices", 1))
	w.put(t, "pricing", script.Module, `export const price = 3`)
	if _, err := w.scripts.Rename(ctx, w.write, pricing.ID, "costs"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.scripts.Rename(ctx, w.write, pricing.ID, "prices"); err != nil {
		t.Errorf("back to its own old name: %v", err)
	}
}

// What a text names is no import of it, and so many are looked at.
func TestTextsThatNameMuch(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.put(t, "large", script.Module, "export const n = 1")
	w.put(t, "shop", script.Endpoint, "// app:large app:large@1 app:large@2\nexport default 1")
	if uses, err := w.scripts.Modules(t.Context(), w.write, w.find(t, "shop").ID, 1); err != nil || len(uses) != 0 {
		t.Errorf("%+v, %v", uses, err)
	}
	var source strings.Builder
	for n := range 300 {
		fmt.Fprintf(&source, "import 'app:none%d';", n)
	}
	if f := fault.Of(w.putErr(t, "shop", "", source.String()+"export default 1")); f.Kind != fault.Invalid || len(f.Fields) != 20 {
		t.Errorf("%d faults: %.300v", len(f.Fields), f)
	}
}

// A rename while it is built costs one more build, and nothing of what was asked for.
func TestPublishingBearsWithChanges(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	pricing := w.put(t, "pricing", script.Module, `export const price = 1`).Script
	w.put(t, "shop", script.Endpoint, usesPrice)
	builds := 0
	meddling := script.NewService(w.pool, func(ctx context.Context, inputs []bundle.Input) ([]bundle.Built, error) {
		if builds++; builds == 1 {
			if _, err := w.scripts.Rename(ctx, w.write, pricing.ID, "prices"); err != nil {
				t.Error(err)
			}
		}
		return builder(t)(ctx, inputs)
	})
	source := `export const price = 2`
	done, err := meddling.Publish(ctx, w.write, pricing.ID, script.Publishing{Source: &source})
	if err != nil || builds != 2 || fmt.Sprint(done.Followed) != "[{shop 2}]" || done.Script.Name != "prices" {
		t.Errorf("%d builds, %+v, %v", builds, done, err)
	}
	builds = 0
	meddling = script.NewService(w.pool, func(ctx context.Context, inputs []bundle.Input) ([]bundle.Built, error) {
		if builds++; builds == 1 {
			w.put(t, "prices", "", `export const price = 3`)
		}
		return builder(t)(ctx, inputs)
	})
	if _, err := meddling.Publish(ctx, w.write, pricing.ID, script.Publishing{Source: &source, IfVersion: new(2)}); !fault.Is(err, fault.Conflict) {
		t.Errorf("somebody else published while it was built, and that is %v", err)
	}
	if live := w.find(t, "prices"); live.LiveVersion != 3 {
		t.Errorf("%+v", live)
	}
}
