var out = "";
const fail = message => { out += message + "\n"; };
const show = value => typeof value === "string" ? value : typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
const check = (condition, message) => { if (!condition) fail(message); };
const same = (got, want, message = "") => { if (show(got) !== show(want)) fail(`${message}: got ${show(got)}, want ${show(want)}`); };
const throws = (run, kind, message) => {
  try { run(); } catch (error) {
    if (error.name !== kind) fail(`${message}: got ${error.name}: ${error.message}, want ${kind}`);
    return;
  }
  fail(`${message}: nothing thrown, want ${kind}`);
};
const test = (name, body) => {
  const failed = error => fail(`${name}: ${error && error.stack || error}`);
  try {
    const made = body();
    if (made && typeof made.then === "function") made.then(undefined, failed);
  } catch (error) { failed(error); }
};
