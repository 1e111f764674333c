// ECMA-262, section 21.1.3.4 without Intl: always as in English, with the digits asked for.
(() => {
  const known = ["style", "minimumIntegerDigits", "minimumFractionDigits", "maximumFractionDigits", "useGrouping", "localeMatcher", "numberingSystem"];
  const format = (value, options = {}) => {
    for (const name in options) if (options[name] !== undefined && !known.includes(name)) throw new RangeError('toLocaleString: the option "' + name + '" is not supported');
    if ((options.style ?? "decimal") !== "decimal") throw new RangeError('toLocaleString: the style "' + String(options.style) + '" is not supported, only "decimal"');
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value < 0 ? "-∞" : "∞";
    const least = options.minimumFractionDigits ?? 0;
    const most = options.maximumFractionDigits ?? Math.max(least, 3);
    let [whole, part = ""] = Math.abs(value).toFixed(Math.min(most, 100)).split(".");
    while (part.length > least && part.endsWith("0")) part = part.slice(0, -1);
    whole = whole.padStart(Math.min(options.minimumIntegerDigits ?? 1, 21), "0");
    if (options.useGrouping !== false) whole = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    const sign = value < 0 && /[1-9]/.test(whole + part) ? "-" : "";
    return sign + whole + (part && "." + part);
  };
  Object.defineProperty(BigInt.prototype, "toLocaleString", { writable: true, configurable: true, value: { toLocaleString() {
    return BigInt.prototype.toString.call(this).replace(/\B(?=(\d{3})+$)/g, ",");
  } }.toLocaleString });
  Object.defineProperty(Number.prototype, "toLocaleString", { writable: true, configurable: true, value: { toLocaleString(_, options) {
    return format(Number(this), options ?? undefined);
  } }.toLocaleString });
})();
