// A live list is connected only while its tab is seen: it ends when the tab is hidden and
// begins again, with a fresh page, when it comes back.
import { show } from "./times.js";

const most = 200; // rows kept in the page

let stop = () => {};

// live connects the page's list; called again it lets go of the one before.
export function live() {
  stop();
  const part = document.querySelector("[data-live]");
  const url = part?.dataset.live;
  const bar = document.getElementById("live-bar");
  if (bar) bar.hidden = !url;
  if (!url) return;
  const on = document.getElementById("live-on");
  const gone = new AbortController();
  let source, away = 0, over = false;

  const state = (text, beating) => {
    if (!bar) return;
    document.getElementById("live-state").textContent = text;
    bar.querySelector(".dot").classList.toggle("live", beating);
    bar.querySelector(".dot").classList.toggle("none", !beating);
  };
  const close = () => { source?.close(); source = undefined; };
  // ended looks whether the session is over, which the stream cannot tell; else it goes on.
  const ended = async () => {
    const page = await fetch(location.href, { method: "HEAD" }).catch(() => null);
    if (page?.status !== 401) { setTimeout(open, 5000); return; }
    over = true;
    state("Your session has ended: load the page again", false);
  };
  const open = () => {
    if (source || over || document.hidden || (on && !on.checked)) return;
    source = new EventSource(url);
    source.onopen = () => state("", true);
    source.onerror = () => {
      const lost = source.readyState === EventSource.CLOSED;
      state(lost ? "Not connected" : "Connecting again…", false);
      if (lost) { close(); ended(); }
    };
    source.addEventListener("row", (e) => row(e.data));
    source.addEventListener("chart", (e) => chart(e.data));
    source.addEventListener("line", (e) => line(e.data));
    source.addEventListener("note", (e) => { const note = document.getElementById("live-note"); if (note) note.textContent = e.data; });
    source.addEventListener("bye", () => { over = true; close(); state("Ended: load the page again", false); });
  };
  on?.addEventListener("change", () => { if (on.checked) { open(); } else { close(); state("Paused", false); } }, { signal: gone.signal });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { away = Date.now(); close(); return; }
    if (source === undefined && !over && on?.checked && away && Date.now() - away > 60_000) { location.reload(); return; }
    open();
  }, { signal: gone.signal });
  addEventListener("pagehide", close, { signal: gone.signal });
  stop = () => { over = true; close(); gone.abort(); };
  open();
}

function row(html) {
  const table = document.createElement("template");
  table.innerHTML = "<table><tbody>" + html + "</tbody></table>";
  const fresh = table.content.querySelector("tr");
  const rows = document.getElementById("rows");
  if (!fresh) return;
  show(table.content);
  if (!rows) {
    if (!fresh.classList.contains("running")) location.reload(); // the page of this one run: it has ended
    return;
  }
  const old = document.getElementById(fresh.id);
  if (old) { old.replaceWith(fresh); return; }
  fresh.classList.add("new");
  const next = [...rows.children].find((r) => r.id < fresh.id); // ids sort by time
  rows.insertBefore(fresh, next ?? null);
  document.querySelector("[data-until-live]")?.remove();
  while (rows.children.length > most) rows.lastElementChild.remove();
}

// chart draws it anew, but not under the pointer, whose point it would take away.
function chart(html) {
  const place = document.getElementById("chart");
  if (!place) return;
  const draw = () => {
    const part = document.createElement("template");
    part.innerHTML = html;
    show(part.content);
    place.replaceChildren(part.content);
    place.hidden = false;
    place.onpointerleave = null;
  };
  if (place.matches(":hover")) place.onpointerleave = draw; else draw();
}

function line(html) {
  const lines = document.getElementById("lines");
  if (!lines) return;
  const box = lines.parentElement;
  const end = box.scrollTop + box.clientHeight > box.scrollHeight - 24;
  const part = document.createElement("template");
  part.innerHTML = html;
  show(part.content);
  lines.append(part.content);
  document.getElementById("line-count").textContent = lines.children.length.toLocaleString("en");
  document.querySelector("[data-until-live]")?.remove();
  if (end) box.scrollTop = box.scrollHeight;
}
