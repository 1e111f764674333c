// The script page: editor, draft, run panel, publish dialog.
import { editor } from "./code.js";
import { draft } from "./draft.js";
import { run } from "./run.js";

const nonce = document.currentScript.nonce;
const form = document.getElementById("edit");

if (form) {
  const source = document.getElementById("source");
  const position = document.getElementById("position");
  const list = document.getElementById("problems");
  const count = document.getElementById("problem-count");
  let kept;

  const code = editor({
    textarea: source,
    label: "Source of " + form.querySelector("label[for=source]").textContent,
    language: form.dataset.language,
    nonce,
    changed: (text) => { source.value = text; kept?.changed(); },
    moved: (line, column) => (position.textContent = "Ln " + line + ", Col " + column),
  });
  source.value = code.text(); // the same line ends on both sides
  kept = draft({
    form, revision: form.elements.revision, text: code.text, replace: code.replace,
    say: document.getElementById("saved"),
  });

  const problems = (found) => {
    code.problems(found);
    count.textContent = found.length ? found.length + (found.length === 1 ? " problem" : " problems") : "";
    list.replaceChildren();
    if (!found.length) return;
    const items = document.createElement("ul");
    items.className = "problems";
    for (const p of found) {
      const item = document.createElement("li");
      if (p.line > 0) {
        const at = document.createElement("button");
        at.type = "button";
        at.className = "mono num link";
        at.textContent = p.line + ":" + p.column;
        at.addEventListener("click", () => code.goTo(p.line, p.column));
        item.append(at);
      }
      item.append(p.message);
      items.append(item);
    }
    list.append(items);
  };
  const given = JSON.parse(list.dataset.problems);
  if (given.length) problems(given);

  let running = false;
  const start = async () => {
    if (running) return;
    running = true;
    for (const b of document.querySelectorAll("[data-act=run]")) b.classList.add("busy");
    if (await kept.save()) await run(form, { problems, saved: kept.settle, refused: kept.refused });
    for (const b of document.querySelectorAll("[data-act=run]")) b.classList.remove("busy");
    running = false;
  };
  const publish = async () => {
    if (!await kept.save()) return;
    const dialog = document.getElementById("dialog");
    const answer = await fetch(form.dataset.publish, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) { form.dataset.leaving = "yes"; location.assign(form.dataset.publish); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    dialog.replaceChildren(document.adoptNode(page.getElementById("publish")));
    window.htmx.process(dialog);
    dialog.showModal();
    dialog.querySelector("input[name=note]")?.focus();
  };
  const acts = { run: start, save: kept.save, publish };

  form.addEventListener("submit", (e) => {
    const act = acts[e.submitter ? e.submitter.dataset.act : "run"];
    if (act) { e.preventDefault(); act(); } else form.dataset.leaving = "yes";
  });
  document.addEventListener("keydown", (e) => {
    const mod = (e.metaKey || e.ctrlKey) && !e.altKey;
    const key = e.key.toLowerCase();
    let act;
    if (mod && !e.shiftKey && key === "s") act = acts.save;
    else if (mod && !e.shiftKey && e.key === "Enter") act = acts.run;
    else if (mod && e.shiftKey && key === "p") act = acts.publish;
    if (!act || document.querySelector("dialog[open]")) return;
    e.preventDefault();
    act();
  });

  // The folded fields of the request show their first line; one that is unfolded is written in.
  for (const field of form.querySelectorAll(".req-more textarea")) {
    const folded = field.closest("details");
    folded.querySelector("summary").addEventListener("click", () => setTimeout(() => folded.open && field.focus()));
    field.addEventListener("input", () => {
      form.querySelector(`[data-summary=${field.name}]`).textContent = field.value.split("\n")[0];
    });
  }
}
