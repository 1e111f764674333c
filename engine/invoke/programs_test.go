package invoke

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"picloud/engine/sdk/handler"
)

func TestProgramsStayInTheirBudget(t *testing.T) {
	t.Parallel()
	p := newPrograms(20 * weightBase)
	for n := range 200 {
		text := fmt.Sprintf("(%d);", n)
		hash := sha256.Sum256([]byte(text))
		for range 2 {
			if _, err := p.get(t.Context(), hash, func(context.Context) (string, error) { return text, nil }, handler.Compile); err != nil {
				t.Fatal(err)
			}
		}
		if p.small.used > p.budget {
			t.Fatalf("%d bytes of %d", p.small.used, p.budget)
		}
	}
	if len(p.small.entries) < 15 {
		t.Errorf("only %d programs are kept", len(p.small.entries))
	}
}

// Large programs push out each other and leave half of the room to small ones; the one that was
// used last is kept.
func TestLargeProgramsLeaveSmallOnesAlone(t *testing.T) {
	t.Parallel()
	p := newPrograms(64 * weightBase)
	keep := func(text string) [32]byte {
		hash := sha256.Sum256([]byte(text))
		if _, err := p.get(t.Context(), hash, func(context.Context) (string, error) { return text, nil }, handler.Compile); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	var small [][32]byte
	for n := range 30 {
		small = append(small, keep(fmt.Sprintf("(%d);", n)))
	}
	for n := range 20 {
		length := 15 + 5*n // up to 110 weights: more than all of the budget
		last := keep(fmt.Sprintf("(%d);//", n) + strings.Repeat("x", length*weightBase/weightFactor))
		if p.known(last) == nil {
			t.Errorf("the large program %d is not kept", n)
		}
		if p.large.used > p.budget/2 && len(p.large.entries) > 1 {
			t.Errorf("%d large programs have %d of %d bytes", len(p.large.entries), p.large.used, p.budget)
		}
	}
	for n, hash := range small {
		if p.known(hash) == nil {
			t.Errorf("the small program %d was pushed out", n)
		}
	}
}

// The one who compiles for all may be stopped before its turn: another one does it then.
func TestProgramIsCompiledByAnother(t *testing.T) {
	t.Parallel()
	p := newPrograms(1 << 20)
	asked, halted := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	load := func(context.Context) (string, error) { return "3", nil }
	first.Go(func() {
		if _, err := p.get(t.Context(), [32]byte{3}, load, func(string) (*handler.Program, error) {
			close(asked)
			<-halted
			return nil, errHalted
		}); !errors.Is(err, errHalted) {
			t.Errorf("the one who was stopped got %v", err)
		}
	})
	<-asked
	var others sync.WaitGroup
	var compiled atomic.Int32
	for range 5 {
		others.Go(func() {
			if _, err := p.get(t.Context(), [32]byte{3}, load, func(text string) (*handler.Program, error) {
				compiled.Add(1)
				return handler.Compile(text)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	close(halted)
	others.Wait()
	first.Wait()
	if compiled.Load() != 1 {
		t.Errorf("compiled %d times", compiled.Load())
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
				}, handler.Compile); err != nil {
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
		if _, err := p.get(t.Context(), [32]byte{1}, func(context.Context) (string, error) { return "", errors.New("loaded again") }, handler.Compile); err != nil {
			t.Error(err)
		}
	})
}

func TestProgramsForgetFailures(t *testing.T) {
	t.Parallel()
	p := newPrograms(1 << 20)
	failing := errors.New("away")
	if _, err := p.get(t.Context(), [32]byte{2}, func(context.Context) (string, error) { return "", failing }, handler.Compile); !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
	if _, err := p.get(t.Context(), [32]byte{2}, func(context.Context) (string, error) { return "2", nil }, handler.Compile); err != nil {
		t.Errorf("a failure was remembered: %v", err)
	}
}
