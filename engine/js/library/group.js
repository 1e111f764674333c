// ECMA-262, sections 20.1.2.13 (Object.groupBy) and 24.1.2.1 (Map.groupBy).
(() => {
  const add = (on, value) => Object.defineProperty(on, "groupBy", { value, writable: true, configurable: true });
  add(Object, { groupBy(items, key) {
    const groups = Object.create(null);
    let index = 0;
    for (const item of items) {
      const name = key(item, index++);
      const property = typeof name === "symbol" ? name : String(name);
      if (property in groups) groups[property].push(item);
      else groups[property] = [item];
    }
    return groups;
  } }.groupBy);
  add(Map, { groupBy(items, key) {
    const groups = new Map();
    let index = 0;
    for (const item of items) {
      const name = key(item, index++);
      const group = groups.get(name);
      if (group) group.push(item);
      else groups.set(name, [item]);
    }
    return groups;
  } }.groupBy);
})();
