// A worker: takes { text, language } and answers with the syntax errors of the text, in turn.
import { parse } from "@babel/parser";

const most = 20; // problems at a time, as a build has them
const plugins = ["decorators", "decoratorAutoAccessors", "explicitResourceManagement"];
const extra = { typescript: ["typescript"], tsx: ["typescript", "jsx"] };

self.addEventListener("message", ({ data: { text, language } }) => self.postMessage(problems(text, language)));

function problems(text, language) {
  try {
    const file = parse(text, {
      sourceType: "module", errorRecovery: true, attachComment: false, allowUndeclaredExports: true,
      plugins: [...plugins, ...(extra[language] ?? [])],
    });
    // What could be parsed all the same and is only against the rules of types is for who checks types.
    return file.errors.filter((e) => e.syntaxPlugin !== "typescript").slice(0, most).map((e) => problem(e, text));
  } catch (e) {
    return e.loc ? [problem(e, text)] : []; // without a place: the parser gave up, as on what is nested very deeply
  }
}

function problem(error, text) {
  return { line: error.loc.line, column: error.loc.column + 1, message: sentence(error, text.slice(error.loc.index)) };
}

// sentence says what is wrong in the words that builds have, rest being the text from there.
function sentence({ message, missingPlugin }, rest) {
  if (missingPlugin) return missingPlugin.includes("jsx") ? "This looks like JSX. Choose TypeScript with JSX as the language, in the settings." : "This is not supported.";
  const [, unexpected, expected, other] = /^(Unexpected token(?:, expected "(.+?)")?|(.+?)) ?\(\d+:\d+\)$/s.exec(message) ?? [];
  if (!unexpected || other) return (other ?? message).replace(/\.?$/, ".");
  const found = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*|\S)/u.exec(rest)?.[1];
  if (!found) return expected ? `Expected ${JSON.stringify(expected)} before the end.` : "The source ends too early.";
  return (expected ? `Expected ${JSON.stringify(expected)} but found ` : "Unexpected ") + JSON.stringify(found) + ".";
}
