import "htmx.org/dist/htmx.esm.js";
import { show, utcTime } from "./times.js";
import { say } from "./say.js";
import { live } from "./live.js";
import { palette } from "./palette.js";
import { forGood, inTab } from "./storage.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const openPalette = palette();

// Keys are written as on a Mac; elsewhere they have other names.
const names = mac ? { mod: "⌘", enter: "↵", shift: "⇧" } : { mod: "Ctrl", enter: "↵", shift: "⇧" };
function keys(text) {
  const parts = text.split("+").map((k) => names[k] ?? k.toUpperCase());
  return mac ? parts.join("") : parts.join(" ").replace("⇧ Ctrl", "Ctrl ⇧");
}
for (const key of document.querySelectorAll("[data-keys]")) key.textContent = keys(key.dataset.keys);
for (const button of document.querySelectorAll("[data-hint]")) button.title = button.dataset.hint.split(" or ").map(keys).join(" or ");

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable=true], .cm-editor");
}

document.addEventListener("keydown", (e) => {
  if ((mac ? e.metaKey : e.ctrlKey) && !e.shiftKey && !e.altKey && e.key.toLowerCase() === "k") {
    e.preventDefault();
    openPalette();
  } else if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || document.querySelector("dialog[open]")) {
    return;
  } else if (e.key === "/") {
    e.preventDefault();
    const find = document.querySelector("[data-find]") ?? document.getElementById("find");
    if (find?.checkVisibility()) find.focus();
    else openPalette();
  } else if (e.key === "?") {
    document.getElementById("keys")?.showModal();
  }
});

document.getElementById("find")?.addEventListener("click", (e) => { e.target.blur(); openPalette(); });
document.querySelector(".find-small")?.addEventListener("click", (e) => { e.preventDefault(); openPalette(); });

// Theme: the system's, or the viewer's choice on this browser.
for (const choice of document.querySelectorAll("input[name=theme]")) {
  choice.checked = choice.value === (document.documentElement.dataset.theme ?? "");
  choice.addEventListener("change", () => {
    if (choice.value) { document.documentElement.dataset.theme = choice.value; forGood.set("theme", choice.value); }
    else { delete document.documentElement.dataset.theme; forGood.set("theme", null); }
    document.dispatchEvent(new Event("theme"));
  });
}

// Copying. Over plain http there is no clipboard but through a selection.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
document.addEventListener("click", async (e) => {
  const copy = e.target.closest("[data-copy]");
  if (copy) {
    // without a text of its own it copies the listing that it stands in
    if (await toClipboard(copy.dataset.copy || copy.parentElement.querySelector("code").textContent)) say("Copied."); else say("The browser did not let me copy.", true);
  }
  const forget = e.target.closest("[data-forget]");
  if (forget) inTab.set(forget.dataset.forget, null);
  if (e.target.closest("[data-act=keys]")) document.getElementById("keys").showModal();
  const close = e.target.closest("dialog [data-act=close]");
  if (close) { e.preventDefault(); close.closest("dialog").close(); }
  for (const open of document.querySelectorAll(".menu[open], details.confirm[open]")) if (!open.contains(e.target)) open.open = false;
});
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  for (const open of document.querySelectorAll(".menu[open], details.confirm[open]")) { open.open = false; open.querySelector("summary").focus(); }
});

// A form that filters needs no button, leaves empty fields out of the address, and has times
// there in UTC.
document.addEventListener("formdata", (e) => {
  if (e.target.method !== "get") return;
  for (const { name, value } of e.target.querySelectorAll("input[data-utc]")) if (value) e.formData.set(name, utcTime(value));
  for (const [name, value] of [...e.formData]) if (value === "") e.formData.delete(name);
});
for (const form of document.querySelectorAll("form[data-auto]")) {
  let timer, typedIn;
  const asked = () => new URLSearchParams(new FormData(form)).toString();
  let last = asked();
  // What is typed on in the same field replaces its address, so that Back leads to what was before.
  const submit = (field) => {
    clearTimeout(timer);
    if (!form.checkValidity() || asked() === last) return;
    last = asked();
    const more = field !== undefined && field === typedIn;
    typedIn = field;
    if (form.hasAttribute("hx-get")) { form.setAttribute("hx-push-url", !more); form.setAttribute("hx-replace-url", more); }
    form.requestSubmit();
  };
  form.addEventListener("change", (e) => submit(e.target.matches("input:not([type=checkbox], [type=radio])") ? e.target : undefined));
  form.addEventListener("input", (e) => {
    if (e.target.tagName !== "INPUT") return;
    clearTimeout(timer);
    timer = setTimeout(() => submit(e.target), 500);
  });
  form.addEventListener("change", (e) => e.target.closest(".chip")?.classList.toggle("set", e.target.value !== ""));
}

// What opens to be confirmed is written in at once.
document.addEventListener("toggle", (e) => {
  if (e.target.matches("details.confirm[open]")) e.target.querySelector("input:not([type=hidden]), textarea")?.focus();
}, true);

// A run's request goes to the editor, which runs it. What was typed there goes with the session.
document.addEventListener("submit", (e) => {
  const { again } = e.target.dataset;
  if (again) {
    inTab.set("again", again);
    e.preventDefault();
    location.assign(again);
  } else if (e.target.matches("[data-signs-out]")) {
    inTab.clear();
    document.documentElement.dataset.signedOut = ""; // nothing is kept on leaving
  }
});

// A button that was pressed is not pressed twice. The editor's form has buttons that lead nowhere, too.
document.addEventListener("submit", (e) => {
  if (e.target.method === "get") return;
  if (e.submitter?.classList.contains("busy")) { e.preventDefault(); return; }
  const buttons = e.target.id !== "edit" ? e.target.querySelectorAll("button") : e.submitter?.hasAttribute("formaction") ? [e.submitter] : [];
  setTimeout(() => { if (!e.defaultPrevented) for (const b of buttons) b.classList.add("busy"); }, 0);
});
addEventListener("pageshow", () => { for (const b of document.querySelectorAll(".busy")) b.classList.remove("busy"); });

// A connection that is lost before the answer, as when a worker died, is no error yet where
// asking again changes nothing.
document.addEventListener("htmx:before:request", (e) => {
  const ctx = e.detail.ctx, ask = ctx.fetch;
  if (ctx.request.method.toUpperCase() !== "GET") return;
  ctx.fetch = (...what) => ask(...what).catch((error) => {
    if (error.name !== "TypeError") throw error; // ended by us, or late
    return ask(...what);
  });
});

// What htmx brings in. A redirect that was followed becomes a page of its own.
document.addEventListener("htmx:before:swap", (e) => {
  const raw = e.detail?.ctx?.response?.raw;
  if (raw?.redirected && e.detail.ctx.request?.method?.toUpperCase() !== "GET") { e.preventDefault(); location.assign(raw.url); }
});
document.addEventListener("htmx:after:swap", () => {
  show();
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  live();
});
document.addEventListener("htmx:error", () => say("The server did not answer. Nothing was changed.", true));

live();
