package guard

import (
	"math"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// binaryNames are the constructors that take a length, with the size of one item below.
func binaryNames() []string {
	return []string{
		"ArrayBuffer", "Uint8Array", "Uint8ClampedArray", "Int8Array", "Uint16Array", "Int16Array",
		"Uint32Array", "Int32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
	}
}

func itemSize(name string) float64 {
	switch name {
	case "Uint16Array", "Int16Array":
		return 2
	case "Uint32Array", "Int32Array", "Float32Array":
		return 4
	case "Float64Array", "BigInt64Array", "BigUint64Array":
		return 8
	}
	return 1
}

// guardBinary bounds each buffer. The constructor becomes a proxy that checks the length;
// everything else goes to the original.
func (s *site) guardBinary(name string) {
	size := itemSize(name)
	s.intercept(name, &goja.ProxyTrapConfig{
		Construct: func(target *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			own := true
			if len(args) > 0 {
				args[0] = s.limitBinary(args[0], size, name)
				given, isObject := args[0].(*goja.Object)
				own = !isObject || given.ClassName() != "ArrayBuffer"
			}
			made := s.construct(target, args, newTarget)
			if own {
				s.Hold(native.Bytes(made))
			}
			return made
		},
	})
}

// guardUnnamed is for what a program that makes one kind of bytes comes by without its name:
// the buffer of another kind, the bytes of a text.
func (s *site) guardUnnamed(string) {
	s.guardBinary("ArrayBuffer")
	s.guardBinary("Uint8Array")
}

func (s *site) limitBinary(length goja.Value, size float64, who string) goja.Value {
	var items float64
	switch object, ok := length.(*goja.Object); {
	case !ok:
		length = length.ToNumber()
		items = length.ToFloat()
	case native.IsArray(object) || object.ClassName() == "Object":
		items = float64(native.Length(object))
	}
	if items*size > maxBinaryBytes || math.IsInf(items, 1) {
		panic(s.RangeError("%s: a buffer may have at most %d bytes", who, maxBinaryBytes))
	}
	return length
}

// guardBigInt bounds what BigInt reads. The operators have no hook.
func (s *site) guardBigInt(string) {
	s.intercept("BigInt", &goja.ProxyTrapConfig{
		Apply: func(target *goja.Object, this goja.Value, args []goja.Value) goja.Value {
			if len(args) > 0 {
				if text, ok := args[0].(goja.String); ok && text.Length() > maxNumberUnits {
					panic(s.RangeError("BigInt: the text is longer than %d characters", maxNumberUnits))
				}
			}
			return native.MustDirect(s.vm, target)(goja.FunctionCall{This: this, Arguments: args})
		},
	})
}

// guardBits is for asIntN and asUintN.
func (s *site) guardBits(name string) {
	s.wrap(native.Global(s.vm, "BigInt"), name, 2, func(original native.Function, c goja.FunctionCall) goja.Value {
		if whole(&c, 0) > maxBigIntBits {
			panic(s.RangeError("BigInt.%s: more than %d bits", name, maxBigIntBits))
		}
		return original(c)
	})
}

// intercept puts a proxy in the place of a global constructor, once.
func (s *site) intercept(name string, traps *goja.ProxyTrapConfig) {
	target := native.Global(s.vm, name)
	if native.IsProxy(target) {
		return
	}
	proxy := s.vm.ToValue(s.vm.NewProxy(target, traps))
	if name != "RegExp" { // goja is fast only with expressions that have the true one
		native.Hide(native.ObjectAt(s.vm, target, "prototype"), "constructor", proxy)
	}
	must(target.DefineDataPropertySymbol(goja.SymHasInstance, s.instanceTest(), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	native.Hide(s.vm.GlobalObject(), name, proxy)
}

type instanceTestKey struct{}

// instanceTest is hasInstance as a function, the same for all constructors.
func (s *site) instanceTest() *goja.Object {
	return s.Local(instanceTestKey{}, func() any { return s.Function("[Symbol.hasInstance]", 1, s.hasInstance) }).(*goja.Object)
}

// hasInstance is OrdinaryHasInstance (ECMA-262, section 7.3.22), which goja does not do for a
// proxy of a constructor.
func (s *site) hasInstance(c goja.FunctionCall) goja.Value {
	constructor, ok := c.This.(*goja.Object)
	if !ok {
		return s.vm.ToValue(false)
	}
	prototype, ok := constructor.Get("prototype").(*goja.Object)
	if !ok {
		return s.vm.ToValue(false)
	}
	object, ok := c.Argument(0).(*goja.Object)
	if !ok {
		return s.vm.ToValue(false)
	}
	for object = object.Prototype(); object != nil; object = object.Prototype() {
		if object == prototype {
			return s.vm.ToValue(true)
		}
	}
	return s.vm.ToValue(false)
}

// construct calls the original as new does.
func (s *site) construct(target *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
	constructor, ok := goja.AssertConstructor(target)
	if !ok {
		panic(s.vm.NewTypeError("not a constructor"))
	}
	object, err := constructor(newTarget, args...)
	if err != nil {
		panic(err)
	}
	return object
}
