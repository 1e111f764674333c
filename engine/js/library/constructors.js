// The constructors of generators and async functions parse texts (ECMA-262, section 20.2.1.1).
(() => {
  const codeTexts = __picloud_codeTexts;
  for (const made of [function* () {}, async function () {}]) {
    const prototype = Object.getPrototypeOf(made);
    const original = prototype.constructor;
    const guarded = new Proxy(original, {
      apply: (target, self, args) => Reflect.construct(target, codeTexts(args)),
      construct: (target, args, newTarget) => Reflect.construct(target, codeTexts(args), newTarget),
    });
    Object.defineProperty(prototype, "constructor", { value: guarded, configurable: true });
  }
})();
