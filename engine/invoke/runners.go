package invoke

import "sync/atomic"

// runners are goroutines that wait for the next run: their stacks have grown to what a
// sandbox needs, which a new goroutine would have to do step by step, copying each time.
type runners struct {
	next chan func()
	done chan struct{} // closed when none is to wait any more
	idle atomic.Int32
}

const idleRunners = 32

func newRunners() *runners { return &runners{next: make(chan func()), done: make(chan struct{})} }

// run does work on a waiting goroutine, or on a new one.
func (r *runners) run(work func()) {
	select {
	case r.next <- work:
	default:
		go r.loop(work)
	}
}

func (r *runners) loop(work func()) {
	for {
		work()
		if r.idle.Add(1) > idleRunners {
			r.idle.Add(-1)
			return
		}
		select {
		case work = <-r.next:
			r.idle.Add(-1)
		case <-r.done:
			return
		}
	}
}
