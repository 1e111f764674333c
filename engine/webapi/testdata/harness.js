"use strict";
// A small testharness: test, promise_test and asserts in the manner of web-platform-tests.
var results = [];
var tests = Promise.resolve();

function record(name, run) {
	const entry = { name, error: null, done: false };
	results.push(entry);
	return entry;
}

function explain(e) {
	return e instanceof Error ? `${e.name}: ${e.message}\n${e.stack}` : String(e);
}

function test(run, name) {
	const entry = record(name);
	try {
		run();
	} catch (e) {
		entry.error = explain(e);
	}
	entry.done = true;
}

function promise_test(run, name) {
	const entry = record(name);
	tests = tests.then(run).then(() => { entry.done = true; }, (e) => { entry.done = true; entry.error = explain(e); });
}

function show(v) {
	if (typeof v === "string") return JSON.stringify(v);
	if (typeof v === "object" && v !== null && !(v instanceof Error)) {
		try { return JSON.stringify(v) ?? String(v); } catch { return Object.prototype.toString.call(v); }
	}
	return Object.is(v, -0) ? "-0" : String(v);
}

function fail(message, note) {
	throw new Error(note ? `${note}: ${message}` : message);
}

function assert_true(v, note) { if (v !== true) fail(`expected true, got ${show(v)}`, note); }
function assert_false(v, note) { if (v !== false) fail(`expected false, got ${show(v)}`, note); }
function assert_equals(got, want, note) { if (!Object.is(got, want)) fail(`expected ${show(want)}, got ${show(got)}`, note); }
function assert_not_equals(got, want, note) { if (Object.is(got, want)) fail(`got ${show(got)}`, note); }

function assert_array_equals(got, want, note) {
	if (got.length !== want.length) fail(`expected ${show([...want])}, got ${show([...got])}`, note);
	for (let i = 0; i < want.length; i++) {
		if (Array.isArray(want[i])) assert_array_equals(got[i], want[i], note);
		else if (!Object.is(got[i], want[i])) fail(`item ${i}: expected ${show([...want])}, got ${show([...got])}`, note);
	}
}

function assert_throws_js(Type, run, note) {
	try {
		run();
	} catch (e) {
		if (e === null || typeof e !== "object" || e.constructor !== Type) fail(`expected ${Type.name}, got ${explain(e)}`, note);
		return e;
	}
	fail(`expected ${Type.name}, nothing was thrown`, note);
}

function assert_throws_dom(name, run, note) {
	try {
		run();
	} catch (e) {
		if (!(e instanceof DOMException) || e.name !== name) fail(`expected DOMException ${name}, got ${explain(e)}`, note);
		return e;
	}
	fail(`expected DOMException ${name}, nothing was thrown`, note);
}

function assert_throws_exactly(want, run, note) {
	try {
		run();
	} catch (e) {
		assert_equals(e, want, note);
		return;
	}
	fail("nothing was thrown", note);
}

function promise_rejects_js(Type, promise, note) {
	return promise.then(() => fail(`expected ${Type.name}, was fulfilled`, note), (e) => {
		if (e === null || typeof e !== "object" || e.constructor !== Type) fail(`expected ${Type.name}, got ${explain(e)}`, note);
		return e;
	});
}

function bytes(...list) { return new Uint8Array(list); }

// Web IDL's shape of a class: checked alike for all of them.
function test_interface(name, { attributes = [], writable = [], operations = {}, statics = {}, constants = {}, length = 0, parent = null, make = null, iterable = false }) {
	const Class = globalThis[name];
	test(() => {
		for (let i = 0; i < 4; i++) globalThis[name]; // a global that is used becomes a property of its own
		const d = Object.getOwnPropertyDescriptor(globalThis, name);
		assert_equals(typeof Class, "function");
		assert_true(d.writable && d.configurable && !d.enumerable, "descriptor of the global");
		assert_equals(Class.name, name);
		assert_equals(Class.length, length, "length");
		const p = Object.getOwnPropertyDescriptor(Class, "prototype");
		assert_true(!p.writable && !p.configurable && !p.enumerable, "descriptor of prototype");
		assert_equals(Object.getPrototypeOf(Class.prototype), parent ? parent.prototype : Object.prototype);
		assert_throws_js(TypeError, () => ({ Class }).Class(), "call without new");
	}, `${name} is an interface object`);
	test(() => {
		if (!make) return;
		const object = make();
		assert_true(object instanceof Class);
		assert_equals(Object.prototype.toString.call(object), `[object ${name}]`);
		assert_equals(object.constructor, Class);
		assert_array_equals(Object.keys(object), []);
		assert_array_equals(Object.getOwnPropertyNames(object).filter((k) => k !== "stack"), []);
		for (const a of attributes) assert_true(a in object, a);
		for (const o of Object.keys(operations)) assert_equals(typeof object[o], "function", o);
		assert_false("nonesuch" in object);
		assert_equals(object.nonesuch, undefined);
		class Sub extends Class {}
		assert_equals(Object.getPrototypeOf(Sub.prototype), Class.prototype);
	}, `${name} has well-formed instances`);
	test(() => {
		const proto = Class.prototype;
		for (const a of [...attributes, ...writable]) {
			const d = Object.getOwnPropertyDescriptor(proto, a);
			assert_true(!!d, `${a} is missing`);
			assert_equals(typeof d.get, "function", a);
			assert_equals(typeof d.set, writable.includes(a) ? "function" : "undefined", a);
			assert_true(d.enumerable && d.configurable, a);
			assert_equals(d.get.name, `get ${a}`);
			assert_throws_js(TypeError, () => d.get.call({}), `${a} on a wrong object`);
			assert_throws_js(TypeError, () => d.get.call(proto), `${a} on the prototype`);
			assert_throws_js(TypeError, () => proto[a], `${a} read from the prototype`);
		}
		for (const [o, n] of Object.entries(operations)) {
			const d = Object.getOwnPropertyDescriptor(proto, o);
			assert_true(!!d, `${o} is missing`);
			assert_equals(typeof d.value, "function", o);
			assert_true(d.enumerable && d.configurable && d.writable, o);
			assert_equals(d.value.name, o);
			assert_equals(d.value.length, n, `${o}.length`);
			assert_throws_js(TypeError, () => new d.value(), `new ${o}`);
		}
		for (const [s, n] of Object.entries(statics)) {
			assert_equals(typeof Class[s], "function", s);
			assert_equals(Class[s].length, n, `${s}.length`);
			const d = Object.getOwnPropertyDescriptor(Class, s);
			assert_true(d.enumerable && d.configurable && d.writable, s);
		}
		for (const [k, n] of Object.entries(constants)) {
			for (const on of [Class, proto]) {
				assert_equals(on[k], n, k);
				const d = Object.getOwnPropertyDescriptor(on, k);
				assert_true(d.enumerable && !d.configurable && !d.writable, k);
			}
		}
		const tag = Object.getOwnPropertyDescriptor(proto, Symbol.toStringTag);
		assert_equals(tag.value, name);
		assert_true(!tag.writable && !tag.enumerable && tag.configurable, "toStringTag");
		const c = Object.getOwnPropertyDescriptor(proto, "constructor");
		assert_true(c.value === Class && c.writable && !c.enumerable && c.configurable, "constructor");
		assert_equals(Object.hasOwn(proto, Symbol.iterator), iterable, "iterable");
		if (iterable) assert_equals(proto[Symbol.iterator], proto.entries);
		const own = Object.getOwnPropertyNames(proto).sort();
		assert_array_equals(own, [...attributes, ...writable, ...Object.keys(operations), ...Object.keys(constants), "constructor"].sort());
	}, `${name} has a well-formed prototype`);
	test(() => {
		if (!make) return;
		const object = make();
		for (const a of attributes) { void object[a]; assert_throws_js(TypeError, () => { object[a] = 1; }, `${a} is read-only`); }
		for (const o of Object.keys(operations)) assert_equals(typeof object[o], "function", `${o} after the prototype was looked at`);
		object.extra = 1;
		assert_array_equals(Object.keys(object), ["extra"]);
		assert_equals(Object.prototype.toString.call(object), `[object ${name}]`);
	}, `${name} still works when its prototype was looked at`);
}
