// parser starts the worker of syntax.js, which parses beside the page, and gives the function that
// asks it what is wrong with a text. Where no worker runs nothing is said to be wrong.
export function parser(url, language) {
  const waiting = [];
  let worker = new Worker(url);
  worker.addEventListener("message", ({ data }) => waiting.shift()(data));
  worker.addEventListener("error", () => {
    worker = null;
    for (const done of waiting.splice(0)) done([]);
  });
  return (text) => new Promise((done) => {
    if (!worker) { done([]); return; }
    waiting.push(done);
    worker.postMessage({ text, language });
  });
}
