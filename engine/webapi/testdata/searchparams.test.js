test_interface("URLSearchParams", {
	attributes: ["size"], iterable: true, make: () => new URLSearchParams("a=b"),
	operations: { append: 2, delete: 1, get: 1, getAll: 1, has: 1, set: 2, sort: 0, toString: 0, entries: 0, forEach: 1, keys: 0, values: 0 },
});

test(() => {
	const same = (init, want) => assert_equals(String(new URLSearchParams(init)), want, JSON.stringify(init));
	same(undefined, "");
	same("", "");
	same("?", "");
	same("??a=b", "%3Fa=b");
	same("a=b&c=d", "a=b&c=d");
	same("?a", "a=");
	same("=b", "=b");
	same("&&a=1&&&b", "a=1&b=");
	same("a=b=c", "a=b%3Dc");
	same("a+b=c%20d", "a+b=c+d");
	same("a=%zz%4&%", "a=%25zz%254&%25=");
	same("a=ä€😀", "a=%C3%A4%E2%82%AC%F0%9F%98%80");
	same("a=\ud800", "a=%EF%BF%BD");
	same("a=%FF%FE", "a=%EF%BF%BD%EF%BF%BD");
	same("%EF%BB%BFx=%EF%BB%BFy", "%EF%BB%BFx=%EF%BB%BFy");
	same("a=*-._~!'()", "a=*-._%7E%21%27%28%29");
	same("a=\0\n\r", "a=%00%0A%0D");
	same({ a: "1", b: 2, "c d": null }, "a=1&b=2&c+d=null");
	same([["a", "1"], ["a", "2"]], "a=1&a=2");
	same(new Map([["x", "y"]]), "x=y");
	same(new URLSearchParams("a=b"), "a=b");
	same(new FormData(), "");
	same(new String("?q=1"), "q=1");
	same(5, "5=");
	same(null, "null=");
	assert_throws_js(TypeError, () => new URLSearchParams([["a"]]));
	assert_throws_js(TypeError, () => new URLSearchParams([["a", "b", "c"]]));
	assert_throws_js(TypeError, () => new URLSearchParams(["ab"]));
	assert_throws_js(TypeError, () => new URLSearchParams(Symbol()));
}, "construction and serializing");

test(() => {
	const p = new URLSearchParams("a=1&b=2&a=3");
	assert_equals(p.size, 3);
	assert_equals(p.get("a"), "1");
	assert_equals(p.get("z"), null);
	assert_array_equals(p.getAll("a"), ["1", "3"]);
	assert_array_equals(p.getAll("z"), []);
	assert_true(p.has("a"));
	assert_true(p.has("a", "3"));
	assert_false(p.has("a", "2"));
	assert_true(p.has("a", undefined));
	p.set("a", "9");
	assert_equals(String(p), "a=9&b=2");
	p.set("new", "x");
	p.append("b", "4");
	p.delete("b", "2");
	assert_equals(String(p), "a=9&new=x&b=4");
	p.delete("a", undefined);
	assert_equals(String(p), "new=x&b=4");
	for (const [m, n] of [["append", 2], ["set", 2], ["get", 1], ["getAll", 1], ["has", 1], ["delete", 1]]) {
		assert_throws_js(TypeError, () => p[m](...Array(n - 1).fill("x")), m);
	}
	let calls = 0;
	new URLSearchParams().set({ toString() { calls++; return "x"; } }, "y");
	assert_equals(calls, 1);
}, "reading and changing");

test(() => {
	const p = new URLSearchParams("z=1&ﬃ=2&🌈=3&a=4&z=0&a=3&é=5");
	p.sort();
	assert_array_equals([...p.keys()], ["a", "a", "z", "z", "é", "🌈", "ﬃ"]);
	assert_array_equals(p.getAll("a"), ["4", "3"]);
	const prefix = new URLSearchParams("ab=1&a=2&=3");
	prefix.sort();
	assert_array_equals([...prefix.keys()], ["", "a", "ab"]);
	const u = new URL("http://a/?b=1&a=2");
	u.searchParams.sort();
	assert_equals(u.search, "?a=2&b=1");
}, "sort is stable and by UTF-16 units");

test(() => {
	const p = new URLSearchParams("a=1&b=2&c=3");
	const seen = [];
	for (const [k] of p) { seen.push(k); if (k === "a") p.delete("a"); }
	assert_array_equals(seen, ["a", "c"]);
	assert_array_equals([...p.values()], ["2", "3"]);
	assert_equals(Object.prototype.toString.call(p.keys()), "[object URLSearchParams Iterator]");
	const out = [];
	p.forEach((v, k) => out.push(k + v));
	assert_array_equals(out, ["b2", "c3"]);
	assert_array_equals(Object.keys(Object.fromEntries(p)), ["b", "c"]);
}, "iteration");

test(() => {
	assert_equals(new URLSearchParams("a&".repeat(9_999)).size, 9_999);
	assert_throws_js(TypeError, () => new URLSearchParams("&".repeat(10_001)));
	assert_throws_js(TypeError, () => new URL("http://a/?" + "&".repeat(10_001)).searchParams);
	assert_equals(new URLSearchParams("a=" + "%41".repeat(3e5)).get("a").length, 3e5);
}, "limits");
