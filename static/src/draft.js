// The draft is kept on the server as one types: a save 600 ms after the last key, each
// over the revision it was made from. A save over another revision is refused, and the
// person chooses.
import { inTab } from "./storage.js";
import { age } from "./times.js";

const pause = 600, again = 5000;

export function draft({ form, revision, text, replace, say, state }) {
  const conflict = document.getElementById("conflict");
  const aside = "draft " + form.dataset.draft;
  let saved = text(), savedAt = 0, timer, running, theirs;

  // What is seen changes with each pause in typing; read out is only that saving fails, and that it works again.
  const words = (what, fail = false) => {
    say.replaceChildren(...[what].flat());
    say.classList.toggle("fail", fail);
    if (fail) tell(say.textContent);
  };
  const tell = (text) => { if (state.textContent !== text) state.textContent = text; };
  const mended = () => { if (state.textContent) tell("Saved."); };
  const signIn = () => Object.assign(document.createElement("a"), { className: "link", href: form.dataset.login, target: "_blank", textContent: "Sign in" });
  const dirty = () => text() !== saved;
  const settle = (answer, sent) => {
    if (answer.revision < Number(revision.value)) return; // a later save was answered before
    saved = sent;
    savedAt = Date.now();
    revision.value = answer.revision;
    if (answer.differs) differs(form, answer.differs);
    words(dirty() ? "Typing…" : "Saved just now");
    mended();
  };
  const refused = (answer, sent) => {
    if (answer.source === sent) { settle(answer, sent); return true; }
    theirs = answer;
    conflict.querySelector("[data-who]").textContent = (answer.by || "Another tab") + ", " + age(new Date(answer.at)) + ".";
    conflict.hidden = false;
    words("Not saved: two drafts", true);
    return false;
  };

  // send makes one save; true when the text is on the server.
  const send = async () => {
    const sent = text();
    words("Saving…");
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ source: sent, revision: Number(revision.value) }),
      });
      if (answer.status === 409) return refused(await answer.json(), sent);
      if (answer.status === 401) { words(["Not saved: your session has ended. ", signIn(), " in another tab, then save again."], true); return false; }
      if (!answer.ok) { words("Not saved: " + (await refusal(answer)).message, true); return false; }
      settle(await answer.json(), sent);
      return true;
    } catch {
      words("Not saved: no connection. Trying again…", true);
      timer = setTimeout(save, again);
      return false;
    }
  };
  // save makes saves one after the other until the text is the saved one.
  const save = async () => {
    clearTimeout(timer);
    if (theirs) return false;
    running ??= (async () => {
      let done = true;
      while (done && dirty()) done = await send();
      return done;
    })().finally(() => (running = undefined));
    return running;
  };

  conflict.addEventListener("click", (e) => {
    const act = e.target.dataset.act;
    if (theirs && act === "difference") inTab.set(aside, JSON.stringify({ source: text(), over: revision.value })); // who comes back finds it
    if (!theirs || (act !== "mine" && act !== "theirs")) return;
    const other = theirs;
    theirs = undefined;
    inTab.set(aside, null);
    conflict.hidden = true;
    revision.value = other.revision;
    saved = other.source;
    if (act === "theirs") replace(other.source); else save();
  });
  addEventListener("beforeunload", (e) => { if (dirty() && !form.dataset.leaving) e.preventDefault(); });
  setInterval(() => { if (savedAt && !dirty() && !theirs) words("Saved " + age(savedAt)); }, 10_000);

  // What was set aside to look at the difference comes back, unless it was chosen there.
  const mine = JSON.parse(inTab.get(aside));
  inTab.set(aside, null);
  if (mine && mine.source !== saved) {
    const { by, at } = form.dataset;
    refused({ source: saved, revision: revision.value, by, at }, mine.source);
    revision.value = mine.over;
    replace(mine.source);
  }

  return {
    save,
    // why tells what keeps the text from being saved, and shows where that is decided.
    why: () => {
      if (theirs) conflict.scrollIntoView({ block: "center" });
      return theirs ? "there are two. Choose one first." : say.textContent.replace("Not saved: ", "");
    },
    clean: () => !theirs && !dirty(),
    settle,
    refused,
    changed: () => {
      if (theirs) return;
      clearTimeout(timer);
      if (!dirty()) { words("Saved"); mended(); return; }
      words("Typing…");
      timer = setTimeout(save, pause);
    },
  };
}

// refusal is the sentence of a problem (RFC 9457), or the status, and the field it is about.
export async function refusal(answer) {
  try {
    const problem = await answer.json();
    const fault = problem.errors?.[0];
    return { field: fault?.field, message: fault?.message ?? problem.detail ?? problem.title ?? "status " + answer.status };
  } catch {
    return { message: "status " + answer.status };
  }
}

function differs(form, { added, removed }) {
  const place = document.getElementById("differs");
  if (!form.dataset.version) return;
  const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
  if (added + removed === 0) { place.replaceChildren(make("span", "muted", "rebuilt" in form.dataset ? "Draft has another language" : "Draft is the same")); return; }
  const link = make("a", "", "Draft differs");
  link.href = form.dataset.diff;
  const stat = make("span", "stat num", "");
  stat.append(make("span", "plus", "+" + added), " ", make("span", "minus", "−" + removed));
  place.replaceChildren(make("i", "dot draft", ""), link, stat);
}
