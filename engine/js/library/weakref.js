// ECMA-262, section 26.1. A run is short: what is referred to weakly lives until its end.
(() => class WeakRef {
  #target;
  constructor(target) {
    if (typeof target !== "object" && typeof target !== "function" || target === null) throw new TypeError("WeakRef: the target must be an object");
    this.#target = target;
  }
  deref() { return this.#target; }
  get [Symbol.toStringTag]() { return "WeakRef"; }
})();
