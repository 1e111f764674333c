package js

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"picloud/engine/js/native"
)

// The bounds of an inspection.
const (
	inspectDepth = 2   // nested objects that are shown
	inspectItems = 100 // items of a list, properties of an object
	inspectWidth = 72  // characters of a line
	inspectNodes = 2000
	inspectText  = 1 << 20 // units of a text by itself
	maxProxies   = 500     // of proxies
)

// Inspect gives a value as a text for people: a string as it is, an object with what is in
// it, bounded in depth and size. It runs code of the script where it cannot be helped (the
// iteration of a Map), so it is called inside Run only.
func (s *Sandbox) Inspect(value goja.Value) string { return s.InspectTo(value, inspectDepth) }

// InspectTo is Inspect to another depth.
func (s *Sandbox) InspectTo(value goja.Value, depth int) string {
	if text, ok := value.(goja.String); ok {
		return native.Clip(text, inspectText) // the log cuts its lines itself, and says so
	}
	i := &inspector{s: s, depth: depth, nodes: inspectNodes, room: s.limits.LineBytes}
	return i.value(value, 0)
}

type inspector struct {
	s     *Sandbox
	depth int
	nodes int // still allowed
	room  int // bytes still allowed
	stack []*goja.Object
}

func (i *inspector) value(value goja.Value, level int) string {
	i.nodes--
	if i.nodes < 0 || i.room < 0 {
		return "…"
	}
	text := i.any(value, level)
	i.room -= len(text)
	return text
}

func (i *inspector) any(value goja.Value, level int) string {
	switch value := value.(type) {
	case nil:
		return "undefined"
	case *goja.Symbol:
		return "Symbol(" + native.Clip(goja.Value(value), maxNameUnits) + ")"
	case goja.String:
		return quoted(native.Clip(value, maxMessageUnits))
	case *goja.Object:
		return i.object(value, level)
	}
	if native.KindOf(value) == reflect.Pointer {
		return native.Clip(value, maxMessageUnits) + "n"
	}
	if native.KindOf(value) == reflect.Float64 && value.ToFloat() == 0 {
		return "-0"
	}
	return native.Clip(value, maxMessageUnits)
}

func quoted(text string) string {
	text = strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r", "\t", "\\t").Replace(text)
	for _, mark := range []string{"'", `"`, "`"} {
		if !strings.Contains(text, mark) {
			return mark + text + mark
		}
	}
	return "'" + strings.ReplaceAll(text, "'", "\\'") + "'"
}

func (i *inspector) object(object *goja.Object, level int) string {
	for range maxProxies {
		if !native.IsProxy(object) {
			break
		}
		if object = native.Target(object); object == nil {
			return "[Proxy]"
		}
	}
	if slices.Contains(i.stack, object) {
		return "[Circular]"
	}
	if text := i.atom(object); text != "" {
		return text
	}
	name := i.className(object)
	if level > i.depth {
		return "[" + strings.TrimSuffix(name, " ") + "]"
	}
	i.stack = append(i.stack, object)
	defer func() { i.stack = i.stack[:len(i.stack)-1] }()
	return i.composite(object, name, level)
}

// atom is the text of objects that are shown as one word.
func (i *inspector) atom(object *goja.Object) string {
	s := i.s
	if _, ok := goja.AssertFunction(object); ok {
		kind := "Function"
		if object.ExportType() == reflect.TypeFor[func(goja.ConstructorCall) *goja.Object]() {
			kind = "class"
		}
		if name := native.Text(s.vm, object, "name", maxNameUnits); name != "" {
			return "[" + kind + ": " + name + "]"
		}
		return "[" + kind + " (anonymous)]"
	}
	switch object.ClassName() {
	case "Date":
		return i.called(object, "Date", "toISOString", "Invalid Date")
	case "RegExp":
		return i.called(object, "RegExp", "toString", "/…/")
	case "Number", "Boolean":
		return "[" + object.ClassName() + ": " + native.Clip(s.vm.ToValue(object.Export()), maxNameUnits) + "]"
	case "String":
		return "[String: " + quoted(i.called(object, "String", "valueOf", "")) + "]"
	}
	return ""
}

// called calls a method of a built-in prototype on the object.
func (i *inspector) called(object *goja.Object, class, method, otherwise string) string {
	text := otherwise
	i.s.vm.Try(func() {
		function := native.ObjectAt(i.s.vm, native.Prototype(i.s.vm, class), method)
		text = native.Clip(native.MustDirect(i.s.vm, function)(goja.FunctionCall{This: object}), maxMessageUnits)
	})
	return text
}

// className is the name of the constructor.
func (i *inspector) className(object *goja.Object) string {
	name := "Object"
	i.s.vm.Try(func() {
		prototype := object.Prototype()
		if prototype == nil {
			name = "[Object: null prototype]"
			return
		}
		if constructor, ok := prototype.Get("constructor").(*goja.Object); ok {
			if own := native.Text(i.s.vm, constructor, "name", maxNameUnits); own != "" {
				name = own
			}
		}
	})
	return name
}

func (i *inspector) composite(object *goja.Object, name string, level int) string {
	var items []string
	prefix, open, end := name+" ", "{", "}"
	switch kind := object.ExportType(); {
	case native.IsArray(object):
		open, end = "[", "]"
		if prefix = name + "(" + strconv.FormatInt(native.Length(object), 10) + ") "; name == "Array" {
			prefix = ""
		}
		items = i.list(object, level)
	case object.ClassName() == "Error":
		return i.failure(object, level)
	case native.IsMap(object) || native.IsSet(object):
		prefix = name + "(" + native.Text(i.s.vm, object, "size", maxNameUnits) + ") "
		items = i.collection(object, level)
	case kind == reflect.TypeFor[*goja.Promise]():
		items = i.promise(object.Export().(*goja.Promise), level)
	case kind == reflect.TypeFor[goja.ArrayBuffer]():
		items = []string{"byteLength: " + strconv.Itoa(len(object.Export().(goja.ArrayBuffer).Bytes()))}
	case strings.HasSuffix(name, "Array") && kind.Kind() == reflect.Slice:
		open, end = "[", "]"
		prefix = name + "(" + native.Text(i.s.vm, object, "length", maxNameUnits) + ") "
		items = i.list(object, level)
	default:
		if items = i.attributes(object, name, level); items == nil {
			items = i.properties(object, level, nil)
		}
		if name == "Object" {
			prefix = ""
		}
	}
	return prefix + layout(open, items, end)
}

func layout(open string, items []string, end string) string {
	if len(items) == 0 {
		return open + end
	}
	width := 0
	for _, item := range items {
		width += len(item) + 2
		if strings.Contains(item, "\n") {
			width = inspectWidth + 1
		}
	}
	if width <= inspectWidth {
		return open + " " + strings.Join(items, ", ") + " " + end
	}
	if open == "[" && width < 20*inspectWidth && !slices.ContainsFunc(items, func(item string) bool { return len(item) > 6 }) {
		return open + "\n  " + strings.Join(lines(items), ",\n  ") + "\n" + end
	}
	return open + "\n  " + strings.ReplaceAll(strings.Join(items, ",\n"), "\n", "\n  ") + "\n" + end
}

// lines puts many short items into lines.
func lines(items []string) []string {
	var rows []string
	row := ""
	for _, item := range items {
		if row != "" && len(row)+len(item)+2 > inspectWidth {
			rows = append(rows, row)
			row = ""
		}
		if row != "" {
			row += ", "
		}
		row += item
	}
	return append(rows, row)
}

func (i *inspector) list(object *goja.Object, level int) []string {
	length := int(native.Length(object))
	var items []string
	for at := range min(length, inspectItems) {
		item := native.Get(i.s.vm, object, strconv.Itoa(at))
		if item == nil {
			items = append(items, "<empty>")
			continue
		}
		items = append(items, i.value(item, level+1))
	}
	if length > inspectItems {
		items = append(items, "... "+strconv.Itoa(length-inspectItems)+" more items")
	}
	if length <= inspectItems && native.IsArray(object) {
		items = append(items, i.properties(object, level, func(key string) bool { _, err := strconv.Atoi(key); return err == nil })...)
	}
	return items
}

func (i *inspector) collection(object *goja.Object, level int) []string {
	var items []string
	pairs := native.IsMap(object)
	i.s.vm.Try(func() {
		i.s.vm.ForOf(object, func(item goja.Value) bool {
			if len(items) == inspectItems {
				items = append(items, "…")
				return false
			}
			if pair, ok := item.(*goja.Object); ok && pairs {
				items = append(items, i.value(pair.Get("0"), level+1)+" => "+i.value(pair.Get("1"), level+1))
			} else {
				items = append(items, i.value(item, level+1))
			}
			return true
		})
	})
	return items
}

func (i *inspector) promise(promise *goja.Promise, level int) []string {
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return []string{i.value(promise.Result(), level+1)}
	case goja.PromiseStateRejected:
		return []string{"<rejected> " + i.value(promise.Result(), level+1)}
	}
	return []string{"<pending>"}
}

// failure shows an error by name and message; where it was made is a matter of the line.
func (i *inspector) failure(object *goja.Object, level int) string {
	read := i.s.Describe(object)
	head := read.Name
	if read.Message != "" {
		head += ": " + read.Message
	}
	items := i.properties(object, level, func(key string) bool { return key == "stack" || key == "message" || key == "name" })
	if cause := native.Get(i.s.vm, object, "cause"); cause != nil && !goja.IsUndefined(cause) {
		items = append(items, "[cause]: "+i.value(cause, level+1))
	}
	if parts := i.s.aggregate(object); parts != nil {
		items = append(items, "[errors]: "+i.value(parts, level+1))
	}
	if len(items) == 0 {
		if level > 0 {
			return "[" + head + "]"
		}
		return head
	}
	return head + " " + layout("{", items, "}")
}

// Shower is a thing of [Sandbox.Local] that knows what matters of objects whose class is made
// by Go. They own no properties.
type Shower interface {
	// Show names the attributes of an object of the class with that name, or tells that it is
	// a list of pairs.
	Show(object *goja.Object, class string) (attributes []string, pairs bool)
}

// attributes shows what matters of an object; nil: nobody knows.
func (i *inspector) attributes(object *goja.Object, class string, level int) []string {
	var names []string
	for _, kept := range i.s.local {
		if shower, ok := kept.value.(Shower); ok && names == nil {
			var pairs bool
			if names, pairs = shower.Show(object, class); pairs {
				return i.pairs(object, level)
			}
		}
	}
	var items []string
	for _, name := range names {
		if value := native.Get(i.s.vm, object, name); value != nil {
			items = append(items, name+": "+i.value(value, level+1))
		}
	}
	return items
}

func (i *inspector) pairs(object *goja.Object, level int) []string {
	items := []string{}
	i.s.vm.Try(func() {
		i.s.vm.ForOf(object, func(item goja.Value) bool {
			pair, ok := item.(*goja.Object)
			if !ok || len(items) >= inspectItems {
				return false
			}
			items = append(items, i.value(pair.Get("0"), level+1)+" => "+i.value(pair.Get("1"), level+1))
			return true
		})
	})
	return items
}

func (i *inspector) properties(object *goja.Object, level int, skip func(string) bool) []string {
	var items []string
	var keys []string
	if i.s.vm.Try(func() { keys = object.Keys() }) != nil {
		return nil
	}
	for _, key := range keys {
		if skip != nil && skip(key) {
			continue
		}
		if len(items) == inspectItems || i.nodes < 0 || i.room < 0 {
			items = append(items, "…")
			break
		}
		items = append(items, propertyName(key)+": "+i.property(object, key, level))
	}
	return items
}

// property shows a property without running its getter.
func (i *inspector) property(object *goja.Object, key string, level int) string {
	text := "[Getter]"
	i.s.vm.Try(func() {
		describe := native.MustDirect(i.s.vm, native.ObjectAt(i.s.vm, native.Global(i.s.vm, "Object"), "getOwnPropertyDescriptor"))
		found, ok := describe(goja.FunctionCall{Arguments: []goja.Value{object, i.s.vm.ToValue(key)}}).(*goja.Object)
		if !ok {
			text = "undefined"
		} else if value := found.Get("value"); value != nil {
			text = i.value(value, level+1)
		}
	})
	return text
}

func propertyName(key string) string {
	for at, c := range key {
		if c != '_' && c != '$' && (c|0x20 < 'a' || c|0x20 > 'z') && (at == 0 || c < '0' || c > '9') && c < 0x80 {
			return quoted(cut(key, maxNameUnits))
		}
	}
	if key == "" {
		return "''"
	}
	return cut(key, maxNameUnits)
}
