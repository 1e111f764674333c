test_interface("Crypto", { operations: { getRandomValues: 1, randomUUID: 0 }, make: () => crypto });

test(() => {
	assert_throws_js(TypeError, () => new Crypto());
	assert_true(crypto instanceof Crypto);
	const ids = new Set();
	for (let i = 0; i < 100; i++) {
		const id = crypto.randomUUID();
		assert_true(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), id);
		ids.add(id);
	}
	assert_equals(ids.size, 100);
	assert_throws_js(TypeError, () => crypto.randomUUID.call({}));
	assert_equals(crypto.subtle, undefined);
}, "randomUUID");

test(() => {
	for (const Type of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]) {
		const list = new Type(64);
		assert_equals(crypto.getRandomValues(list), list);
		assert_true(new Set(list).size > 4, Type.name);
	}
	const part = new Uint8Array(30);
	crypto.getRandomValues(part.subarray(10, 20));
	assert_true(part.slice(0, 10).every((x) => x === 0) && part.slice(20).every((x) => x === 0));
	assert_true(part.some((x) => x !== 0));
	crypto.getRandomValues(new Uint8Array(0));
	crypto.getRandomValues(new Uint8Array(65536));
	assert_throws_dom("QuotaExceededError", () => crypto.getRandomValues(new Uint8Array(65537)));
	assert_throws_dom("QuotaExceededError", () => crypto.getRandomValues(new Uint32Array(16385)));
	for (const bad of [new Float32Array(1), new Float64Array(1), new DataView(new ArrayBuffer(1)), [1], {}, 5, null, new ArrayBuffer(1)]) {
		assert_throws_dom("TypeMismatchError", () => crypto.getRandomValues(bad), Object.prototype.toString.call(bad));
	}
	assert_throws_js(TypeError, () => crypto.getRandomValues());
}, "getRandomValues");
