package log

import (
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"

	"picloud/engine/call"
	"picloud/engine/js"
)

// The bounds of what a console keeps.
const (
	maxGroups = 20
	maxLabels = 1000
	maxLabel  = 1000 // bytes
)

// console is the state of the Console standard's namespace object.
type console struct {
	s      *js.Sandbox
	groups int
	counts map[string]int
	timers map[string]time.Time
}

var consoleNames = []string{
	"log", "info", "debug", "warn", "error", "trace", "dir", "dirxml", "table", "assert", "clear",
	"group", "groupCollapsed", "groupEnd", "count", "countReset", "time", "timeLog", "timeEnd",
}

func newConsole(s *js.Sandbox) goja.Value {
	c := &console{s: s}
	return s.Lazy(consoleNames, func(name string) goja.Value {
		run := c.method(name)
		return s.Function(name, 0, func(f goja.FunctionCall) goja.Value {
			run(f.Arguments)
			return goja.Undefined()
		})
	})
}

func (c *console) method(name string) func([]goja.Value) {
	switch name {
	case "debug":
		return c.logger(call.Debug)
	case "warn":
		return c.logger(call.Warn)
	case "error":
		return c.logger(call.Err)
	case "trace":
		return c.trace
	case "dir":
		return func(args []goja.Value) { c.logger(call.Info)(args[:min(len(args), 1)]) }
	case "table":
		return c.table
	case "assert":
		return c.assert
	case "clear":
		return func([]goja.Value) { c.groups = 0 }
	case "group", "groupCollapsed":
		return c.group
	case "groupEnd":
		return func([]goja.Value) { c.groups = max(c.groups-1, 0) }
	case "count", "countReset":
		return c.counter(name == "countReset")
	case "time", "timeLog", "timeEnd":
		return c.stopwatch(name)
	}
	return c.logger(call.Info)
}

// logger is the standard's Logger (section 2.1).
func (c *console) logger(level call.Level) func([]goja.Value) {
	return func(args []goja.Value) {
		if len(args) > 0 && !c.s.LogFull() {
			c.print(level, c.format(args), c.s.StackOf(args...))
		}
	}
}

// print indents by the open groups, as far as a line goes.
func (c *console) print(level call.Level, text string, stack []call.Frame) {
	if c.groups > 0 {
		indent := strings.Repeat("  ", c.groups)
		seen := min(len(text), c.s.Limits().LineBytes)
		text = indent + strings.ReplaceAll(text[:seen], "\n", "\n"+indent) + text[seen:]
	}
	c.s.Log(call.Line{Level: level, Message: text, Stack: stack})
}

func (c *console) group(args []goja.Value) {
	c.logger(call.Info)(args)
	c.groups = min(c.groups+1, maxGroups)
}

func (c *console) assert(args []goja.Value) {
	if len(args) > 0 && args[0].ToBoolean() || c.s.LogFull() {
		return
	}
	text := "Assertion failed"
	if len(args) > 1 {
		text += ": " + c.format(args[1:])
	}
	c.print(call.Err, text, c.s.CallStack())
}

func (c *console) trace(args []goja.Value) {
	text := "Trace"
	if len(args) > 0 {
		text += ": " + c.format(args)
	}
	c.print(call.Debug, text, c.s.CallStack())
}

// label is the first argument as text; "default" without one.
func (c *console) label(args []goja.Value) string {
	if len(args) == 0 || goja.IsUndefined(args[0]) {
		return "default"
	}
	label := c.s.Inspect(args[0])
	return strings.Clone(strings.ToValidUTF8(label[:min(len(label), maxLabel)], ""))
}

func (c *console) counter(reset bool) func([]goja.Value) {
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	return func(args []goja.Value) {
		label := c.label(args)
		_, known := c.counts[label]
		switch {
		case reset && known:
			c.counts[label] = 0
		case reset:
			c.print(call.Warn, fmt.Sprintf("Count for '%s' does not exist", label), nil)
		case known || len(c.counts) < maxLabels:
			c.counts[label]++
			c.print(call.Info, fmt.Sprintf("%s: %d", label, c.counts[label]), nil)
		}
	}
}

func (c *console) stopwatch(name string) func([]goja.Value) {
	if c.timers == nil {
		c.timers = map[string]time.Time{}
	}
	return func(args []goja.Value) {
		label := c.label(args)
		began, known := c.timers[label]
		if name == "time" {
			switch {
			case known:
				c.print(call.Warn, fmt.Sprintf("Timer '%s' already exists", label), nil)
			case len(c.timers) < maxLabels:
				c.timers[label] = time.Now()
			}
			return
		}
		if !known {
			c.print(call.Warn, fmt.Sprintf("Timer '%s' does not exist", label), nil)
			return
		}
		text := fmt.Sprintf("%s: %.3f ms", label, float64(time.Since(began).Microseconds())/1000)
		if name == "timeLog" && len(args) > 1 {
			text += " " + c.format(args[1:])
		}
		if name == "timeEnd" {
			delete(c.timers, label)
		}
		c.print(call.Info, text, nil)
	}
}
