// ECMA-262, section 27.1.3 and 27.1.4: Iterator and the helpers on its prototype.
(() => {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  const add = (name, value) => Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  const check = run => { if (typeof run !== "function") throw new TypeError("the argument must be a function"); };
  const count = value => {
    const number = Math.trunc(Number(value));
    if (Number.isNaN(number) || number < 0) throw new RangeError("the count must not be negative");
    return number;
  };
  const walk = iterator => ({ [Symbol.iterator]: () => ({
    next: () => iterator.next(),
    return: () => { iterator.return?.(); return {}; },
  }) });
  const lazily = (name, prepare, run) => add(name, { [name](argument) {
    const prepared = prepare(argument);
    return run(walk(this), prepared);
  } }[name]);
  const callback = run => { check(run); return run; };
  lazily("map", callback, function* (items, run) { let i = 0; for (const item of items) yield run(item, i++); });
  lazily("filter", callback, function* (items, run) { let i = 0; for (const item of items) if (run(item, i++)) yield item; });
  lazily("flatMap", callback, function* (items, run) { let i = 0; for (const item of items) yield* run(item, i++); });
  lazily("take", count, function* (items, left) {
    if (left === 0) return;
    for (const item of items) { yield item; if (--left === 0) return; }
  });
  lazily("drop", count, function* (items, left) { for (const item of items) if (left > 0) left--; else yield item; });
  add("reduce", { reduce(run, ...initial) {
    check(run);
    let held = initial.length > 0, value = initial[0], i = 0;
    for (const item of walk(this)) {
      if (held) value = run(value, item, i);
      else { value = item; held = true; }
      i++;
    }
    if (!held) throw new TypeError("reduce of an empty iterator with no initial value");
    return value;
  } }.reduce);
  add("toArray", { toArray() { return [...walk(this)]; } }.toArray);
  add("forEach", { forEach(run) { check(run); let i = 0; for (const item of walk(this)) run(item, i++); } }.forEach);
  add("some", { some(run) { check(run); let i = 0; for (const item of walk(this)) if (run(item, i++)) return true; return false; } }.some);
  add("every", { every(run) { check(run); let i = 0; for (const item of walk(this)) if (!run(item, i++)) return false; return true; } }.every);
  add("find", { find(run) { check(run); let i = 0; for (const item of walk(this)) if (run(item, i++)) return item; } }.find);
  function Iterator() { if (new.target === undefined || new.target === Iterator) throw new TypeError("Iterator is abstract"); }
  Object.defineProperty(Iterator, "from", { writable: true, configurable: true, value: { from(items) {
    const iterator = typeof items[Symbol.iterator] === "function" ? items[Symbol.iterator]() : items;
    if (iterator instanceof Iterator) return iterator;
    return Object.setPrototypeOf({ next: () => iterator.next(), return: value => iterator.return?.(value) ?? { done: true, value } }, prototype);
  } }.from });
  Object.defineProperty(Iterator, "prototype", { value: prototype, writable: false });
  Object.defineProperty(globalThis, "Iterator", { value: Iterator, writable: true, configurable: true });
  return Iterator;
})();
