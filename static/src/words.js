// Completion from the declarations of what functions may use, and from the names of the text itself.
import known from "picloud:words";
import { completeAnyWord, snippetCompletion } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";

const keywords = "async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof let new null of return static super switch this throw true try typeof undefined void while yield"
  .split(" ").map((label) => ({ label, type: "keyword", boost: -1 }));

const snippets = [
  snippetCompletion("export default async function (request: Request, env, ctx) {\n\t${}\n}", { label: "handler", type: "text", detail: "the function that answers" }),
  snippetCompletion("return Response.json({ ${} });", { label: "json", type: "text", detail: "answer with JSON" }),
  snippetCompletion("const url = new URL(request.url);", { label: "url", type: "text", detail: "the URL of the request" }),
  snippetCompletion("try {\n\t${}\n} catch (error) {\n\tlog.error(\"…\", { error });\n}", { label: "try", type: "text", detail: "catch and log" }),
];

// The language's own objects: what they hold is asked of the browser's.
const standard = ["Array", "ArrayBuffer", "BigInt", "Boolean", "DataView", "Date", "Error", "JSON", "Map", "Math", "Number", "Object", "Promise", "Proxy", "RangeError", "Reflect", "RegExp", "Set", "String", "Symbol", "SyntaxError", "TypeError", "Uint8Array", "WeakMap", "WeakSet"];
const functions = ["decodeURIComponent", "encodeURIComponent", "globalThis", "isFinite", "isNaN", "parseFloat", "parseInt"];
const language = [...standard.map((label) => ({ label, type: "class" })), ...functions.map((label) => ({ label, type: "function" }))];

function held(name) {
  if (!standard.includes(name)) return [];
  const object = globalThis[name];
  return Object.getOwnPropertyNames(object).filter((label) => !["length", "name", "prototype", "caller", "arguments"].includes(label))
    .map((label) => ({ label, type: typeof object[label] === "function" ? "method" : "property" }));
}

// all are the members of a type and of those it extends.
function all(type) {
  if (!type) return [];
  const above = known.globals.find((w) => w.label === type)?.detail?.match(/extends (\w+)/)?.[1];
  return [...(known.members[type] ?? []), ...(above ? all(above) : [])];
}

const modules = Object.entries(known.modules);
const everywhere = [...known.globals.map((w) => (/interface|type/.test(w.type) ? { ...w, boost: -2 } : w)), ...language, ...modules.flatMap(([name, words]) => words.map((w) => ({ ...w, detail: (w.detail ?? "") + "  from " + name }))), ...keywords, ...snippets];

// typeOf guesses the type of a name from how it is declared: an annotation, new, or what is known.
function typeOf(name, text) {
  const safe = name.replace(/\$/g, "\\$");
  const noted = text.match(new RegExp("\\b" + safe + "\\s*:\\s*([A-Z]\\w*)"))?.[1]
    ?? text.match(new RegExp("\\b" + safe + "\\s*=\\s*new\\s+([A-Z]\\w*)"))?.[1];
  if (noted && known.members[noted]) return noted;
  if (known.of[name]) return known.of[name];
  if (name === "request" && known.members.Request) return "Request";
  if (name === "ctx" && known.members.Context) return "Context";
  return undefined;
}

function members(name, text) {
  const type = typeOf(name, text);
  return [...(known.members["typeof " + name] ?? []), ...all(type), ...held(name)];
}

export function complete(context) {
  const inside = syntaxTree(context.state).resolveInner(context.pos, -1).name;
  if (/Comment/.test(inside)) return null;
  if (/String/.test(inside)) {
    const from = context.matchBefore(/from\s+["'][^"']*/);
    return from && { from: from.from + from.text.search(/["']/) + 1, options: modules.map(([label]) => ({ label, type: "text" })) };
  }
  const text = context.state.doc.toString();
  const member = context.matchBefore(/([\w$]+)\.(\w*)$/);
  if (member) {
    const [name, begun] = member.text.split(".");
    const options = members(name, text);
    return options.length ? { from: context.pos - begun.length, options, validFor: /^\w*$/ } : null;
  }
  const word = context.matchBefore(/[\w$]+$/);
  if (!word && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  if (text[from - 1] === ".") return null;
  const labels = new Set(everywhere.map((o) => o.label));
  const local = (completeAnyWord(context)?.options ?? []).filter((o) => !labels.has(o.label) && /^[A-Za-z_$]/.test(o.label)).map((o) => ({ ...o, type: "variable", boost: 1 }));
  return { from, options: [...local, ...everywhere], validFor: /^[\w$]*$/ };
}
