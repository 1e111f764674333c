package script_test

import (
	"errors"
	"testing"

	"picloud/engine/fault"
	"picloud/engine/script"
)

// takes are the two ways to replace a draft, each over the revision it has.
type takes struct {
	t *testing.T
	w *world
	s script.Script
}

func (k takes) draft() script.Draft {
	k.t.Helper()
	draft, err := k.w.scripts.Draft(k.t.Context(), k.w.write, k.s.ID)
	if err != nil {
		k.t.Fatal(err)
	}
	return draft
}

func (k takes) write(source string) {
	k.t.Helper()
	if _, err := k.w.scripts.SaveDraft(k.t.Context(), k.w.write, k.s.ID, source, k.draft().Revision); err != nil {
		k.t.Fatal(err)
	}
}

func (k takes) version(number int) script.Draft {
	k.t.Helper()
	draft, err := k.w.scripts.TakeVersion(k.t.Context(), k.w.write, k.s.ID, number, k.draft().Revision)
	if err != nil {
		k.t.Fatal(err)
	}
	return draft
}

func (k takes) back() (script.Draft, error) {
	k.t.Helper()
	return k.w.scripts.TakeBack(k.t.Context(), k.w.write, k.s.ID, k.draft().Revision)
}

func TestAVersionIsTakenIntoTheDraftAndBack(t *testing.T) {
	t.Parallel()
	w := begin(t)
	const one, two = "export default () => 'one'", "export default () => 'two'"
	k := takes{t, w, w.create(t, "greet")}
	w.publish(t, k.s, one)
	w.publish(t, k.s, two)
	if _, err := k.back(); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing was set aside: %v", err)
	}
	if same := k.version(2); same.Source != two || same.Revision != k.draft().Revision {
		t.Errorf("%+v", same)
	}
	if taken := k.version(1); taken.Source != one || taken.BaseVersion != 1 || !taken.Replaced.IsZero() {
		t.Errorf("what a version has was set aside: %+v", taken)
	}
	k.write("being written")
	taken := k.version(2)
	if taken.Source != two || taken.BaseVersion != 2 || !taken.Replaced.Equal(taken.SavedAt) || taken.SavedBy != "Ada" {
		t.Errorf("%+v", taken)
	}
	if further := k.version(1); further.Replaced != taken.Replaced {
		t.Errorf("what is set aside was lost to what a version has: %+v", further)
	}
	back, err := k.back()
	if err != nil || back.Source != "being written" || back.BaseVersion != 1 || !back.Replaced.IsZero() {
		t.Errorf("%+v, %v", back, err)
	}
	k.version(2)
	k.write("something else")
	if back, err = k.back(); err != nil || back.Source != "being written" || back.Replaced.IsZero() {
		t.Errorf("%+v, %v", back, err)
	}
	if back, err = k.back(); err != nil || back.Source != "something else" {
		t.Errorf("what was taken back from is not set aside in turn: %+v, %v", back, err)
	}
	if live, err := w.scripts.Get(t.Context(), w.write, k.s.ID); err != nil || live.LiveVersion != 2 {
		t.Errorf("%+v, %v", live, err)
	}
	var audited int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit WHERE action = 'draft replaced'").Scan(&audited); err != nil || audited != 7 {
		t.Errorf("%d audit rows, %v", audited, err)
	}
}

func TestAVersionIsNotTakenOverADraftThatWasSavedSince(t *testing.T) {
	t.Parallel()
	w := begin(t)
	k := takes{t, w, w.create(t, "greet")}
	w.publish(t, k.s, "export default () => 'one'")
	seen := k.draft().Revision
	k.write("saved in another tab")
	_, err := w.scripts.TakeVersion(t.Context(), w.write, k.s.ID, 1, seen)
	if stale, ok := errors.AsType[*script.StaleDraft](err); !ok || stale.Current.Source != "saved in another tab" {
		t.Errorf("%v", err)
	}
	for _, number := range []int{-1, 0, 2, 1 << 40} {
		if _, err := w.scripts.TakeVersion(t.Context(), w.write, k.s.ID, number, seen+1); !fault.Is(err, fault.NotFound) {
			t.Errorf("version %d: %v", number, err)
		}
	}
	if draft := k.draft(); draft.Source != "saved in another tab" || !draft.Replaced.IsZero() {
		t.Errorf("%+v", draft)
	}
}
