package js

import (
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
)

// Ending is why a run ended otherwise than by itself.
type Ending struct {
	Outcome call.Outcome
	Failure call.Failure
}

func (e *Ending) Error() string { return string(e.Outcome) + ": " + e.Failure.Message }

// Run is the event loop. It executes start, then results of host work and timers one at a time,
// each followed by its microtasks, until Quit is called or nothing can happen any more (nil), or
// until something ends it: Stop, a failure nobody took, a panic. Host work that is still under way
// then is given up. Run is called once.
func (s *Sandbox) Run(start func() error) *Ending {
	defer func() { s.outside.end() }()
	if ending := s.acquire(); ending != nil {
		return ending
	}
	held := true
	defer func() {
		if held && s.slot != nil {
			s.slot.Release()
		}
	}()
	next := start
	var ending *Ending
	for {
		for next != nil {
			if next, ending = s.step(next); ending != nil {
				return ending
			}
		}
		if s.quit {
			return s.stopped()
		}
		var wait time.Duration
		next, wait, ending = s.next()
		if ending != nil {
			return ending
		}
		if next != nil {
			continue
		}
		if wait < 0 {
			return nil
		}
		held = false
		s.sleep(wait)
		if ending := s.acquire(); ending != nil {
			return ending
		}
		held = true
	}
}

// Quit makes Run end after the present step; what is still pending is dropped.
func (s *Sandbox) Quit() { s.quit = true }

// Observer follows a run.
type Observer interface {
	// Stepped is called after every step, when its microtasks have run and before failures
	// are told. It runs no code of the script; a task it returns is the next step.
	Stepped() (next func() error)
	// Failed is told of exceptions in timers and of rejections nobody handled.
	// It gives the ending of the run, or nil for one that goes on.
	Failed(thrown goja.Value, failure call.Failure) *Ending
}

// Observe sets the observer. Without one a failure that nobody took ends the run.
func (s *Sandbox) Observe(o Observer) { s.observer = o }

// Stop ends the run from any goroutine, also before it starts and while it waits. The first
// call decides; later ones do nothing.
func (s *Sandbox) Stop(outcome call.Outcome, message string) {
	s.mu.Lock()
	if s.stop == nil {
		s.stop = &Ending{Outcome: outcome, Failure: call.Failure{Message: message}}
		s.vm.Interrupt(errStopped)
		s.halted.Store(true)
		if s.wake != nil {
			close(s.wake)
		}
	}
	s.mu.Unlock()
}

var errStopped = errors.New("stopped")

// stopped is the ending Stop gave, or nil.
func (s *Sandbox) stopped() *Ending {
	if !s.halted.Load() {
		return nil
	}
	return s.stopping()
}

func (s *Sandbox) stopping() *Ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop
}

func (s *Sandbox) acquire() *Ending {
	if s.slot == nil {
		return s.stopped()
	}
	err := s.slot.Acquire()
	if ending := s.stopped(); ending != nil {
		if err == nil {
			s.slot.Release()
		}
		return ending
	}
	if err != nil {
		return &Ending{Outcome: call.Cancelled, Failure: call.Failure{Message: "The run was given up before it could go on."}}
	}
	return nil
}

// next takes what is to run now, or tells how long to wait, a negative time when nothing can
// happen any more.
func (s *Sandbox) next() (task func() error, wait time.Duration, ending *Ending) {
	if ending := s.stopped(); ending != nil {
		return nil, 0, ending
	}
	if done, ok := s.outside.take(); ok {
		return s.settle(done), 0, nil
	}
	if !s.timers.keeps() && !s.outside.keeps() {
		return nil, -1, nil
	}
	due, any := s.timers.next()
	if !any {
		return nil, maxSleep, nil
	}
	if wait = time.Until(due); wait <= 0 {
		return s.fireTimer, 0, nil
	}
	return nil, wait, nil
}

// maxSleep is for a loop that has nothing to wait for but host work.
const maxSleep = time.Hour

// sleep gives the slot back and waits for a stop, host work or the time.
func (s *Sandbox) sleep(wait time.Duration) {
	if s.slot != nil {
		s.slot.Rest()
	}
	began := time.Now()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-s.waking():
	case <-s.outside.arrivals():
	case <-timer.C:
	}
	s.trace.waited(began, time.Now())
}

// waking is a channel that is closed by Stop.
func (s *Sandbox) waking() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake == nil {
		s.wake = make(chan struct{})
		if s.stop != nil {
			close(s.wake)
		}
	}
	return s.wake
}

// step runs one task with its microtasks, then tells of what failed in it. It gives the
// task that must follow at once, if there is one.
func (s *Sandbox) step(task func() error) (next func() error, ending *Ending) {
	thrown, ending := s.enter(task)
	if ending != nil {
		return nil, ending
	}
	if thrown != nil {
		s.Report(thrown)
	}
	if s.observer != nil {
		next = s.observer.Stepped()
	}
	for len(s.uncaught) > 0 && ending == nil {
		thrown := s.uncaught[0]
		s.uncaught = s.uncaught[1:]
		ending = s.tell(thrown.Value(), thrown.Stack())
	}
	for len(s.rejected) > 0 && ending == nil && !s.quit {
		promise := s.rejected[0]
		s.rejected = s.rejected[1:]
		ending = s.tell(promise.Result(), nil)
	}
	return next, ending
}

// tell reads a failure under guard and asks whether the run goes on.
func (s *Sandbox) tell(what goja.Value, stack []goja.StackFrame) *Ending {
	said := &Ending{Outcome: call.Error}
	_, ending := s.enter(func() error {
		said.Failure = s.explain(what, stack)
		if s.observer != nil {
			said = s.observer.Failed(what, said.Failure)
		}
		return nil
	})
	if ending != nil {
		return ending
	}
	return said
}

// enter is the only way into the script. It gives what was thrown, or the ending of a run
// that cannot go on: after an abrupt stop goja clears its interrupt, so it must not.
func (s *Sandbox) enter(task func() error) (thrown *goja.Exception, ending *Ending) {
	if ending := s.stopped(); ending != nil {
		return nil, ending
	}
	defer func() {
		if cause := recover(); cause != nil {
			thrown, ending = nil, s.panicked(cause)
		}
	}()
	s.task, s.taskErr = task, nil
	_, err := s.vm.RunProgram(s.globals.enter)
	if err == nil {
		err = s.taskErr
	}
	if ending := s.stopped(); ending != nil {
		return nil, ending.at(err)
	}
	if err == nil && s.task != nil {
		return nil, failed("The function has replaced the global object's prototype or an internal name.")
	}
	s.task = nil
	if err == nil {
		return nil, nil
	}
	if thrown, ok := err.(*goja.Exception); ok {
		return thrown, nil
	}
	if ending, ok := errors.AsType[*Ending](err); ok {
		return nil, ending
	}
	if overflow, ok := errors.AsType[*goja.StackOverflowError](err); ok {
		return nil, s.overflown(overflow)
	}
	return nil, s.panicked(err)
}

// runTask runs what enter left, inside the runtime.
func (s *Sandbox) runTask() goja.Value {
	task := s.task
	if task == nil {
		return nil
	}
	s.task = nil
	err := task()
	if err == nil {
		return goja.Undefined()
	}
	switch err.(type) {
	case *goja.InterruptedError, *goja.StackOverflowError:
		panic(err)
	}
	s.taskErr = err
	return goja.Undefined()
}

// at is the ending with the place where the script was when it was interrupted.
func (e *Ending) at(err error) *Ending {
	interrupted, ok := errors.AsType[*goja.InterruptedError](err)
	if !ok {
		return e
	}
	placed := *e
	placed.Failure.Stack = frames(interrupted.Stack())
	return &placed
}

func (s *Sandbox) overflown(overflow *goja.StackOverflowError) *Ending {
	return &Ending{Outcome: call.Stack, Failure: call.Failure{
		Name:    "RangeError",
		Message: fmt.Sprintf("Calls are nested deeper than %d.", s.limits.Stack),
		Stack:   frames(overflow.Stack()),
	}}
}

func failed(message string) *Ending {
	return &Ending{Outcome: call.Error, Failure: call.Failure{Message: message}}
}
