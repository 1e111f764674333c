test_interface("Performance", { attributes: ["timeOrigin"], operations: { now: 0, toJSON: 0 }, make: () => performance });
test_interface("Navigator", { attributes: ["userAgent"], make: () => navigator });

test(() => {
	const a = performance.now(), b = performance.now();
	assert_true(a >= 0 && b >= a && b < 20000);
	assert_true(Math.abs(performance.timeOrigin + b - Date.now()) < 1000);
	assert_equals(performance.toJSON().timeOrigin, performance.timeOrigin);
	assert_equals(JSON.stringify(performance), JSON.stringify({ timeOrigin: performance.timeOrigin }));
	assert_throws_js(TypeError, () => performance.now.call({}));
	assert_throws_js(TypeError, () => new Performance());
}, "performance");

test(() => {
	assert_equals(navigator.userAgent, "PiCloud");
	assert_throws_js(TypeError, () => new Navigator());
	assert_equals(self, globalThis);
}, "navigator and self");
