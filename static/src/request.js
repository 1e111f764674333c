// The request of the run panel. A reload of the page, and coming back to it, finds what was
// typed there last; it is kept in the tab, and goes when one signs out.
export function request(form) {
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

  const empty = (values) => values.join("\n") === "GET\n\n\n\n";
  const keep = () => {
    const values = fields.map((field) => field.value);
    try {
      if (empty(values)) sessionStorage.removeItem(kept); else sessionStorage.setItem(kept, JSON.stringify(values));
    } catch {
      sessionStorage.removeItem(kept); // it is too large
    }
  };
  const before = JSON.parse(sessionStorage.getItem(kept));
  if (before && empty(fields.map((field) => field.value))) fields.forEach((field, i) => write(field, before[i]));
  addEventListener("pagehide", keep);
}
