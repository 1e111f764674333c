package invoke

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"picloud/engine/id"
)

func TestGateKeepsPlacesForOthers(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	g.patience = time.Nanosecond
	flood, other := id.New[id.App](), id.New[id.App]()
	admitted := 0
	for range 20 {
		if g.enter(t.Context(), flood) {
			admitted++
		}
	}
	if admitted != 6 {
		t.Errorf("one app got %d of 8 places, want 6", admitted)
	}
	if !g.enter(t.Context(), other) {
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
			if !g.enter(t.Context(), a) {
				t.Fatal("an empty gate refused")
			}
		}
		got := make(chan id.App, 2)
		for _, app := range []id.App{a, b} {
			go func() {
				if g.enter(t.Context(), app) {
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
		if g.enter(t.Context(), app) {
			t.Error("admitted over the limit")
		}
		if waited := time.Since(began); waited != g.patience {
			t.Errorf("waited %v, want %v", waited, g.patience)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if g.enter(ctx, app) {
			t.Error("a caller who went away was admitted")
		}
		g.leave(app)
		if g.running != 0 || g.waiting != 0 || !g.enter(t.Context(), app) {
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
