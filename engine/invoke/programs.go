package invoke

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"picloud/engine/sdk/handler"
)

// programs keeps compiled programs by the hash of their text, within a budget of memory.
// What has not been used for long goes first: of a few entries taken at random the one
// used least recently, which needs no list that every call would have to lock. Large programs
// push out each other, and small ones only where those have more than half of the budget.
type programs struct {
	budget int64

	mu     sync.RWMutex
	small  shelf
	large  shelf // of entries that are more than a part of the budget
	flight singleflight.Group
}

// shelf is a part of the programs.
type shelf struct {
	entries map[[32]byte]*entry
	used    int64
}

type entry struct {
	program *handler.Program
	weight  int64
	usedAt  atomic.Int64 // nanoseconds since the process began
}

const (
	weightBase   = 8 << 10 // of any program
	weightFactor = 7       // of a byte of text, measured on bundles of 1 to 700 KiB
	evictSample  = 8
	largePart    = 16 // of the budget
)

func newPrograms(budget int64) *programs {
	return &programs{budget: budget, small: shelf{entries: make(map[[32]byte]*entry)}, large: shelf{entries: make(map[[32]byte]*entry)}}
}

// known gives a program that is kept, or nil.
func (p *programs) known(hash [32]byte) *handler.Program {
	p.mu.RLock()
	e := p.small.entries[hash]
	if e == nil {
		e = p.large.entries[hash]
	}
	p.mu.RUnlock()
	if e == nil {
		return nil
	}
	e.usedAt.Store(sinceStart())
	return e.program
}

// get finds the program or loads and compiles it, once for all who ask meanwhile: on the
// account of one of them, and of another one when that one was stopped before it had its turn.
func (p *programs) get(
	ctx context.Context, hash [32]byte, load func(context.Context) (text string, err error), compile func(text string) (*handler.Program, error),
) (*handler.Program, error) {
	for {
		if program := p.known(hash); program != nil {
			return program, nil
		}
		mine := false
		made, err, _ := p.flight.Do(string(hash[:]), func() (any, error) {
			mine = true
			if program := p.known(hash); program != nil { // another flight has just landed
				return program, nil
			}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadLimit)
			defer cancel()
			text, err := load(ctx)
			if err != nil {
				return nil, err
			}
			program, err := compile(text)
			if err != nil {
				return nil, err
			}
			p.keep(hash, program)
			return program, nil
		})
		if err == nil {
			return made.(*handler.Program), nil
		}
		if mine || err != errHalted {
			return nil, err
		}
	}
}

func (p *programs) keep(hash [32]byte, program *handler.Program) {
	e := &entry{program: program, weight: weightBase + weightFactor*int64(program.Size())}
	e.usedAt.Store(sinceStart())
	p.mu.Lock()
	defer p.mu.Unlock()
	at := &p.small
	if e.weight > p.budget/largePart {
		at = &p.large
	}
	if _, there := at.entries[hash]; there {
		return
	}
	at.entries[hash] = e
	at.used += e.weight
	for p.small.used+p.large.used > p.budget {
		switch {
		case p.large.used > p.budget/2 && len(p.large.entries) > 1:
			p.large.evict(hash)
		case p.small.used > p.budget/2 && len(p.small.entries) > 1:
			p.small.evict(hash)
		default: // one large program may go beyond the budget
			return
		}
	}
}

// evict removes one program other than keep. Runs that use it go on with it.
func (s *shelf) evict(keep [32]byte) {
	var oldest [32]byte
	var found *entry
	looked := 0
	for hash, e := range s.entries {
		if hash == keep {
			continue
		}
		if found == nil || e.usedAt.Load() < found.usedAt.Load() {
			oldest, found = hash, e
		}
		if looked++; looked == evictSample {
			break
		}
	}
	delete(s.entries, oldest)
	s.used -= found.weight
}

const loadLimit = 5 * time.Second

var processStart = time.Now()

// sinceStart is a monotonic clock in nanoseconds.
func sinceStart() int64 { return int64(time.Since(processStart)) }
