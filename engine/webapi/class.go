package webapi

import (
	"slices"

	"github.com/dop251/goja"
)

type classID int

const (
	_ classID = iota
	classHeaders
	classRequest
	classResponse
	classBody
	classURL
	classSearchParams
	classTextEncoder
	classTextDecoder
	classEvent
	classCustomEvent
	classEventTarget
	classAbortController
	classAbortSignal
	classDOMException
	classBlob
	classFile
	classFormData
	classCrypto
	classPerformance
	classNavigator
	classCount
)

// class describes a Web IDL interface.
type class struct {
	name      string
	length    int                  // of the constructor
	hidden    bool                 // no global of this name
	parent    classID              // 0: Object
	ofErrors  bool                 // inherits from Error.prototype
	construct func(invocation) any // gives the state of c.this; nil: "Illegal constructor"
	members   []member             // of the prototype
	statics   []member             // of the constructor
	iterates  string               // the member that is also Symbol.iterator, and gives pairs
	shown     []string             // attributes that tell a person what an instance is
	index     map[string]int       // from name to place in members
}

// member is an operation (call), an attribute (get, set) or a constant.
type member struct {
	name   string
	length int
	call   func(invocation) goja.Value
	get    func(invocation) goja.Value
	set    func(invocation, goja.Value)
	value  int
}

func operation(name string, length int, call func(invocation) goja.Value) member {
	return member{name: name, length: length, call: call}
}

func attribute(name string, get func(invocation) goja.Value) member {
	return member{name: name, get: get}
}

func constant(name string, value int) member { return member{name: name, value: value} }

// defineAll makes the table of classes, which all sandboxes share.
func defineAll() *[classCount]*class {
	var all [classCount]*class
	for id := classID(1); id < classCount; id++ {
		c := define(id)
		c.index = make(map[string]int, len(c.members))
		for i, m := range c.members {
			c.index[m.name] = i
		}
		all[id] = c
	}
	return &all
}

func define(id classID) *class {
	switch id {
	case classHeaders:
		return headersClass()
	case classRequest:
		return requestClass()
	case classResponse:
		return responseClass()
	case classBody:
		return bodyClass()
	case classURL:
		return urlClass()
	case classSearchParams:
		return searchParamsClass()
	case classTextEncoder:
		return textEncoderClass()
	case classTextDecoder:
		return textDecoderClass()
	case classEvent:
		return eventClass()
	case classCustomEvent:
		return customEventClass()
	case classEventTarget:
		return eventTargetClass()
	case classAbortController:
		return abortControllerClass()
	case classAbortSignal:
		return abortSignalClass()
	case classDOMException:
		return domExceptionClass()
	case classBlob:
		return blobClass()
	case classFile:
		return fileClass()
	case classFormData:
		return formDataClass()
	case classCrypto:
		return cryptoClass()
	case classPerformance:
		return performanceClass()
	}
	return navigatorClass()
}

// built is a class in one sandbox. Its prototype is a proxy of target. Until something looks
// at the prototype other than by reading properties through instances, target is empty and
// traps answer from the table. Then everything is defined on
// target (Web IDL, section 3.7.3) and the traps are taken away, so that the proxy can no
// longer be told from the ordinary object.
type built struct {
	*class
	realm     *realm
	parent    *built
	base      *goja.Object // what the prototype inherits from
	target    *goja.Object
	prototype *goja.Object
	traps     goja.ProxyTrapConfig
	function  *goja.Object
	methods   []method // made so far
	settled   bool
}

// method is the function made for an operation.
type method struct {
	of       *member
	function *goja.Object
}

func (r *realm) class(id classID) *built {
	if b := r.classes[id]; b != nil {
		return b
	}
	b := &built{class: r.defined[id], realm: r}
	r.classes[id] = b
	mark := r.vm.NewDynamicObject((*marked)(b))
	b.base = mark.Prototype()
	switch {
	case b.class.parent != 0:
		b.parent = r.class(b.class.parent)
		b.base = b.parent.prototype
		must(mark.SetPrototype(b.base))
	case b.ofErrors:
		b.base = r.vm.NewTypeError("").Prototype().Prototype()
		must(mark.SetPrototype(b.base))
	}
	b.target = r.vm.CreateObject(mark)
	b.traps = lazily()
	b.traps.Get = b.get
	b.prototype = r.vm.ToValue(r.vm.NewProxy(b.target, &b.traps)).(*goja.Object)
	return b
}

// instance makes an object of the class without its constructor.
func (r *realm) instance(id classID, state any) *goja.Object {
	object := r.vm.CreateObject(r.class(id).prototype)
	r.hold(object, state)
	return object
}

// classOf is the class that an object inherits from first, or nil.
func (r *realm) classOf(object *goja.Object) *class {
	for range maxDepth {
		if object = object.Prototype(); object == nil {
			break
		}
		for _, class := range r.classes {
			if class != nil && class.prototype == object {
				return class.class
			}
		}
	}
	return nil
}

// Show implements [js.Shower].
func (r *realm) Show(object *goja.Object, name string) (attributes []string, pairs bool) {
	c := r.classOf(object)
	if c == nil || c.name != name {
		return nil, false
	}
	return c.shown, c.iterates != ""
}

func (c *class) find(name string) int {
	if i, ok := c.index[name]; ok {
		return i
	}
	return -1
}

// owner is the class in the chain that has the member.
func (b *built) owner(name string) (*built, int) {
	for c := b; c != nil; c = c.parent {
		if i := c.find(name); i >= 0 {
			return c, i
		}
		if name == "constructor" {
			break
		}
	}
	return nil, -1
}

// constructor is the interface object (Web IDL, section 3.7.1).
func (b *built) constructor() *goja.Object {
	if b.function != nil {
		return b.function
	}
	r := b.realm
	b.function = r.vm.ToValue(b.create).(*goja.Object)
	fixed(b.function, "name", r.vm.ToValue(b.name), goja.FLAG_TRUE)
	if b.length > 0 {
		fixed(b.function, "length", r.vm.ToValue(b.length), goja.FLAG_TRUE)
	}
	fixed(b.function, "prototype", b.prototype, goja.FLAG_FALSE)
	above := b.function.Prototype()
	if b.parent != nil {
		above = b.parent.constructor()
	}
	if len(b.statics) > 0 {
		lazy := r.vm.NewDynamicObject(&statics{of: b})
		must(lazy.SetPrototype(above))
		above = lazy
	}
	if above != b.function.Prototype() {
		must(b.function.SetPrototype(above))
	}
	return b.function
}

func (b *built) create(c goja.ConstructorCall) *goja.Object {
	r := b.realm
	// goja tells a plain call from new by its this value only, so a call with none constructs.
	if c.NewTarget == nil && c.This.Prototype() != b.prototype {
		panic(r.vm.NewTypeError("Class constructor " + b.name + " cannot be invoked without 'new'"))
	}
	if b.construct == nil {
		panic(r.vm.NewTypeError("Illegal constructor"))
	}
	r.enter()
	defer r.leave()
	r.hold(c.This, b.construct(invocation{realm: r, this: c.This, args: c.Arguments}))
	return nil
}

func fixed(on *goja.Object, name string, value goja.Value, configurable goja.Flag) {
	must(on.DefineDataProperty(name, value, goja.FLAG_FALSE, configurable, goja.FLAG_FALSE))
}

// statics makes a static member when it is first read, as a property of the constructor.
type statics struct {
	of   *built
	made []string
}

func (s *statics) Get(name string) goja.Value {
	if !s.Has(name) {
		return nil
	}
	s.made = append(s.made, name)
	i := slices.IndexFunc(s.of.statics, func(m member) bool { return m.name == name })
	return s.of.place(s.of.function, &s.of.statics[i])
}

func (s *statics) Has(name string) bool {
	return slices.ContainsFunc(s.of.statics, func(m member) bool { return m.name == name }) &&
		!slices.Contains(s.made, name)
}

func (s *statics) Set(string, goja.Value) bool { return false }
func (s *statics) Delete(string) bool          { return true }

// Keys are the names not made yet; like all members of Web IDL they are enumerable.
func (s *statics) Keys() []string {
	var names []string
	for _, m := range s.of.statics {
		if !slices.Contains(s.made, m.name) {
			names = append(names, m.name)
		}
	}
	return names
}
