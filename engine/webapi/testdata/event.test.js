const members = ["bubbles", "cancelable", "composed", "currentTarget", "defaultPrevented", "eventPhase", "isTrusted", "srcElement", "target", "timeStamp", "type"];
const phases = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
test_interface("Event", {
	attributes: members, writable: ["cancelBubble", "returnValue"], constants: phases, length: 1, make: () => new Event("x"),
	operations: { composedPath: 0, preventDefault: 0, stopImmediatePropagation: 0, stopPropagation: 0 },
});
test_interface("CustomEvent", { attributes: ["detail"], length: 1, parent: Event, make: () => new CustomEvent("x") });
test_interface("EventTarget", { operations: { addEventListener: 2, dispatchEvent: 1, removeEventListener: 2 }, make: () => new EventTarget() });

test(() => {
	const e = new Event("name", { bubbles: true, cancelable: 1, composed: "x" });
	assert_equals(e.type, "name");
	assert_true(e.bubbles && e.cancelable && e.composed);
	const d = new Event(5);
	assert_equals(d.type, "5");
	assert_false(d.bubbles || d.cancelable || d.composed || d.defaultPrevented || d.isTrusted || d.cancelBubble);
	assert_equals(d.target, null);
	assert_equals(d.currentTarget, null);
	assert_equals(d.eventPhase, 0);
	assert_equals(d.returnValue, true);
	assert_equals(typeof d.timeStamp, "number");
	assert_array_equals(d.composedPath(), []);
	assert_throws_js(TypeError, () => new Event());
	assert_throws_js(TypeError, () => new Event("x", 1));
	assert_throws_js(TypeError, () => new Event(Symbol()));
	assert_equals(new CustomEvent("x", { detail: 7 }).detail, 7);
	assert_equals(new CustomEvent("x").detail, null);
}, "making events");

test(() => {
	const t = new EventTarget(), seen = [];
	t.addEventListener("a", function (e) { seen.push("f", this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length); });
	t.addEventListener("a", { handleEvent(e) { seen.push("o", typeof this.handleEvent, e.type); } });
	t.addEventListener("b", () => seen.push("never"));
	const e = new Event("a");
	assert_true(t.dispatchEvent(e));
	assert_array_equals(seen, ["f", true, true, true, 2, 1, "o", "function", "a"]);
	assert_equals(e.currentTarget, null);
	assert_equals(e.target, t);
	assert_equals(e.eventPhase, 0);
	assert_throws_js(TypeError, () => t.dispatchEvent({}));
	assert_throws_js(TypeError, () => t.dispatchEvent());
	assert_throws_js(TypeError, () => t.addEventListener("a"));
	assert_throws_js(TypeError, () => t.addEventListener("a", 5));
	t.addEventListener("a", null);
	t.addEventListener("a", undefined);
	t.removeEventListener("zzz", null);
}, "dispatch");

test(() => {
	const t = new EventTarget(), seen = [];
	const f = () => seen.push("f");
	t.addEventListener("a", f);
	t.addEventListener("a", f);
	t.addEventListener("a", f, { capture: true });
	t.dispatchEvent(new Event("a"));
	assert_equals(seen.length, 2);
	t.removeEventListener("a", f);
	t.dispatchEvent(new Event("a"));
	assert_equals(seen.length, 3);
	t.removeEventListener("a", f, true);
	t.dispatchEvent(new Event("a"));
	assert_equals(seen.length, 3);
	t.addEventListener("a", () => seen.push("once"), { once: true });
	t.dispatchEvent(new Event("a"));
	t.dispatchEvent(new Event("a"));
	assert_equals(seen.length, 4);
}, "duplicates, removal, once, capture");

test(() => {
	const t = new EventTarget(), seen = [];
	t.addEventListener("a", () => seen.push("bubble"));
	t.addEventListener("a", () => seen.push("capture"), true);
	t.dispatchEvent(new Event("a"));
	assert_array_equals(seen, ["capture", "bubble"]);
	const late = new EventTarget(), order = [];
	late.addEventListener("a", () => {
		order.push(1);
		late.addEventListener("a", () => order.push("new"));
		late.removeEventListener("a", second);
	});
	const second = () => order.push(2);
	late.addEventListener("a", second);
	late.dispatchEvent(new Event("a"));
	assert_array_equals(order, [1]);
}, "order, and changes while dispatching");

test(() => {
	const t = new EventTarget(), seen = [];
	t.addEventListener("a", (e) => { e.preventDefault(); seen.push(1); });
	t.addEventListener("a", (e) => { e.stopImmediatePropagation(); seen.push(2); });
	t.addEventListener("a", () => seen.push(3));
	const e = new Event("a", { cancelable: true });
	assert_false(t.dispatchEvent(e));
	assert_true(e.defaultPrevented);
	assert_equals(e.returnValue, false);
	assert_array_equals(seen, [1, 2]);
	assert_true(t.dispatchEvent(new Event("a")));
	const p = new EventTarget();
	p.addEventListener("a", (e) => e.preventDefault(), { passive: true });
	assert_true(p.dispatchEvent(new Event("a", { cancelable: true })));
	const again = new EventTarget();
	again.addEventListener("a", (e) => assert_throws_dom("InvalidStateError", () => again.dispatchEvent(e)));
	const twice = new Event("a");
	again.dispatchEvent(twice);
	again.dispatchEvent(twice);
}, "canceling and stopping");

test(() => {
	const t = new EventTarget(), c = new AbortController();
	let n = 0;
	t.addEventListener("a", () => n++, { signal: c.signal });
	t.dispatchEvent(new Event("a"));
	c.abort();
	t.dispatchEvent(new Event("a"));
	t.addEventListener("a", () => n++, { signal: c.signal });
	t.dispatchEvent(new Event("a"));
	assert_equals(n, 1);
	assert_throws_js(TypeError, () => t.addEventListener("a", () => 1, { signal: 5 }));
}, "listeners with a signal");

test(() => {
	class Bus extends EventTarget {
		#n = 0;
		emit(detail) { this.#n++; return this.dispatchEvent(new CustomEvent("x", { detail })); }
		get n() { return this.#n; }
	}
	const bus = new Bus();
	let got;
	bus.addEventListener("x", (e) => { got = [e.detail, e.target === bus]; });
	bus.emit(5);
	assert_array_equals(got, [5, true]);
	assert_equals(bus.n, 1);
}, "subclasses of EventTarget");
