package invoke

import (
	"context"
	"runtime"
	"testing"
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
)

// drafted runs a draft of an app of its own on a door with one turn.
func drafted(ctx context.Context, i *Invoker, code string) chan call.Result {
	result := make(chan call.Result, 1)
	job := Job{Call: testCall(), Code: Code{Draft: &Draft{Program: "(() => { " + code + " });"}}}
	go func() { result <- i.Run(ctx, job) }()
	return result
}

// await waits until a run is as is says, and gives it.
func await(t *testing.T, i *Invoker, what string, is func(*run) bool) *run {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); runtime.Gosched() {
		for slot := range i.watcher.table {
			if r := i.watcher.table[slot].Load(); r != nil && is(r) {
				return r
			}
		}
	}
	t.Fatalf("no run is %s", what)
	return nil
}

// A run that executes for long gives its turn to others, however long it goes on.
func TestLongRunGivesItsTurn(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40) // its watcher does not run, and moves nobody aside
	i.processor = newProcessor(1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	burning := drafted(ctx, i, "for (;;);")
	await(t, i, "executing", func(r *run) bool { return r.since.Load() != 0 })
	for range 3 {
		short, giveUp := context.WithTimeout(t.Context(), 20*time.Second)
		if result := <-drafted(short, i, "return 'short'"); result.Outcome != call.OK {
			t.Fatalf("the short run beside it: %s. Does goja lack the changes of tools/goja? Use make test.", result.Outcome)
		}
		giveUp()
	}
	select {
	case result := <-burning:
		t.Fatalf("the long run ended: %+v", result)
	default:
	}
	cancel()
	if result := <-burning; result.Outcome != call.Cancelled {
		t.Errorf("%+v", result)
	}
	if err := i.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if left := i.Left(); left != "" {
		t.Error("left over:", left)
	}
}

// While a run waits for its next turn it does not execute, and ends at once when it must.
func TestWaitingForTheNextTurn(t *testing.T) {
	t.Parallel()
	i := invoker(t, 1<<40)
	i.processor = newProcessor(1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	burning := drafted(ctx, i, "for (;;);")
	r := await(t, i, "executing", func(r *run) bool { return r.since.Load() != 0 })
	other := &turn{app: id.New[id.App]()}
	patience, giveUp := context.WithTimeout(t.Context(), 20*time.Second)
	defer giveUp()
	if !i.processor.acquire(other, patience.Done) {
		t.Fatal("the turn was not given. Does goja lack the changes of tools/goja? Use make test.")
	}
	before := r.executing()
	for running := range i.journal.Running() {
		if !running.Waiting {
			t.Error("the journal says that it executes")
		}
	}
	for range 10_000 {
		runtime.Gosched()
	}
	if after := r.executing(); after != before {
		t.Errorf("executed for %v while it waited", after-before)
	}
	cancel()
	if result := <-burning; result.Outcome != call.Cancelled || result.Executing > before+time.Second {
		t.Errorf("%+v", result)
	}
	i.processor.release(other)
	if err := i.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if left := i.Left(); left != "" {
		t.Error("left over:", left)
	}
}

// It runs before the parallel tests, which share its processors.
func TestSpareProcessor(t *testing.T) {
	own := runtime.GOMAXPROCS(0)
	s := newSpare()
	for n, look := range []struct {
		at   int64
		long bool
		want int
	}{
		{1, false, own},
		{2, true, own + 1},
		{3, true, own + 1},
		{3 + int64(spareLinger), false, own + 1},
		{4 + int64(spareLinger), false, own},
		{5 + int64(spareLinger), false, own},
	} {
		if s.see(look.at, look.long); runtime.GOMAXPROCS(0) != look.want {
			t.Errorf("look %d: %d processors, want %d", n, runtime.GOMAXPROCS(0), look.want)
		}
	}
}
