package invoke

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestProgramsStayInTheirBudget(t *testing.T) {
	t.Parallel()
	p := newPrograms(20 * weightBase)
	for n := range 200 {
		text := fmt.Sprintf("(%d);", n)
		hash := sha256.Sum256([]byte(text))
		for range 2 {
			if _, err := p.get(t.Context(), hash, func(context.Context) (string, error) { return text, nil }); err != nil {
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
	synctest.Test(t, func(t *testing.T) {
		p := newPrograms(1 << 20)
		var loads atomic.Int32
		arrived := make(chan struct{})
		for range 20 {
			go func() {
				if _, err := p.get(t.Context(), [32]byte{1}, func(context.Context) (string, error) {
					loads.Add(1)
					<-arrived
					return "1", nil
				}); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait() // all ask, none has an answer
		close(arrived)
		synctest.Wait()
		if loads.Load() != 1 {
			t.Errorf("%d loads for 20 who asked at once", loads.Load())
		}
		if _, err := p.get(t.Context(), [32]byte{1}, func(context.Context) (string, error) { return "", errors.New("loaded again") }); err != nil {
			t.Error(err)
		}
	})
}

func TestProgramsForgetFailures(t *testing.T) {
	t.Parallel()
	p := newPrograms(1 << 20)
	failing := errors.New("away")
	if _, err := p.get(t.Context(), [32]byte{2}, func(context.Context) (string, error) { return "", failing }); !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
	if _, err := p.get(t.Context(), [32]byte{2}, func(context.Context) (string, error) { return "2", nil }); err != nil {
		t.Errorf("a failure was remembered: %v", err)
	}
}
