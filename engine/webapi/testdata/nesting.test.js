// Functions of ours that call themselves through a conversion, without a frame of script code.
test(() => {
	const o = {};
	o.toString = btoa.bind(null, o);
	assert_throws_js(RangeError, () => String(o));
	const u = {};
	u.toString = Reflect.construct.bind(null, URL, [u]);
	assert_throws_js(RangeError, () => new URL(u));
	const p = new URLSearchParams();
	const q = {};
	q.toString = p.append.bind(p, q, "x");
	assert_throws_js(RangeError, () => p.append(q, "x"));
	const t = new EventTarget();
	t.addEventListener("x", { get handleEvent() { return t.dispatchEvent.bind(t, new Event("x")); } });
	const loc = new URL("http://a/");
	const s = {};
	s.toString = Reflect.set.bind(null, loc, "hash", s);
	assert_throws_js(RangeError, () => { loc.hash = s; });
}, "native recursion is bounded");

test(() => {
	function nest(n) {
		let inner = 0;
		new Headers({ a: "1" }).forEach(() => { inner = n === 0 ? 0 : 1 + nest(n - 1); });
		return inner;
	}
	assert_equals(nest(300), 300);
	assert_equals(btoa("after"), "YWZ0ZXI=");
}, "honest nesting works");
