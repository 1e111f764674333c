// V8's Error.captureStackTrace, which libraries call without asking whether it is there.
(() => {
  Object.defineProperty(Error, "captureStackTrace", { writable: true, configurable: true, value: { captureStackTrace(target) {
    const { stack } = new Error(target.message);
    Object.defineProperty(target, "stack", { value: stack, writable: true, configurable: true });
  } }.captureStackTrace });
})();
