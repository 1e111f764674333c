// ECMA-262, section 26.2. Nothing is finalized before the end of the run.
(() => class FinalizationRegistry {
  constructor(cleanup) { if (typeof cleanup !== "function") throw new TypeError("FinalizationRegistry: the cleanup must be a function"); }
  register() {}
  unregister() { return false; }
  get [Symbol.toStringTag]() { return "FinalizationRegistry"; }
})();
