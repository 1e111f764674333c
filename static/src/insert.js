// Where an example goes into the text, and what it needs imported.
import { ensureSyntaxTree, getIndentation, syntaxTree } from "@codemirror/language";

// insertion is the change that puts a snippet at the cursor: an expression there, statements on lines
// of their own. Names that nothing near calls so yet are imported from a module.
export function insertion(state, { snippet, from, names }) {
  const { main } = state.selection;
  const put = place(state, main, snippet);
  const lacking = from ? names.filter((name) => !visible(state, name, put.from)) : [];
  const changes = state.changes([...imports(state, from, lacking), put]);
  const at = changes.mapPos(put.from, -1) + put.insert.length;
  return { changes, selection: { anchor: at }, scrollIntoView: true, userEvent: "input.snippet" };
}

function place(state, selection, snippet) {
  if (!/[;}]$/.test(snippet)) return { from: selection.from, to: selection.to, insert: snippet };
  const line = state.doc.lineAt(selection.to);
  const blank = line.text.trim() === "";
  const at = blank ? line.from : line.to;
  const depth = blank ? Math.max(getIndentation(state, line.from) ?? 0, line.text.length) : below(state, line);
  const indent = " ".repeat(depth);
  const lines = snippet.split("\n").map((text) => (text ? indent + text : text)).join("\n");
  return blank ? { from: line.from, to: line.to, insert: lines } : { from: at, to: at, insert: "\n" + lines };
}

// below is how far a line behind this one is indented.
function below(state, line) {
  const own = /^\s*/.exec(line.text)[0].replace(/\t/g, "  ").length;
  return /[{([]\s*$/.test(line.text) ? own + 2 : own;
}

const scopes = /^(Script|Block|FunctionDeclaration|FunctionExpression|ArrowFunction|MethodDeclaration|ForStatement|CatchClause|ClassBody)$/;

const tree = (state) => ensureSyntaxTree(state, state.doc.length, 200) ?? syntaxTree(state);

// visible tells whether something is called so at a place.
function visible(state, name, at) {
  let found = false;
  tree(state).iterate({ enter: (node) => {
    if (found || node.name !== "VariableDefinition" || state.sliceDoc(node.from, node.to) !== name) return;
    let scope = node.node.parent;
    while (scope.parent && !scopes.test(scope.name)) scope = scope.parent;
    // what a declaration of a function or of a class is called is known around it
    if (/Declaration$/.test(node.node.parent.name) && node.node.parent === scope && scope.parent) scope = scope.parent;
    found = scope.from <= at && at <= scope.to;
  } });
  return found;
}

// imports are the changes that import names: in an import of the module that is there, or in a new line.
function imports(state, from, names) {
  if (!names.length) return [];
  let last = null;
  for (let node = tree(state).topNode.firstChild; node; node = node.nextSibling) {
    if (node.name !== "ImportDeclaration") continue;
    last = node;
    const group = node.getChild("ImportGroup"), source = node.getChild("String");
    const ofTypes = /^import\s+type\b/.test(state.sliceDoc(node.from, node.to));
    if (!group || !source || ofTypes || state.sliceDoc(source.from + 1, source.to - 1) !== from) continue;
    const known = group.getChildren("VariableDefinition").at(-1);
    if (known) return [{ from: known.to, insert: ", " + names.join(", ") }];
    return [{ from: group.from + 1, insert: " " + names.join(", ") + " " }];
  }
  const line = "import { " + names.join(", ") + " } from " + JSON.stringify(from) + ";";
  if (last) return [{ from: last.to, insert: "\n" + line }];
  return [{ from: 0, insert: line + (state.doc.line(1).text.trim() === "" ? "\n" : "\n\n") }];
}
