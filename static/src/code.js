// The code editor: CodeMirror with our colours, problems at their lines, completion.
import { Compartment, EditorState } from "@codemirror/state";
import {
  EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars,
  drawSelection, dropCursor, rectangularSelection, crosshairCursor,
} from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { HighlightStyle, syntaxHighlighting, indentOnInput, bracketMatching, indentUnit } from "@codemirror/language";
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { search, searchKeymap, highlightSelectionMatches } from "@codemirror/search";
import { setDiagnostics, forEachDiagnostic, lintGutter, lintKeymap } from "@codemirror/lint";
import { tags as t } from "@lezer/highlight";
import { insertion } from "./insert.js";
import { completer } from "./words.js";

const colours = HighlightStyle.define([
  { tag: [t.keyword, t.modifier, t.controlKeyword, t.operatorKeyword, t.self, t.bool, t.null], color: "var(--accent)" },
  { tag: [t.string, t.special(t.string), t.regexp], color: "var(--ok)" },
  { tag: [t.number], color: "var(--warn)" },
  { tag: [t.comment], color: "var(--muted)", fontStyle: "italic" },
  { tag: [t.typeName, t.className], color: "var(--warn)" },
  { tag: [t.invalid], color: "var(--fail)" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.65", overflow: "auto" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none", paddingLeft: "4px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "32px", padding: "0 6px 0 4px" },
  ".cm-activeLine": { backgroundColor: "color-mix(in oklab, var(--sunken) 70%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "light-dark(#d9ddff, #333a6e)" },
  ".cm-selectionMatch": { backgroundColor: "var(--warn-soft)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px 32px 8px 12px", fontSize: "13px", display: "flex", flexWrap: "wrap", gap: "6px", alignItems: "center" },
  ".cm-panel.cm-search :is(input, button, label)": { margin: "0" },
  ".cm-panel.cm-search br": { display: "none" },
  ".cm-panel.cm-search .cm-textfield": { flex: "1 1 60%" },
  ".cm-panel.cm-search label": { fontSize: "13px", display: "inline-flex", gap: "5px", alignItems: "center" },
  ".cm-textfield": { backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", borderRadius: "6px", padding: "3px 8px", fontSize: "13px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", borderRadius: "6px", padding: "2px 9px", fontSize: "13px" },
  ".cm-panel button[name=close]": { color: "var(--muted)", fontSize: "18px", right: "8px", top: "6px" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "13px", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 10px 2px 6px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-completionInfo": { fontFamily: "var(--font)", fontSize: "13px", padding: "8px 12px", maxWidth: "360px" },
  ".cm-diagnostic": { fontFamily: "var(--font)", fontSize: "13px", padding: "6px 12px", borderLeft: "3px solid var(--fail)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--fail)", textUnderlineOffset: "3px" },
  ".cm-lint-marker-error": { content: '""', width: "8px", height: "8px", borderRadius: "50%", backgroundColor: "var(--fail)", margin: "6px 2px" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)", textUnderlineOffset: "3px" },
  ".cm-lint-marker-warning": { content: '""', width: "8px", height: "8px", borderRadius: "50%", border: "2px solid var(--warn)", margin: "6px 2px" },
  ".cm-gutter-lint": { width: "14px" },
});

// What is typed over a selection is put in by CodeMirror. The browser would carry the style of
// the replaced text over, in a style attribute that the Content-Security-Policy forbids.
const typing = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || !event.data || empty || event.isComposing || view.state.readOnly) return false;
    const insert = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, insert))) view.dispatch(insert());
    return true;
  },
});

// editor takes the place of a textarea. It calls back on each change of the text and of the cursor.
export function editor({ textarea, label, language, env, modules, nonce, changed, moved }) {
  const wrapping = new Compartment();
  const view = new EditorView({
    parent: textarea.parentElement,
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        lintGutter(), lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), highlightSpecialChars(),
        history(), drawSelection(), dropCursor(), rectangularSelection(), crosshairCursor(),
        EditorState.allowMultipleSelections.of(true), EditorState.tabSize.of(2), indentUnit.of("  "),
        indentOnInput(), bracketMatching(), closeBrackets(), highlightSelectionMatches(), search({ top: true }),
        javascript({ typescript: language !== "javascript", jsx: language === "tsx" }),
        autocompletion({ override: [completer({ env, modules, language })], icons: false }),
        syntaxHighlighting(colours), look, typing, wrapping.of([]),
        keymap.of([
          { key: "Mod-Enter", run: () => true, shift: () => true }, // runs and publishes: the page hears it
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
          if (update.selectionSet || update.docChanged) {
            const head = update.state.selection.main.head;
            const line = update.state.doc.lineAt(head);
            moved(line.number, head - line.from + 1);
          }
        }),
      ],
    }),
  });
  textarea.classList.add("off");

  const place = (line, column) => {
    const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
    return Math.min(at.from + Math.max(0, column - 1), at.to);
  };
  const inSight = () => {
    const at = view.coordsAtPos(view.state.selection.main.head), box = view.scrollDOM.getBoundingClientRect();
    return at && at.top >= box.top && at.bottom <= box.bottom;
  };
  return {
    text: () => view.state.doc.toString(),
    replace: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    insert: (what) => view.dispatch(insertion(view.state, what)),
    focus: () => view.focus(),
    wrap: (on) => view.dispatch({ effects: wrapping.reconfigure(on ? EditorView.lineWrapping : []) }),
    goTo: (line, column) => {
      const at = place(line, column || 1);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    mark: (problems) => view.dispatch(setDiagnostics(view.state, problems.filter((p) => p.line > 0).map((p) => {
      const from = place(p.line, p.column);
      const to = p.text === undefined ? (view.state.wordAt(from) ?? view.state.doc.lineAt(from)).to : from + p.text.length;
      return { from, to, severity: p.warning ? "warning" : "error", message: p.message, built: p.built, text: view.state.sliceDoc(from, to) };
    }))),
    // marked are the problems that are still in the text, where they are by now; what was changed
    // at a build's problem may have mended it.
    marked: () => {
      const found = [];
      forEachDiagnostic(view.state, ({ message, severity, built, text }, from, to) => {
        if (built && view.state.sliceDoc(from, to) !== text) return;
        const line = view.state.doc.lineAt(from);
        found.push({ line: line.number, column: from - line.from + 1, message, built, text, warning: severity === "warning" });
      });
      return found;
    },
    // steady changes what is around the editor, and keeps a cursor in sight that was.
    steady: (change) => {
      const seen = inSight();
      change();
      if (seen) view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head) });
    },
  };
}
