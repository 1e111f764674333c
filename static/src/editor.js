// The script page: editor, draft, run panel, publish dialog.
import { editor } from "./code.js";
import { draft } from "./draft.js";
import { divider, wrapSwitch } from "./layout.js";
import { parser } from "./parser.js";
import { problemList } from "./problems.js";
import { reference } from "./reference.js";
import { again, request } from "./request.js";
import { inView, message, run } from "./run.js";
import { say } from "./say.js";

const nonce = document.currentScript.nonce;
const form = document.getElementById("edit");

if (form) {
  const source = document.getElementById("source");
  const position = document.getElementById("position");
  const list = document.getElementById("problems");
  let kept, problems;

  const code = editor({
    textarea: source,
    label: "Source of " + form.querySelector("label[for=source]").textContent,
    language: form.dataset.language,
    env: JSON.parse(form.dataset.env),
    modules: JSON.parse(form.dataset.modules ?? "[]"),
    nonce,
    changed: (text) => { source.value = text; kept?.changed(); problems?.changed(); },
    moved: (line, column) => (position.textContent = "Ln " + line + ", Col " + column),
  });
  source.value = code.text(); // the same line ends on both sides
  wrapSwitch(document.getElementById("wrap"), code.wrap);
  divider(document.getElementById("divider"), document.getElementById("runner"));
  kept = draft({
    form, revision: form.elements.revision, text: code.text, replace: code.replace,
    say: document.getElementById("saved"), state: document.getElementById("saved-state"),
  });

  problems = problemList({ list, count: document.getElementById("problem-count"), code, parse: parser(form.dataset.syntax, form.dataset.language) });
  const given = JSON.parse(list.dataset.problems);
  if (given.length) problems.show(given); else problems.check();
  const opened = /^#L(\d+)(?::(\d+))?$/.exec(location.hash);
  if (opened) code.goTo(Number(opened[1]), Number(opened[2]));
  // What a publish that does not build says is marked in the text too.
  document.addEventListener("htmx:after:swap", () => {
    const found = JSON.parse(document.querySelector("dialog[open] #publish")?.dataset.problems ?? "[]");
    if (found.length) problems.show(found);
  });

  // While a run goes on its buttons stop it, and who runs again begins anew.
  const buttons = [...document.querySelectorAll(".b[data-act=run]")].map((b) => ({ b, words: [...b.childNodes] }));
  const running = (yes) => {
    for (const { b, words } of buttons) {
      b.dataset.act = yes ? "stop" : "run";
      b.replaceChildren(...(yes ? ["Stop"] : words));
    }
  };
  let going, ended;
  const one = async (before, signal) => {
    await before;
    if (signal.aborted) return;
    running(true);
    if (!await kept.save()) { message("Not run: the draft is not saved, " + kept.why(), true); inView(); }
    else if (!signal.aborted) await run(form, { problems: problems.show, saved: kept.settle, refused: kept.refused, signal });
    running(false);
  };
  const stop = () => going?.abort();
  const beside = reference({ link: document.querySelector("[data-act=reference]"), insert: code.insert, done: code.focus });
  const start = () => {
    beside.close();
    stop();
    going = new AbortController();
    ended = one(ended, going.signal);
  };
  const publish = async () => {
    if (!await kept.save()) { say("Not published: the draft is not saved, " + kept.why(), true); return; }
    const dialog = document.getElementById("dialog");
    const answer = await fetch(form.dataset.publish, { headers: { "HX-Request": "true" } }).catch(() => null);
    const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("publish");
    if (!page) { form.dataset.leaving = "yes"; location.assign(form.dataset.publish); return; }
    dialog.replaceChildren(document.adoptNode(page));
    window.htmx.process(dialog);
    dialog.showModal();
    dialog.querySelector("input[name=note]")?.focus();
  };
  document.addEventListener("published", ({ detail }) => {
    form.dataset.version = detail.version;
    document.getElementById("dialog").close();
    say(detail.notice);
  });
  const save = async () => {
    const clean = kept.clean();
    if (!await kept.save()) say("Not saved: " + kept.why(), true);
    else say(clean ? "Saved. Nothing has changed since." : "Saved.");
  };
  const acts = { run: start, stop, save, publish };

  // Who goes on to another page takes along what is saved.
  const leave = async (by) => {
    if (await kept.save()) form.requestSubmit(by);
    else say("The draft is not saved, " + kept.why(), true);
  };
  form.addEventListener("submit", (e) => {
    const act = acts[e.submitter ? e.submitter.dataset.act : "run"];
    if (act) { e.preventDefault(); act(); }
    else if (e.submitter.dataset.act || kept.clean()) form.dataset.leaving = "yes";
    else { e.preventDefault(); leave(e.submitter); }
  });
  document.addEventListener("keydown", (e) => {
    const mod = (e.metaKey || e.ctrlKey) && !e.altKey;
    const key = e.key.toLowerCase();
    let act;
    if (mod && !e.shiftKey && key === "s") act = acts.save;
    else if (mod && !e.shiftKey && e.key === "Enter") act = acts.run;
    else if (mod && e.shiftKey && (key === "p" || e.key === "Enter")) act = acts.publish; // Firefox keeps P for itself
    if (!act || document.querySelector("dialog[open]")) return;
    e.preventDefault();
    act();
  });

  request(form);
  if (again(form)) start();
  if (new URLSearchParams(location.search).has("from")) history.replaceState(history.state, "", location.pathname + location.hash); // a reload brings what became of it
}
