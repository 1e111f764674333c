// ECMA-262 (2026), Array.fromAsync.
(() => {
  Object.defineProperty(Array, "fromAsync", { writable: true, configurable: true, value: { async fromAsync(items, map, self) {
    const made = [];
    const put = async item => { made.push(map ? await map.call(self, item, made.length) : item); };
    const walk = items[Symbol.asyncIterator] ?? items[Symbol.for("Symbol.asyncIterator")];
    if (walk) {
      const iterator = walk.call(items);
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return made;
        await put(value);
      }
    }
    for (const item of typeof items[Symbol.iterator] === "function" ? items : Array.from(items)) await put(await item);
    return made;
  } }.fromAsync });
})();
