test_interface("AbortController", { attributes: ["signal"], operations: { abort: 0 }, make: () => new AbortController() });
test_interface("AbortSignal", {
	attributes: ["aborted", "reason"], writable: ["onabort"], operations: { throwIfAborted: 0 }, statics: { abort: 0, any: 1, timeout: 1 },
	parent: EventTarget, make: () => new AbortController().signal,
});

test(() => {
	assert_throws_js(TypeError, () => new AbortSignal());
	const c = new AbortController();
	const { signal } = c;
	assert_true(signal instanceof EventTarget);
	assert_equals(signal, c.signal);
	assert_false(signal.aborted);
	assert_equals(signal.reason, undefined);
	signal.throwIfAborted();
	const seen = [];
	signal.onabort = function (e) { seen.push("on", this === signal, e.type, e.isTrusted, e.target === signal); };
	signal.addEventListener("abort", (e) => seen.push("listener", signal.aborted));
	c.abort();
	assert_array_equals(seen, ["on", true, "abort", true, true, "listener", true]);
	assert_true(signal.aborted);
	assert_equals(signal.reason.name, "AbortError");
	assert_equals(signal.reason.code, 20);
	assert_throws_exactly(signal.reason, () => signal.throwIfAborted());
	c.abort("again");
	assert_equals(seen.length, 7);
	assert_not_equals(signal.reason, "again");
}, "abort");

test(() => {
	for (const reason of ["x", 0, null, false, new Error("e")]) {
		const c = new AbortController();
		c.abort(reason);
		assert_equals(c.signal.reason, reason);
		assert_throws_exactly(reason, () => c.signal.throwIfAborted());
	}
	assert_equals(AbortSignal.abort("r").reason, "r");
	assert_equals(AbortSignal.abort().reason.name, "AbortError");
	assert_true(AbortSignal.abort() instanceof AbortSignal);
}, "reasons");

test(() => {
	const c = new AbortController();
	let n = 0;
	const f = () => n++;
	c.signal.onabort = f;
	assert_equals(c.signal.onabort, f);
	c.signal.onabort = null;
	assert_equals(c.signal.onabort, null);
	c.signal.onabort = 5;
	assert_equals(c.signal.onabort, null);
	c.signal.onabort = f;
	c.signal.onabort = () => { n += 10; };
	c.abort();
	assert_equals(n, 10);
}, "onabort");

test(() => {
	const a = new AbortController(), b = new AbortController();
	const any = AbortSignal.any([a.signal, b.signal]);
	const chain = AbortSignal.any([any]);
	const order = [];
	b.signal.onabort = () => order.push("b");
	any.onabort = () => order.push("any");
	chain.onabort = () => order.push("chain", any.aborted);
	assert_false(any.aborted);
	b.abort("why");
	assert_array_equals(order, ["b", "any", "chain", true]);
	assert_equals(any.reason, "why");
	assert_equals(chain.reason, "why");
	a.abort("later");
	assert_equals(any.reason, "why");
	assert_true(AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).aborted);
	assert_equals(AbortSignal.any([new AbortController().signal, AbortSignal.abort(2)]).reason, 2);
	assert_false(AbortSignal.any([]).aborted);
	for (const bad of [undefined, 5, [5], [null], [{}]]) assert_throws_js(TypeError, () => AbortSignal.any(bad));
}, "AbortSignal.any");

promise_test(async () => {
	const s = AbortSignal.timeout(5);
	assert_false(s.aborted);
	await new Promise((resolve) => { s.onabort = resolve; setTimeout(() => {}, 50); });
	assert_equals(s.reason.name, "TimeoutError");
	assert_equals(s.reason.code, 23);
	assert_true(s.reason instanceof DOMException);
	assert_false(AbortSignal.timeout(1e15).aborted);
	for (const bad of [-1, NaN, Infinity, "x", undefined, 2 ** 60]) assert_throws_js(TypeError, () => AbortSignal.timeout(bad), String(bad));
	assert_throws_js(TypeError, () => AbortSignal.timeout());
}, "AbortSignal.timeout");
