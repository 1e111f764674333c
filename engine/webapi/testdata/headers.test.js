test_interface("Headers", {
	operations: { append: 2, delete: 1, get: 1, getSetCookie: 0, has: 1, set: 2, entries: 0, forEach: 1, keys: 0, values: 0 },
	make: () => new Headers(), iterable: true,
});

test(() => {
	const h = new Headers({ "Content-Type": "text/html", "X-A": "1" });
	assert_equals(h.get("content-type"), "text/html");
	assert_equals(h.get("CONTENT-TYPE"), "text/html");
	assert_equals(h.get("missing"), null);
	assert_true(h.has("x-a"));
	assert_false(h.has("x-b"));
}, "names are case-insensitive");

test(() => {
	const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]);
	assert_equals(h.get("a"), "1, 3");
	h.append("a", "4");
	assert_equals(h.get("a"), "1, 3, 4");
	h.set("A", "5");
	assert_equals(h.get("a"), "5");
	h.delete("a");
	assert_equals(h.get("a"), null);
	assert_array_equals([...h], [["b", "2"]]);
}, "append combines, set replaces, delete removes");

test(() => {
	const h = new Headers([["z", "1"], ["Set-Cookie", "a=1"], ["b", "x"], ["set-cookie", "b=2"], ["B", "y"]]);
	assert_array_equals([...h], [["b", "x, y"], ["set-cookie", "a=1"], ["set-cookie", "b=2"], ["z", "1"]]);
	assert_array_equals(h.getSetCookie(), ["a=1", "b=2"]);
	assert_equals(h.get("set-cookie"), "a=1, b=2");
	assert_array_equals(new Headers().getSetCookie(), []);
}, "iteration is sorted and combined, but for Set-Cookie");

test(() => {
	const h = new Headers({ b: "2", a: "1" });
	assert_array_equals([...h.keys()], ["a", "b"]);
	assert_array_equals([...h.values()], ["1", "2"]);
	assert_array_equals([...h.entries()], [["a", "1"], ["b", "2"]]);
	const seen = [];
	h.forEach(function (value, name, object) { seen.push(name, value, object === h, this.me); }, { me: 7 });
	assert_array_equals(seen, ["a", "1", true, 7, "b", "2", true, 7]);
	assert_throws_js(TypeError, () => h.forEach({}));
}, "keys, values, entries, forEach");

test(() => {
	const it = new Headers({ a: "1" }).entries();
	assert_equals(Object.prototype.toString.call(it), "[object Headers Iterator]");
	assert_equals(it[Symbol.iterator](), it);
	const ArrayIteratorPrototype = Object.getPrototypeOf([][Symbol.iterator]());
	assert_equals(Object.getPrototypeOf(Object.getPrototypeOf(it)), Object.getPrototypeOf(ArrayIteratorPrototype));
	assert_equals(it.next().done, false);
	const last = it.next();
	assert_equals(last.done, true);
	assert_equals(last.value, undefined);
	assert_throws_js(TypeError, () => it.next.call({}));
}, "the iterator is a proper iterator");

test(() => {
	const h = new Headers({ a: "1", c: "3" });
	const seen = [];
	for (const [name] of h) {
		seen.push(name);
		if (name === "a") h.append("b", "2");
	}
	assert_array_equals(seen, ["a", "b", "c"]);
}, "iteration sees changes");

test(() => {
	const h = new Headers();
	for (const bad of ["", " a", "a b", "a:b", "ä", "a\n", "a\0", "(x)", "{x}", "a,b", "a/b"]) {
		assert_throws_js(TypeError, () => h.append(bad, "x"), JSON.stringify(bad));
		assert_throws_js(TypeError, () => h.get(bad), JSON.stringify(bad));
		assert_throws_js(TypeError, () => h.has(bad));
		assert_throws_js(TypeError, () => h.set(bad, "x"));
		assert_throws_js(TypeError, () => h.delete(bad));
	}
	for (const good of ["!#$%&'*+-.^_`|~", "0", "Az09"]) h.append(good, "x");
}, "names must be tokens");

test(() => {
	const h = new Headers();
	for (const bad of ["a\nb", "a\rb", "a\0b", "\u0100", "😀", "\ud800"]) assert_throws_js(TypeError, () => h.append("a", bad), JSON.stringify(bad));
	h.set("a", "\t x \r\n");
	assert_equals(h.get("a"), "x");
	h.set("a", "");
	assert_equals(h.get("a"), "");
	h.set("a", "é\u00ff\x7f");
	assert_equals(h.get("a"), "é\u00ff\x7f");
	h.set("n", null); h.set("u", undefined); h.set("i", 5);
	assert_equals(h.get("n"), "null");
	assert_equals(h.get("u"), "undefined");
	assert_equals(h.get("i"), "5");
	assert_throws_js(TypeError, () => h.set("s", Symbol("x")));
}, "values are normalized byte strings");

test(() => {
	const h = new Headers();
	assert_throws_js(TypeError, () => h.append("a"));
	assert_throws_js(TypeError, () => h.set("a"));
	assert_throws_js(TypeError, () => h.get());
	assert_throws_js(TypeError, () => h.has());
	assert_throws_js(TypeError, () => h.delete());
}, "missing arguments");

test(() => {
	assert_array_equals([...new Headers(undefined)], []);
	assert_throws_js(TypeError, () => new Headers(null));
	assert_throws_js(TypeError, () => new Headers(1));
	assert_throws_js(TypeError, () => new Headers("a"));
	assert_throws_js(TypeError, () => new Headers([["a"]]));
	assert_throws_js(TypeError, () => new Headers([["a", "b", "c"]]));
	assert_throws_js(TypeError, () => new Headers([5]));
	assert_throws_js(TypeError, () => new Headers(["ab"]));
	assert_throws_js(TypeError, () => new Headers({ "a b": "1" }));
	const source = new Headers([["a", "1"], ["a", "2"]]);
	const copy = new Headers(source);
	source.set("a", "9");
	assert_equals(copy.get("a"), "1, 2");
	assert_equals(new Headers(new Map([["x", "1"]])).get("x"), "1");
	assert_equals(new Headers((function* () { yield ["g", "1"]; })()).get("g"), "1");
	const inherits = Object.create({ a: "1" });
	inherits.b = "2";
	assert_array_equals([...new Headers(inherits)], [["b", "2"]]);
}, "construction from records, sequences, iterables and Headers");

test(() => {
	const e = new Error("stop");
	assert_throws_exactly(e, () => new Headers({ get a() { throw e; } }));
	assert_throws_exactly(e, () => new Headers([["a", { toString() { throw e; } }]]));
	assert_throws_exactly(e, () => new Headers({ *[Symbol.iterator]() { throw e; } }));
}, "exceptions of the script pass through");

test(() => {
	const h = new Headers();
	const endless = Array.prototype[Symbol.iterator].call({ length: 2 ** 53 - 1 });
	assert_throws_js(TypeError, () => new Headers(endless));
	function* many() { for (;;) yield ["a", "b"]; }
	assert_throws_js(TypeError, () => new Headers(many()));
}, "endless lists are refused");

test(() => {
	assert_throws_js(TypeError, () => new Headers({ a: "1", [Symbol("b")]: "2" }));
	assert_throws_js(TypeError, () => new URLSearchParams({ [Symbol("b")]: "2" }));
	assert_equals(new Headers(Object.defineProperty({ a: "1" }, Symbol("b"), { value: "2" })).get("a"), "1");
}, "a symbol is no name");
