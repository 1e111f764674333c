import { inTab } from "./storage.js";

// The request of the run panel. A reload of the page, and coming back to it, finds what was
// typed there last; it is kept in the tab, and goes when one signs out.
export function request(form) {
  if (!form.elements.path) return; // of a module that nothing runs
  const kept = "request " + form.dataset.run;
  const names = ["method", "path", "query", "headers", "body"];
  const fields = names.map((name) => form.elements[name]);
  const summary = (field) => { form.querySelector(`[data-summary=${field.name}]`).textContent = field.value.split("\n")[0]; };
  const write = (field, value) => {
    field.value = value;
    const folded = field.closest("details");
    if (!folded) return;
    folded.open ||= value !== "";
    summary(field);
  };

  // The folded fields show their first line; one that is unfolded is written in.
  for (const field of form.querySelectorAll(".req-more textarea")) {
    const folded = field.closest("details");
    folded.querySelector("summary").addEventListener("click", () => setTimeout(() => folded.open && field.focus()));
    field.addEventListener("input", () => summary(field));
  }

  // The path of a module's request is below the function that was chosen.
  const { dependent } = form.elements;
  const below = () => { form.querySelector(".prefix").textContent = "/" + dependent.value; };
  const chosen = "function " + form.dataset.run;
  const asked = inTab.get(chosen);
  if (dependent && !("ofRun" in form.dataset) && [...dependent.options].some((o) => o.value === asked)) dependent.value = asked;
  dependent?.addEventListener("change", below);
  addEventListener("pageshow", () => { if (dependent) below(); });
  addEventListener("pagehide", () => { if (dependent && !("signedOut" in document.documentElement.dataset)) inTab.set(chosen, dependent.value); });

  // "?" ends the path: what follows it is the query.
  const { path, query } = form.elements;
  path.addEventListener("input", (e) => {
    const at = path.value.indexOf("?");
    if (at < 0) return;
    const moved = path.value.slice(at + 1);
    path.value = path.value.slice(0, at);
    write(query, [moved, query.value].filter(Boolean).join("&"));
    if (e.inputType !== "insertText") return;
    query.closest("details").open = true;
    query.focus();
    query.setSelectionRange(0, moved ? 0 : query.value.length);
  });

  const empty = (values) => values.join("\n") === "GET\n\n\n\n";
  const keep = () => {
    if ("signedOut" in document.documentElement.dataset) return;
    const values = fields.map((field) => field.value);
    inTab.set(kept, empty(values) ? null : JSON.stringify(values));
  };
  const before = "ofRun" in form.dataset ? null : JSON.parse(inTab.get(kept));
  if (before && empty(fields.map((field) => field.value))) fields.forEach((field, i) => write(field, before[i]));
  addEventListener("pagehide", keep);
}

// again tells whether "Run again" of a run's page led here, with that run's request in the form; it
// does so once, and no address can.
export function again(form) {
  const wanted = inTab.get("again");
  inTab.set("again", null);
  return "ofRun" in form.dataset && wanted === location.pathname + location.search;
}
