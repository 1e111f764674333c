// ECMA-262 (2026), Math.sumPrecise: exact by non-overlapping partial sums (Shewchuk).
(() => {
  Object.defineProperty(Math, "sumPrecise", { writable: true, configurable: true, value: { sumPrecise(items) {
    const partials = [];
    let special = 0, count = 0, negative = true;
    for (let x of items) {
      if (typeof x !== "number") throw new TypeError("Math.sumPrecise: every item must be a number");
      count++;
      if (!Object.is(x, -0)) negative = false;
      if (!Number.isFinite(x)) { special += x; continue; }
      let kept = 0;
      for (let y of partials) {
        if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
        const high = x + y, low = y - (high - x);
        if (low !== 0) partials[kept++] = low;
        x = high;
      }
      partials.length = kept;
      partials.push(x);
    }
    if (special !== 0) return special;
    if (count === 0 || negative) return -0;
    let at = partials.length, high = 0, low = 0;
    if (at > 0) high = partials[--at];
    while (at > 0) {
      const x = high, y = partials[--at];
      high = x + y;
      low = y - (high - x);
      if (low !== 0) break;
    }
    if (at > 0 && Math.sign(low) === Math.sign(partials[at - 1])) {
      const twice = low * 2, rounded = high + twice;
      if (twice === rounded - high) high = rounded;
    }
    return high;
  } }.sumPrecise });
})();
