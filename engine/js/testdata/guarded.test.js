test("guarded string functions behave as before", () => {
  same("ab".repeat(3), "ababab");
  same("ab".repeat(0), "");
  same("".repeat(2 ** 40), "");
  throws(() => "a".repeat(-1), "RangeError", "negative");
  throws(() => "a".repeat(Infinity), "RangeError", "infinite");
  throws(() => String.prototype.repeat.call(null, 1), "TypeError", "null");
  same(String.prototype.repeat.call(12, 2), "1212");
  same("5".padStart(3, "0") + "5".padEnd(3) + "|", "0055  |");
  same("a".concat(1, null, "b"), "a1nullb");
  same("e\u0301".normalize("NFC"), "\u00e9");
  throws(() => "a".normalize("X"), "RangeError", "form");
  same(String.raw`a\n${1}`, "a\\n1");
  same([parseInt("12px"), parseInt("ff", 16), parseFloat("1.5e3x"), parseInt(""), parseInt("0x1f")].map(String), ["12", "255", "1500", "NaN", "31"]);
});
test("guarded replace", () => {
  same("a-b-c".replace("-", "+"), "a+b-c");
  same("a-b-c".replaceAll("-", "+"), "a+b+c");
  same("a-b-c".replace(/-/g, "$&$&"), "a--b--c");
  same("John Smith".replace(/(\w+) (\w+)/, "$2, $1 $$ $9"), "Smith, John $ $9");
  same("2020-01".replace(/(?<y>\d+)-(?<m>\d+)/, "$<m>/$<y>"), "01/2020");
  same("abc".replace("b", "[$`|$']"), "a[a|c]c");
  same("abc".replace(/./g, (m, at) => m + at), "a0b1c2");
  same("abc".replace("b", undefined), "aundefinedc");
  same("abc".replace({ [Symbol.replace]: (text, by) => text + by }, "!"), "abc!");
  throws(() => "a".replaceAll(/a/, "b"), "TypeError", "not global");
});
test("replacements of long texts are expanded alike", () => {
  const long = "x".repeat(5000);
  same((long + "a-b" + long).replace(/(a)-(b)/, "$2$1$$").length, 10003);
  same((long + "-").replace(/-/g, "y".repeat(20_000)).length, 25_000);
  same((long + "a-").replace(/(?<l>a)-/g, "$<l>$1$01$10$&$3" + "y".repeat(20_000)).slice(5000, 5012), "aaaa0a-$3yyy");
  same("1,2,3".padEnd(6001, ",4").split(/,/).length, 3001);
  same(long.match(/x/g).length, 5000);
  same((long + "z").search(/z/), 5000);
  const sticky = /x/gy;
  same(long.replace(sticky, "").length, 0);
  same(Object.keys(sticky), []);
  check(!sticky.hasOwnProperty("exec"), "exec is taken away again");
});
test("guarded split and match", () => {
  same("a,b".split(","), ["a", "b"]);
  same("a1b2".split(/(\d)/), ["a", "1", "b", "2", ""]);
  same("abc".split("", 2), ["a", "b"]);
  same("abc".split(), ["abc"]);
  same("abc".match(/b(c)/).slice(), ["bc", "c"]);
  same("abc".match(/x/), null);
  same("abc".search("c"), 2);
  same(/a(?=b)/.test("ab"), true);
});
test("guarded matchAll", () => {
  same([..."a1b22".matchAll(/([a-z])(\d+)/g)].map(m => `${m.index}${m[1]}${m[2]}`), ["0a1", "2b22"]);
  same([..."abc".matchAll(/(?:)/g)].map(m => m.index), [0, 1, 2, 3]);
  same([..."a😀".matchAll(/(?:)/gu)].map(m => m.index), [0, 1, 3]);
  same([..."a.a".matchAll("a")].length, 2);
  same([..."aaa".matchAll()].length, 4);
  same([..."aab".matchAll(/a/gy)].length, 2);
  const from = /a/g; from.lastIndex = 1;
  same([..."aaa".matchAll(from)].length, 2);
  same(from.lastIndex, 1);
  throws(() => "a".matchAll(/a/), "TypeError", "not global");
  throws(() => String.prototype.matchAll.call(null, /a/g), "TypeError", "null");
  const iterator = "ab".matchAll(/./g);
  check(iterator[Symbol.iterator]() === iterator, "its own iterator");
  same(Object.prototype.toString.call(iterator), "[object RegExp String Iterator]");
  same(Object.keys(iterator), []);
  iterator.next(); iterator.next();
  same(iterator.next().done, true);
  same(iterator.next().value, undefined);
  same("abc".matchAll({ [Symbol.matchAll]: text => text + "!" }), "abc!");
});
test("what is taken apart as an object", () => {
  same({ ..."ab", ...null, ...{ c: 1 }, d: 2 }, { 0: "a", 1: "b", c: 1, d: 2 });
  const { a, ...rest } = { a: 1, b: 2, c: 3 };
  same([a, rest], [1, { b: 2, c: 3 }]);
  let b, more;
  ({ b, ...more } = rest);
  same([b, more], [2, { c: 3 }]);
  same((({ c, ...others } = { c: 1, d: 2 }) => others)(), { d: 2 });
  same(Object.assign({ a: 1 }, "x", ...[{ b: 2 }]), { 0: "x", a: 1, b: 2 });
  same(Object.keys("ab").concat(Object.values("ab"), Object.getOwnPropertyNames("a")), ["0", "1", "a", "b", "0", "length"]);
  throws(() => Object.keys(), "TypeError", "nothing");
  throws(() => ({ ..."x".repeat(100_001) }), "RangeError", "too long");
  throws(() => ({ ...missing }), "ReferenceError", "evaluated in its place");
});
test("guarded array functions behave as before", () => {
  same([1, 2, 3].fill(0, 1), [1, 0, 0]);
  same(new Array(120_000).fill(7).reduce((a, b) => a + b, 0), 840_000);
  same(new Array(120_000).fill(7, -2)[119_999], 7);
  check(!(5 in new Array(120_000).fill(7, -2)), "holes stay");
  same([1, [2, [3, [4]]]].flat(), [1, 2, [3, [4]]]);
  same([1, [2, [3, [4]]]].flat(Infinity), [1, 2, 3, 4]);
  same([1, [2, [3, [4]]]].flat(2), [1, 2, 3, [4]]);
  same([1, , [2, , 3]].flat(), [1, 2, 3]);
  same([[1]].flat(0), [[1]]);
  same([1, 2].flatMap(x => [x, x]), [1, 1, 2, 2]);
  same([1, [2, 3], null, undefined].join("-"), "1-2,3--");
  same([1, 2].join(), "1,2");
  const cycle = [1]; cycle.push(cycle); same(cycle.join(), "1,");
  same([1].concat(2, [3], [[4]]), [1, 2, 3, [4]]);
  same(Array.from({ length: 2 }, (_, i) => i), [0, 1]);
  same(Array.from("añ"), ["a", "ñ"]);
  same(Array.from(new Set([1, 1, 2])), [1, 2]);
  same(Array.prototype.map.call({ length: 2, 0: 1, 1: 2 }, x => x * 2), [2, 4]);
  same(Math.max.apply(null, [1, 3, 2]), 3);
  same(Reflect.apply(Math.max, null, [1, 2]), 2);
  same(Reflect.construct(Date, [0]).getTime(), 0);
  class Own { constructor() { this.target = new.target.name; } }
  same(Reflect.construct(Own, [], Array).target, "Array");
});
test("guarded binary constructors behave as before", () => {
  const bytes = new Uint8Array([1, 2, 300]);
  same([...bytes], [1, 2, 44]);
  check(bytes instanceof Uint8Array && bytes.constructor === Uint8Array, "identity");
  check(!(bytes instanceof Int8Array) && !({} instanceof ArrayBuffer), "others");
  same(new Uint8Array(bytes.buffer, 1).length, 2);
  same([...new Float64Array(new Uint8Array([1, 2]))], [1, 2]);
  same([...Uint8Array.from([1, 2], x => x * 2)], [2, 4]);
  same([...Uint16Array.of(7)], [7]);
  same(bytes.slice(1).constructor === Uint8Array, true);
  same([...bytes.map(x => x + 1)], [2, 3, 45]);
  same(new ArrayBuffer(8).byteLength, 8);
  same(new Uint8Array().length, 0);
  same(new Uint8Array(new Set([1, 2])).length, 2);
  same(Uint8Array.BYTES_PER_ELEMENT, 1);
  throws(() => Uint8Array(2), "TypeError", "without new");
  throws(() => new Uint8Array(-1), "RangeError", "negative");
  class Mine extends Uint8Array { twice() { return this.length * 2; } }
  const mine = new Mine(3);
  same([mine.twice(), mine instanceof Mine, mine instanceof Uint8Array, mine.slice(1) instanceof Mine], [6, true, true, true]);
  same(Object.prototype.toString.call(bytes), "[object Uint8Array]");
  check(ArrayBuffer.isView(bytes), "isView");
});
test("guarded BigInt behaves as before", () => {
  check(BigInt("12") === 12n && BigInt(3) === 3n, "call");
  check(BigInt.asUintN(8, 257n) === 1n && BigInt.asIntN(8, 255n) === -1n, "asUintN");
  same(typeof BigInt(1), "bigint");
  same((255n).toString(16), "ff");
  throws(() => BigInt(1.5), "RangeError", "fraction");
  throws(() => new BigInt(1), "TypeError", "new");
});
test("guarded prototypes", () => {
  const o = Object.setPrototypeOf({ a: 1 }, { b: 2 });
  same(o.b, 2);
  same(Reflect.setPrototypeOf({}, new Proxy({}, {})), true);
  throws(() => { const p = {}; Object.setPrototypeOf(p, new Proxy(Object.create(p), {})); }, "TypeError", "cycle by a proxy");
});
test("split of long texts is as of short ones", () => {
  const cases = [[/,/, "a,b"], [/(?:)/, "abc"], [/(,)(;)?/, "a,b,;c"], [/,/g, ",a,"], [/\s*/, "a  b c"], [/,/y, "a,b"], [/b*/, "abbc"], [/(?=b)/, "abab"], [/$/, "ab"], [/^/, "ab"], [/(?:)/u, "a😀b"], [/x/, "ab"]];
  const tail = "z".repeat(5000);
  for (const [separator, text] of cases) {
    for (const limit of [undefined, 0, 2, 3]) {
      const want = (text + tail).slice(0, 4000).split(separator, limit);
      const got = (text + tail).split(separator, limit);
      const head = list => list.slice(0, 6).map(part => part === undefined ? "undefined" : part.slice(0, 20));
      same(head(got), head(want), `${separator} ${text} ${limit}`);
    }
  }
});
test("expressions made at run time", () => {
  throws(() => new RegExp("(?:".repeat(1e6) + ")".repeat(1e6)), "SyntaxError", "too long");
  check(new RegExp("a+", "g").global && RegExp("b").test("abc") && new RegExp(/c/i).ignoreCase, "others");
  class Mine extends RegExp { get mine() { return true; } }
  check(new Mine("a").mine && new Mine("a") instanceof RegExp, "subclass");
});
test("eval and the constructors of functions", () => {
  const local = 1;
  same(eval("local + 1"), 2);
  same(eval(7), 7);
  throws(() => eval("(("), "SyntaxError", "broken text");
  throws(() => eval("[".repeat(1e5) + "]".repeat(1e5)), "SyntaxError", "nested text");
  try { eval("(".repeat(1e5)); } catch (error) { check(error.message.endsWith("Nested too deeply"), error.message); }
  throws(() => eval("1" + "+1".repeat(1e5)), "SyntaxError", "a long sum");
  same(eval("1" + "+1".repeat(2000)), 2001);
  same(eval("[".repeat(1000) + "]".repeat(1000)).length, 1);
  same(new Function("a", "b", "return a + b")(1, 2), 3);
  same((() => {}).constructor("return 5")(), 5);
});
