test("lazy globals look like others", () => {
  same(typeof setTimeout, "function");
  check("setInterval" in globalThis, "in");
  check(!("nothing" in globalThis), "not in");
  same(typeof nothing, "undefined");
  check(globalThis.setTimeout === setTimeout, "identity");
  same(setTimeout.name, "setTimeout");
  check(!Object.keys(globalThis).includes("setTimeout"), "not enumerable");
  const own = Object.getOwnPropertyDescriptor(globalThis, "setTimeout");
  same([own.writable, own.configurable, own.enumerable], [true, true, false]);
  for (const key in globalThis) check(key !== "clearTimeout", "for in");
  for (let i = 0; i < 9; i++) check(WeakMap !== Iterator && Iterator === globalThis.Iterator, "always the same");
});
test("lazy globals can be replaced and deleted", () => {
  clearInterval = 5;
  same(clearInterval, 5);
  globalThis.queueMicrotask = 6;
  same(queueMicrotask, 6);
  for (let i = 0; i < 5; i++) typeof clearTimeout;
  delete globalThis.clearTimeout;
  same(typeof clearTimeout, "undefined");
  check(!("clearTimeout" in globalThis), "gone");
  (0, eval)("var setInterval = 7");
  same(globalThis.setInterval, 7);
});
(0, eval)("function WeakRef() { return 8 }");
(0, eval)("let FinalizationRegistry = 9; globalThis.seen = FinalizationRegistry");
test("top-level declarations win", () => {
  same(WeakRef(), 8);
  same(seen, 9);
});
test("nothing of Go shows", () => {
  for (const name of ["require", "process", "module", "exports", "__picloud_enter"]) same(typeof globalThis[name], "undefined", name);
  same(Object.getOwnPropertyNames(setTimeout).sort(), ["length", "name"]);
  check(!/picloud|goja|\.go/.test(String(setTimeout)), "source of a native function");
  try { null.x; } catch (error) { check(!/goja|\.go:/.test(error.stack), error.stack); }
});
