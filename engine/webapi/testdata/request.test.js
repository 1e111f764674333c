const modes = ["body", "bodyUsed", "cache", "credentials", "destination", "duplex", "headers", "integrity", "keepalive", "method",
	"mode", "redirect", "referrer", "referrerPolicy", "signal", "url"];
test_interface("Request", {
	attributes: modes, length: 1,
	operations: { arrayBuffer: 0, blob: 0, bytes: 0, clone: 0, formData: 0, json: 0, text: 0 },
	make: () => new Request("http://a/"),
});

test(() => {
	const r = new Request("http://a");
	const want = {
		url: "http://a/", method: "GET", body: null, bodyUsed: false, cache: "default", credentials: "same-origin", destination: "",
		duplex: "half", integrity: "", keepalive: false, mode: "cors", redirect: "follow", referrer: "about:client", referrerPolicy: "",
	};
	for (const key of Object.keys(want)) assert_equals(r[key], want[key], key);
	assert_true(r.signal instanceof AbortSignal);
	assert_equals(r.signal, r.signal);
	assert_equals(r.headers, r.headers);
	assert_array_equals(Object.keys({ ...r }), []);
	assert_equals(JSON.stringify(r), "{}");
}, "defaults");

test(() => {
	assert_equals(new Request(new URL("http://a/b?c#d")).url, "http://a/b?c#d");
	assert_equals(new Request({ toString: () => "http://a/x y" }).url, "http://a/x%20y");
	assert_throws_js(TypeError, () => new Request());
	assert_throws_js(TypeError, () => new Request("/relative"));
	assert_throws_js(TypeError, () => new Request(""));
	assert_throws_js(TypeError, () => new Request("http://user:pw@a/"));
	assert_throws_js(TypeError, () => new Request("http://user@a/"));
	assert_throws_js(TypeError, () => new Request("http://a", 5));
	new Request("http://a", null);
}, "the address");

test(() => {
	for (const m of ["get", "Get", "delete", "head", "options", "post", "put"]) assert_equals(new Request("http://a", { method: m }).method, m.toUpperCase());
	for (const m of ["patch", "PATCH", "chicken", "M-SEARCH"]) assert_equals(new Request("http://a", { method: m }).method, m);
	for (const m of ["", "a b", "CONNECT", "trace", "Track", "ä", "a\n"]) assert_throws_js(TypeError, () => new Request("http://a", { method: m }), m);
	assert_equals(new Request("http://a", { method: undefined }).method, "GET");
}, "methods");

test(() => {
	for (const method of ["GET", "HEAD", "get"]) assert_throws_js(TypeError, () => new Request("http://a", { method, body: "" }));
	assert_throws_js(TypeError, () => new Request("http://a", { body: "x" }));
	assert_equals(new Request("http://a", { body: null }).body, null);
	assert_equals(new Request("http://a", { method: "POST", body: undefined }).body, null);
}, "GET and HEAD have no body");

promise_test(async () => {
	const r = new Request("http://a", { method: "POST", body: "x=1&y=%20", headers: { "Content-Type": "application/x-www-form-urlencoded" } });
	const f = await r.formData();
	assert_true(f instanceof FormData);
	assert_array_equals([...f], [["x", "1"], ["y", " "]]);
	await promise_rejects_js(TypeError, r.text());
	await promise_rejects_js(TypeError, new Request("http://a", { method: "POST", body: "x" }).formData());
	await promise_rejects_js(TypeError, new Request("http://a").formData());
	const u = new Request("http://a", { method: "POST", body: new URLSearchParams("q=ä+b") });
	assert_equals(u.headers.get("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
	assert_equals((await u.formData()).get("q"), "ä b");
}, "formData of a urlencoded body");

promise_test(async () => {
	const a = new Request("http://a", { method: "POST", body: "x", headers: { h: "1" }, cache: "no-store", redirect: "manual", keepalive: true });
	const b = new Request(a);
	assert_equals(a.bodyUsed, true);
	assert_equals(b.method, "POST");
	assert_equals(b.headers.get("h"), "1");
	assert_equals(b.cache, "no-store");
	assert_equals(b.redirect, "manual");
	assert_equals(b.keepalive, true);
	b.headers.set("h", "2");
	assert_equals(a.headers.get("h"), "1");
	assert_equals(await b.text(), "x");
	assert_throws_js(TypeError, () => new Request(a));
	assert_equals(await new Request(a, { body: "new" }).text(), "new");
	const c = new Request(new Request("http://c", { headers: { x: "1" } }), { headers: { y: "2" }, method: "PUT" });
	assert_equals(c.headers.get("x"), null);
	assert_equals(c.headers.get("y"), "2");
	assert_equals(c.method, "PUT");
	const keeps = new Request("http://a", { method: "POST", body: "kept" });
	assert_throws_js(TypeError, () => new Request(keeps, { method: "GET" }));
	assert_equals(keeps.bodyUsed, false);
}, "a Request made from a Request");

promise_test(async () => {
	const a = new Request("http://a/b", { method: "POST", body: "x", headers: { h: "1" } });
	const b = a.clone();
	assert_equals(b.url, a.url);
	assert_equals(await b.text(), "x");
	assert_equals(await a.text(), "x");
	assert_throws_js(TypeError, () => a.clone());
	b.headers.set("h", "2");
	assert_equals(a.headers.get("h"), "1");
}, "clone");

test(() => {
	const bad = { cache: "x", credentials: "x", mode: "navigate", redirect: "x", referrerPolicy: "x", duplex: "full" };
	for (const key of Object.keys(bad)) assert_throws_js(TypeError, () => new Request("http://a", { [key]: bad[key] }), key);
	const good = { cache: "reload", credentials: "omit", mode: "no-cors", redirect: "error", referrerPolicy: "origin", duplex: "half", integrity: "sha256-x" };
	for (const key of Object.keys(good)) assert_equals(new Request("http://a", { [key]: good[key] })[key], good[key], key);
}, "enumerations");

test(() => {
	const c = new AbortController();
	const r = new Request("http://a", { signal: c.signal });
	assert_not_equals(r.signal, c.signal);
	const s = new Request(r);
	assert_false(s.signal.aborted);
	c.abort("why");
	assert_true(r.signal.aborted);
	assert_true(s.signal.aborted);
	assert_equals(s.signal.reason, "why");
	assert_throws_js(TypeError, () => new Request("http://a", { signal: {} }));
	assert_false(new Request(r, { signal: null }).signal.aborted);
}, "signals follow");

promise_test(async () => {
	class Mine extends Request {
		get path() { return new URL(this.url).pathname; }
	}
	const m = new Mine("http://a/p", { method: "POST", body: "b" });
	assert_equals(m.path, "/p");
	m.params = { id: 1 };
	assert_equals(m.params.id, 1);
	assert_equals(await m.text(), "b");
	const plain = new Request("http://a");
	plain.params = 1;
	plain[Symbol.for("x")] = 2;
	Object.defineProperty(plain, "fixed", { value: 3 });
	assert_array_equals([plain.params, plain[Symbol.for("x")], plain.fixed], [1, 2, 3]);
	Object.freeze(plain);
	assert_throws_js(TypeError, () => { plain.params = 2; });
	assert_equals(plain.method, "GET");
}, "subclasses and properties of one's own");

test(() => {
	assert_throws_js(TypeError, () => new Request("http://a/", { window: 1 }));
	assert_equals(new Request("http://a/", { window: null }).url, "http://a/");
}, "window can only be null");

test(() => {
	const request = new Request("http://a/", { referrer: "", referrerPolicy: "" });
	assert_equals(request.referrer, "");
	assert_equals(request.referrerPolicy, "");
	assert_equals(new Request("http://b/", request).referrerPolicy, "");
}, "no referrer, and the default policy by its name");
