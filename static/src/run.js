// Runs the draft and shows what comes, as it comes: log lines first, then the answer.
import { show } from "./times.js";
import { refusal } from "./draft.js";
import { placeOf } from "./problems.js";

const answer = document.getElementById("answer");
const asked = document.querySelector(".runner");
const lines = document.getElementById("lines");
let shown; // which part of answers was chosen to be seen

answer?.addEventListener("change", (e) => { if (e.target.name === "show") shown = e.target.value; });

// run sends the form and calls back with problems and with what was saved. Who stops it by the
// signal goes away from the server, which ends the run.
export async function run(form, { problems, saved, refused, signal }) {
  const sent = new FormData(form);
  answer.classList.add("busy");
  answer.setAttribute("aria-busy", "true");
  lines.replaceChildren();
  lines.closest(".console").hidden = true;
  accept();
  inView();
  const begun = performance.now();
  const time = () => ((performance.now() - begun) / 1000).toFixed(1) + " s";
  const clock = document.createElement("span");
  clock.setAttribute("aria-hidden", "true"); // that it runs is read out once
  const ticking = setInterval(() => {
    clock.textContent = time();
    if (!clock.isConnected) message(["Running… ", clock]);
  }, 300);
  try {
    const response = await fetch(form.dataset.run, {
      method: "POST",
      headers: { Accept: "text/event-stream" },
      body: new URLSearchParams(sent),
      signal,
    });
    if (response.status === 409) { refused(await response.json(), sent.get("source")); message("Not run: two drafts."); return; }
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) { refuse(form, await refusal(response)); return; }
    let answered = false;
    for await (const { event, data } of events(response.body)) {
      if (event === "line") line(data);
      else if (event === "saved") { saved(JSON.parse(data), sent.get("source")); problems([], sent.get("source")); }
      else if (event === "problems") { const found = JSON.parse(data); problems(found, sent.get("source")); const error = found.find((p) => !p.warning); if (error) { message(unbuilt(error)); answered = true; } }
      else if (event === "answer") { clearInterval(ticking); put(data); answered = true; }
    }
    if (!answered) message("The run ended without an answer.", true);
  } catch {
    if (signal.aborted) message("Stopped after " + time() + ". Its run counts as cancelled.");
    else message("The connection broke before the answer came. The runs page tells how it ended.", true);
  } finally {
    clearInterval(ticking);
    answer.classList.remove("busy");
    answer.removeAttribute("aria-busy");
  }
}

// refuse tells what keeps the request from being made, at its field.
function refuse(form, { field, message: why }) {
  message("Not run: " + why, true);
  const input = asked.contains(form.elements[field]) ? form.elements[field] : null;
  if (!input) return;
  const folded = input.closest("details");
  if (folded) folded.open = true;
  const fault = Object.assign(document.createElement("p"), { className: "fault", id: "e-" + field, textContent: why });
  (folded ?? asked.querySelector(".req-more")).append(fault);
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", fault.id);
  input.focus();
}

// accept takes back what was refused before.
function accept() {
  for (const fault of asked.querySelectorAll(".fault")) fault.remove();
  for (const input of asked.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

function put(html) {
  const part = document.createElement("template");
  part.innerHTML = html;
  show(part.content);
  answer.replaceChildren(part.content);
  const same = shown && answer.querySelector(`[name=show][value=${shown}]`);
  if (same) same.checked = true;
}

function line(html) {
  const part = document.createElement("template");
  part.innerHTML = html;
  show(part.content);
  lines.closest(".console").hidden = false;
  const box = lines.parentElement;
  const end = box.scrollTop + box.clientHeight > box.scrollHeight - 24;
  lines.append(part.content);
  if (end) box.scrollTop = box.scrollHeight;
}

// unbuilt says where it does not build, and leads there.
function unbuilt(problem) {
  if (problem.line === 0) return "It does not build, so it was not run: " + problem.message;
  return ["It does not build at ", placeOf(problem, "line " + problem.line), ", so it was not run."];
}

// message puts a sentence, or its parts, in the place of the answer.
export function message(text, fail = false) {
  const p = document.createElement("p");
  p.className = "empty small" + (fail ? " failed" : "");
  p.append(...[text].flat());
  answer.replaceChildren(p);
}

// inView brings the answer to who runs from far above it, as on a phone.
export function inView() {
  const part = answer.firstElementChild;
  if (!part) return;
  const { top, bottom } = part.getBoundingClientRect();
  if (top > innerHeight || bottom < 0) part.scrollIntoView();
}

// events reads a stream of server-sent events (HTML standard, section 9.2.6).
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", event = "", data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (let part of parts) {
      if (part.endsWith("\r")) part = part.slice(0, -1);
      if (part === "") {
        if (data.length) yield { event, data: data.join("\n") };
        event = "";
        data = [];
      } else if (part.startsWith("event:")) event = part.slice(6).trim();
      else if (part.startsWith("data:")) data.push(part.slice(part[5] === " " ? 6 : 5));
    }
  }
}
