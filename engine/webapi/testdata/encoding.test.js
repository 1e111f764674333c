test_interface("TextEncoder", { attributes: ["encoding"], operations: { encode: 0, encodeInto: 2 }, make: () => new TextEncoder() });
test_interface("TextDecoder", { attributes: ["encoding", "fatal", "ignoreBOM"], operations: { decode: 0 }, make: () => new TextDecoder() });

const encoder = new TextEncoder();

test(() => {
	assert_array_equals(encoder.encode(), []);
	assert_array_equals(encoder.encode(undefined), []);
	assert_array_equals(encoder.encode(""), []);
	assert_array_equals(encoder.encode("aé€😀"), [97, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]);
	assert_array_equals(encoder.encode("\ud800"), [0xef, 0xbf, 0xbd]);
	assert_array_equals(encoder.encode("\udc00x\ud800"), [0xef, 0xbf, 0xbd, 120, 0xef, 0xbf, 0xbd]);
	assert_array_equals(encoder.encode(null), [110, 117, 108, 108]);
	assert_true(encoder.encode("x") instanceof Uint8Array);
}, "encode");

test(() => {
	const into = (text, size) => {
		const target = new Uint8Array(size).fill(7);
		const { read, written } = encoder.encodeInto(text, target);
		return [read, written, ...target];
	};
	assert_array_equals(into("aé", 4), [2, 3, 97, 0xc3, 0xa9, 7]);
	assert_array_equals(into("aé", 2), [1, 1, 97, 7]);
	assert_array_equals(into("😀x", 4), [2, 4, 0xf0, 0x9f, 0x98, 0x80]);
	assert_array_equals(into("😀", 3), [0, 0, 7, 7, 7]);
	assert_array_equals(into("\ud800", 3), [1, 3, 0xef, 0xbf, 0xbd]);
	assert_array_equals(into("", 1), [0, 0, 7]);
	const offset = new Uint8Array(4);
	encoder.encodeInto("ab", offset.subarray(1, 3));
	assert_array_equals(offset, [0, 97, 98, 0]);
	assert_throws_js(TypeError, () => encoder.encodeInto("a"));
	assert_throws_js(TypeError, () => encoder.encodeInto("a", []));
	assert_throws_js(TypeError, () => encoder.encodeInto("a", new Uint16Array(2)));
	assert_throws_js(TypeError, () => encoder.encodeInto("a", new ArrayBuffer(2)));
}, "encodeInto");

test(() => {
	const d = (list, label, options) => new TextDecoder(label, options).decode(bytes(...list));
	assert_equals(d([97, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]), "aé😀");
	assert_equals(d([0xef, 0xbb, 0xbf, 97]), "a");
	assert_equals(d([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 97]), "\ufeffa");
	assert_equals(d([0xef, 0xbb, 0xbf, 97], "utf-8", { ignoreBOM: true }), "\ufeffa");
	assert_equals(new TextDecoder().decode(), "");
	assert_equals(new TextDecoder().decode(undefined), "");
	assert_equals(new TextDecoder().decode(bytes(104, 105).buffer), "hi");
	assert_equals(new TextDecoder().decode(new DataView(bytes(0, 104, 105).buffer, 1, 1)), "h");
	for (const bad of [5, "x", {}, [104], null]) assert_throws_js(TypeError, () => new TextDecoder().decode(bad), String(bad));
}, "UTF-8 and byte order marks");

test(() => {
	// Maximal subparts, each U+FFFD: Unicode, table 3-8.
	const cases = [
		[[0xff], 1], [[0xc0, 0xaf], 2], [[0xe0, 0x9f, 0x80], 3], [[0xed, 0xa0, 0x80], 3], [[0xf4, 0x91, 0x92, 0x93], 4], [[0xe2, 0x82], 1],
		[[0xf0, 0x9f, 0x98], 1], [[0xf0, 0x80, 0x80], 3], [[0xe2, 0x82, 0xe2, 0x82], 2], [[0x80], 1],
	];
	for (const [list, n] of cases) {
		assert_equals(new TextDecoder().decode(bytes(65, ...list, 66)), "A" + "\ufffd".repeat(n) + "B", list.join());
		assert_equals(new TextDecoder().decode(bytes(65, ...list)), "A" + "\ufffd".repeat(n), list.join() + " at the end");
		assert_throws_js(TypeError, () => new TextDecoder("utf-8", { fatal: true }).decode(bytes(65, ...list)), list.join());
	}
	assert_equals(new TextDecoder("utf-8", { fatal: true }).decode(bytes(0xef, 0xbf, 0xbd)), "\ufffd");
}, "malformed UTF-8");

test(() => {
	const d = new TextDecoder();
	let out = "";
	for (const b of [0xef, 0xbb, 0xbf, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82]) out += d.decode(bytes(b), { stream: true });
	assert_equals(out, "😀");
	assert_equals(d.decode(), "\ufffd");
	assert_equals(d.decode(bytes(0xef, 0xbb, 0xbf, 97)), "a", "a new stream begins");
	const f = new TextDecoder("utf-8", { fatal: true });
	assert_equals(f.decode(bytes(0xe2, 0x82), { stream: true }), "");
	assert_throws_js(TypeError, () => f.decode());
	assert_equals(f.decode(bytes(97)), "a");
	const w = new TextDecoder("utf-16le");
	assert_equals(w.decode(bytes(0x3d), { stream: true }) + w.decode(bytes(0xd8, 0x00), { stream: true }) + w.decode(bytes(0xde)), "😀");
}, "streaming");

test(() => {
	const d = (list, label, options) => new TextDecoder(label, options).decode(bytes(...list));
	assert_equals(d([0x61, 0, 0x3d, 0xd8, 0, 0xde], "utf-16le"), "a😀");
	assert_equals(d([0xff, 0xfe, 0x61, 0], "utf-16"), "a");
	assert_equals(d([0xff, 0xfe, 0x61, 0], "utf-16le", { ignoreBOM: true }), "\ufeffa");
	assert_equals(d([0, 0x61], "utf-16be"), "a");
	assert_equals(d([0x00, 0xd8, 0x61, 0], "utf-16le"), "\ufffda");
	assert_throws_js(TypeError, () => d([0x00, 0xd8], "utf-16le", { fatal: true }));
	assert_throws_js(TypeError, () => d([0x61], "utf-16le", { fatal: true }));
	assert_equals(d([0xe9, 0x80, 0x9f], "latin1"), "é€Ÿ");
	assert_equals(d([0xa4], "iso-8859-15"), "€");
	assert_equals(d([0x93, 0xfa, 0x96, 0x7b], "shift_jis"), "日本");
	assert_equals(d([0xc4, 0xe3], "gbk"), "你");
	assert_equals(d([0xc7, 0xd1], "euc-kr"), "한");
}, "other encodings");

test(() => {
	const names = { "UTF8": "utf-8", " utf-8\n": "utf-8", "unicode-1-1-utf-8": "utf-8", "utf-16": "utf-16le", "latin1": "windows-1252", "ascii": "windows-1252",
		"l1": "windows-1252", "ISO-8859-1": "windows-1252", "sjis": "shift_jis", "gb2312": "gbk", "koi8-r": "koi8-r" };
	for (const label of Object.keys(names)) assert_equals(new TextDecoder(label).encoding, names[label], label);
	for (const label of ["", "nonsense", "utf-7", "utf-32", "replacement", "iso-2022-kr"]) assert_throws_js(RangeError, () => new TextDecoder(label), label);
	const d = new TextDecoder("utf-8", { fatal: 1, ignoreBOM: "x" });
	assert_true(d.fatal && d.ignoreBOM);
	assert_equals(new TextEncoder("latin1").encoding, "utf-8");
}, "labels");

test(() => {
	for (let code = 0; code < 0x3000; code += 7) {
		const text = String.fromCodePoint(code) + "x";
		if (code !== 0xfeff) assert_equals(new TextDecoder().decode(encoder.encode(text)), text);
	}
}, "round trip");

test(() => {
	const decode = (label, ...bytes) => new TextDecoder(label, { fatal: true }).decode(Uint8Array.of(...bytes));
	assert_equals(decode("latin1", 0x81, 0x8d, 0x8f, 0x90, 0x9d), "\u0081\u008d\u008f\u0090\u009d");
	assert_equals(decode("iso-8859-15", 0x80, 0x9f, 0xa4), "\u0080\u009f€");
	assert_equals(decode("iso-8859-2", 0x85, 0xb1), "\u0085ą");
	assert_equals(decode("windows-1251", 0x98, 0xc0), "\u0098А");
	assert_equals(decode("windows-1252", 0x41, 0x80), "A€");
	assert_throws_js(TypeError, () => decode("windows-1253", 0xaa));
	assert_equals(new TextDecoder("windows-1253").decode(Uint8Array.of(0xaa)), "\ufffd");
	assert_equals(new TextDecoder("koi8-r").decode(new Uint8Array(9000).fill(0xc1)), "а".repeat(9000));
}, "single-byte encodings");
