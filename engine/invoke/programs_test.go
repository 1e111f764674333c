package invoke

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"picloud/engine/js"
)

func TestProgramsStayInTheirBudget(t *testing.T) {
	t.Parallel()
	p := newPrograms(20 * weightBase)
	for n := range 200 {
		text := fmt.Sprintf("(%d);", n)
		hash := sha256.Sum256([]byte(text))
		for range 2 {
			if _, err := p.get(t.Context(), hash, func(context.Context) (string, js.Caps, error) { return text, 0, nil }); err != nil {
				t.Fatal(err)
			}
		}
		if p.used > p.budget {
			t.Fatalf("%d bytes of %d", p.used, p.budget)
		}
	}
	if len(p.entries) < 15 {
		t.Errorf("only %d programs are kept", len(p.entries))
	}
}

func TestProgramsAreLoadedOnce(t *testing.T) {
	t.Parallel()
	p := newPrograms(1 << 20)
	var loads atomic.Int32
	begin := make(chan struct{})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			<-begin
			if _, err := p.get(t.Context(), [32]byte{1}, func(context.Context) (string, js.Caps, error) {
				loads.Add(1)
				return "1", 0, nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	group.Wait()
	if _, err := p.get(t.Context(), [32]byte{1}, nil); err != nil || loads.Load() > 20 || loads.Load() < 1 {
		t.Errorf("%d loads, %v", loads.Load(), err)
	}
	failing := errors.New("away")
	if _, err := p.get(t.Context(), [32]byte{2}, func(context.Context) (string, js.Caps, error) { return "", 0, failing }); !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
	if _, err := p.get(t.Context(), [32]byte{2}, func(context.Context) (string, js.Caps, error) { return "2", 0, nil }); err != nil {
		t.Errorf("a failure was remembered: %v", err)
	}
}
