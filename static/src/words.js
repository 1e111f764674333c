// Completion from the declarations of what functions may use, and from the names of the text itself.
import known from "picloud:words";
import { completeAnyWord, snippetCompletion } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import { imports } from "./imports.js";
import { language, membersOf, typeBefore } from "./types.js";

const keywords = "async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof let new null of return static super switch this throw true try typeof undefined void while yield"
  .split(" ").map((label) => ({ label, type: "keyword", boost: -1 }));

const snippets = [
  snippetCompletion("export default async function (request: Request, env, ctx) {\n\t${}\n}", { label: "handler", type: "text", detail: "the function that answers" }),
  snippetCompletion("return Response.json({ ${} });", { label: "json", type: "text", detail: "answer with JSON" }),
  snippetCompletion("const url = new URL(request.url);", { label: "url", type: "text", detail: "the URL of the request" }),
  snippetCompletion("try {\n\t${}\n} catch (error) {\n\tlog.error(\"…\", { error });\n}", { label: "try", type: "text", detail: "catch and log" }),
];

// The language's own names.
const own = language.globalThis.map(({ label, type }) => ({ label, type: /^[A-Z]/.test(label) ? "class" : type === "method" ? "function" : "variable" }));

const modules = Object.entries(known.modules);
const everywhere = [...known.globals.map((w) => (/interface|type/.test(w.type) ? { ...w, boost: -2 } : w)), ...own, ...modules.flatMap(([name, words]) => words.map((w) => ({ ...w, detail: (w.detail ?? "") + "  from " + name }))), ...keywords, ...snippets];

const ofEnv = /^(process\s*\??\.\s*)?env$/;
const keyOfEnv = /(?<![\w$.])(process\s*\??\.\s*)?env\s*(\?\.\s*)?\[\s*["'`]\w*$/;

// completer completes; env are the names that the script is configured with, modules those of its app.
export function completer({ env, modules, language }) {
  const names = env.map(({ name, secret }) => ({ label: name, type: "property", detail: secret ? "secret" : "variable", boost: 1 }));
  const imported = imports(modules, language);
  return (context) => complete(context, names, imported);
}

function complete(context, names, imported) {
  const inside = syntaxTree(context.state).resolveInner(context.pos, -1).name;
  if (/Comment/.test(inside)) return null;
  if (/String/.test(inside)) return inString(context, names) ?? imported.quoted(context);
  const braced = imported.braced(context);
  if (braced) return braced;
  const member = context.matchBefore(/(?<!\.)\.[\w$]*$/);
  if (member) {
    const options = members(context, member.from + 1, names);
    return options.length ? { from: member.from + 1, options, validFor: /^[\w$]*$/ } : null;
  }
  const word = context.matchBefore(/[\w$]+$/);
  if (!word && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const labels = new Set(everywhere.map((o) => o.label));
  const local = (completeAnyWord(context)?.options ?? []).filter((o) => !labels.has(o.label) && /^[A-Za-z_$]/.test(o.label)).map((o) => ({ ...o, type: "variable", boost: 1 }));
  return { from, options: [...local, ...everywhere], validFor: /^[\w$]*$/ };
}

// members are those of what stands before a dot. What somebody calls env is the environment,
// unless it is known to be something else.
function members({ state }, place, names) {
  const { type, named } = typeBefore(state, place);
  const known = membersOf(type);
  return ofEnv.test(named) && (!known.length || /\bEnv/.test(type)) ? [...names, ...known] : known;
}

function inString(context, names) {
  const key = names.length && context.matchBefore(keyOfEnv);
  return key ? { from: context.pos - /\w*$/.exec(key.text)[0].length, options: names, validFor: /^\w*$/ } : null;
}
