// Completion of imports: the modules of the app between the quotes, and what they export between the
// braces. Without modules there is "picloud" alone.
import known from "picloud:words";
import { syntaxTree } from "@codemirror/language";

const most = 20; // versions at a time

export function imports(modules, language) {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const named = modules.map((module) => ({ label: "app:" + module.name, type: "text", detail: "v" + module.version, info: exported(module) }));
  const sources = [...Object.keys(known.modules).map((label) => ({ label, type: "text" })), ...named];

  // names are what can stand between the braces of an import from a source.
  const names = (source, onlyTypes) => {
    if (known.modules[source]) return known.modules[source];
    const module = byName.get(/^app:([a-z0-9-]+)(@\d+)?$/.exec(source)?.[1]);
    return module?.exports?.filter((e) => e.name !== "default" && (e.kind !== "type" || language !== "javascript")).map(({ name, kind, detail, doc }) => ({
      label: name, type: kind, detail, info: doc, apply: kind === "type" && !onlyTypes ? "type " + name : name,
    }));
  };

  return {
    // quoted completes what an import is from; null: there is no import.
    quoted(context) {
      const found = context.matchBefore(/\b(from|import)\s*(\(\s*)?["'][^"']*$/);
      if (!found) return null;
      const from = found.from + found.text.search(/["']/) + 1;
      const version = /^app:([a-z0-9-]+)@\d*$/.exec(context.state.sliceDoc(from, context.pos));
      const module = version && byName.get(version[1]);
      if (!module) return { from, options: sources, validFor: /^[\w:-]*$/ };
      const numbers = Array.from({ length: Math.min(module.version, most) }, (_, i) => module.version - i);
      return { from, options: numbers.map((n, i) => ({ label: `app:${module.name}@${n}`, type: "text", detail: n === module.version ? "live now, pinned" : "pinned", boost: -i })) };
    },
    // braced completes the names of an import; null: there is none whose names are known.
    braced(context) {
      const group = around(syntaxTree(context.state).resolveInner(context.pos, -1));
      const source = group?.parent.getChild("String");
      if (!source || context.pos <= group.from) return null;
      const typed = context.matchBefore(/(\btype\s+)?[\w$]*$/);
      const text = (node) => context.state.sliceDoc(node.from, node.to);
      const onlyTypes = /^(import|export)\s+type\b/.test(text(group.parent)) || /^type\s/.test(typed.text);
      const found = names(text(source).slice(1, -1), onlyTypes);
      if (!found) return null;
      const from = context.pos - /[\w$]*$/.exec(typed.text)[0].length;
      const others = new Set((context.state.sliceDoc(group.from, from) + " " + context.state.sliceDoc(context.pos, group.to)).match(/[\w$]+/g));
      return { from, options: found.filter((o) => !others.has(o.label)), validFor: /^[\w$]*$/ };
    },
  };
}

// around is the group of names that a place is in.
function around(node) {
  while (node && !/^(Import|Export)Group$/.test(node.name)) node = /Statement|Block|Script/.test(node.name) ? null : node.parent;
  return node;
}

const exported = ({ exports = [] }) => (exports.length ? "exports " + exports.map((e) => e.name).join(", ") : undefined);
