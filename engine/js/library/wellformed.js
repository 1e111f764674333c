// ECMA-262, sections 22.1.3.10 (isWellFormed) and 22.1.3.34 (toWellFormed).
(() => {
  const lone = (text, at) => {
    const unit = text.charCodeAt(at);
    if (unit < 0xD800 || unit > 0xDFFF) return false;
    const other = unit < 0xDC00 ? text.charCodeAt(at + 1) : text.charCodeAt(at - 1);
    return unit < 0xDC00 ? !(other >= 0xDC00 && other <= 0xDFFF) : !(other >= 0xD800 && other <= 0xDBFF);
  };
  const add = (name, value) => Object.defineProperty(String.prototype, name, { value, writable: true, configurable: true });
  add("isWellFormed", { isWellFormed() {
    const text = String(this);
    for (let i = 0; i < text.length; i++) if (lone(text, i)) return false;
    return true;
  } }.isWellFormed);
  add("toWellFormed", { toWellFormed() {
    const text = String(this);
    let made = "";
    for (let i = 0; i < text.length; i++) made += lone(text, i) ? "\uFFFD" : text[i];
    return made;
  } }.toWellFormed);
})();
