package invoke

import "sync/atomic"

// runners are goroutines that wait for the next run: their stacks have grown to what a
// sandbox needs, which a new goroutine would have to do step by step, copying each time.
type runners struct {
	next chan *run
	done chan struct{} // closed when none is to wait any more
	idle atomic.Int32
}

const idleRunners = 32

func newRunners() *runners { return &runners{next: make(chan *run), done: make(chan struct{})} }

// run executes a run on a waiting goroutine, or on a new one.
func (r *runners) run(next *run) {
	select {
	case r.next <- next:
	default:
		go r.loop(next)
	}
}

func (r *runners) loop(run *run) {
	for {
		run.invoker.execute(run)
		run = nil
		if r.idle.Add(1) > idleRunners {
			r.idle.Add(-1)
			return
		}
		select {
		case run = <-r.next:
			r.idle.Add(-1)
		case <-r.done:
			return
		}
	}
}
