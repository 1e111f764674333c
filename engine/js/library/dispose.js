// Explicit resource management: Symbol.dispose and Symbol.asyncDispose, under the names
// esbuild's helpers fall back to.
(() => {
  for (const name of ["dispose", "asyncDispose"]) {
    if (!Symbol[name]) Object.defineProperty(Symbol, name, { value: Symbol.for("Symbol." + name) });
  }
})();
