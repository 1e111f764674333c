const str = JSON.stringify;
test("stringify plain values", () => {
  same(str([1, -0, 1.5, 1e21, NaN, Infinity, true, null, undefined, () => 1, Symbol("x"), "x"]), '[1,0,1.5,1e+21,null,null,true,null,null,null,null,"x"]');
  same(str({ a: undefined, b: () => 1, c: Symbol("x"), d: null, [Symbol("k")]: 1 }), '{"d":null}');
  same(String(str(undefined)), "undefined");
  same(String(str(() => 1)), "undefined");
  same(str(new Date(0)), '"1970-01-01T00:00:00.000Z"');
  same(str([new Number(3), new String("false"), new Boolean(false), Object(1).valueOf()]), '[3,"false",false,1]');
  same(str({ 2: "b", 1: "a", z: 0 }), '{"1":"a","2":"b","z":0}');
  same(str([, 1]), "[null,1]");
  same(str([]) + str({}), "[]{}");
  throws(() => str(1n), "TypeError", "BigInt");
  throws(() => str(Symbol.iterator.toString.call(1)), "TypeError", "propagates");
});
test("stringify strings", () => {
  same(str("\"\\\b\f\n\r\t\u0001\u001f\u007f/é😀"), '"\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\u007f/é😀"');
  same(str("\uD800"), '"\\ud800"');
  same(str("\uDE00\uD83D a\uD83D\uDE00"), '"\\ude00\\ud83d a😀"');
  same(str("\uFFFD"), '"\uFFFD"');
  same(str({ "é\"": 1 }), '{"é\\"":1}');
});
test("stringify with toJSON and replacer", () => {
  same(str({ a: { toJSON(key) { return key + "!"; } } }), '{"a":"a!"}');
  same(str({ a: 1, b: [1, 2] }, (key, value) => typeof value === "number" ? value * 2 : value), '{"a":2,"b":[2,4]}');
  const seen = [];
  str({ a: [1] }, function (key, value) { seen.push([key, Array.isArray(this)]); return value; });
  same(seen, [["", false], ["a", false], ["0", true]]);
  same(str({ a: 1, b: 2, c: { a: 1, d: 2 } }, ["c", "a", "a", new String("d"), 1]), '{"c":{"a":1,"d":2},"a":1}');
  same(str({ 1: "x", a: 1 }, [1]), '{"1":"x"}');
  same(str({ a: 1 }, []), "{}");
  throws(() => str({ toJSON() { throw new SyntaxError("mine"); } }), "SyntaxError", "toJSON throws");
});
test("stringify with space", () => {
  same(str({ a: [1, { b: 2 }], c: {}, d: [] }, null, 2), '{\n  "a": [\n    1,\n    {\n      "b": 2\n    }\n  ],\n  "c": {},\n  "d": []\n}');
  same(str([1], null, "--"), "[\n--1\n]");
  same(str([1], null, 99).length, "[\n          1\n]".length);
  same(str([1], null, new Number(1)), "[\n 1\n]");
  same(str([1], null, 0), "[1]");
  same(str([1], null, true), "[1]");
  same(str([1], null, "123456789012"), "[\n12345678901\n]".replace("12345678901", "12345678901"));
});
test("stringify proxies and limits", () => {
  same(str(new Proxy([1, 2], {})), "[1,2]");
  same(str(new Proxy({ a: 1 }, { get: () => 5 })), '{"a":5}');
  const loop = {}; loop.a = [loop];
  throws(() => str(loop), "TypeError", "cycle");
  const shared = {}; same(str([shared, shared]), "[{},{}]");
  let deep = []; for (let i = 0; i < 499; i++) deep = [deep];
  same(str(deep).length, 1000);
  throws(() => str([deep]), "RangeError", "too deep");
  throws(() => str(Array.from({ length: 200_001 }, () => 0)), "RangeError", "too wide");
});
test("parse", () => {
  same(JSON.parse(' {"a":[1,2.5,-3e2,"x\\n\\u00e9\\ud83d\\ude00",true,false,null]} '), { a: [1, 2.5, -300, "x\né😀", true, false, null] });
  same(JSON.parse("1"), 1);
  same(JSON.parse('"]][["'), "]][[");
  same(JSON.parse('{"__proto__":{"x":1}}').x === undefined, true, "__proto__ is a plain key");
  same(JSON.parse('{"a":1,"a":2}'), { a: 2 });
  same(JSON.parse("[1,2,{\"a\":3}]", (key, value) => typeof value === "number" ? value + 1 : value), [2, 3, { a: 4 }]);
  for (const bad of ["", "{", "[1,]", "{a:1}", "'x'", "01", "1 2", "nul", '"\n"', "[1", "\u00a01", "NaN", "+1", "//x\n1", '{"a"}', '{"a":}', '{,}', "[,1]", "]", "1]", '"\\x"', "1.", ".5", "-", "tru"]) {
    throws(() => JSON.parse(bad), "SyntaxError", str(bad));
  }
  throws(() => JSON.parse(), "SyntaxError", "no argument");
  throws(() => JSON.parse(Symbol("x")), "TypeError", "symbol");
  throws(() => JSON.parse("[".repeat(501) + "]".repeat(501)), "RangeError", "deep");
  same(JSON.parse("[".repeat(500) + "]".repeat(500)).length, 1);
  same(JSON.parse({ toString: () => "[7]" }), [7]);
  same([JSON.parse.name, JSON.parse.length, JSON.stringify.name, JSON.stringify.length], ["parse", 2, "stringify", 3]);
  same(Object.keys(JSON), []);
});
test("parse says what is wrong and where", () => {
  const fault = text => { try { JSON.parse(text); return "none"; } catch (error) { return `${error.name}: ${error.message}`; } };
  same(fault(""), "SyntaxError: Unexpected end of JSON input");
  same(fault('{"a":'), "SyntaxError: Unexpected end of JSON input");
  same(fault("[1,]"), 'SyntaxError: Unexpected token "]" in JSON at position 3');
  same(fault('["😀",x]'), 'SyntaxError: Unexpected token "x" in JSON at position 6');
  same(fault("\u00a0[]"), 'SyntaxError: Unexpected token "\u00a0" in JSON at position 0');
  same(fault("[] x"), 'SyntaxError: Unexpected token "x" in JSON at position 3');
  same(fault('"a\nb"'), "SyntaxError: Bad control character in a string in JSON at position 2");
  same(fault('"\\x"'), "SyntaxError: Bad escape in a string in JSON at position 1");
  same(fault('"\\u12+4"'), "SyntaxError: Bad escape in a string in JSON at position 1");
  for (const text of ["01", "-", "1.", ".5", "+1", "1e", "1e+", "tru", "nulll", "{a:1}", "{'a':1}", '{"a" 1}', '{"a":1,}', "[1 2]", "]", '"', '"\\', "NaN", "\0", "[]\0"]) {
    check(fault(text).startsWith("SyntaxError: Unexpected"), text);
  }
});
test("parse numbers and strings", () => {
  same(JSON.parse("[1e999,-1e999,1e-999,123456789012345678901,1.5e3,0,-1]"), [Infinity, -Infinity, 0, 123456789012345680000, 1500, 0, -1]);
  check(Object.is(JSON.parse("-0"), -0), "negative zero");
  same(JSON.parse(' "\\u00e9\\ud83d\\ude00\\n\\/\\"" '), "é😀\n/\"");
  same(JSON.parse('"a\\ud800b"').charCodeAt(1), 0xd800);
  same(JSON.parse('"\\ude00\\ud83d"').length, 2);
});
test("parse objects", () => {
  same(JSON.parse('{"a":1,"a":2,"":3}'), { a: 2, "": 3 });
  const own = JSON.parse('{"__proto__":1}');
  check(Object.hasOwn(own, "__proto__") && Object.getPrototypeOf(own) === Object.prototype, "__proto__ is a plain name");
  const text = `{"b":0,${Array.from({ length: 200 }, (_, i) => `"${300 - i}":${i}`).join()},"01":1,"a":2,"150":"twice","4294967295":3}`;
  const keys = Object.keys(JSON.parse(text));
  same([keys.length, keys[0], keys[199], keys.slice(200)], [204, "101", "300", ["b", "01", "a", "4294967295"]]);
  same(JSON.parse(text)[150], "twice");
});
test("parse with a reviver", () => {
  same(JSON.parse('{"a":[1,2],"b":{"c":3},"d":4}', (key, value) => key === "d" ? undefined : typeof value === "number" ? value * 2 : value), { a: [2, 4], b: { c: 6 } });
  const seen = [];
  JSON.parse('{"b":1,"a":[2]}', function (key, value) { seen.push(key, Array.isArray(this)); return value; });
  same(seen, ["b", false, "0", true, "a", false, "", false]);
  same(JSON.parse("[1]", "no function"), [1]);
  throws(() => JSON.parse("[1]", () => { throw new EvalError("mine"); }), "EvalError", "of the reviver");
  throws(() => JSON.parse("[1,2]", function (key, value) { if (key === "0") this[1] = new Proxy({}, { ownKeys: () => ["x"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (target, name, self) => self }); return value; }), "RangeError", "endless");
});
