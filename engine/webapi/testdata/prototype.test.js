// Each test uses a class of its own, for what one test does to a prototype stays.
test(() => {
	const u = new URL("http://a/b");
	URL.prototype.shout = function () { return this.href.toUpperCase(); };
	assert_equals(u.shout(), "HTTP://A/B");
	assert_equals(u.pathname, "/b");
	assert_true(Object.keys(URL.prototype).includes("shout"));
	delete URL.prototype.shout;
	assert_equals(u.shout, undefined);
	delete URL.prototype.host;
	assert_equals(u.host, undefined);
	assert_false("host" in u);
}, "prototypes can be extended and shortened");

test(() => {
	const b = new Blob(["abc"]);
	const { get } = Object.getOwnPropertyDescriptor(Blob.prototype, "size");
	assert_equals(get.call(b), 3);
	Object.defineProperty(Blob.prototype, "size", { get() { return get.call(this) * 2; }, configurable: true });
	assert_equals(b.size, 6);
	const f = new File(["abcd"], "n");
	assert_equals(f.size, 8);
	assert_equals(f.name, "n");
}, "a changed member is seen through instances and subclasses");

test(() => {
	const r = new Response("x");
	assert_true(Object.keys(Response.prototype).includes("status"), "Web IDL members are enumerable");
	assert_equals(Object.keys(r).length, 0);
	assert_true(r.hasOwnProperty !== undefined && !r.hasOwnProperty("status"));
	assert_equals(r.__proto__, Response.prototype);
	assert_equals(Object.getPrototypeOf(r), Response.prototype);
	assert_true(Response.prototype.isPrototypeOf(r));
	assert_equals(r.toString(), "[object Response]");
	assert_equals(`${r}`, "[object Response]");
	assert_equals(r.then, undefined);
	assert_equals(Reflect.get(Response.prototype, "status", r), 200);
	assert_true(Reflect.has(r, "status"));
}, "reading through instances");

test(() => {
	class Other {}
	const t = new TextEncoder();
	Object.setPrototypeOf(t, Other.prototype);
	assert_equals(t.encoding, undefined);
	assert_equals(Object.getOwnPropertyDescriptor(TextEncoder.prototype, "encoding").get.call(t), "utf-8");
	assert_throws_js(TypeError, () => Object.setPrototypeOf(TextEncoder.prototype, {}));
	assert_throws_js(TypeError, () => Object.setPrototypeOf(Object.prototype, TextEncoder.prototype));
}, "prototypes of instances and classes");

test(() => {
	const h = new Headers({ a: "1" });
	h.get = () => "own";
	assert_equals(h.get("a"), "own");
	h.__proto__ = null;
	assert_equals(h.has, undefined);
}, "own properties shadow methods");

test(() => {
	Object.freeze(FormData.prototype);
	const f = new FormData();
	f.append("a", "b");
	assert_equals(f.get("a"), "b");
	assert_throws_js(TypeError, () => { FormData.prototype.x = 1; });
	assert_true(Object.isFrozen(FormData.prototype));
}, "a prototype can be frozen");

test(() => {
	assert_equals(typeof Response.json, "function");
	Response.json = () => "mine";
	assert_equals(Response.json({}), "mine");
	delete Response.json;
	assert_equals(Response.json, undefined);
	assert_true("error" in Response);
	assert_equals(typeof Response.error, "function");
	assert_equals(Response.error, Response.error);
}, "static members are ordinary properties");

test(() => {
	const d = Object.getOwnPropertyDescriptor(AbortController.prototype, "signal");
	assert_equals(d.set, undefined);
	const e = Object.getOwnPropertyDescriptor(Event.prototype, "type");
	assert_equals(typeof e.get, "function");
	assert_equals(Object.getOwnPropertyDescriptor(Event.prototype, "nonesuch"), undefined);
	const c = Reflect.construct(Event, ["x"], CustomEvent);
	assert_true(c instanceof CustomEvent);
	assert_equals(c.type, "x");
	assert_throws_js(TypeError, () => c.detail);
}, "descriptors of a fresh class");
