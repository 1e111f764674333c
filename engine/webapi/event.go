package webapi

import (
	"slices"
	"time"

	"github.com/dop251/goja"
)

// Event, CustomEvent and EventTarget of the DOM standard, sections 2.2 to 2.7. There is no
// tree: an event's path is its one target.

type event struct {
	kind                          string
	bubbles, cancelable, composed bool
	detail                        goja.Value // of a CustomEvent
	custom                        bool
	trusted                       bool
	prepared                      bool // false before initEvent or a constructor
	at                            time.Duration

	target       goja.Value // nil: not dispatched yet
	current      goja.Value
	dispatching  bool
	stopped      bool // propagation
	stoppedAtAll bool // stopImmediatePropagation
	canceled     bool
	passive      bool
}

func eventClass() *class {
	phases := []member{constant("NONE", 0), constant("CAPTURING_PHASE", 1), constant("AT_TARGET", 2), constant("BUBBLING_PHASE", 3)}
	return &class{
		name: "Event", length: 1,
		construct: func(c invocation) any { return newEvent(c, "Event") },
		members: append([]member{
			eventFlag("bubbles", func(e *event) bool { return e.bubbles }),
			{name: "cancelBubble", get: func(c invocation) goja.Value { return c.vm.ToValue(self[*event](c).stopped) }, set: func(c invocation, v goja.Value) {
				e := self[*event](c)
				e.stopped = e.stopped || v.ToBoolean()
			}},
			eventFlag("cancelable", func(e *event) bool { return e.cancelable }),
			eventFlag("composed", func(e *event) bool { return e.composed }),
			operation("composedPath", 0, composedPath),
			attribute("currentTarget", func(c invocation) goja.Value { return orNull(self[*event](c).current) }),
			eventFlag("defaultPrevented", func(e *event) bool { return e.canceled }),
			attribute("eventPhase", func(c invocation) goja.Value { return c.vm.ToValue(2 * boolInt(self[*event](c).dispatching)) }),
			eventFlag("isTrusted", func(e *event) bool { return e.trusted }),
			operation("preventDefault", 0, func(c invocation) goja.Value { self[*event](c).cancel(); return goja.Undefined() }),
			{name: "returnValue", get: func(c invocation) goja.Value { return c.vm.ToValue(!self[*event](c).canceled) }, set: func(c invocation, v goja.Value) {
				if e := self[*event](c); !v.ToBoolean() {
					e.cancel()
				}
			}},
			attribute("srcElement", func(c invocation) goja.Value { return orNull(self[*event](c).target) }),
			operation("stopImmediatePropagation", 0, func(c invocation) goja.Value {
				e := self[*event](c)
				e.stopped, e.stoppedAtAll = true, true
				return goja.Undefined()
			}),
			operation("stopPropagation", 0, func(c invocation) goja.Value { self[*event](c).stopped = true; return goja.Undefined() }),
			attribute("target", func(c invocation) goja.Value { return orNull(self[*event](c).target) }),
			attribute("timeStamp", func(c invocation) goja.Value { return c.vm.ToValue(milliseconds(self[*event](c).at)) }),
			attribute("type", func(c invocation) goja.Value { return c.vm.ToValue(self[*event](c).kind) }),
		}, phases...),
		statics: phases,
	}
}

func customEventClass() *class {
	return &class{
		name: "CustomEvent", length: 1, parent: classEvent,
		construct: func(c invocation) any {
			e := newEvent(c, "CustomEvent")
			e.custom, e.detail = true, goja.Null()
			if value, ok := c.dictionary(c.arg(1), "The event options").get("detail"); ok {
				e.detail = value
			}
			return e
		},
		members: []member{attribute("detail", func(c invocation) goja.Value {
			e := self[*event](c)
			if !e.custom {
				panic(c.vm.NewTypeError("Illegal invocation: this object is not a CustomEvent"))
			}
			return e.detail
		})},
	}
}

func eventFlag(name string, read func(*event) bool) member {
	return attribute(name, func(c invocation) goja.Value { return c.vm.ToValue(read(self[*event](c))) })
}

func orNull(value goja.Value) goja.Value {
	if value == nil {
		return goja.Null()
	}
	return value
}

// newEvent is https://dom.spec.whatwg.org/#concept-event-constructor.
func newEvent(c invocation, who string) *event {
	c.need(1, who)
	e := &event{kind: c.text(c.args[0]), prepared: true, at: time.Since(c.began)}
	settings := c.dictionary(c.arg(1), "The event options")
	e.bubbles, e.cancelable, e.composed = settings.flag("bubbles"), settings.flag("cancelable"), settings.flag("composed")
	return e
}

func (e *event) cancel() {
	if e.cancelable && !e.passive {
		e.canceled = true
	}
}

func composedPath(c invocation) goja.Value {
	e := self[*event](c)
	if !e.dispatching {
		return c.vm.NewArray()
	}
	return c.vm.NewArray(e.target)
}

type listener struct {
	kind                   string
	callback               *goja.Object
	capture, once, passive bool
	removed                bool
	signal                 *abortSignal
	handlerAttribute       bool // stands for onabort
}

// eventTarget is the state of an EventTarget; other states embed it.
type eventTarget struct {
	object    *goja.Object
	listeners []*listener
}

type targets interface{ events() *eventTarget }

func (t *eventTarget) events() *eventTarget { return t }

func eventTargetClass() *class {
	return &class{
		name:      "EventTarget",
		construct: func(c invocation) any { return &eventTarget{object: c.this.(*goja.Object)} },
		members: []member{
			operation("addEventListener", 2, addEventListener),
			operation("dispatchEvent", 1, dispatchEvent),
			operation("removeEventListener", 2, removeEventListener),
		},
	}
}

// listenerArguments reads (type, callback, options or capture).
func (c invocation) listenerArguments(who string) (l *listener, settings options) {
	c.need(2, who)
	l = &listener{kind: c.text(c.args[0])}
	switch callback := c.args[1].(type) {
	case *goja.Object:
		l.callback = callback
	default:
		if !isNullish(callback) {
			panic(c.vm.NewTypeError("%s: the listener must be a function or an object", who))
		}
	}
	settings = options{c.realm, nil}
	if object, ok := c.arg(2).(*goja.Object); ok {
		settings.object = object
		l.capture = settings.flag("capture")
	} else {
		l.capture = c.arg(2).ToBoolean()
	}
	return l, settings
}

// addEventListener is https://dom.spec.whatwg.org/#add-an-event-listener.
func addEventListener(c invocation) goja.Value {
	t := self[targets](c).events()
	l, settings := c.listenerArguments("addEventListener")
	l.once, l.passive = settings.flag("once"), settings.flag("passive")
	if value, ok := settings.get("signal"); ok {
		if l.signal, ok = as[*abortSignal](c.realm, value); !ok {
			panic(c.vm.NewTypeError("addEventListener: signal must be an AbortSignal"))
		}
	}
	if l.callback == nil || l.signal != nil && l.signal.aborted() || t.find(l) >= 0 {
		return goja.Undefined()
	}
	if len(t.listeners) >= maxItems {
		panic(c.vm.NewTypeError("addEventListener: more than %d listeners", maxItems))
	}
	t.listeners = append(t.listeners, l)
	if signal, ok := self[targets](c).(*abortSignal); ok && l.kind == "abort" {
		signal.heard()
	}
	if l.signal != nil {
		l.signal.onAbort(func() { t.remove(l) })
	}
	return goja.Undefined()
}

func (t *eventTarget) find(like *listener) int {
	return slices.IndexFunc(t.listeners, func(l *listener) bool {
		return l.callback != nil && l.callback == like.callback && l.kind == like.kind && l.capture == like.capture
	})
}

func (t *eventTarget) remove(l *listener) {
	l.removed = true
	if i := slices.Index(t.listeners, l); i >= 0 {
		t.listeners = slices.Delete(slices.Clone(t.listeners), i, i+1)
	}
}

func removeEventListener(c invocation) goja.Value {
	t := self[targets](c).events()
	l, _ := c.listenerArguments("removeEventListener")
	if i := t.find(l); i >= 0 {
		t.remove(t.listeners[i])
	}
	return goja.Undefined()
}

func dispatchEvent(c invocation) goja.Value {
	t := self[targets](c).events()
	c.need(1, "dispatchEvent")
	e, ok := as[*event](c.realm, c.args[0])
	if !ok {
		panic(c.vm.NewTypeError("dispatchEvent: the argument must be an Event"))
	}
	if e.dispatching || !e.prepared {
		c.throw("InvalidStateError", "dispatchEvent: the event is already being dispatched")
	}
	e.trusted = false
	return c.vm.ToValue(c.dispatch(t, c.args[0].(*goja.Object), e))
}

// dispatch is https://dom.spec.whatwg.org/#concept-event-dispatch; false: canceled.
func (r *realm) dispatch(t *eventTarget, object *goja.Object, e *event) bool {
	e.dispatching, e.target, e.current = true, t.object, t.object
	for _, capture := range []bool{true, false} {
		for _, l := range t.listeners {
			if l.removed || l.kind != e.kind || l.capture != capture {
				continue
			}
			if l.once {
				t.remove(l)
			}
			r.invoke(l, t.object, object, e)
			if e.stoppedAtAll {
				break
			}
		}
		if e.stopped {
			break
		}
	}
	e.dispatching, e.current, e.stopped, e.stoppedAtAll = false, nil, false, false
	return !e.canceled
}

// invoke calls one listener. What it throws is reported, as an exception of the event loop
// is, and does not reach the dispatcher (https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke).
func (r *realm) invoke(l *listener, current, object *goja.Object, e *event) {
	e.passive = l.passive
	defer func() { e.passive = false }()
	thrown := r.vm.Try(func() {
		this, callback := goja.Value(current), goja.Value(l.callback)
		if _, ok := goja.AssertFunction(callback); !ok {
			this, callback = l.callback, l.callback.Get("handleEvent")
		}
		run, ok := goja.AssertFunction(callback)
		if !ok {
			panic(r.vm.NewTypeError("The event listener has no method handleEvent"))
		}
		_, err := run(this, object)
		must(err)
	})
	if thrown != nil {
		r.sandbox.Report(thrown)
	}
}
