test_interface("FormData", {
	operations: { append: 2, delete: 1, get: 1, getAll: 1, has: 1, set: 2, entries: 0, forEach: 1, keys: 0, values: 0 },
	iterable: true, make: () => new FormData(),
});

test(() => {
	const f = new FormData();
	f.append("a", "1"); f.append("b", 2); f.append("a", null);
	assert_equals(f.get("a"), "1");
	assert_equals(f.get("z"), null);
	assert_array_equals(f.getAll("a"), ["1", "null"]);
	assert_array_equals(f.getAll("z"), []);
	assert_true(f.has("b"));
	assert_false(f.has("c"));
	f.set("a", "9");
	f.set("c", "3");
	assert_array_equals([...f], [["a", "9"], ["b", "2"], ["c", "3"]]);
	f.delete("b");
	assert_array_equals([...f.keys()], ["a", "c"]);
	assert_array_equals([...f.values()], ["9", "3"]);
	const seen = [];
	f.forEach((v, k, o) => seen.push(k + v + (o === f)));
	assert_array_equals(seen, ["a9true", "c3true"]);
	assert_equals(Object.prototype.toString.call(f.entries()), "[object FormData Iterator]");
	assert_throws_js(TypeError, () => f.append("a"));
	assert_throws_js(TypeError, () => f.get());
	assert_throws_js(TypeError, () => new FormData({}));
	assert_throws_js(TypeError, () => f.append("a", "text", "name.txt"));
}, "texts");

promise_test(async () => {
	const f = new FormData();
	f.append("blob", new Blob(["x"], { type: "t/x" }));
	f.append("named", new Blob(["y"]), "y.txt");
	const file = new File(["z"], "z.txt", { lastModified: 5 });
	f.append("file", file);
	f.append("renamed", file, "new.txt");
	assert_true(f.get("blob") instanceof File);
	assert_equals(f.get("blob").name, "blob");
	assert_equals(f.get("blob").type, "t/x");
	assert_equals(f.get("blob"), f.get("blob"));
	assert_equals(f.get("named").name, "y.txt");
	assert_equals(f.get("file"), file);
	assert_equals(f.get("renamed").name, "new.txt");
	assert_equals(f.get("renamed").lastModified, 5);
	assert_equals(await f.get("renamed").text(), "z");
}, "files");

promise_test(async () => {
	const f = new FormData();
	f.append("te\"x\r\nt", "line\nbreak\rend\r\n");
	f.append("ü", "ä€😀");
	f.append("empty", "");
	f.append("file", new File([bytes(0, 255, 13, 10, 45, 45)], 'q"uote\n.bin', { type: "a/b" }));
	f.append("plain", new Blob(["p"]));
	const r = new Response(f);
	const type = r.headers.get("content-type");
	assert_true(/^multipart\/form-data; boundary=[!-~]{20,70}$/.test(type), type);
	const raw = await r.clone().text();
	assert_true(raw.includes('name="te%22x%0D%0At"'), raw);
	const g = await r.formData();
	assert_array_equals([...g.keys()], ['te"x\r\nt', "ü", "empty", "file", "plain"]);
	assert_equals(g.get('te"x\r\nt'), "line\r\nbreak\r\nend\r\n");
	assert_equals(g.get("ü"), "ä€😀");
	assert_equals(g.get("empty"), "");
	assert_equals(g.get("file").name, 'q"uote\n.bin');
	assert_equals(g.get("file").type, "a/b");
	assert_array_equals(await g.get("file").bytes(), [0, 255, 13, 10, 45, 45]);
	assert_equals(g.get("plain").type, "application/octet-stream");
	assert_array_equals([...await new Response(new FormData()).formData()], []);
}, "multipart round trip");

const multipart = (body, type = "multipart/form-data; boundary=XX") => new Response(body, { headers: { "content-type": type } }).formData();

promise_test(async () => {
	const f = await multipart('preamble\r\n--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--XX  \r\ncontent-disposition:form-data; NAME=b; filename=c.txt\r\nX-Other: y\r\n\r\nfile\r\n--XX--\r\nepilogue');
	assert_equals(f.get("a"), "1");
	assert_equals(f.get("b").name, "c.txt");
	assert_equals(f.get("b").type, "text/plain");
	assert_equals((await multipart('--XX\r\nContent-Disposition: form-data; name="a"; filename=""\r\nContent-Type: x/y\r\n\r\n\r\n--XX--')).get("a").size, 0);
	assert_equals((await multipart('--XX\r\nContent-Disposition: form-data; name="a\\"b"\r\n\r\n--XXx\r\n--XX--')).get('a"b'), "--XXx".slice(0, 0) + "--XXx");
	assert_equals((await multipart('--XX\r\nContent-Disposition: form-data; name="p"; filename="C:\\dir\\f.txt"\r\n\r\n\r\n--XX--')).get("p").name, "C:\\dir\\f.txt");
	assert_array_equals([...await multipart("--XX--\r\n")], []);
	assert_equals((await multipart('--X;"=X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--X;"=X--', 'multipart/form-data; boundary="X;\\"=X"')).get("a"), "1");
}, "what other clients send");

promise_test(async () => {
	const part = 'Content-Disposition: form-data; name="a"\r\n\r\n1\r\n';
	const bad = {
		"": "empty", "--XX": "cut", ["--XX\r\n" + part]: "no end", ["--YY\r\n" + part + "--YY--"]: "other boundary",
		["--XX\r\n\r\nno header\r\n--XX--"]: "no disposition", ["--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--"]: "not form-data",
		["--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--"]: "no name", ['--XX\r\nContent-Disposition: form-data; name="a\r\n\r\n1\r\n--XX--']: "open quote",
		["--XX\r\nnonsense\r\n\r\n1\r\n--XX--"]: "no colon", ["--XX\r\nX: " + "y".repeat(20000) + "\r\n\r\n1\r\n--XX--"]: "long header",
		["--XX" + part]: "no line end", ["--XX\n" + part + "--XX--"]: "bare line feed",
	};
	for (const body of Object.keys(bad)) {
		const e = await promise_rejects_js(TypeError, multipart(body), bad[body]);
		assert_true(e.message.startsWith("formData: "), e.message);
	}
	await promise_rejects_js(TypeError, multipart("--XX--", "multipart/form-data"));
	await promise_rejects_js(TypeError, multipart("--XX--", "multipart/form-data; boundary=" + "X".repeat(71)));
	await promise_rejects_js(TypeError, multipart("--XX--", "multipart/mixed; boundary=XX"));
	await promise_rejects_js(TypeError, multipart("{}", "application/json"));
	await promise_rejects_js(TypeError, multipart("--XX\r\n" + (part + "--XX\r\n").repeat(10001) + part + "--XX--"));
	assert_equals([...await multipart("--XX\r\n" + (part + "--XX\r\n").repeat(9999) + part + "--XX--")].length, 10000);
	await promise_rejects_js(TypeError, new Response("&".repeat(3e5), { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData());
}, "malformed and huge forms");

promise_test(async () => {
	const body = (count) => new Response(new Array(count).fill("a").join("&"), { headers: { "content-type": "application/x-www-form-urlencoded" } });
	assert_equals([...await body(10_000).formData()].length, 10_000);
	const error = await body(10_001).formData().catch((error) => error);
	assert_true(error instanceof TypeError);
	assert_equals(error.message, "formData: more than 10000 parameters");
}, "at most 10,000 parameters");
