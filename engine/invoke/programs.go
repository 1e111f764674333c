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
// used least recently, which needs no list that every call would have to lock.
type programs struct {
	budget int64

	mu      sync.RWMutex
	entries map[[32]byte]*entry
	used    int64
	flight  singleflight.Group
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
)

func newPrograms(budget int64) *programs {
	return &programs{budget: budget, entries: make(map[[32]byte]*entry)}
}

// known gives a program that is kept, or nil.
func (p *programs) known(hash [32]byte) *handler.Program {
	p.mu.RLock()
	e := p.entries[hash]
	p.mu.RUnlock()
	if e == nil {
		return nil
	}
	e.usedAt.Store(sinceStart())
	return e.program
}

// get finds the program or loads and compiles it, once for all who ask meanwhile.
func (p *programs) get(ctx context.Context, hash [32]byte, load func(context.Context) (text string, err error)) (*handler.Program, error) {
	if program := p.known(hash); program != nil {
		return program, nil
	}
	made, err, _ := p.flight.Do(string(hash[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadLimit)
		defer cancel()
		text, err := load(ctx)
		if err != nil {
			return nil, err
		}
		program, err := handler.Compile(text)
		if err != nil {
			return nil, err
		}
		p.keep(hash, program)
		return program, nil
	})
	if err != nil {
		return nil, err
	}
	return made.(*handler.Program), nil
}

func (p *programs) keep(hash [32]byte, program *handler.Program) {
	e := &entry{program: program, weight: weightBase + weightFactor*int64(program.Size())}
	e.usedAt.Store(sinceStart())
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, there := p.entries[hash]; there {
		return
	}
	p.entries[hash] = e
	for p.used += e.weight; p.used > p.budget && len(p.entries) > 1; {
		p.evict(hash)
	}
}

// evict removes one program other than keep. Runs that use it go on with it.
func (p *programs) evict(keep [32]byte) {
	var oldest [32]byte
	var found *entry
	looked := 0
	for hash, e := range p.entries {
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
	delete(p.entries, oldest)
	p.used -= found.weight
}

const loadLimit = 5 * time.Second

var processStart = time.Now()

// sinceStart is a monotonic clock in nanoseconds.
func sinceStart() int64 { return int64(time.Since(processStart)) }
