// ECMA-262, sections 27.2.4.8 (Promise.try) and 27.2.4.9 (Promise.withResolvers).
(() => {
  const add = (name, value) => Object.defineProperty(Promise, name, { value, writable: true, configurable: true });
  add("withResolvers", { withResolvers() {
    let resolve, reject;
    const promise = new this((yes, no) => { resolve = yes; reject = no; });
    return { promise, resolve, reject };
  } }.withResolvers);
  add("try", { try(run, ...args) {
    return new this(resolve => resolve(run(...args)));
  } }.try);
})();
