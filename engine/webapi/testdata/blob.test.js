test_interface("Blob", { attributes: ["size", "type"], operations: { arrayBuffer: 0, bytes: 0, slice: 0, stream: 0, text: 0 }, make: () => new Blob(["x"]) });
test_interface("File", { attributes: ["lastModified", "name"], length: 2, parent: Blob, make: () => new File(["x"], "n") });

promise_test(async () => {
	const b = new Blob(["a", bytes(98), new Blob(["c"]), bytes(1, 100, 1).buffer.slice(1, 2), new DataView(bytes(0, 101).buffer, 1), 5, null, { toString: () => "!" }, "é"]);
	assert_equals(await b.text(), "abcde5null!é");
	assert_equals(b.size, 13);
	assert_equals(b.type, "");
	assert_equals(await new Blob().text(), "");
	assert_equals(await new Blob(undefined).text(), "");
	assert_equals(await new Blob(new Set(["x", "y"])).text(), "xy");
	assert_equals(await new Blob(new String("xyz")).text(), "xyz");
	assert_equals(await new Blob(["\ud800"]).text(), "\ufffd");
	assert_equals(await new Blob([bytes(0xef, 0xbb, 0xbf, 65, 0xff)]).text(), "A\ufffd");
	for (const bad of ["x", 5, null, {}, () => 1]) assert_throws_js(TypeError, () => new Blob(bad), String(bad));
	assert_throws_js(TypeError, () => new Blob([], 5));
	assert_throws_js(TypeError, () => new Blob([Symbol()]));
}, "parts");

promise_test(async () => {
	assert_equals(new Blob([], { type: "Text/HTML;Charset=X" }).type, "text/html;charset=x");
	assert_equals(new Blob([], { type: "té" }).type, "");
	assert_equals(new Blob([], { type: "a\nb" }).type, "");
	assert_equals(new Blob([], { type: null }).type, "null");
	assert_equals(await new Blob(["a\r\nb\nc\rd"], { endings: "native" }).text(), "a\nb\nc\nd");
	assert_equals(await new Blob(["a\r\nb"], { endings: "transparent" }).text(), "a\r\nb");
	assert_throws_js(TypeError, () => new Blob([], { endings: "x" }));
}, "options");

promise_test(async () => {
	const b = new Blob(["0123456789"], { type: "a/b" });
	const cases = [[[], "0123456789"], [[3], "3456789"], [[3, 5], "34"], [[-3], "789"], [[-3, -1], "78"], [[5, 3], ""], [[20], ""], [[0, 99], "0123456789"],
		[[NaN, 2], "01"], [[0, undefined], "0123456789"], [[-99, 2], "01"], [[1.6, 3], "2"], [[2 ** 60], ""], [[0, -Infinity], ""]];
	for (const [args, want] of cases) {
		const s = b.slice(...args);
		assert_equals(await s.text(), want, JSON.stringify(args));
		assert_equals(s.size, want.length);
		assert_equals(s.type, "");
	}
	assert_equals(b.slice(0, 1, "X/Y").type, "x/y");
	assert_true(new File(["x"], "n").slice(0) instanceof Blob);
	assert_false(new File(["x"], "n").slice(0) instanceof File);
}, "slice");

promise_test(async () => {
	const b = new Blob(["abc"]);
	const buffer = await b.arrayBuffer();
	assert_true(buffer instanceof ArrayBuffer);
	new Uint8Array(buffer)[0] = 0;
	(await b.bytes())[1] = 0;
	assert_equals(await b.text(), "abc");
	await promise_rejects_js(TypeError, Blob.prototype.text.call({}));
}, "reading gives copies");

test(() => {
	const f = new File(["ab"], "name/ä.txt", { type: "text/plain", lastModified: 12345.9 });
	assert_true(f instanceof Blob);
	assert_equals(f.name, "name/ä.txt");
	assert_equals(f.lastModified, 12345);
	assert_equals(f.type, "text/plain");
	assert_equals(f.size, 2);
	const now = Date.now();
	assert_true(Math.abs(new File([], "x").lastModified - now) < 5000);
	assert_equals(new File([], "x", { lastModified: -1 }).lastModified, -1);
	assert_equals(new File([], "x", { lastModified: new Date(7) }).lastModified, 7);
	assert_throws_js(TypeError, () => new File([]));
	assert_throws_js(TypeError, () => new File("x", "n"));
	assert_throws_js(TypeError, () => Object.getOwnPropertyDescriptor(File.prototype, "name").get.call(new Blob()));
}, "File");

test(() => {
	let parts = ["x".repeat(2 ** 20)];
	assert_throws_js(RangeError, () => { for (;;) parts = [new Blob([...parts, ...parts])]; });
}, "a Blob cannot grow without end");

promise_test(async () => {
	for (const [given, want] of [
		["text/plain", "text/plain"],
		['Text/HTML;Charset="utf-8"', "text/html;charset=utf-8"],
		["text/html; charset=gbk ;charset=x", "text/html;charset=gbk"],
		['a/b;c="d e\\"f"', 'a/b;c="d e\\"f"'],
		['a/b;c=""', 'a/b;c=""'],
		["a/b;c=;d;=e; f=g", "a/b;f=g"],
		["garbage", ""], ["a/", ""], ["/b", ""], ["a b/c", ""], ["*/*", ""], ["", ""],
		["a/b, c/d", "c/d"], ["a/b, garbage", "a/b"], ["a/b, */*", "a/b"],
		["text/a;charset=x, text/a;d=e", "text/a;d=e;charset=x"],
		["text/a;charset=x, text/b", "text/b"],
		['a/b;c="x,y", d/e', "d/e"], ['a/b;c="x,y"', 'a/b;c="x,y"'],
	]) {
		assert_equals((await new Response("x", { headers: { "content-type": given } }).blob()).type, want, given);
	}
	const headers = new Headers({ "content-type": "text/plain" });
	headers.append("content-type", "application/x-www-form-urlencoded;charset=utf-8");
	assert_equals((await new Response("a=1", { headers }).formData()).get("a"), "1");
}, "the type of a body is its extracted MIME type");

test(() => {
	for (const [name, run] of Object.entries({
		stream: () => new Blob(["x"]).stream(),
		getReader: () => new Response("x").body.getReader(),
		pipeTo: () => new Response("x").body.pipeTo({}),
		tee: () => new Request("http://a/", { method: "POST", body: "x" }).body.tee(),
	})) {
		assert_throws_js(TypeError, run);
		try { run(); } catch (error) { assert_equals(error.message, `${name}: streams are not supported yet; use text(), json(), bytes(), arrayBuffer() or blob()`); }
	}
}, "streams are told to be missing");
