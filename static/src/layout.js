import { forGood } from "./storage.js";

// How one likes the editor, remembered by the browser: lines wrapped or not, the width of the run panel.
const least = 320, step = .02; // pixels of either side; of the whole width

// wrapSwitch wraps long lines while its box is ticked.
export function wrapSwitch(box, wrap) {
  box.checked = forGood.get("wrap") === "yes";
  wrap(box.checked);
  box.addEventListener("change", () => { wrap(box.checked); forGood.set("wrap", box.checked ? "yes" : null); });
}

// divider widens and narrows the panel after it, by pointer and by keys (ARIA APG, window splitter).
export function divider(bar, panel) {
  const whole = bar.parentElement;
  const width = () => whole.clientWidth;
  const tell = () => {
    const lowest = least / width();
    for (const [name, share] of [["min", lowest], ["max", 1 - lowest], ["now", panel.offsetWidth / width()]]) bar.setAttribute("aria-value" + name, Math.round(share * 100));
  };
  const set = (pixels) => {
    const share = Math.min(Math.max(pixels, least), width() - least) / width();
    whole.style.setProperty("--panel", (share * 100).toFixed(2) + "%");
    forGood.set("panel", whole.style.getPropertyValue("--panel"));
  };
  const reset = () => { whole.style.removeProperty("--panel"); forGood.set("panel", null); };

  bar.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    e.preventDefault(); // marks no text
    bar.setPointerCapture(e.pointerId);
    bar.focus();
  });
  bar.addEventListener("pointermove", (e) => {
    if (bar.hasPointerCapture(e.pointerId)) set(whole.getBoundingClientRect().right - e.clientX);
  });
  bar.addEventListener("dblclick", reset);
  bar.addEventListener("keydown", (e) => {
    const by = { ArrowLeft: step, ArrowRight: -step, Home: -1, End: 1 }[e.key];
    if (!by || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    set(panel.offsetWidth + by * width());
  });
  const kept = forGood.get("panel");
  if (/^\d+(\.\d+)?%$/.test(kept)) whole.style.setProperty("--panel", kept);
  new ResizeObserver(tell).observe(panel);
}
