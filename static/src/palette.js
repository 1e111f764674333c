// The palette: actions and links of this page at once, scripts and pages from the server.
const dialog = document.getElementById("palette");

export function palette() {
  if (!dialog) return () => {};
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  let asked = 0, timer, hurried = false;

  const choose = (item) => {
    if (!item) return;
    dialog.close();
    if (item.target) item.target.click();
    else if (item.dataset.href) location.assign(item.dataset.href);
  };
  const select = (item) => {
    for (const other of list.children) other.setAttribute("aria-selected", other === item);
    if (!item) { input.removeAttribute("aria-activedescendant"); return; }
    input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  };
  const number = () => {
    [...list.children].forEach((item, i) => (item.id = "palette-" + i));
    select(list.querySelector("[aria-selected=true]") ?? list.firstElementChild);
  };

  const fill = () => {
    const text = input.value.trim().toLowerCase();
    hurried = false;
    list.replaceChildren(...best(here().filter((h) => fits(h.text, text)), text).slice(0, 24).map(entry));
    number();
    clearTimeout(timer);
    const turn = ++asked;
    timer = setTimeout(async () => {
      const url = new URL(dialog.dataset.search, location);
      url.searchParams.set("q", text);
      const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (!answer?.ok || turn !== asked || !dialog.open) return;
      const part = document.createElement("template");
      part.innerHTML = await answer.text();
      const known = new Set([...list.children].map((item) => item.dataset.href));
      for (const item of part.content.querySelectorAll("li")) if (!known.has(item.dataset.href)) list.append(item);
      number();
      if (hurried) choose(list.firstElementChild);
    }, text ? 80 : 0);
  };
  input.addEventListener("input", fill);
  input.addEventListener("keydown", (e) => {
    const now = list.querySelector("[aria-selected=true]");
    if (e.key === "ArrowDown") select(now?.nextElementSibling ?? list.firstElementChild);
    else if (e.key === "ArrowUp") select(now?.previousElementSibling ?? list.lastElementChild);
    else if (e.key === "Enter") { if (now) choose(now); else hurried = true; }
    else return;
    e.preventDefault();
  });
  dialog.querySelector("form").addEventListener("submit", (e) => e.preventDefault());
  list.addEventListener("click", (e) => choose(e.target.closest("li")));
  dialog.addEventListener("click", (e) => e.target === dialog && dialog.close());

  return (text = "") => {
    if (dialog.open) { dialog.close(); return; }
    input.value = text;
    dialog.showModal();
    fill();
  };
}

// here is what this page offers: its main actions, its tabs, the navigation, the account, the theme.
function here() {
  const found = [];
  const seen = new Set();
  const add = (kind, target, text = words(target)) => {
    const known = kind + text + (target.href ?? "");
    if (!text || seen.has(known) || target.hidden) return;
    seen.add(known);
    found.push({ kind, text, target, keys: target.querySelector("kbd")?.textContent });
  };
  for (const t of document.querySelectorAll(".head .acts .b, .pill .b, [data-act=reference]")) add("Action", t);
  const script = document.querySelector(".tabs")?.dataset.of;
  for (const t of document.querySelectorAll(".tabs a")) add("Page", t, script + ": " + words(t));
  for (const t of document.querySelectorAll(".side > a")) add("Page", t);
  for (const t of document.querySelectorAll(".side ul a")) add(t.dataset.kind ?? "Script", t);
  for (const t of document.querySelectorAll(".menu-list > a, .menu-list > form button, .menu-list > button")) add("Account", t);
  for (const t of document.querySelectorAll("input[name=theme]:not(:checked)")) add("Action", t, "Theme: " + words(t.parentElement));
  return found;
}

// words is what an element is called.
function words(target) {
  if (target.ariaLabel) return target.ariaLabel;
  const copy = target.cloneNode(true);
  for (const part of copy.querySelectorAll("kbd, .num, .hidden, i")) part.remove();
  return copy.textContent.replace(/\s+/g, " ").replace("…", "").trim();
}

// fits tells whether the letters of text come in order.
function fits(name, text) {
  let at = -1;
  name = name.toLowerCase();
  return [...text].every((letter) => (at = name.indexOf(letter, at + 1)) >= 0);
}

// best puts what begins with the text first, then what holds it, then the rest.
function best(found, text) {
  const rank = (h) => { const at = h.text.toLowerCase().indexOf(text); return at < 0 ? 2 : Math.min(at, 1); };
  return found.sort((a, b) => rank(a) - rank(b));
}

function entry({ kind, text, target, keys }) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.target = target;
  if (target.href) item.dataset.href = target.getAttribute("href");
  for (const [tag, name, value] of [["span", "kind", kind], ["span", "", text], keys && ["kbd", "", keys]].filter(Boolean)) {
    const part = document.createElement(tag);
    part.className = name;
    part.textContent = value;
    item.append(part);
  }
  return item;
}
