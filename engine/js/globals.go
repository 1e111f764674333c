package js

import (
	"maps"
	"slices"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"picloud/engine/js/guard"
	"picloud/engine/js/library"
	"picloud/engine/js/rewrite"
)

// enterName is the identifier whose look-up starts a task; see [scope.Get].
const enterName = "__picloud_enter"

// Globals is the table of global names that a sandbox makes when they are first looked up.
// It is made once and shared by all sandboxes.
type Globals struct {
	makers  map[string]func(*Sandbox) goja.Value
	enter   *goja.Program
	nothing *goja.Program
	parsing []parser.Option

	library map[string]*goja.Program
	explain func(message string) string // nil: messages are as the engine writes them
	shared  sync.Map                    // of Sandbox.Shared
}

// NewGlobals merges tables from name to maker; later tables win. Timers and queueMicrotask
// are always in it.
func NewGlobals(tables ...map[string]func(*Sandbox) goja.Value) *Globals {
	all := timerGlobals()
	all[rewrite.Apart] = func(s *Sandbox) goja.Value { return guard.Apart(s) }
	all[rewrite.Exec] = func(s *Sandbox) goja.Value { return guard.Exec(s) }
	all[rewrite.Located] = (*Sandbox).located
	for _, g := range guard.All() {
		for _, name := range g.Words {
			if g.Global {
				all[rewrite.Guarded(name)] = func(s *Sandbox) goja.Value {
					g.Install(s, name)
					return s.vm.GlobalObject().Get(name)
				}
			}
		}
	}
	for _, file := range library.Files() {
		if file.Global != "" {
			all[file.Global] = func(s *Sandbox) goja.Value { return s.include(file.Name) }
		}
	}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return &Globals{
		makers:  all,
		enter:   goja.MustCompile("picloud", enterName, false),
		nothing: goja.MustCompile("picloud", "0", false),
		parsing: []parser.Option{parser.WithDisableSourceMaps},

		library: library.Compile(),
	}
}

// Explaining sets what puts the messages of errors in words for people, where they are told
// and logged. A script reads a message as the engine writes it.
func (g *Globals) Explaining(explain func(message string) string) *Globals {
	g.explain = explain
	return g
}

// Names lists the names in order, without those that are not for scripts.
func (g *Globals) Names() []string {
	names := slices.Sorted(maps.Keys(g.makers))
	return slices.DeleteFunc(names, rewrite.IsInternal)
}

// scope is the prototype of a sandbox's global object. A name that nobody defined is looked
// up here and made, so a sandbox pays only for the names its program uses.
type scope Sandbox

// made is a global that was looked up. If that happens often it becomes a property of the
// global object itself; the first of those makes goja copy the names of all others.
type made struct {
	name  string
	value goja.Value
	uses  int
}

const oftenUsed = 4

// Get also is the way in for the loop: the program `enterName` looks up that name, so tasks
// run below a byte-code frame. Only then does goja keep its interrupt armed and its
// microtasks waiting while Go code calls functions of the script.
func (c *scope) Get(name string) goja.Value {
	s := (*Sandbox)(c)
	if name == enterName {
		return s.runTask()
	}
	for i := range s.made {
		if s.made[i].name == name {
			return s.again(i)
		}
	}
	maker, ok := s.globals.makers[name]
	if !ok {
		return nil
	}
	at := len(s.made)
	s.made = append(s.made, made{name: name, uses: 1})
	value := maker(s)
	s.made[at].value = value
	return value
}

// again gives a global that was made, until it has been deleted from the global object.
func (s *Sandbox) again(i int) goja.Value {
	m := &s.made[i]
	if m.uses++; m.uses < oftenUsed || m.value == nil {
		return m.value
	}
	value := m.value
	m.value = nil
	if err := s.vm.GlobalObject().DefineDataProperty(m.name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		m.value = value
	}
	return value
}

// Has tells whether Get would give a value.
func (c *scope) Has(name string) bool {
	for i := range c.made {
		if c.made[i].name == name {
			return c.made[i].value != nil
		}
	}
	_, ok := c.globals.makers[name]
	return ok
}

// Set refuses: assignments make properties of the global object.
func (c *scope) Set(string, goja.Value) bool { return false }

// Delete refuses nothing and does nothing.
func (c *scope) Delete(string) bool { return true }

// Keys hides the names from enumeration, as the standard's globals are.
func (c *scope) Keys() []string { return nil }

// include runs a file of the library and gives its value.
func (s *Sandbox) include(name string) goja.Value {
	value, err := s.vm.RunProgram(s.globals.library[name])
	if err != nil {
		panic(err)
	}
	return value
}
