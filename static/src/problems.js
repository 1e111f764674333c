// The list of what keeps the draft from building. It follows the marks in the text: one whose
// place is gone leaves the list, and what is left is said to be older than the text.
export function problemList({ list, count, code }) {
  let shown = 0;

  const tell = (text) => { if (count.textContent.trim() !== text) count.textContent = text; };
  const words = (n) => n + (n === 1 ? " problem" : " problems");
  const draw = (found) => {
    shown = found.length;
    list.replaceChildren();
    if (!shown) return;
    const items = document.createElement("ul");
    items.className = "problems";
    items.append(...found.map(item));
    list.append(items);
  };
  document.addEventListener("click", (e) => {
    const at = e.target.closest("[data-line]");
    if (!at) return;
    e.preventDefault();
    at.closest("dialog")?.close();
    code.goTo(Number(at.dataset.line), Number(at.dataset.column));
  });

  return {
    show: (found) => {
      code.mark(found);
      draw(found);
      tell(shown ? words(shown) : "");
    },
    changed: () => {
      if (!shown) return;
      draw(code.marked());
      tell(shown ? words(shown) + " before this change" : "");
    },
  };
}

function item({ line, column, message }) {
  const li = document.createElement("li");
  if (line > 0) {
    const at = document.createElement("button");
    at.type = "button";
    at.className = "mono num link";
    at.textContent = line + ":" + column;
    Object.assign(at.dataset, { line, column });
    li.append(at);
  }
  li.append(message);
  return li;
}
