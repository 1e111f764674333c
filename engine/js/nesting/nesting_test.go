package nesting

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsNestedTooDeeplyIsFound(t *testing.T) {
	t.Parallel()
	const n = 100_000
	r := func(text string) string { return strings.Repeat(text, n) }
	for name, text := range map[string]string{
		"parentheses":          r("(") + "1" + r(")"),
		"arrays":               r("[") + r("]"),
		"objects":              r("{a:") + "1" + r("}"),
		"objects over lines":   r("{\na:\n") + "1" + r("\n}"),
		"blocks":               r("{") + r("}"),
		"not":                  r("!") + "1",
		"minus":                r("- ") + "1",
		"typeof":               r("typeof ") + "1",
		"new":                  r("new ") + "a",
		"plus":                 r("1+") + "1",
		"plus over lines":      r("1 +\n") + "1",
		"texts":                r(`"a" + `) + `"b"`,
		"powers":               r("2**") + "1",
		"arrows":               r("a=>") + "1",
		"arrows over lines":    r("a =>\n") + "1",
		"choices":              r("1?") + "1" + r(":1"),
		"choices to the right": r("a?b:") + "c",
		"assignments":          r("a=") + "1",
		"members":              "a" + r(".a"),
		"members over lines":   "a" + r("\n.a"),
		"members named if":     "a" + r(".if"),
		"calls":                "a" + r("()"),
		"indexes":              "a" + r("[0]"),
		"labels":               "x" + strings.Join(strings.Split(r("a"), ""), ":"),
		"if":                   r("if(1)") + ";",
		"if over lines":        r("if (1)\n") + ";",
		"else if":              r("if(0);else ") + ";",
		"else if with blocks":  r("if (0) {\n} else ") + ";",
		"else over lines":      r("if (0) a()\nelse ") + ";",
		"for":                  r("for(;;)") + ";",
		"functions":            r("function f(){") + r("}"),
		"functions over lines": r("function f() {\n") + r("}\n"),
		"templates":            r("`${") + "1" + r("}`"),
		"patterns":             "var " + r("[") + "a" + r("]") + "=1",
		"a bracket and signs":  strings.Repeat("("+strings.Repeat("!", 50), 1900),
		"comments between":     r("!/*;*/"),
		"texts that end":       r("(';',") + r(")"),
	} {
		if _, found := Find(text); !found {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestWhatPeopleWriteIsNot(t *testing.T) {
	t.Parallel()
	const n = 20_000
	r := func(text string) string { return strings.Repeat(text, n) }
	for name, text := range map[string]string{
		"statements":              r("a = f(b) + c.d[e] * 2;\n"),
		"without semicolons":      r("a = f(b) + c.d[e] * 2\n"),
		"functions in a line":     r("function f(a,b){return a+b}"),
		"methods":                 "class A {\n" + r("  m(a) { return !a }\n") + "}",
		"ifs":                     r("if (a) return b\n"),
		"ifs with blocks":         r("if (a) {\n b()\n} else {\n c()\n}\n"),
		"a list":                  "[" + r("{ a: 1, b: [2, -3] },\n") + "]",
		"a text with brackets":    r("a('(((((');\n"),
		"expressions of brackets": r("a(/[(\"'`]/, b);\n"),
		"divisions":               r("a = b / c / d;\n"),
		"comments":                r("// it's ((((\na();\n"),
		"templates":               r("a(`it's ${b} ((( ${c}`)\n"),
		"types":                   "type A =\n" + strings.Repeat("  | \"a\"\n", 5000) + ";",
		"commas":                  r("1,") + "1",
		"cases":                   "switch (a) {\n" + r("case 1: return 2\n") + "}",
		"decorators":              "class A {\n" + r("@a() b = 1\n") + "}",
	} {
		if at, found := Find(text); found {
			t.Errorf("%s: found at %d: %q", name, at, text[max(0, at-40):min(len(text), at+20)])
		}
	}
}

// Sources of real programs, the whole of what is installed here.
func TestRealSources(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("../../../node_modules", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".js") && !strings.HasSuffix(path, ".ts") && !strings.HasSuffix(path, ".mjs") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if at, found := Find(string(text)); found {
			t.Errorf("%s: found at %d: %.60q", path, at, text[at:])
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files, %v", files, err)
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{"`${a}`", "if(a)b;else c", "/[/]/", "'\\", "/*", "}}))", "a\n.b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at, found := Find(text); found && (at < 0 || at >= len(text)) {
			t.Errorf("found at %d of %d", at, len(text))
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("function f(a, b) { if (a) { return `${b} and ${a}`; } return a.b[0] + (b - 1) * 2; }\n", 10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Find(text)
	}
}
