package webapi

import "github.com/dop251/goja"

// lazily are the traps of a prototype that has not been settled.
func (b *built) lazily() *goja.ProxyTrapConfig {
	return &goja.ProxyTrapConfig{
		Get:                         b.get,
		GetSym:                      b.getSymbol,
		Has:                         b.has,
		HasSym:                      b.hasSymbol,
		Set:                         b.set,
		SetSym:                      b.setSymbol,
		GetOwnPropertyDescriptor:    b.describe,
		GetOwnPropertyDescriptorSym: b.describeSymbol,
		DefineProperty:              b.defineProperty,
		DefinePropertySym:           b.defineSymbol,
		DeleteProperty:              b.deleteProperty,
		DeletePropertySym:           b.deleteSymbol,
		OwnKeys:                     b.ownKeys,
		PreventExtensions:           b.preventExtensions,
		SetPrototypeOf:              func(*goja.Object, *goja.Object) bool { return false },
	}
}

// settle defines every member on target and takes the traps away, but for the one that
// keeps the prototype chain as it is: a cycle through a proxy would kill the process.
func (b *built) settle() {
	if b.settled {
		return
	}
	b.settled = true
	*b.traps = goja.ProxyTrapConfig{SetPrototypeOf: b.traps.SetPrototypeOf}
	for i := range b.members {
		b.member(i)
	}
	must(b.target.DefineDataProperty("constructor", b.constructor(), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(b.target.DefineDataPropertySymbol(goja.SymToStringTag, b.realm.vm.ToValue(b.name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	if b.iterates != "" {
		must(b.target.DefineDataPropertySymbol(goja.SymIterator, b.member(b.find(b.iterates)), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
}

// member makes sure that target has the i-th member, and gives its function if it has one.
func (b *built) member(i int) *goja.Object {
	if b.methods[i] == nil {
		b.methods[i] = b.realm.vm.NewObject()
		if function, ok := b.place(b.target, &b.members[i]).(*goja.Object); ok {
			b.methods[i] = function
		}
	}
	return b.methods[i]
}

// place defines a member as Web IDL, sections 3.7.5 to 3.7.7, has it.
func (b *built) place(on *goja.Object, m *member) goja.Value {
	r := b.realm
	switch {
	case m.call != nil:
		function := r.sandbox.Function(m.name, m.length, func(c goja.FunctionCall) goja.Value {
			r.enter()
			defer r.leave()
			return m.call(invocation{realm: r, this: c.This, args: c.Arguments})
		})
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
			return owner.member(i)
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

func (b *built) getSymbol(target *goja.Object, symbol *goja.Symbol, _ goja.Value) goja.Value {
	switch symbol {
	case b.realm.brand:
		return nil
	case goja.SymToStringTag:
		return b.realm.vm.ToValue(b.name)
	case goja.SymIterator:
		if b.iterates != "" {
			return b.member(b.find(b.iterates))
		}
	}
	return target.GetSymbol(symbol)
}

func (b *built) has(target *goja.Object, name string) bool {
	owner, _ := b.owner(name)
	return owner != nil || name == "constructor" || target.Get(name) != nil
}

func (b *built) hasSymbol(target *goja.Object, symbol *goja.Symbol) bool {
	return b.getSymbol(target, symbol, nil) != nil
}

// set writes through an instance, which gets a property of its own unless the member is an
// attribute (ECMA-262, section 10.1.9.2).
func (b *built) set(_ *goja.Object, name string, value, receiver goja.Value) bool {
	object, ok := receiver.(*goja.Object)
	if !ok {
		return false
	}
	if object == b.prototype || name == "__proto__" {
		b.settle()
		return attempt(object.Set(name, value))
	}
	if owner, i := b.owner(name); owner != nil {
		if owner.settled {
			b.settle()
			return attempt(object.Set(name, value))
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

func (b *built) setSymbol(_ *goja.Object, symbol *goja.Symbol, value, receiver goja.Value) bool {
	object, ok := receiver.(*goja.Object)
	if !ok || symbol == goja.SymToStringTag {
		return false
	}
	if object == b.prototype {
		b.settle()
		return attempt(object.SetSymbol(symbol, value))
	}
	return object.DefineDataPropertySymbol(symbol, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) == nil
}

// attempt passes an exception on.
func attempt(err error) bool {
	must(err)
	return true
}

func (b *built) describe(_ *goja.Object, name string) goja.PropertyDescriptor {
	b.settle()
	if i := b.find(name); i >= 0 {
		m := &b.members[i]
		switch {
		case m.call != nil:
			return goja.PropertyDescriptor{Value: b.methods[i], Writable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE, Configurable: goja.FLAG_TRUE}
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

func (b *built) describeSymbol(_ *goja.Object, symbol *goja.Symbol) goja.PropertyDescriptor {
	b.settle()
	switch {
	case symbol == goja.SymToStringTag:
		return goja.PropertyDescriptor{Value: b.realm.vm.ToValue(b.name), Writable: goja.FLAG_FALSE, Enumerable: goja.FLAG_FALSE, Configurable: goja.FLAG_TRUE}
	case symbol == goja.SymIterator && b.iterates != "":
		return goja.PropertyDescriptor{Value: b.member(b.find(b.iterates)), Writable: goja.FLAG_TRUE, Enumerable: goja.FLAG_FALSE, Configurable: goja.FLAG_TRUE}
	}
	return goja.PropertyDescriptor{}
}

func (b *built) defineProperty(target *goja.Object, name string, d goja.PropertyDescriptor) bool {
	b.settle()
	if d.Getter != nil || d.Setter != nil {
		return target.DefineAccessorProperty(name, d.Getter, d.Setter, d.Configurable, d.Enumerable) == nil
	}
	return target.DefineDataProperty(name, d.Value, d.Writable, d.Configurable, d.Enumerable) == nil
}

func (b *built) defineSymbol(target *goja.Object, symbol *goja.Symbol, d goja.PropertyDescriptor) bool {
	b.settle()
	if d.Getter != nil || d.Setter != nil {
		return target.DefineAccessorPropertySymbol(symbol, d.Getter, d.Setter, d.Configurable, d.Enumerable) == nil
	}
	return target.DefineDataPropertySymbol(symbol, d.Value, d.Writable, d.Configurable, d.Enumerable) == nil
}

func (b *built) deleteProperty(target *goja.Object, name string) bool {
	b.settle()
	return target.Delete(name) == nil
}

func (b *built) deleteSymbol(target *goja.Object, symbol *goja.Symbol) bool {
	b.settle()
	return target.DeleteSymbol(symbol) == nil
}

func (b *built) ownKeys(target *goja.Object) *goja.Object {
	b.settle()
	var keys []any
	for _, name := range target.GetOwnPropertyNames() {
		keys = append(keys, name)
	}
	for _, symbol := range target.Symbols() {
		keys = append(keys, symbol)
	}
	return b.realm.vm.NewArray(keys...)
}

func (b *built) preventExtensions(target *goja.Object) bool {
	b.settle()
	b.realm.builtin("Object", "preventExtensions", target)
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
