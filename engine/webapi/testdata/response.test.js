test_interface("Response", {
	attributes: ["body", "bodyUsed", "headers", "ok", "redirected", "status", "statusText", "type", "url"],
	operations: { arrayBuffer: 0, blob: 0, bytes: 0, clone: 0, formData: 0, json: 0, text: 0 },
	statics: { error: 0, json: 1, redirect: 1 },
	make: () => new Response("x"),
});

test(() => {
	const r = new Response();
	assert_equals(r.status, 200);
	assert_equals(r.statusText, "");
	assert_equals(r.ok, true);
	assert_equals(r.type, "default");
	assert_equals(r.url, "");
	assert_equals(r.redirected, false);
	assert_equals(r.body, null);
	assert_equals(r.bodyUsed, false);
	assert_array_equals([...r.headers], []);
	assert_equals(r.headers, r.headers);
	assert_array_equals(Object.keys({ ...r }), []);
}, "defaults");

promise_test(async () => {
	const bodies = [
		["text", "text", "text/plain;charset=UTF-8"],
		[new String("object"), "object", "text/plain;charset=UTF-8"],
		[5, "5", "text/plain;charset=UTF-8"],
		[{}, "[object Object]", "text/plain;charset=UTF-8"],
		["", "", "text/plain;charset=UTF-8"],
		[bytes(104, 105), "hi", null],
		[bytes(104, 105).buffer, "hi", null],
		[new DataView(bytes(0, 104, 105).buffer, 1), "hi", null],
		[new Uint16Array(bytes(104, 105, 33, 33).buffer, 2), "!!", null],
		[new Blob(["blob"]), "blob", null],
		[new Blob(["blob"], { type: "text/x" }), "blob", "text/x"],
		[new File(["file"], "n", { type: "text/y" }), "file", "text/y"],
		[new URLSearchParams({ a: "b c" }), "a=b+c", "application/x-www-form-urlencoded;charset=UTF-8"],
		[null, "", null],
		[undefined, "", null],
	];
	for (const [body, text, type] of bodies) {
		const r = new Response(body);
		assert_equals(r.headers.get("content-type"), type);
		assert_equals(await r.text(), text);
	}
}, "bodies and their content types");

promise_test(async () => {
	const source = bytes(1, 2, 3);
	const r = new Response(source);
	source[0] = 9;
	const out = await r.bytes();
	assert_array_equals(out, [1, 2, 3]);
	assert_equals(Object.prototype.toString.call(out), "[object Uint8Array]");
	const one = new Response("é");
	const b = await one.clone().arrayBuffer();
	assert_equals(Object.prototype.toString.call(b), "[object ArrayBuffer]");
	new Uint8Array(b)[0] = 0;
	assert_equals(await one.text(), "é");
	const blob = await new Response("x", { headers: { "content-type": "text/css" } }).blob();
	assert_equals(blob.type, "text/css");
	assert_equals(blob.size, 1);
	assert_equals(await blob.text(), "x");
}, "the body is copied in and out");

promise_test(async () => {
	const r = new Response("x");
	assert_equals(r.bodyUsed, false);
	const p = r.text();
	assert_equals(r.bodyUsed, true);
	assert_equals(await p, "x");
	for (const how of ["text", "json", "bytes", "arrayBuffer", "blob", "formData"]) {
		assert_true((await promise_rejects_js(TypeError, r[how]())).message.includes("already been read"));
	}
	assert_throws_js(TypeError, () => r.clone());
	assert_throws_js(TypeError, () => new Response(r.body));
	const empty = new Response();
	await empty.text();
	assert_equals(await empty.text(), "");
	assert_equals(empty.bodyUsed, false);
}, "a body is read once");

promise_test(async () => {
	assert_equals((await new Response('{"a":[1,"é"]}').json()).a[1], "é");
	assert_equals(await new Response("\ufeff5").json(), 5);
	await promise_rejects_js(SyntaxError, new Response("").json());
	await promise_rejects_js(SyntaxError, new Response("{").json());
	await promise_rejects_js(SyntaxError, new Response("{'a':1}").json());
	await promise_rejects_js(RangeError, new Response("[".repeat(501)).json());
	await promise_rejects_js(RangeError, new Response("[".repeat(300000)).json());
	await promise_rejects_js(RangeError, new Response("[" + "1,".repeat(300000) + "1]").json());
	const deep = await new Response("[".repeat(500) + "]".repeat(500)).json();
	assert_true(Array.isArray(deep));
	assert_equals(await new Response('{"__proto__":1}').json().then((o) => Object.keys(o)[0]), "__proto__");
}, "json is guarded");

promise_test(async () => {
	assert_equals(await new Response(bytes(0xef, 0xbb, 0xbf, 65)).text(), "A");
	assert_equals(await new Response(bytes(65, 0xff, 0xe2, 0x82, 66)).text(), "A\ufffd\ufffdB");
	assert_equals(await new Response("\ud800x").text(), "\ufffdx");
}, "text decodes UTF-8 with replacement");

test(() => {
	for (const status of [200, 201, 204, 299, 300, 404, 599]) assert_equals(new Response(null, { status }).status, status);
	for (const status of [0, 99, 100, 101, 199, 600, 1000, -1, NaN]) assert_throws_js(RangeError, () => new Response(null, { status }), String(status));
	assert_equals(new Response(null, { status: 65536 + 200 }).status, 200);
	assert_equals(new Response(null, { status: "404" }).ok, false);
	for (const status of [204, 205, 304]) {
		assert_throws_js(TypeError, () => new Response("x", { status }));
		assert_throws_js(TypeError, () => new Response("", { status }));
		assert_equals(new Response(null, { status }).body, null);
	}
	assert_equals(new Response("", { statusText: "Fine" }).statusText, "Fine");
	assert_throws_js(TypeError, () => new Response("", { statusText: "a\n" }));
	assert_throws_js(TypeError, () => new Response("", { statusText: "Ā" }));
	assert_throws_js(TypeError, () => new Response("", 5));
	assert_throws_js(TypeError, () => new Response("", { headers: 5 }));
	new Response("", null);
}, "status and statusText");

test(() => {
	const h = [["Set-Cookie", "a=1"], ["set-cookie", "b=2"], ["X-A", "1"]];
	const r = new Response("x", { headers: h });
	assert_array_equals(r.headers.getSetCookie(), ["a=1", "b=2"]);
	assert_equals(r.headers.get("content-type"), "text/plain;charset=UTF-8");
	assert_equals(new Response("x", { headers: { "Content-Type": "a/b" } }).headers.get("content-type"), "a/b");
	r.headers.set("x-a", "2");
	assert_equals(r.headers.get("x-a"), "2");
	const copied = new Response("y", r);
	assert_array_equals(copied.headers.getSetCookie(), ["a=1", "b=2"]);
	copied.headers.delete("set-cookie");
	assert_equals(r.headers.getSetCookie().length, 2);
}, "headers");

promise_test(async () => {
	const r = new Response("x", { status: 201, statusText: "S", headers: { a: "1" } });
	const c = r.clone();
	assert_true(c instanceof Response);
	assert_equals(c.status, 201);
	assert_equals(c.statusText, "S");
	c.headers.set("a", "2");
	assert_equals(r.headers.get("a"), "1");
	assert_equals(await c.text(), "x");
	assert_equals(r.bodyUsed, false);
	assert_equals(await r.text(), "x");
}, "clone");

promise_test(async () => {
	const r = Response.json({ a: [1, null, "é"], u: undefined });
	assert_equals(r.headers.get("content-type"), "application/json");
	assert_equals(await r.text(), '{"a":[1,null,"é"]}');
	const s = Response.json(1, { status: 201, headers: { "content-type": "application/problem+json" } });
	assert_equals(s.status, 201);
	assert_equals(s.headers.get("content-type"), "application/problem+json");
	assert_equals(await Response.json(null).text(), "null");
	assert_equals(await Response.json("\u2028").text(), '"\u2028"');
	assert_throws_js(TypeError, () => Response.json(undefined));
	assert_throws_js(TypeError, () => Response.json(() => 1));
	assert_throws_js(TypeError, () => Response.json(Symbol()));
	assert_throws_js(TypeError, () => Response.json(1n));
	assert_throws_js(TypeError, () => Response.json());
	assert_throws_js(TypeError, () => Response.json({}, { status: 204 }));
	assert_throws_js(RangeError, () => Response.json({}, { status: 600 }));
	const loop = {};
	loop.loop = loop;
	assert_throws_js(TypeError, () => Response.json(loop));
	const e = new Error("mine");
	assert_throws_exactly(e, () => Response.json({ toJSON() { throw e; } }));
}, "Response.json");

test(() => {
	const r = Response.redirect("https://example.com/a b", 301);
	assert_equals(r.status, 301);
	assert_equals(r.headers.get("location"), "https://example.com/a%20b");
	assert_equals(Response.redirect("http://a/").status, 302);
	assert_equals(Response.redirect(new URL("http://a/x")).headers.get("location"), "http://a/x");
	for (const s of [301, 302, 303, 307, 308]) assert_equals(Response.redirect("http://a", s).status, s);
	for (const s of [200, 300, 304, 309, 0]) assert_throws_js(RangeError, () => Response.redirect("http://a", s));
	assert_throws_js(TypeError, () => Response.redirect("/relative"));
	assert_throws_js(TypeError, () => Response.redirect());
	assert_throws_js(TypeError, () => r.headers.set("a", "b"));
}, "Response.redirect");

test(() => {
	const r = Response.error();
	assert_equals(r.type, "error");
	assert_equals(r.status, 0);
	assert_equals(r.ok, false);
	assert_equals(r.body, null);
	assert_throws_js(TypeError, () => r.headers.append("a", "b"));
}, "Response.error");

promise_test(async () => {
	const r = new Response("moved", { headers: { a: "1" } });
	const b = r.body;
	assert_equals(b, r.body);
	assert_equals(typeof b, "object");
	assert_throws_js(TypeError, () => b.getReader());
	const s = new Response(b, r);
	assert_equals(r.bodyUsed, true);
	assert_equals(s.headers.get("a"), "1");
	assert_equals(await s.text(), "moved");
	await promise_rejects_js(TypeError, r.text());
}, "the body attribute can be handed on");

promise_test(async () => {
	class Mine extends Response {
		#secret = 5;
		constructor(body, init) { super(body, init); this.extra = 1; }
		get secret() { return this.#secret; }
		get status() { return super.status + 1; }
	}
	const m = new Mine("x");
	assert_true(m instanceof Mine && m instanceof Response);
	assert_equals(m.secret, 5);
	assert_equals(m.status, 201);
	assert_equals(m.extra, 1);
	assert_equals(await m.text(), "x");
	assert_equals(Mine.json({}).constructor, Response);
	assert_equals(Object.prototype.toString.call(m), "[object Response]");
}, "subclasses");

test(() => {
	const r = new Response("x");
	assert_throws_js(TypeError, () => Object.create(r).status);
	assert_throws_js(TypeError, () => new Proxy(r, {}).status);
	const stolen = {};
	for (const s of Object.getOwnPropertySymbols(r)) Object.defineProperty(stolen, s, Object.getOwnPropertyDescriptor(r, s));
	Object.setPrototypeOf(stolen, Response.prototype);
	assert_throws_js(TypeError, () => stolen.status);
}, "brand checks");

promise_test(async () => {
	await promise_rejects_js(TypeError, Response.prototype.text.call({}));
	await promise_rejects_js(TypeError, Response.prototype.text.call(new Request("http://a")));
}, "operations that return promises reject on a wrong object");
