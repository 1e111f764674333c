test_interface("URL", {
	attributes: ["origin", "searchParams"],
	writable: ["hash", "host", "hostname", "href", "password", "pathname", "port", "protocol", "search", "username"],
	operations: { toJSON: 0, toString: 0 }, statics: { canParse: 1, parse: 1 }, length: 1,
	make: () => new URL("a:b"),
});

test(() => {
	const u = new URL("https://user:pa%20ss@sub.example.com:8080/p/a/t/h?query=string&x#hash");
	const want = {
		href: "https://user:pa%20ss@sub.example.com:8080/p/a/t/h?query=string&x#hash", origin: "https://sub.example.com:8080",
		protocol: "https:", username: "user", password: "pa%20ss", host: "sub.example.com:8080", hostname: "sub.example.com",
		port: "8080", pathname: "/p/a/t/h", search: "?query=string&x", hash: "#hash",
	};
	for (const key of Object.keys(want)) assert_equals(u[key], want[key], key);
	assert_equals(String(u), u.href);
	assert_equals(u.toJSON(), u.href);
	assert_equals(JSON.stringify({ u }), JSON.stringify({ u: u.href }));
}, "all parts");

test(() => {
	const cases = [
		["http://EXAMPLE.com", "http://example.com/"],
		["http://example.com:80/", "http://example.com/"],
		["https://example.com:443", "https://example.com/"],
		["https://example.com:80", "https://example.com:80/"],
		["http://example.com:", "http://example.com/"],
		["http://example.com:0080/", "http://example.com/"],
		["http://a/./b/../c/%2e/d/%2E%2e/e", "http://a/c/e"],
		["http://a/b\\c", "http://a/b/c"],
		["http:a", "http://a/"],
		["http:\\\\a\\b", "http://a/b"],
		["  http://a/\n\t b ", "http://a/%20b"],
		["http://a/ü?ü#ü", "http://a/%C3%BC?%C3%BC#%C3%BC"],
		["http://a/'\"<>`{}|", "http://a/'%22%3C%3E%60%7B%7D|"],
		["http://a/?'\"<>`{}|", "http://a/?%27%22%3C%3E`{}|"],
		["http://a/#'\"<>`{}|", "http://a/#'%22%3C%3E%60{}|"],
		["http://ü.example/", "http://xn--tda.example/"],
		["http://faß.example/", "http://xn--fa-hia.example/"],
		["http://0x7f.1/", "http://127.0.0.1/"],
		["http://2130706433/", "http://127.0.0.1/"],
		["http://127.0.0.1/", "http://127.0.0.1/"],
		["http://127.0.0.01/", "http://127.0.0.1/"],
		["http://1.2.3.4.", "http://1.2.3.4/"],
		["http://[::1]:3000/", "http://[::1]:3000/"],
		["http://[1:0:0:0:0:0:0:1]/", "http://[1::1]/"],
		["http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"],
		["file:///C|/x", "file:///C:/x"],
		["file://localhost/x", "file:///x"],
		["mailto:a@b.c", "mailto:a@b.c"],
		["data:text/plain,a b#c", "data:text/plain,a b#c"],
		["javascript:alert(1)", "javascript:alert(1)"],
		["foo://Ab/../c", "foo://Ab/c"],
		["http://a?b", "http://a/?b"],
		["http://a#b", "http://a/#b"],
		["http://a/?", "http://a/?"],
		["http://a/#", "http://a/#"],
		["http://a?#", "http://a/?#"],
		["http://a/%zz%4", "http://a/%zz%4"],
		["http://a/b;c=1,2:@&=+$!*()~", "http://a/b;c=1,2:@&=+$!*()~"],
		["http://a..b/", "http://a..b/"],
		["http://a-b.c-d/", "http://a-b.c-d/"],
		["http://a_b/", "http://a_b/"],
		["http://%61.example/", "http://a.example/"],
		["http://\ud800.a/x".replace("\ud800", "x"), "http://x.a/x"],
		["http://a/\ud800", "http://a/%EF%BF%BD"],
		["ws://a:80/x", "ws://a/x"],
		["blob:https://a.b/1", "blob:https://a.b/1"],
	];
	for (const [from, to] of cases) assert_equals(new URL(from).href, to, from);
}, "parsing and serializing");

test(() => {
	const bad = ["", " ", "a", "/x", "//x", "?q", "http://", "http:///", "https://", "http://a b/", "http://a:b/", "http://a:65536", "http://a:-1",
		"http://[::1", "http://[::1::]", "http://[g]/", "http://1.2.3.256/", "http://0x100000000/", "http://a%zz/", "http://a<b", "http://a^b", "http://%00/",
		"http://user@/", "1http://a", "http://xn--/", "http://a%2fb/", "http://a|b/"];
	for (const text of bad) {
		assert_throws_js(TypeError, () => new URL(text), JSON.stringify(text));
		assert_false(URL.canParse(text), text);
		assert_equals(URL.parse(text), null, text);
	}
	assert_throws_js(TypeError, () => new URL());
	assert_throws_js(TypeError, () => URL.canParse());
	assert_throws_js(TypeError, () => new URL(Symbol()));
}, "what is not a URL");

test(() => {
	const base = "http://a/b/c/d;p?q#f";
	// RFC 3986, section 5.4.
	const cases = [["g:h", "g:h"], ["g", "http://a/b/c/g"], ["./g", "http://a/b/c/g"], ["g/", "http://a/b/c/g/"], ["/g", "http://a/g"], ["//g", "http://g/"],
		["?y", "http://a/b/c/d;p?y"], ["g?y", "http://a/b/c/g?y"], ["#s", "http://a/b/c/d;p?q#s"], ["g#s", "http://a/b/c/g#s"], [";x", "http://a/b/c/;x"],
		["", "http://a/b/c/d;p?q"], [".", "http://a/b/c/"], ["..", "http://a/b/"], ["../g", "http://a/b/g"], ["../..", "http://a/"], ["../../../g", "http://a/g"],
		["g;x=1/../y", "http://a/b/c/y"], ["http:g", "http://a/b/c/g"], ["http://x/y", "http://x/y"]];
	for (const [ref, want] of cases) {
		assert_equals(new URL(ref, base).href, want, ref);
		assert_equals(new URL(ref, new URL(base)).href, want, ref);
		assert_true(URL.canParse(ref, base));
		assert_equals(URL.parse(ref, base).href, want);
	}
	assert_equals(new URL("http://x", undefined).href, "http://x/");
	assert_throws_js(TypeError, () => new URL("x", "y"));
	assert_throws_js(TypeError, () => new URL("http://x", "nonsense"));
	assert_throws_js(TypeError, () => new URL("x", "mailto:a"));
	assert_equals(new URL("#x", "mailto:a").href, "mailto:a#x");
}, "relative references");

test(() => {
	const u = new URL("http://a/b?c#d");
	u.protocol = "https"; assert_equals(u.href, "https://a/b?c#d");
	u.protocol = "foo"; assert_equals(u.protocol, "https:");
	u.protocol = "wss:anything"; assert_equals(u.protocol, "wss:");
	u.protocol = "http";
	u.username = "u@"; u.password = "p:"; assert_equals(u.href, "http://u%40:p%3A@a/b?c#d");
	u.username = ""; u.password = "";
	u.host = "x.y:81"; assert_equals(u.host, "x.y:81");
	u.hostname = "z"; assert_equals(u.host, "z:81");
	u.port = "90x"; assert_equals(u.port, "90");
	u.port = "x"; assert_equals(u.port, "90");
	u.port = "70000"; assert_equals(u.port, "90");
	u.port = ""; assert_equals(u.host, "z");
	u.pathname = "p q/../r"; assert_equals(u.pathname, "/r");
	u.search = "s t"; assert_equals(u.search, "?s%20t");
	u.search = "?"; assert_equals(u.search, "");
	u.hash = "h i"; assert_equals(u.hash, "#h%20i");
	u.hash = ""; assert_equals(u.href.includes("#"), false);
	u.href = "mailto:x"; assert_equals(u.pathname, "x");
	u.host = "nope"; u.pathname = "nope"; u.port = "1"; u.username = "u";
	assert_equals(u.href, "mailto:x");
	assert_throws_js(TypeError, () => { u.href = "nonsense"; });
	assert_equals(u.href, "mailto:x");
	assert_throws_js(TypeError, () => { u.origin = "x"; });
	const f = new URL("http://a/");
	f.host = "a b"; assert_equals(f.host, "a");
	f.host = ""; assert_equals(f.host, "a");
	f.hostname = "1.2.3"; assert_equals(f.hostname, "1.2.0.3");
}, "setters");

test(() => {
	assert_equals(new URL("http://a:81/").origin, "http://a:81");
	assert_equals(new URL("ftp://a/").origin, "ftp://a");
	assert_equals(new URL("file:///x").origin, "null");
	assert_equals(new URL("data:x").origin, "null");
	assert_equals(new URL("blob:https://a.b:1/x").origin, "https://a.b:1");
	assert_equals(new URL("blob:data:x").origin, "null");
}, "origin");

test(() => {
	const u = new URL("http://a/p?x=1&y=2#h");
	const p = u.searchParams;
	assert_equals(p, u.searchParams);
	p.append("z", "ä b");
	assert_equals(u.href, "http://a/p?x=1&y=2&z=%C3%A4+b#h");
	u.search = "?q=7";
	assert_array_equals([...p], [["q", "7"]]);
	p.delete("q");
	assert_equals(u.href, "http://a/p#h");
	p.set("k", "'");
	assert_equals(u.search, "?k=%27");
	u.href = "http://b/?n=1";
	assert_equals(u.searchParams, p);
	assert_equals(p.get("n"), "1");
	const m = new URL("mailto:x?a=1");
	m.searchParams.set("a", "2");
	assert_equals(m.href, "mailto:x?a=2");
	const e = new URL("http://a?");
	e.searchParams.append("b", "c");
	assert_equals(e.href, "http://a/?b=c");
	const h = new URL("http://a/?x#");
	h.searchParams.delete("x");
	assert_equals(h.href, "http://a/#");
	assert_throws_js(TypeError, () => { u.searchParams = p; });
}, "searchParams is live");

test(() => {
	const long = "x".repeat(2e5);
	assert_equals(new URL("http://a/" + long).pathname.length, 200001);
	assert_equals(new URL("http://a/?" + long + "'").search.length, 200001 + 3);
	assert_equals(new URL("data:," + long + "/".repeat(9999)).pathname.length, 200001 + 9999);
	assert_throws_js(TypeError, () => new URL("http://" + long + "@a/"));
	assert_throws_js(TypeError, () => new URL("h\nttp:" + long + "@a/"));
	assert_throws_js(TypeError, () => new URL("http:\t/" + "\\".repeat(9) + long + "@a/"));
	assert_throws_js(TypeError, () => new URL("foo://" + long + ":" + long + "@a/"));
	assert_throws_js(TypeError, () => new URL("//" + long + "@a/", "http://b/"));
	assert_throws_js(TypeError, () => new URL("http://a/" + "b'/".repeat(1e5) + " "));
	assert_throws_js(TypeError, () => new URL("x".repeat(2 ** 20 + 1), "http://a"));
	const u = new URL("http://a/");
	u.username = long; u.host = "ä".repeat(9e4);
	u.pathname = "/'".repeat(1e5);
	assert_equals(u.href, "http://a/");
	u.hash = long; u.search = long; u.pathname = long;
	assert_equals(u.href.length, "http://a/".length + 3 * 2e5 + 2);
}, "long URLs are linear or refused");
