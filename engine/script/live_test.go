package script_test

import (
	"strings"
	"testing"

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
	if back, err := w.scripts.MakeLive(ctx, w.write, made.ID, 1, ""); err != nil || back.LiveVersion != 1 {
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
