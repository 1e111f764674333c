test(() => {
	assert_equals(btoa.length, 1);
	assert_equals(atob.length, 1);
	for (const [raw, coded] of [["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], ["foob", "Zm9vYg=="], ["\0\xff", "AP8="], ["é", "6Q=="]]) {
		assert_equals(btoa(raw), coded);
		assert_equals(atob(coded), raw);
	}
	assert_equals(btoa(null), "bnVsbA==");
	assert_equals(btoa(12), "MTI=");
	assert_throws_js(TypeError, () => btoa());
	assert_throws_js(TypeError, () => atob());
	assert_throws_js(TypeError, () => btoa(Symbol()));
	for (const bad of ["\u0100", "€", "😀", "\ud800"]) assert_equals(assert_throws_dom("InvalidCharacterError", () => btoa(bad)).code, 5);
}, "btoa and atob");

test(() => {
	for (const [coded, raw] of [["Zg", "f"], ["Z m\n9\tv\f\r", "foo"], [" ", ""], ["Zg= =", "f"], ["ab", "i"], ["YR", "a"], ["////", "\xff\xff\xff"], ["++++", "\xfb\xef\xbe"]]) {
		assert_equals(atob(coded), raw, coded);
	}
	for (const bad of ["Z", "Zg=", "Zg===", "=", "==", "====", "Z===", "Zm9v=", "Zm9v==", "Zg==Zg==", "Z\u00a0g", "Z\vg=", "-_==", "a*bc", "ä", "Zm9vY", "a=bc", "\0"]) {
		assert_throws_dom("InvalidCharacterError", () => atob(bad), bad);
	}
	assert_equals(atob(null), "\x9e\xe9e");
	assert_throws_dom("InvalidCharacterError", () => atob(undefined + "a".repeat(4) + "="));
}, "forgiving decoding");

test(() => {
	let all = "";
	for (let i = 0; i < 256; i++) all += String.fromCharCode(i);
	assert_equals(atob(btoa(all)), all);
	const long = "x\xff".repeat(1e5);
	assert_equals(atob(btoa(long)), long);
}, "round trip");
