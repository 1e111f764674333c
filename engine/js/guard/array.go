package guard

import (
	"github.com/dop251/goja"

	"picloud/engine/js/json"
	"picloud/engine/js/native"
)

// lengthMethods are the methods whose loops run in Go over whatever length says.
func lengthMethods() []string {
	return []string{
		"indexOf", "lastIndexOf", "includes", "forEach", "map", "filter", "every", "some", "reduce", "reduceRight",
		"find", "findIndex", "findLast", "findLastIndex", "reverse", "toReversed", "splice", "toSpliced", "slice",
		"shift", "unshift", "copyWithin", "sort", "toSorted", "keys", "values", "entries",
	}
}

func (s *site) guardLength(name string) {
	s.wrap(native.Prototype(s.vm, "Array"), name, 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.limitItems(native.Length(c.This), "Array.prototype."+name)
		return original(c)
	})
}

// guardFill fills in pieces, for a large array takes long.
func (s *site) guardFill(string) {
	const piece = 50_000
	s.wrap(native.Prototype(s.vm, "Array"), "fill", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		length := native.Length(c.This)
		s.limitItems(length, "Array.prototype.fill")
		if length <= piece {
			return original(c)
		}
		from := clampIndex(c.Argument(1), 0, length)
		to := clampIndex(c.Argument(2), length, length)
		for start := from; start < to; start += piece {
			s.Check()
			end := min(start+piece, to)
			original(goja.FunctionCall{This: c.This, Arguments: []goja.Value{c.Argument(0), s.vm.ToValue(start), s.vm.ToValue(end)}})
		}
		return c.This
	})
}

// clampIndex is a relative index as the array methods take it.
func clampIndex(value goja.Value, otherwise, length int64) int64 {
	if goja.IsUndefined(value) {
		return otherwise
	}
	index := value.ToInteger()
	if index < 0 {
		return max(length+index, 0)
	}
	return min(index, length)
}

func (s *site) guardJoin(string) {
	s.wrap(native.Prototype(s.vm, "Array"), "join", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		length := native.Length(c.This)
		s.limitItems(length, "Array.prototype.join")
		if separator := c.Argument(0); !goja.IsUndefined(separator) {
			text := native.Plain(s, separator, native.MaxText, "Array.prototype.join")
			c.Arguments[0] = text
			s.limitText(length*int64(text.Length()), "Array.prototype.join")
		}
		s.limitText(s.textIn(c.This, length), "Array.prototype.join")
		return original(c)
	})
}

// textIn sums the lengths of the strings in a longer array, which may all be one large string.
func (s *site) textIn(list goja.Value, length int64) (units int64) {
	object, ok := list.(*goja.Object)
	if !ok || length < 16 || !native.IsArray(object) || native.IsProxy(object) {
		return 0
	}
	for i := range length {
		if text, ok := native.At(object, i).(goja.String); ok {
			units += int64(text.Length())
		}
		if units > native.MaxText {
			break
		}
	}
	return units
}

// guardFlat replaces flat, which follows cycles until the stack is full.
func (s *site) guardFlat(string) {
	array := native.Prototype(s.vm, "Array")
	native.Hide(array, "flat", s.Function("flat", 0, func(c goja.FunctionCall) goja.Value {
		depth := int64(1)
		if argument := c.Argument(0); !goja.IsUndefined(argument) {
			depth = int64(min(max(argument.ToFloat(), 0), maxFlatDepth))
			if argument.ToFloat() > maxFlatDepth {
				depth = maxFlatDepth
			}
		}
		if _, ok := c.This.(*goja.Object); !ok {
			panic(s.vm.NewTypeError("Array.prototype.flat called on a value that is no array"))
		}
		var items []any
		s.flatten(&items, c.This.(*goja.Object), depth, 0)
		return s.vm.NewArray(items...)
	}))
}

// maxFlatDepth is how deep flat looks; deeper nesting is an error, as it is for JSON.
const maxFlatDepth = json.MaxDepth

func (s *site) flatten(items *[]any, from *goja.Object, depth, level int64) {
	s.Check()
	if level > maxFlatDepth {
		panic(s.RangeError("Array.prototype.flat: nested deeper than %d", maxFlatDepth))
	}
	length := native.Length(from)
	s.limitItems(length+int64(len(*items)), "Array.prototype.flat")
	for i := range length {
		item := native.At(from, i)
		if item == nil {
			continue
		}
		if inner, ok := item.(*goja.Object); ok && (level < depth || depth == maxFlatDepth) && native.IsArray(inner) {
			s.flatten(items, inner, depth, level+1)
		} else {
			*items = append(*items, item)
		}
	}
}

func (s *site) guardApply(string) {
	s.wrap(native.Prototype(s.vm, "Function"), "apply", 2, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.limitArguments(c.Argument(1), "Function.prototype.apply")
		return original(c)
	})
	s.wrap(native.Global(s.vm, "Reflect"), "apply", 3, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.limitArguments(c.Argument(2), "Reflect.apply")
		return original(c)
	})
}

func (s *site) guardConstruct(string) {
	s.wrap(native.Global(s.vm, "Reflect"), "construct", 2, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.limitArguments(c.Argument(1), "Reflect.construct")
		return original(c)
	})
}

func (s *site) limitArguments(list goja.Value, who string) {
	if count := native.Length(list); count > maxArguments {
		panic(s.RangeError("%s: %d arguments are more than %d", who, count, maxArguments))
	}
}

func (s *site) guardFrom(string) {
	s.wrap(native.Global(s.vm, "Array"), "from", 1, func(original native.Function, c goja.FunctionCall) goja.Value {
		s.limitItems(native.Length(c.Argument(0)), "Array.from")
		return original(c)
	})
}

// guardPrototype refuses to make a proxy the prototype of something it leads back to: a look-up
// would then run round in Go until its stack is full.
func (s *site) guardPrototype(string) {
	for _, owner := range []string{"Object", "Reflect"} {
		s.wrap(native.Global(s.vm, owner), "setPrototypeOf", 2, func(original native.Function, c goja.FunctionCall) goja.Value {
			object, _ := c.Argument(0).(*goja.Object)
			next, _ := c.Argument(1).(*goja.Object)
			for range 1000 {
				if object == nil || next == nil {
					break
				}
				if next == object {
					panic(s.vm.NewTypeError("Cyclic prototype value"))
				}
				if native.IsProxy(next) {
					next = native.Target(next)
				} else {
					next = next.Prototype()
				}
			}
			return original(c)
		})
	}
}
