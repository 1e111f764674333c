// The reference beside the editor: what functions may use, and an example of each for the text.
import { say } from "./say.js";

// reference opens the panel by the link that leads to its page where there are no scripts. insert
// takes {snippet, from, names}, and done gives the keyboard back to the editor.
export function reference({ link, insert, done }) {
  let panel, loading;
  link.setAttribute("role", "button");
  link.setAttribute("aria-label", "Reference");
  link.setAttribute("aria-expanded", "false");
  link.textContent = "Reference";

  const load = async () => {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
    const part = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("reference");
    if (!part) { say("The reference could not be loaded.", true); return; }
    panel = document.adoptNode(part);
    panel.hidden = true;
    document.getElementById("runner").before(panel);
    link.setAttribute("aria-controls", panel.id);
    serve(panel);
  };
  const show = (open) => {
    panel.hidden = !open;
    link.setAttribute("aria-expanded", open);
    if (open) panel.querySelector("input").focus();
  };
  const close = () => { if (panel && !panel.hidden) show(false); };
  const leave = () => { close(); done(); };
  const toggle = async () => {
    if (!panel) await (loading ??= load().finally(() => (loading = undefined)));
    if (!panel) return;
    show(panel.hidden);
    if (!panel.hidden) panel.scrollIntoView({ block: "nearest" });
  };
  link.addEventListener("click", (e) => { if (!e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); toggle(); } });
  link.addEventListener("keydown", (e) => { if (e.key === " ") { e.preventDefault(); toggle(); } });

  // serve answers to what is done in the panel.
  const serve = () => {
    const input = panel.querySelector("input"), count = panel.querySelector("[role=status]");
    const entries = [...panel.querySelectorAll(".entry")];
    const texts = new Map(entries.map((entry) => [entry, (entry.closest(".group").firstElementChild.textContent + " " + entry.textContent).toLowerCase()]));
    const buttons = () => entries.filter((entry) => !entry.hidden).map((entry) => entry.querySelector("button"));
    const choose = (entry) => {
      insert({ snippet: entry.querySelector("pre").textContent, from: entry.dataset.from, names: entry.dataset.names.split(" ").filter(Boolean) });
      done();
    };
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/);
      for (const entry of entries) entry.hidden = !words.every((word) => texts.get(entry).includes(word));
      for (const group of panel.querySelectorAll(".group")) group.hidden = !group.querySelector(".entry:not([hidden])");
      count.textContent = input.value.trim() ? (buttons().length || "none") + " of " + entries.length : "";
    };
    const move = (by) => {
      const all = [input, ...buttons()];
      all[all.indexOf(document.activeElement) + by]?.focus();
    };
    input.addEventListener("input", filter);
    panel.addEventListener("click", (e) => {
      if (e.target.closest("[data-act=close-reference]")) leave();
      else if (e.target.closest(".entry") && !e.target.closest("a") && !getSelection().toString()) choose(e.target.closest(".entry"));
    });
    panel.addEventListener("keydown", (e) => {
      if (e.key === "Escape") leave();
      else if (e.key === "ArrowDown") move(1);
      else if (e.key === "ArrowUp") move(-1);
      else if (e.key === "Enter" && e.target === input && !e.ctrlKey && !e.metaKey) { const [first] = buttons(); if (first) choose(first.closest(".entry")); }
      else return;
      e.preventDefault();
    });
  };
  return { close };
}
