package js

import (
	"slices"

	"github.com/dop251/goja"
)

// Lazy makes an object whose properties, in the order of names, are made when they are first
// read. A script may change them and add others, but not delete those.
func (s *Sandbox) Lazy(names []string, maker func(name string) goja.Value) *goja.Object {
	return s.vm.NewDynamicObject(&lazy{names: names, maker: maker})
}

// lazy implements goja.DynamicObject.
type lazy struct {
	names []string // of the properties to make
	maker func(name string) goja.Value
	added []string
	made  map[string]goja.Value
}

func (l *lazy) Get(name string) goja.Value {
	if value, ok := l.made[name]; ok {
		return value
	}
	if !slices.Contains(l.names, name) {
		return nil
	}
	value := l.maker(name)
	l.keep(name, value)
	return value
}

func (l *lazy) keep(name string, value goja.Value) {
	if l.made == nil {
		l.made = map[string]goja.Value{}
	}
	l.made[name] = value
}

func (l *lazy) Set(name string, value goja.Value) bool {
	if !l.Has(name) {
		l.added = append(l.added, name)
	}
	l.keep(name, value)
	return true
}

func (l *lazy) Has(name string) bool {
	_, ok := l.made[name]
	return ok || slices.Contains(l.names, name)
}

func (l *lazy) Delete(name string) bool {
	if slices.Contains(l.names, name) {
		return false
	}
	delete(l.made, name)
	l.added = slices.DeleteFunc(l.added, func(added string) bool { return added == name })
	return true
}

func (l *lazy) Keys() []string { return slices.Concat(l.names, l.added) }
