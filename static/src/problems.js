// What keeps the draft from building: marks in the text, and the list below it. A build speaks for
// the text it was of. Once that has changed, syntax errors are what the parser finds a moment after
// the last key; what else the build said follows the text until its place is changed.
const pause = 200;

export function problemList({ list, count, code, parse }) {
  let built, said = [], ofSyntax; // the text of the last build, its problems, whether they are syntax errors
  let drawn = "[]", timer, checking = false;

  const draw = (found) => {
    const old = code.text() === built ? 0 : found.filter((p) => p.built).length;
    count.textContent = found.length ? words(found) + (old === 0 ? "" : (old < found.length ? ", " + old : "") + " before this change") : "";
    if (JSON.stringify(found) === drawn) return;
    drawn = JSON.stringify(found);
    const items = document.createElement("ul");
    items.className = onlyWarnings(found) ? "problems warn" : "problems";
    items.append(...found.map(item));
    code.steady(() => list.replaceChildren(...(found.length ? [items] : [])));
  };
  const put = (found) => { code.mark(found); draw(found); };
  const check = async () => {
    if (checking) return;
    checking = true;
    let text, found, replaced;
    do {
      text = code.text();
      [found, replaced] = await Promise.all([parse(text), ofSyntax]);
    } while (text !== code.text());
    checking = false;
    if (text === built) put(said);
    else put([...found, ...(replaced ? [] : code.marked().filter((p) => p.built))].sort((a, b) => a.line - b.line || a.column - b.column));
  };

  document.addEventListener("click", (e) => {
    const at = e.target.closest("[data-line]");
    if (!at) return;
    e.preventDefault();
    at.closest("dialog")?.close();
    code.goTo(Number(at.dataset.line), Number(at.dataset.column));
  });

  return {
    // show tells what a build of the text said.
    show: (found, text = code.text()) => {
      built = text;
      said = found.map((p) => ({ ...p, built: true }));
      ofSyntax = parse(text).then((errors) => errors.length > 0);
      put(said);
      if (text !== code.text()) check();
    },
    check,
    changed: () => {
      if (drawn !== "[]") draw(code.marked());
      clearTimeout(timer);
      timer = setTimeout(check, pause);
    },
  };
}

const onlyWarnings = (found) => found.every((p) => p.warning);
const words = (found) => found.length + (onlyWarnings(found) ? " warning" : " problem") + (found.length === 1 ? "" : "s");

function item({ line, column, message }) {
  const li = document.createElement("li");
  if (line > 0) li.append(placeOf({ line, column }, line + ":" + column, "mono num link"));
  li.append(message);
  return li;
}

// placeOf is a button that leads to a place of the text.
export function placeOf({ line, column }, text, className = "link") {
  const at = document.createElement("button");
  at.type = "button";
  at.className = className;
  at.textContent = text;
  Object.assign(at.dataset, { line, column });
  return at;
}
