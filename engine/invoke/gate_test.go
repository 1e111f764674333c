package invoke

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"picloud/engine/id"
)

func (g *gate) admits(ctx context.Context, app id.App) bool {
	said, _ := g.enter(ctx, app)
	return said == admitted
}

func TestGateKeepsPlacesForOthers(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	g.patience = time.Nanosecond
	flood, other := id.New[id.App](), id.New[id.App]()
	got := 0
	for range 20 {
		if g.admits(t.Context(), flood) {
			got++
		}
	}
	if got != 6 {
		t.Errorf("one app got %d of 8 places, want 6", got)
	}
	if !g.admits(t.Context(), other) {
		t.Error("another app got none")
	}
}

func TestGateQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		g.share = 2
		a, b := id.New[id.App](), id.New[id.App]()
		for range 2 {
			if !g.admits(t.Context(), a) {
				t.Fatal("an empty gate refused")
			}
		}
		got := make(chan id.App, 2)
		for _, app := range []id.App{a, b} {
			go func() {
				if g.admits(t.Context(), app) {
					got <- app
				}
			}()
			synctest.Wait()
		}
		g.leave(a)
		synctest.Wait()
		if first := <-got; first != b {
			t.Error("the place went to the app that had more runs")
		}
		g.leave(a)
		if second := <-got; second != a {
			t.Error("the second place went astray")
		}
	})
}

func TestGatePatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		app := id.New[id.App]()
		g.enter(t.Context(), app)
		began := time.Now()
		if g.admits(t.Context(), app) {
			t.Error("admitted over the limit")
		}
		if waited := time.Since(began); waited != g.patience {
			t.Errorf("waited %v, want %v", waited, g.patience)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if said, _ := g.enter(ctx, app); said != gone {
			t.Error("a caller who went away was admitted, or called too many")
		}
		if g.inside() != 3 {
			t.Errorf("%d inside while two refusals are not recorded", g.inside())
		}
		g.leave(app)
		if g.running != 0 || g.waiting != 0 || !g.admits(t.Context(), app) {
			t.Errorf("left over: %d running, %d waiting", g.running, g.waiting)
		}
	})
}

func TestGateQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		app := id.New[id.App]()
		g.enter(t.Context(), app)
		for range 10 {
			go g.enter(t.Context(), app)
		}
		synctest.Wait()
		if g.waiting != 2 {
			t.Errorf("%d wait, want 2 (half the queue of 4)", g.waiting)
		}
	})
}
