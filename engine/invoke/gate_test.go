package invoke

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"picloud/engine/id"
)

// came is a place that was asked for.
func (g *gate) came(ctx context.Context, app id.App) (p *place, in bool) {
	p = &place{app: app}
	said, _ := g.enter(ctx, p)
	return p, said == admitted
}

func (g *gate) admitsMany(ctx context.Context, app id.App, calls int) (places []*place) {
	for range calls {
		if p, in := g.came(ctx, app); in {
			places = append(places, p)
		}
	}
	return places
}

func TestGateKeepsPlacesForOthers(t *testing.T) {
	t.Parallel()
	g := newGate(64, 0)
	g.patience = time.Nanosecond
	flood := id.New[id.App]()
	if got := len(g.admitsMany(t.Context(), flood, 100)); got != 48 {
		t.Errorf("one app got %d of 64 places, want 48", got)
	}
	second := id.New[id.App]()
	if got := len(g.admitsMany(t.Context(), second, 100)); got != 8 {
		t.Errorf("a second one got %d, want 8", got)
	}
	for range 4 {
		g.admitsMany(t.Context(), id.New[id.App](), 100)
	}
	if got := len(g.admitsMany(t.Context(), id.New[id.App](), 1)); got != 1 {
		t.Error("an app that had none got none")
	}
}

// However many runs of an app wake up at once, another app comes in.
func TestWhoWakesUpKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	g := newGate(8, 120)
	g.patience = time.Nanosecond
	app := id.New[id.App]()
	var asleep []*place
	for {
		p, in := g.came(t.Context(), app)
		if !in {
			break
		}
		g.sleep(p)
		asleep = append(asleep, p)
	}
	for _, p := range asleep {
		g.wake(p)
	}
	other, in := g.came(t.Context(), id.New[id.App]())
	if !in || len(asleep) < 90 {
		t.Errorf("%d runs of one app keep another out", len(asleep))
	}
	for _, p := range append(asleep, other) {
		g.sleep(p)
		g.wake(p)
		g.leave(p)
	}
	if g.running.now != 0 || g.inside.now != 0 {
		t.Errorf("left over: %d running, %d inside", g.running.now, g.inside.now)
	}
}

// Runs that wait take no place of those that execute, of their own app or of another.
func TestWhoSleepsLeavesItsPlace(t *testing.T) {
	t.Parallel()
	g := newGate(4, 60)
	g.patience = time.Nanosecond
	a, b := id.New[id.App](), id.New[id.App]()
	var asleep []*place
	for range 20 {
		for _, app := range []id.App{a, b} {
			p, in := g.came(t.Context(), app)
			if !in {
				t.Fatalf("after %d asleep nobody comes in", len(asleep))
			}
			g.sleep(p)
			asleep = append(asleep, p)
		}
	}
	for _, p := range asleep { // all at once, far more than there are places
		g.wake(p)
	}
	if g.running.now != 6 {
		t.Errorf("two apps have %d places, want 3 each", g.running.now)
	}
	for _, p := range asleep {
		g.leave(p)
		g.leave(p)
	}
	if g.running.now != 0 || g.inside.now != 0 || g.count() != 0 {
		t.Errorf("left over: %d running, %d inside, %d in all", g.running.now, g.inside.now, g.count())
	}
}

func TestSleepersAreBounded(t *testing.T) {
	t.Parallel()
	g := newGate(64, 1024)
	g.patience = time.Nanosecond
	sleepers := func(app id.App) (n int) {
		for {
			p, in := g.came(t.Context(), app)
			if !in {
				return n
			}
			g.sleep(p)
			n++
		}
	}
	if got := sleepers(id.New[id.App]()); got != 816 {
		t.Errorf("one app has %d of 1088, want 816", got)
	}
	if got := sleepers(id.New[id.App]()); got != 204 {
		t.Errorf("a second one has %d, want 204", got)
	}
	if got := sleepers(id.New[id.App]()); got != 1 {
		t.Errorf("a third one has %d, want 1", got)
	}
}

func TestGateQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(3, 61)
		a, b := id.New[id.App](), id.New[id.App]()
		places := g.admitsMany(t.Context(), a, 2)
		filler, _ := g.came(t.Context(), id.New[id.App]())
		got := make(chan *place, 2)
		for _, app := range []id.App{a, b} {
			go func() {
				if p, in := g.came(t.Context(), app); in {
					got <- p
				}
			}()
			synctest.Wait()
		}
		g.leave(places[0])
		synctest.Wait()
		first := <-got
		if first.app != b {
			t.Error("the place went to the app that had more runs")
		}
		g.sleep(places[1])
		if second := <-got; second.app != a {
			t.Error("the place of one that sleeps went astray")
		}
		g.leave(filler)
	})
}

func TestGatePatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 0)
		app := id.New[id.App]()
		p, _ := g.came(t.Context(), app)
		began := time.Now()
		if _, in := g.came(t.Context(), app); in {
			t.Error("admitted over the limit")
		}
		if waited := time.Since(began); waited != g.patience {
			t.Errorf("waited %v, want %v", waited, g.patience)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if said, _ := g.enter(ctx, &place{app: app}); said != gone {
			t.Error("a caller who went away was admitted, or called too many")
		}
		if g.count() != 3 {
			t.Errorf("%d are inside or not recorded while two refusals are not", g.count())
		}
		g.leave(p)
		if _, in := g.came(t.Context(), app); g.queued != 0 || !in {
			t.Errorf("left over: %d running, %d in the queue", g.running.now, g.queued)
		}
	})
}

func TestGateQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 0)
		app := id.New[id.App]()
		g.came(t.Context(), app)
		for range 10 {
			go g.came(t.Context(), app)
		}
		synctest.Wait()
		if g.queued != 2 {
			t.Errorf("%d wait, want 2 (half the queue of 4)", g.queued)
		}
	})
}
