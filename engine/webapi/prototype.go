package webapi

import "github.com/dop251/goja"

// marked is what target inherits from while it is not settled: by it the traps, which are
// the same functions for all classes and sandboxes, find the class of their target.
type marked built

func (m *marked) Get(string) goja.Value       { return nil }
func (m *marked) Set(string, goja.Value) bool { return false }
func (m *marked) Has(string) bool             { return false }
func (m *marked) Delete(string) bool          { return true }
func (m *marked) Keys() []string              { return nil }

func of(target *goja.Object) *built { return (*built)(target.Prototype().Export().(*marked)) }

// lazily are the traps of a prototype that has not been settled, but for Get.
func lazily() goja.ProxyTrapConfig {
	return goja.ProxyTrapConfig{
		GetSym: func(t *goja.Object, symbol *goja.Symbol, _ goja.Value) goja.Value { return of(t).getSymbol(symbol) },
		Has:    func(t *goja.Object, name string) bool { return of(t).has(name) },
		HasSym: func(t *goja.Object, symbol *goja.Symbol) bool { return of(t).getSymbol(symbol) != nil },
		Set: func(t *goja.Object, name string, value, receiver goja.Value) bool {
			return of(t).set(name, value, receiver)
		},
		SetSym: func(t *goja.Object, symbol *goja.Symbol, value, receiver goja.Value) bool {
			return of(t).setSymbol(symbol, value, receiver)
		},
		GetOwnPropertyDescriptor: func(t *goja.Object, name string) goja.PropertyDescriptor { return of(t).describe(name) },
		GetOwnPropertyDescriptorSym: func(t *goja.Object, symbol *goja.Symbol) goja.PropertyDescriptor {
			return of(t).describeSymbol(symbol)
		},
		DefineProperty: func(t *goja.Object, name string, d goja.PropertyDescriptor) bool {
			return of(t).defineProperty(name, d)
		},
		DefinePropertySym: func(t *goja.Object, symbol *goja.Symbol, d goja.PropertyDescriptor) bool {
			return of(t).defineSymbol(symbol, d)
		},
		DeleteProperty:    func(t *goja.Object, name string) bool { return of(t).settle().Delete(name) == nil },
		DeletePropertySym: func(t *goja.Object, symbol *goja.Symbol) bool { return of(t).settle().DeleteSymbol(symbol) == nil },
		OwnKeys:           func(t *goja.Object) *goja.Object { return of(t).ownKeys() },
		PreventExtensions: func(t *goja.Object) bool { return of(t).preventExtensions() },
		GetPrototypeOf:    func(t *goja.Object) *goja.Object { return of(t).base },
		SetPrototypeOf:    keepPrototype,
	}
}

// keepPrototype keeps the prototype chain as it is: a cycle through a proxy would kill the
// process.
func keepPrototype(*goja.Object, *goja.Object) bool { return false }

// settle defines every member on target, which it gives, and takes the traps away.
func (b *built) settle() *goja.Object {
	if b.settled {
		return b.target
	}
	b.settled = true
	b.traps = goja.ProxyTrapConfig{SetPrototypeOf: keepPrototype}
	must(b.target.SetPrototype(b.base))
	for i := range b.members {
		m := &b.members[i]
		if m.call != nil {
			must(b.target.DefineDataProperty(m.name, b.method(i), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
		} else {
			b.place(b.target, m)
		}
	}
	must(b.target.DefineDataProperty("constructor", b.constructor(), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(b.target.DefineDataPropertySymbol(goja.SymToStringTag, b.realm.vm.ToValue(b.name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	if b.iterates != "" {
		must(b.target.DefineDataPropertySymbol(goja.SymIterator, b.method(b.find(b.iterates)), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return b.target
}

// method is the function of the i-th member, an operation.
func (b *built) method(i int) *goja.Object {
	m := &b.members[i]
	for _, made := range b.methods {
		if made.of == m {
			return made.function
		}
	}
	function := b.realm.operation(m)
	b.methods = append(b.methods, method{m, function})
	return function
}

// operation makes a function object.
func (r *realm) operation(m *member) *goja.Object {
	return r.sandbox.Function(m.name, m.length, func(c goja.FunctionCall) goja.Value {
		r.enter()
		defer r.leave()
		return m.call(invocation{realm: r, this: c.This, args: c.Arguments})
	})
}

// place defines a member as Web IDL, sections 3.7.5 to 3.7.7, has it.
func (b *built) place(on *goja.Object, m *member) goja.Value {
	r := b.realm
	switch {
	case m.call != nil:
		function := r.operation(m)
		must(on.DefineDataProperty(m.name, function, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
		return function
	case m.get != nil:
		getter, setter := b.accessors(m)
		must(on.DefineAccessorProperty(m.name, getter, setter, goja.FLAG_TRUE, goja.FLAG_TRUE))
		return goja.Undefined()
	}
	value := r.vm.ToValue(m.value)
	must(on.DefineDataProperty(m.name, value, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE))
	return value
}

func (b *built) accessors(m *member) (getter, setter goja.Value) {
	r := b.realm
	getter = r.sandbox.Function("get "+m.name, 0, func(c goja.FunctionCall) goja.Value {
		return m.get(invocation{realm: r, this: c.This})
	})
	if m.set != nil {
		setter = r.sandbox.Function("set "+m.name, 1, func(c goja.FunctionCall) goja.Value {
			r.write(m, c.This, c.Argument(0))
			return goja.Undefined()
		})
	}
	return getter, setter
}

// write sets an attribute.
func (r *realm) write(m *member, this, value goja.Value) {
	r.enter()
	defer r.leave()
	m.set(invocation{realm: r, this: this}, value)
}

// get reads through an instance. An attribute needs no function object at all.
func (b *built) get(target *goja.Object, name string, receiver goja.Value) goja.Value {
	owner, i := b.owner(name)
	if owner != nil {
		if owner.settled {
			return b.natively(name, receiver)
		}
		m := &owner.members[i]
		switch {
		case m.get != nil:
			return m.get(invocation{realm: b.realm, this: receiver})
		case m.call != nil:
			return owner.method(i)
		}
		return b.realm.vm.ToValue(m.value)
	}
	switch name {
	case "constructor":
		return b.constructor()
	case "__proto__":
		if object, ok := receiver.(*goja.Object); ok {
			return object.Prototype()
		}
	}
	return target.Get(name)
}

// natively reads again when nothing of ours stands in the way.
func (b *built) natively(name string, receiver goja.Value) goja.Value {
	b.settle()
	if object, ok := receiver.(*goja.Object); ok {
		return object.Get(name)
	}
	return b.target.Get(name)
}

func (b *built) getSymbol(symbol *goja.Symbol) goja.Value {
	switch symbol {
	case goja.SymToStringTag:
		return b.realm.vm.ToValue(b.name)
	case goja.SymIterator:
		if b.iterates != "" {
			return b.method(b.find(b.iterates))
		}
	}
	return b.target.GetSymbol(symbol)
}

func (b *built) has(name string) bool {
	owner, _ := b.owner(name)
	return owner != nil || name == "constructor" || b.target.Get(name) != nil
}

// set writes through an instance, which gets a property of its own unless the member is an
// attribute (ECMA-262, section 10.1.9.2).
func (b *built) set(name string, value, receiver goja.Value) bool {
	object, ok := receiver.(*goja.Object)
	if !ok {
		return false
	}
	if object == b.prototype || name == "__proto__" {
		b.settle()
		return orThrow(object.Set(name, value))
	}
	if owner, i := b.owner(name); owner != nil {
		if owner.settled {
			b.settle()
			return orThrow(object.Set(name, value))
		}
		if m := &owner.members[i]; m.call == nil {
			if m.set != nil {
				b.realm.write(m, receiver, value)
			}
			return m.set != nil
		}
	}
	return object.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) == nil
}

func (b *built) setSymbol(symbol *goja.Symbol, value, receiver goja.Value) bool {
	object, ok := receiver.(*goja.Object)
	if !ok || symbol == goja.SymToStringTag {
		return false
	}
	if object == b.prototype {
		b.settle()
		return orThrow(object.SetSymbol(symbol, value))
	}
	return object.DefineDataPropertySymbol(symbol, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) == nil
}

// orThrow passes an exception on.
func orThrow(err error) bool {
	must(err)
	return true
}

func (b *built) describe(name string) goja.PropertyDescriptor {
	b.settle()
	if i := b.find(name); i >= 0 {
		m := &b.members[i]
		switch {
		case m.call != nil:
			return goja.PropertyDescriptor{Value: b.method(i), Writable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE, Configurable: goja.FLAG_TRUE}
		case m.get != nil:
			return b.accessorDescriptor(name)
		}
		return goja.PropertyDescriptor{Value: b.realm.vm.ToValue(m.value), Writable: goja.FLAG_FALSE, Enumerable: goja.FLAG_TRUE, Configurable: goja.FLAG_FALSE}
	}
	if name == "constructor" {
		return goja.PropertyDescriptor{Value: b.constructor(), Writable: goja.FLAG_TRUE, Enumerable: goja.FLAG_FALSE, Configurable: goja.FLAG_TRUE}
	}
	return goja.PropertyDescriptor{}
}

// accessorDescriptor asks goja, which alone has the functions.
func (b *built) accessorDescriptor(name string) goja.PropertyDescriptor {
	d := b.realm.builtin("Object", "getOwnPropertyDescriptor", b.target, b.realm.vm.ToValue(name)).(*goja.Object)
	return goja.PropertyDescriptor{Getter: d.Get("get"), Setter: d.Get("set"), Enumerable: goja.FLAG_TRUE, Configurable: goja.FLAG_TRUE}
}

func (b *built) describeSymbol(symbol *goja.Symbol) goja.PropertyDescriptor {
	b.settle()
	switch {
	case symbol == goja.SymToStringTag:
		return goja.PropertyDescriptor{Value: b.realm.vm.ToValue(b.name), Writable: goja.FLAG_FALSE, Enumerable: goja.FLAG_FALSE, Configurable: goja.FLAG_TRUE}
	case symbol == goja.SymIterator && b.iterates != "":
		return goja.PropertyDescriptor{Value: b.method(b.find(b.iterates)), Writable: goja.FLAG_TRUE, Enumerable: goja.FLAG_FALSE, Configurable: goja.FLAG_TRUE}
	}
	return goja.PropertyDescriptor{}
}

func (b *built) defineProperty(name string, d goja.PropertyDescriptor) bool {
	target := b.settle()
	if d.Getter != nil || d.Setter != nil {
		return target.DefineAccessorProperty(name, d.Getter, d.Setter, d.Configurable, d.Enumerable) == nil
	}
	return target.DefineDataProperty(name, d.Value, d.Writable, d.Configurable, d.Enumerable) == nil
}

func (b *built) defineSymbol(symbol *goja.Symbol, d goja.PropertyDescriptor) bool {
	target := b.settle()
	if d.Getter != nil || d.Setter != nil {
		return target.DefineAccessorPropertySymbol(symbol, d.Getter, d.Setter, d.Configurable, d.Enumerable) == nil
	}
	return target.DefineDataPropertySymbol(symbol, d.Value, d.Writable, d.Configurable, d.Enumerable) == nil
}

func (b *built) ownKeys() *goja.Object {
	target := b.settle()
	var keys []any
	for _, name := range target.GetOwnPropertyNames() {
		keys = append(keys, name)
	}
	for _, symbol := range target.Symbols() {
		keys = append(keys, symbol)
	}
	return b.realm.vm.NewArray(keys...)
}

func (b *built) preventExtensions() bool {
	b.realm.builtin("Object", "preventExtensions", b.settle())
	return true
}

// builtin calls a static function of goja's own library.
func (r *realm) builtin(object, name string, args ...goja.Value) goja.Value {
	holder, ok := r.vm.GlobalObject().Get(object).(*goja.Object)
	if ok {
		if function, ok := goja.AssertFunction(holder.Get(name)); ok {
			value, err := function(holder, args...)
			must(err)
			return value
		}
	}
	panic(r.vm.NewTypeError("%s.%s has been removed", object, name))
}
