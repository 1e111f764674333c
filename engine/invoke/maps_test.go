package invoke

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"picloud/engine/id"
)

// A function that fails often asks for its source map once, also while the database is slow,
// and no more runs wait for maps than there are places for.
func TestMapsAreReadOnce(t *testing.T) {
	t.Parallel()
	const text = `{"version":3,"sources":["hello.ts"],"names":[],"mappings":"AAAA"}`
	var loads atomic.Int32
	answer := make(chan error)
	m := newMaps(func(context.Context, id.Version) (string, error) {
		loads.Add(1)
		return text, <-answer
	})
	version := id.New[id.Version]()
	var runs sync.WaitGroup
	var busy atomic.Int32
	for range 3 * mapsWaiting {
		runs.Go(func() {
			if _, err := m.of(version); errors.Is(err, errMapsBusy) {
				busy.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	for busy.Load() < 2*mapsWaiting {
		runtime.Gosched() // those without a place do not wait
	}
	answer <- nil
	runs.Wait()
	if _, err := m.of(version); err != nil || loads.Load() != 1 || busy.Load() != 2*mapsWaiting {
		t.Errorf("%v, %d loads, %d busy", err, loads.Load(), busy.Load())
	}
	refused := errors.New("refused")
	go func() { answer <- refused }()
	other := id.New[id.Version]()
	for range 2 {
		if _, err := m.of(other); !errors.Is(err, refused) {
			t.Error(err)
		}
	}
	if loads.Load() != 2 {
		t.Errorf("%d loads: a failure is not remembered", loads.Load())
	}
	go func() {
		for range 3 * mapsWaiting {
			answer <- nil
		}
	}()
	for range 3 * mapsWaiting {
		if _, err := m.of(id.New[id.Version]()); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.kept) > mapsWaiting {
		t.Errorf("%d are kept", len(m.kept))
	}
}
