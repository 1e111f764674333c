package invoke

import (
	"testing"
	"testing/synctest"

	"picloud/engine/id"
)

func never() <-chan struct{} { return nil }

func TestProcessorTakesAppsInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProcessor(1)
		a, b := id.New[id.App](), id.New[id.App]()
		first := &turn{app: a}
		p.acquire(first, never)
		got := make(chan id.App, 3)
		for _, app := range []id.App{a, a, b} {
			go func() {
				own := &turn{app: app}
				p.acquire(own, never)
				got <- app
				p.release(own)
			}()
			synctest.Wait()
		}
		p.release(first)
		if one, two, three := <-got, <-got, <-got; one != a || two != b || three != a {
			t.Errorf("order %v %v %v", one == a, two == b, three == a)
		}
		synctest.Wait()
		if p.free != 1 || len(p.order) != 0 {
			t.Errorf("left over: %d free, %d apps waiting", p.free, len(p.order))
		}
	})
}

func TestProcessorMovesLongRunsAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProcessor(1)
		long := &turn{app: id.New[id.App]()}
		p.acquire(long, never)
		p.demote(long, false)
		if long.aside {
			t.Error("moved aside although nobody waits")
		}
		short := &turn{app: id.New[id.App]()}
		done := make(chan bool, 1)
		go func() { done <- p.acquire(short, never) }()
		synctest.Wait()
		p.demote(long, false)
		if !<-done || !long.aside {
			t.Fatal("the short run still waits")
		}
		p.release(short)
		p.release(long)
		p.release(long)
		if p.free != 1 || p.aside != 0 {
			t.Errorf("left over: %d free, %d aside", p.free, p.aside)
		}
	})
}

func TestProcessorStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProcessor(1)
		holder, waiter := &turn{app: id.New[id.App]()}, &turn{app: id.New[id.App]()}
		p.acquire(holder, never)
		stop := make(chan struct{})
		done := make(chan bool, 1)
		go func() { done <- p.acquire(waiter, func() <-chan struct{} { return stop }) }()
		synctest.Wait()
		close(stop)
		if <-done {
			t.Error("a stopped run got a turn")
		}
		p.release(holder)
		if p.free != 1 {
			t.Errorf("%d free", p.free)
		}
	})
}
