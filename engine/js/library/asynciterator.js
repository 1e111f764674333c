// ECMA-262, section 20.4.2.1. The registered symbol is the one esbuild's helpers fall back to.
(() => {
  if (!Symbol.asyncIterator) Object.defineProperty(Symbol, "asyncIterator", { value: Symbol.for("Symbol.asyncIterator") });
})();
