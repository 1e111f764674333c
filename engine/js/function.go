package js

import (
	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// maxNested bounds how deep functions made by Function call each other without byte code
// between, which no limit of goja counts.
const maxNested = 1000

// Function makes a function object with the name and length a script sees; goja itself
// would show the Go name. It ends a step that was stopped and bounds native recursion.
func (s *Sandbox) Function(name string, length int, run native.Function) *goja.Object {
	function := s.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		s.Check()
		if s.nested >= maxNested {
			panic(s.RangeError("%s: calls are nested deeper than %d", name, maxNested))
		}
		s.nested++
		defer func() { s.nested-- }()
		return run(c)
	}).(*goja.Object)
	must(function.DefineDataProperty("name", s.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	if length > 0 {
		must(function.DefineDataProperty("length", s.vm.ToValue(length), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return function
}

// heldFrom is the size from which on a buffer is worth telling of.
const heldFrom = 16 << 10

// Hold tells of a buffer that was made for the script, which may end the step.
func (s *Sandbox) Hold(buffer []byte) {
	if s.hold != nil && len(buffer) >= heldFrom {
		s.hold(buffer)
		s.Check()
	}
}

// Check ends the step at once if the run was stopped. Loops in Go that may be long call it,
// for goja looks at its interrupt in byte code only.
func (s *Sandbox) Check() {
	if s.halted.Load() {
		panic(s.interrupted())
	}
}

// interrupted runs one byte-code instruction, which raises the interrupt that Stop has set.
func (s *Sandbox) interrupted() error {
	_, err := s.vm.RunProgram(s.globals.nothing)
	if err == nil {
		err = s.stopped()
	}
	return err
}

// Direct gives a function to be called within the present step: what it throws is a panic,
// which the step takes up.
func (s *Sandbox) Direct(value goja.Value) (run func(goja.FunctionCall) goja.Value, ok bool) {
	return native.Direct(value)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
