// ECMA-262, section 23.2.2.1: a string is iterable; goja's takes objects only.
(() => {
  const TypedArray = Object.getPrototypeOf(Int8Array);
  const { from } = TypedArray;
  Object.defineProperty(TypedArray, "from", { writable: true, configurable: true, value: { from(source, map, self) {
    return Reflect.apply(from, this, [typeof source === "string" || source instanceof String ? Array.from(source) : source, map, self]);
  } }.from });
  Object.defineProperty(TypedArray.from, "length", { value: 1, configurable: true });
})();
