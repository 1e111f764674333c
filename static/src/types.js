// What type an expression of the text has, as far as the declarations and the text itself tell,
// and what a type holds. A type is its text, as TypeScript writes it.
import known from "picloud:words";
import found from "./language.json";
import { syntaxTree } from "@codemirror/language";

// The language's own names, as functions find them; a method's ends with "()".
export const language = Object.fromEntries(Object.entries(found).map(([of, names]) => [of, names.split(" ").map((name) => (
  name.endsWith("()") ? { label: name.slice(0, -2), type: "method" } : { label: name, type: "property" }))]));

const named = { string: "String", number: "Number", boolean: "Boolean", bigint: "BigInt", symbol: "Symbol", IterableIterator: "Iterator" };
const literals = { String: "string", TemplateString: "string", Number: "number", BooleanLiteral: "boolean", BigInt: "bigint", RegExp: "RegExp", ArrayExpression: "Array" };

// membersOf are the members of a type and of those it extends.
export function membersOf(type) {
  const one = (type ?? "").replace(/\s*\|\s*(null|undefined)\b/g, "").trim();
  if (one.startsWith("{")) return [...one.matchAll(/(\w+)\??:\s*([^;}]+)/g)].map(([, label, of]) => ({ label, type: "property", detail: ": " + of }));
  if (/^(readonly )?[^|]*\]$/.test(one)) return language.Array;
  const [, statics, name] = /^(typeof )?([\w$]+)(<.*>)?$/.exec(one) ?? [];
  if (!name) return [];
  const of = (statics ?? "") + (statics ? name : named[name] ?? name);
  const above = known.globals.find((w) => w.label === name)?.detail?.match(/extends (\w+)/)?.[1];
  const all = [...(known.members[of] ?? []), ...(language[of] ?? []), ...(above ? membersOf((statics ?? "") + above) : [])];
  return [...new Map(all.reverse().map((w) => [w.label, w])).values()].reverse();
}

// typeBefore is the type of what stands before the dot that ends at a place, and named its text.
export function typeBefore(state, place) {
  const dot = syntaxTree(state).resolveInner(place, -1);
  if (!/^\??\.$/.test(dot.name) || !dot.prevSibling) return {};
  return { type: typeOf(dot.prevSibling, { state, place, left: 12 }), named: text(dot.prevSibling, { state }) };
}

// typeOf looks at most so many steps far: a text may go in circles.
function typeOf(node, at) {
  if (!node || --at.left < 0) return undefined;
  switch (node.name) {
    case "VariableName": return variable(text(node, at), at);
    case "ParenthesizedExpression": return typeOf(node.firstChild.nextSibling, at);
    case "AwaitExpression": return typeOf(node.lastChild, at)?.replace(/^Promise<(.*)>$/, "$1");
    case "NewExpression": return text(node.getChild("VariableName") ?? node.getChild("InstantiationExpression"), at);
    case "MemberExpression": return /^:\s*(.*)$/.exec(declared(node, at))?.[1];
    case "CallExpression": return /.*\):\s*(.*)$/.exec(declared(node.firstChild, at))?.[1];
  }
  return literals[node.name];
}

const text = (node, { state }) => (node ? state.sliceDoc(node.from, node.to) : "");

// declared is how a member or a function was declared: ": type" or "(…): type".
function declared(node, at) {
  const name = text(node.name === "MemberExpression" ? node.lastChild : node, at);
  const among = node.name === "MemberExpression" ? membersOf(typeOf(node.firstChild, at)) : known.globals;
  return among.find((w) => w.label === name)?.detail;
}

// variable is a name's type: by its last declaration before the place, or what is known.
function variable(name, at) {
  let declaration;
  syntaxTree(at.state).iterate({ to: at.place, enter: ({ node }) => { if (node.name === "VariableDefinition" && text(node, at) === name) declaration = node; } });
  let next = declaration?.nextSibling;
  const noted = next?.name === "TypeAnnotation" && text(next, at).replace(/^:\s*/, "");
  if (noted && membersOf(noted).length) return noted;
  if (noted) next = next.nextSibling;
  const given = next?.name === "Equals" && typeOf(next.nextSibling, at);
  if (given) return given;
  if (known.of[name]) return known.of[name];
  const usual = { request: "Request", ctx: "Context" }[name];
  return usual && known.members[usual] ? usual : "typeof " + name;
}
