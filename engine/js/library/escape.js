// ECMA-262, section 22.2.5.1 (RegExp.escape).
(() => {
  const hex = (unit, digits) => unit.toString(16).padStart(digits, "0");
  const white = { "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r" };
  Object.defineProperty(RegExp, "escape", { writable: true, configurable: true, value: { escape(text) {
    if (typeof text !== "string") throw new TypeError("RegExp.escape: the argument must be a string");
    let made = "";
    for (const c of text) {
      const unit = c.codePointAt(0);
      if (made === "" && /[0-9A-Za-z]/.test(c)) made += "\\x" + hex(unit, 2);
      else if ("^$\\.*+?()[]{}|/".includes(c)) made += "\\" + c;
      else if (white[c]) made += white[c];
      else if (",-=<>#&!%:;@~'`\"".includes(c)) made += "\\x" + hex(unit, 2);
      else if (/\s/.test(c) || (unit >= 0xD800 && unit <= 0xDFFF)) made += unit < 256 ? "\\x" + hex(unit, 2) : "\\u" + hex(unit, 4);
      else made += c;
    }
    return made;
  } }.escape });
})();
