// What the browser keeps: in the tab, or for good. One may be told to keep nothing, and there is
// only so much room; then it is as if nothing had been kept.
export const inTab = storage("sessionStorage"), forGood = storage("localStorage");

function storage(name) {
  return {
    get(key) { try { return globalThis[name].getItem(key); } catch { return null; } },
    // set keeps a text, and forgets what was kept where it is null or too large.
    set(key, text) {
      try {
        if (text !== null) { globalThis[name].setItem(key, text); return; }
      } catch { /* it is too large */ }
      try { globalThis[name].removeItem(key); } catch { /* nothing is kept */ }
    },
    clear() { try { globalThis[name].clear(); } catch { /* nothing is kept */ } },
  };
}
