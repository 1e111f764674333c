package js

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js/native"
)

// The sizes to which what was thrown is cut.
const (
	maxNameUnits    = 128
	maxMessageUnits = 8 << 10
	maxFrames       = 32
	maxClasses      = 8  // that an error's class is derived of
	maxCauses       = 3  // of an error whose cause has a cause
	maxParts        = 5  // of an error that is made of others
	maxPlaces       = 16 // of errors that are no errors of the engine; the newest
)

// Describe reads what was thrown. It runs code of the script (getters), so it is called
// inside Run only, where that code can be stopped.
func (s *Sandbox) Describe(thrown goja.Value) call.Failure {
	return s.describe(thrown, nil)
}

func (s *Sandbox) describe(thrown goja.Value, stack []goja.StackFrame) call.Failure {
	object, ok := thrown.(*goja.Object)
	if !ok {
		return call.Failure{Message: s.Inspect(thrown), Stack: frames(stack)}
	}
	if !s.isError(object) {
		return call.Failure{Message: s.Inspect(object), Stack: frames(stack)}
	}
	if len(stack) == 0 {
		stack = s.vm.Try(func() { panic(object) }).Stack()
	}
	failure := call.Failure{
		Name:    native.Text(s.vm, object, "name", maxNameUnits),
		Message: s.message(object),
		Stack:   s.fromNew(object, frames(stack)),
	}
	if failure.Name == "" {
		failure.Name = "Error"
	}
	if len(failure.Stack) == 0 {
		failure.Stack = frames(s.placeOf(object))
	}
	return failure
}

// fromNew drops the constructors of the error's own classes from the top of its stack: it is of
// interest where the error was made, not how.
func (s *Sandbox) fromNew(object *goja.Object, stack []call.Frame) []call.Frame {
	made := 0
	for class, depth := object.Prototype(), 0; class != nil && depth < maxClasses; class, depth = class.Prototype(), depth+1 {
		constructor, ok := native.Get(s.vm, class, "constructor").(*goja.Object)
		if !ok || made == len(stack)-1 {
			break
		}
		var text string
		s.vm.Try(func() { text = constructor.String() })
		if !strings.HasPrefix(text, "class") || !strings.Contains(text, "constructor(") {
			continue
		}
		if name := stack[made].Function; name != "" && name != native.Text(s.vm, constructor, "name", maxNameUnits) {
			break
		}
		made++
	}
	return stack[made:]
}

// StackOf is where the first error among the values was made, as places in the program.
func (s *Sandbox) StackOf(values ...goja.Value) []call.Frame {
	for _, value := range values {
		if object, ok := value.(*goja.Object); ok && s.isError(object) {
			return s.Describe(object).Stack
		}
	}
	return nil
}

// CallStack is where the program is now.
func (s *Sandbox) CallStack() []call.Frame { return frames(s.vm.CaptureCallStack(0, nil)) }

// Explain is Describe with the errors that the error is made of and those that caused it.
func (s *Sandbox) Explain(thrown goja.Value) call.Failure { return s.explain(thrown, nil) }

func (s *Sandbox) explain(thrown goja.Value, stack []goja.StackFrame) call.Failure {
	failure := s.describe(thrown, stack)
	if object, ok := thrown.(*goja.Object); ok && s.isError(object) {
		failure.Message += s.parts(object) + s.causes(object)
	}
	return failure
}

// aggregate gives the errors of an AggregateError (ECMA-262, section 20.5.7); nil of others.
func (s *Sandbox) aggregate(object *goja.Object) *goja.Object {
	errors, ok := native.Get(s.vm, object, "errors").(*goja.Object)
	if !ok || !native.IsArray(errors) || native.Text(s.vm, object, "name", maxNameUnits) != "AggregateError" {
		return nil
	}
	return errors
}

// parts are the errors of an AggregateError, a line for each.
func (s *Sandbox) parts(object *goja.Object) string {
	errors := s.aggregate(object)
	if errors == nil {
		return ""
	}
	var lines strings.Builder
	count := 0
	s.vm.Try(func() { count = int(native.Length(errors)) })
	for at := range min(count, maxParts) {
		lines.WriteString("\nOne of them: " + s.short(native.Get(s.vm, errors, strconv.Itoa(at))))
	}
	if count > maxParts {
		fmt.Fprintf(&lines, "\nand %d more", count-maxParts)
	}
	return lines.String()
}

// short is one line about a value that was thrown.
func (s *Sandbox) short(thrown goja.Value) string {
	object, ok := thrown.(*goja.Object)
	if !ok || !s.isError(object) {
		return cut(s.Inspect(thrown), maxMessageUnits)
	}
	return native.Text(s.vm, object, "name", maxNameUnits) + ": " + s.message(object)
}

// message is that of an error, in words for people.
func (s *Sandbox) message(object *goja.Object) string {
	return s.explained(native.Text(s.vm, object, "message", maxMessageUnits))
}

func (s *Sandbox) explained(message string) string {
	if s.globals.explain == nil {
		return message
	}
	return s.globals.explain(message)
}

// causes are the causes of an error (ECMA-262, section 20.5.8.1), a line for each.
func (s *Sandbox) causes(object *goja.Object) string {
	var lines strings.Builder
	for range maxCauses {
		var cause goja.Value
		if s.vm.Try(func() { cause = object.Get("cause") }) != nil || cause == nil || goja.IsUndefined(cause) {
			break
		}
		lines.WriteString("\nCaused by: " + s.short(cause))
		next, ok := cause.(*goja.Object)
		if !ok || !s.isError(next) {
			break
		}
		object = next
	}
	return lines.String()
}

type place struct {
	object *goja.Object
	stack  []goja.StackFrame
}

// RememberPlace keeps where an object was made that is thrown like an error and is none of
// the engine's, which has no place of its own.
func (s *Sandbox) RememberPlace(object *goja.Object, stack []goja.StackFrame) {
	if len(s.places) == maxPlaces {
		s.places = slices.Delete(s.places, 0, 1)
	}
	s.places = append(s.places, place{object, stack})
}

func (s *Sandbox) placeOf(object *goja.Object) []goja.StackFrame {
	for _, p := range s.places {
		if p.object == object {
			return p.stack
		}
	}
	return nil
}

// isError tells whether the value is an Error or inherits from one.
func (s *Sandbox) isError(object *goja.Object) bool {
	if object.ClassName() == "Error" {
		return true
	}
	is := false
	s.vm.Try(func() {
		constructor, ok := s.vm.GlobalObject().Get("Error").(*goja.Object)
		is = ok && s.vm.InstanceOf(object, constructor)
	})
	return is
}

func frames(stack []goja.StackFrame) []call.Frame {
	var list []call.Frame
	for _, frame := range stack {
		name := frame.FuncName()
		at := frame.Position()
		if at.Filename != FileName {
			continue
		}
		if name == "<anonymous>" {
			name = ""
		}
		list = append(list, call.Frame{Function: cut(name, maxNameUnits), File: at.Filename, Line: at.Line, Column: at.Column})
		if len(list) == maxFrames {
			break
		}
	}
	return list
}

// Report tells of an exception that nobody in the script caught, as the HTML standard's
// "report an exception" (section 8.1.4.6); the loop takes it up after the present step.
func (s *Sandbox) Report(thrown *goja.Exception) { s.uncaught = append(s.uncaught, thrown) }

func (s *Sandbox) trackRejection(promise *goja.Promise, operation goja.PromiseRejectionOperation) {
	if operation == goja.PromiseRejectionReject {
		s.rejected = append(s.rejected, promise)
		return
	}
	s.Handled(promise)
}

// Handled takes a promise out of those whose rejection nobody handled.
func (s *Sandbox) Handled(promise *goja.Promise) {
	if at := slices.Index(s.rejected, promise); at >= 0 {
		s.rejected = slices.Delete(s.rejected, at, at+1)
	}
}

// panicked makes an ending of a Go panic; nothing of its text is shown but what helps.
func (s *Sandbox) panicked(cause any) *Ending {
	if err, ok := cause.(error); ok {
		if ending, ok := errors.AsType[*Ending](err); ok {
			return ending
		}
		if bug, ok := errors.AsType[runtime.Error](err); ok {
			for _, sign := range []string{"makeslice", "growslice", "out of range", "strings: Repeat", "bytes.Buffer"} {
				if strings.Contains(bug.Error(), sign) {
					return &Ending{Outcome: call.Error, Failure: call.Failure{Name: "RangeError", Message: "A value is larger than the engine can hold."}}
				}
			}
		}
	}
	return failed("The engine could not run this code.")
}

// RangeError makes the error object, to be thrown by panic.
func (s *Sandbox) RangeError(format string, args ...any) *goja.Object {
	return s.newError("RangeError", format, args...)
}

// SyntaxError makes the error object, to be thrown by panic.
func (s *Sandbox) SyntaxError(format string, args ...any) *goja.Object {
	return s.newError("SyntaxError", format, args...)
}

func (s *Sandbox) newError(class, format string, args ...any) *goja.Object {
	message := fmt.Sprintf(format, args...)
	made, err := s.vm.New(s.vm.GlobalObject().Get(class), s.vm.ToValue(message))
	if err != nil {
		return s.vm.NewTypeError(message)
	}
	return made
}
