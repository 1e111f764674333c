test(() => {
	assert_equals(structuredClone.name, "structuredClone");
	assert_equals(structuredClone.length, 1);
	for (const v of [undefined, null, true, 0, -0, NaN, 1.5, "text", "\ud800", 10n ** 30n]) assert_equals(structuredClone(v), v);
	assert_throws_js(TypeError, () => structuredClone());
}, "primitives");

test(() => {
	const source = { a: [1, { b: 2 }, , 4], u: undefined, n: null };
	const copy = structuredClone(source);
	assert_not_equals(copy, source);
	assert_not_equals(copy.a, source.a);
	assert_equals(copy.a[1].b, 2);
	assert_equals(copy.a.length, 4);
	assert_false(2 in copy.a);
	assert_true("u" in copy);
	const list = Object.assign([1, 2], { extra: 3 });
	assert_equals(structuredClone(list).extra, 3);
	const sparse = new Array(1e6);
	sparse[5] = 1;
	assert_equals(structuredClone(sparse).length, 1e6);
	class Point { constructor() { this.x = 1; } get y() { return 2; } }
	const p = structuredClone(new Point());
	assert_equals(Object.getPrototypeOf(p), Object.prototype);
	assert_array_equals(Object.keys(p), ["x"]);
	const hidden = Object.defineProperty({ [Symbol("s")]: 1 }, "h", { value: 1 });
	assert_equals(Reflect.ownKeys(structuredClone(hidden)).length, 0);
	assert_equals(structuredClone({ get g() { return 7; } }).g, 7);
	const odd = JSON.parse('{"__proto__": 1}');
	assert_array_equals(Object.keys(structuredClone(odd)), ["__proto__"]);
}, "objects and arrays");

test(() => {
	const loop = { list: [] };
	loop.self = loop;
	loop.list.push(loop, loop.list);
	const copy = structuredClone(loop);
	assert_equals(copy.self, copy);
	assert_equals(copy.list[0], copy);
	assert_equals(copy.list[1], copy.list);
	const shared = {};
	const pair = structuredClone([shared, shared]);
	assert_equals(pair[0], pair[1]);
	const m = new Map();
	m.set("m", m);
	assert_equals(structuredClone(m).get("m").size, 1);
	const s = new Set();
	s.add(s);
	const t = structuredClone(s);
	assert_true(t.has(t));
}, "cycles and identity");

test(() => {
	const m = structuredClone(new Map([[{ k: 1 }, new Set([1, "2"])], ["a", new Date(5)]]));
	assert_true(m instanceof Map);
	const [[key, set], [, date]] = [...m];
	assert_equals(key.k, 1);
	assert_array_equals([...set], [1, "2"]);
	assert_true(date instanceof Date);
	assert_equals(date.getTime(), 5);
	assert_true(Number.isNaN(structuredClone(new Date(NaN)).getTime()));
	const r = /a(b)/gi;
	r.lastIndex = 3;
	const q = structuredClone(r);
	assert_array_equals([q.source, q.flags, q.lastIndex], ["a(b)", "gi", 0]);
	for (const v of [new Boolean(false), new Number(-0), new String("x"), Object(5n)]) {
		const c = structuredClone(v);
		assert_equals(typeof c, "object");
		assert_equals(c.valueOf(), v.valueOf());
		assert_equals(Object.prototype.toString.call(c), Object.prototype.toString.call(v));
	}
}, "Map, Set, Date, RegExp, wrappers");

test(() => {
	const e = structuredClone(new RangeError("far", { cause: { why: 1 } }));
	assert_true(e instanceof RangeError);
	assert_array_equals([e.name, e.message, e.cause.why], ["RangeError", "far", 1]);
	assert_equals(typeof e.stack, "string");
	const custom = new Error("m");
	custom.name = "Custom";
	custom.extra = 1;
	const c = structuredClone(custom);
	assert_equals(Object.getPrototypeOf(c), Error.prototype);
	assert_equals(c.name, "Error");
	assert_false("extra" in c);
	const d = structuredClone(new DOMException("gone", "NotFoundError"));
	assert_true(d instanceof DOMException);
	assert_array_equals([d.name, d.message, d.code], ["NotFoundError", "gone", 8]);
}, "errors");

test(() => {
	const buffer = bytes(1, 2, 3, 4).buffer;
	const copy = structuredClone({ buffer, part: new Uint8Array(buffer, 1, 2), view: new DataView(buffer, 2) });
	assert_not_equals(copy.buffer, buffer);
	assert_equals(copy.part.buffer, copy.buffer);
	assert_equals(copy.view.buffer, copy.buffer);
	assert_array_equals(copy.part, [2, 3]);
	assert_array_equals([copy.view.byteOffset, copy.view.byteLength], [2, 2]);
	for (const Type of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
		const c = structuredClone(Type.of(1, 2));
		assert_equals(c.constructor, Type);
		assert_array_equals(c, [1, 2]);
	}
	assert_equals(structuredClone(BigInt64Array.of(-5n))[0], -5n);
}, "buffers and views");

promise_test(async () => {
	const f = structuredClone(new File(["x"], "n.txt", { type: "a/b", lastModified: 7 }));
	assert_true(f instanceof File);
	assert_array_equals([f.name, f.type, f.lastModified, await f.text()], ["n.txt", "a/b", 7, "x"]);
	assert_true(structuredClone(new Blob(["y"])) instanceof Blob);
}, "Blob and File");

test(() => {
	const bad = [() => 1, Symbol("s"), { f() {} }, [Symbol()], new Map([[1, () => 1]]), Promise.resolve(), new WeakMap(), new WeakSet(), new Proxy({}, {}),
		new Headers(), new Response(), new URL("a:b"), new AbortController(), (function* () {})(), new Event("x"), crypto, class {}];
	for (const v of bad) assert_equals(assert_throws_dom("DataCloneError", () => structuredClone(v), String(Object.prototype.toString.call(v))).code, 25);
	const e = new Error("mine");
	assert_throws_exactly(e, () => structuredClone({ get x() { throw e; } }));
	let deep = {};
	for (let i = 0; i < 1e5; i++) deep = { deep };
	assert_throws_dom("DataCloneError", () => structuredClone(deep));
	let fine = 1;
	for (let i = 0; i < 400; i++) fine = [fine];
	structuredClone(fine);
	assert_equals(structuredClone({ then: 5 }).then, 5);
	assert_equals(structuredClone({ [Symbol.toStringTag]: "Blob" }) instanceof Blob, false);
}, "what cannot be cloned");

test(() => {
	const buffer = bytes(1, 2).buffer;
	const copy = structuredClone({ buffer }, { transfer: [buffer] });
	assert_array_equals(new Uint8Array(copy.buffer), [1, 2]);
	assert_equals(buffer.byteLength, 0);
	const again = bytes(1).buffer;
	assert_throws_dom("DataCloneError", () => structuredClone(1, { transfer: [again, again] }));
	assert_throws_dom("DataCloneError", () => structuredClone(1, { transfer: [{}] }));
	assert_throws_dom("DataCloneError", () => structuredClone(1, { transfer: [5] }));
	structuredClone(1, { transfer: [] });
	structuredClone(1, null);
}, "transfer");

test(() => {
	for (const iterator of [[1].values(), new Map().entries(), new Set([1]).values(), "a"[Symbol.iterator](), "a".matchAll(/a/g), new Headers().keys()]) {
		assert_throws_dom("DataCloneError", () => structuredClone(iterator), Object.prototype.toString.call(iterator));
	}
}, "iterators cannot be cloned");
