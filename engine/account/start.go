package account

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
)

// ErrClosed is what Start answers after Close.
var ErrClosed = errors.New("starter is closed")

// Starter starts children that end when this process ends, however it ends, and that can
// gain no privileges. The kernel ties both to the thread that forked, not to the process,
// so all starts go through one thread, which lives as long as the process.
type Starter struct {
	starts chan start
	close  sync.Once
	done   chan struct{}
	ended  chan struct{}
}

type start struct {
	cmd    *exec.Cmd
	answer chan error
}

// NewStarter makes a starter; Close it when no more children are to be started.
func NewStarter() *Starter {
	s := &Starter{starts: make(chan start), done: make(chan struct{}), ended: make(chan struct{})}
	go s.run()
	return s
}

// run unlocks its thread at the end: an unlocked thread is kept by the Go runtime, so
// children that are still there are not signalled.
func (s *Starter) run() {
	defer close(s.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	confined := confineThread() // Drop cannot reach this thread in a binary with cgo
	for {
		select {
		case next := <-s.starts:
			if confined != nil {
				next.answer <- confined
				continue
			}
			next.answer <- next.cmd.Start()
		case <-s.done:
			return
		}
	}
}

// Start is cmd.Start on the starter's thread.
func (s *Starter) Start(cmd *exec.Cmd) error {
	next := start{cmd: cmd, answer: make(chan error, 1)}
	select {
	case s.starts <- next:
		return <-next.answer
	case <-s.done:
		return ErrClosed
	}
}

// Close ends the starter and waits for it; children that run go on.
func (s *Starter) Close() {
	s.close.Do(func() { close(s.done) })
	<-s.ended
}
