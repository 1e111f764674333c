// Package js is the virtual machine: one goja runtime per call with its event loop, its
// limits and the way out of them. It hides goja's traps (its interrupt that can be lost, its
// built-ins that never look at it, values whose conversion runs the script's code) and
// guarantees that whatever a script does on purpose or by accident, Run ends with nil or an
// Ending and no code of the script runs afterwards. What no guard in a process can hold
// (native recursion, memory) is left to the process around it.
package js

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js/guard"
)

// SetUp makes the settings that goja and its regular expressions keep per process: a time
// limit for one match, and UTC as the zone of Date. Call it once, before any sandbox.
func SetUp() {
	regexp2.DefaultMatchTimeout = guard.MatchTime
	time.Local = time.UTC
}

// Slot is the right to execute. It is held while code runs. Rest gives it back while the loop
// waits for something outside, Release when it has ended.
type Slot interface {
	Acquire() error
	Rest()
	Release()
}

// Config is what a sandbox needs.
type Config struct {
	Globals *Globals
	Program *Program
	Limits  call.Limits
	Slot    Slot                      // nil: always free
	OnLine  func(call.Line)           // called on the loop for every kept log line; may be nil
	Hold    func([]byte)              // called on the loop with each larger buffer that is made; it may wait; may be nil
	Locate  func([]call.Frame) string // called on the loop for a stack that the script reads: its places as text, "": unknown; it may wait; may be nil
	OnSpan  func(call.Span)           // called on the loop with each span that has ended; may be nil
	Given   any                       // what makers of globals find by [Sandbox.Given]
	Clean   func(string) string       // called on the loop with each text of a log line; nil: texts stay as they are
	Tick    func()                    // called on the loop between instructions, about every hundred; it may wait; may be nil
}

// Sandbox is one runtime with its event loop. But for Stop, everything belongs
// to the goroutine that calls Run.
type Sandbox struct {
	vm       *goja.Runtime
	globals  *Globals
	program  *Program
	limits   call.Limits
	slot     Slot
	made     []made
	local    []kept
	log      lineLog
	observer Observer
	hold     func([]byte)
	locate   func([]call.Frame) string
	given    any

	task     func() error
	taskErr  error
	rejected []*goja.Promise
	uncaught []*goja.Exception
	places   []place
	timers   timerQueue
	outside  *outside // nil: no host work was started
	trace    trace
	quit     bool
	nested   int // functions of ours on the stack

	halted atomic.Bool
	mu     sync.Mutex // guards what follows
	stop   *Ending
	wake   chan struct{} // closed by Stop; nil: nobody waits
}

// New makes a sandbox; nothing of the program has run yet.
func New(config Config) *Sandbox {
	s := &Sandbox{
		vm: goja.New(), globals: config.Globals, program: config.Program,
		limits: config.Limits, slot: config.Slot, hold: config.Hold, locate: config.Locate, given: config.Given,
		log: lineLog{onLine: config.OnLine, clean: config.Clean}, trace: trace{began: time.Now(), clean: config.Clean, onSpan: config.OnSpan},
	}
	s.vm.SetMaxCallStackSize(config.Limits.Stack)
	s.hook(config.Tick)
	s.vm.SetParserOptions(config.Globals.parsing...)
	s.vm.SetRandSource(rand.Float64)
	s.vm.SetPromiseRejectionTracker(s.trackRejection)
	if err := s.vm.GlobalObject().SetPrototype(s.vm.NewDynamicObject((*scope)(s))); err != nil {
		panic(err)
	}
	return s
}

// VM is the runtime. Values of it are used on the loop only.
func (s *Sandbox) VM() *goja.Runtime { return s.vm }

// Limits are the run's.
func (s *Sandbox) Limits() call.Limits { return s.limits }

// Given is what whoever runs the sandbox gives to the makers of its globals.
func (s *Sandbox) Given() any { return s.given }

// kept is one thing of Local.
type kept struct{ key, value any }

// Local keeps one thing per sandbox and key, made at its first use: prototypes and the like.
// There are a handful of keys.
func (s *Sandbox) Local(key any, make func() any) any {
	if value := s.Kept(key); value != nil {
		return value
	}
	value := make()
	s.local = append(s.local, kept{key, value})
	return value
}

// Kept is what Local keeps already, or nil.
func (s *Sandbox) Kept(key any) any {
	for i := range s.local {
		if s.local[i].key == key {
			return s.local[i].value
		}
	}
	return nil
}

// Shared keeps one thing for all sandboxes of the same Globals, made at its first use. It
// must never change: sandboxes read it at the same time.
func (s *Sandbox) Shared(key any, make func() any) any {
	if value, ok := s.globals.shared.Load(key); ok {
		return value
	}
	value, _ := s.globals.shared.LoadOrStore(key, make())
	return value
}

// Load runs the program's top level. It is called inside Run.
func (s *Sandbox) Load() error {
	_, err := s.Evaluate()
	return err
}

// Evaluate is Load and gives the program's completion value (ECMA-262, section 16.1.6).
func (s *Sandbox) Evaluate() (goja.Value, error) {
	for _, install := range s.program.additions {
		install(s)
	}
	return s.vm.RunProgram(s.program.code)
}
