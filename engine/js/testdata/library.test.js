test("Promise.withResolvers", async () => {
  const { promise, resolve } = Promise.withResolvers();
  setTimeout(() => resolve(7), 1);
  same(await promise, 7, "resolved");
});
test("Promise.try", async () => {
  same(await Promise.try((a, b) => a + b, 1, 2), 3, "value");
  let caught = "";
  await Promise.try(() => { throw new TypeError("no"); }).catch(error => { caught = error.name; });
  same(caught, "TypeError", "throw becomes rejection");
});
test("groupBy", () => {
  same(Object.groupBy([1, 2, 3], n => n % 2 ? "odd" : "even"), { odd: [1, 3], even: [2] }, "Object.groupBy");
  same([...Map.groupBy([1, 2, 3], n => n % 2)], [[1, [1, 3]], [0, [2]]], "Map.groupBy");
  check(!Object.keys(Object).includes("groupBy"), "not enumerable");
});
test("asyncIterator", async () => {
  same(typeof Symbol.asyncIterator, "symbol", "defined");
  const items = { [Symbol.asyncIterator]() { let n = 0; return { next: async () => n < 3 ? { value: n++, done: false } : { done: true } }; } };
  same(await Array.fromAsync(items, x => x * 2), [0, 2, 4], "Array.fromAsync of an async iterable");
  same(await Array.fromAsync([Promise.resolve(1), 2]), [1, 2], "Array.fromAsync of an array");
});
test("dispose", () => same([typeof Symbol.dispose, typeof Symbol.asyncDispose], ["symbol", "symbol"], "symbols"));
test("well-formed strings", () => {
  same("a\uD800".isWellFormed(), false, "lone surrogate");
  same("a😀".isWellFormed(), true, "pair");
  same("a\uD800b".toWellFormed(), "a\uFFFDb", "replaced");
});
test("RegExp.escape", () => {
  same(RegExp.escape("a.b*c"), "\\x61\\.b\\*c", "syntax characters");
  check(new RegExp("^" + RegExp.escape("1+1=2 (yes)") + "$").test("1+1=2 (yes)"), "matches itself");
});
test("Math.sumPrecise", () => {
  same(Math.sumPrecise([1e20, 0.1, -1e20]), 0.1, "exact");
  check(Object.is(Math.sumPrecise([]), -0), "empty");
});
test("Error.captureStackTrace", () => {
  const target = {};
  Error.captureStackTrace(target);
  same(typeof target.stack, "string", "stack");
});
test("iterator helpers", () => {
  same([1, 2, 3, 4].values().filter(x => x % 2 === 0).map(x => x * 10).toArray(), [20, 40], "filter, map");
  same([1, 2, 3, 4].values().drop(1).take(2).toArray(), [2, 3], "drop, take");
  same([1, 2, 3].values().reduce((a, b) => a + b), 6, "reduce");
  same(Iterator.from({ next: (n => () => ({ done: n > 2, value: n++ }))(0) }).toArray(), [0, 1, 2], "Iterator.from");
  check([].values() instanceof Iterator, "instanceof");
});
test("weak references", () => {
  const target = {};
  check(new WeakRef(target).deref() === target, "deref");
  new FinalizationRegistry(() => {}).register(target, 1);
});
test("%TypedArray%.from", () => {
  same(Uint8Array.from("abc", (c) => c.charCodeAt(0)).join(), "97,98,99", "text");
  same(Uint8Array.from("12").join(), "1,2", "digits");
  same(Float64Array.from(new Set([1.5, 2])).join(), "1.5,2", "iterable");
  same(Uint8ClampedArray.from({ length: 1, 0: 300 }).join(), "255", "array-like");
  same(Int16Array.from([1, 2], function (x) { return x + this.n; }, { n: 1 }).join(), "2,3", "this");
  same(Uint8Array.from.length, 1, "length");
});
test("Number.prototype.toLocaleString", () => {
  same(12345678901234567890n.toLocaleString("en-US"), "12,345,678,901,234,567,890", "bigint");
  let refused = "";
  try { (1).toLocaleString("en-US", { style: "currency", currency: "USD" }); } catch (e) { refused = e.name; }
  same(refused, "RangeError", "currency");
  try { (1).toLocaleString("en-US", { notation: "compact" }); } catch (e) { refused += e.message; }
  check(refused.endsWith('the option "notation" is not supported'), refused);
  same([(7).toLocaleString("en-US", { minimumIntegerDigits: 2 }), (1234).toLocaleString("en-US", { minimumIntegerDigits: 5 })], ["07", "01,234"], "zeros");
  same((1234567.891).toLocaleString(), "1,234,567.891", "grouping");
  same((1234.5).toLocaleString("en-US", { minimumFractionDigits: 2 }), "1,234.50", "digits");
  same((-5).toLocaleString("de-DE"), "-5", "small");
});
test("unicode properties", () => {
  check(/^\p{L}+$/u.test("é"), "literal");
  check(!/\p{L}/u.test("1"), "negative case");
  check(/^\P{L}$/u.test("1"), "negated");
  check(/[\p{L}\d]/u.test("ß"), "in a class");
  check(/\p{Script=Greek}/u.test("α") && !/\p{sc=Greek}/u.test("a"), "script");
  check(/\p{Emoji_Presentation}/u.test("😀"), "emoji");
  check(/^\p{ASCII}+$/u.test("abc") && !/^\p{ASCII}$/u.test("é"), "ASCII");
  check(/^\p{ID_Start}\p{ID_Continue}*$/u.test("größe1"), "identifier");
  check(/^\p{Lu}/u.test("Ä") && !/^\p{Lu}/u.test("ä"), "category");
  check(new RegExp("^\\p{L}$", "u").test("ñ"), "constructor");
  check(RegExp("^\\p{Alphabetic}$", "u").test("ñ"), "call");
  check(/x/ instanceof RegExp && !({} instanceof RegExp), "identity");
});
