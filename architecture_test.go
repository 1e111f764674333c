package picloud_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is one package of the product, by its path below the module.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

const module = "picloud"

func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,Deps", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]pkg{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p pkg
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")] = p
	}
	if len(all) < 20 {
		t.Fatalf("only %d packages found", len(all))
	}
	return all
}

// within tells whether a path is one of the folders or below one that ends in "/…".
func within(name string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		root, deep := strings.CutSuffix(folder, "/…")
		return name == root || deep && strings.HasPrefix(name, root+"/")
	})
}

// own gives the product's packages among imports, by their path below the module.
func own(imports []string) []string {
	var names []string
	for _, name := range imports {
		if inside, ok := strings.CutPrefix(name, module+"/"); ok {
			names = append(names, inside)
		}
	}
	return names
}

// What a part of the product may not import, and why.
var forbidden = []struct {
	of, to []string
	but    []string // of these the first is allowed
	why    string
}{
	{of: []string{"views/…", "static/…"}, to: []string{"engine/…", "queries", "db/…", "handlers/…"}, why: "a page can be drawn from samples alone"},
	{of: []string{"handlers/…"}, to: []string{"queries", "db/…"}, why: "a page cannot go round a rule"},
	{of: []string{"engine/…"}, to: []string{"handlers/…", "views/…", "static", "cmd/…"}, why: "the engine knows no HTTP pages"},
	{of: []string{"db/…", "queries"}, to: []string{"handlers/…", "views/…", "static", "cmd/…"}, why: "the database is below all"},
	{of: []string{"queries"}, to: []string{"db/…"}, why: "queries are given a connection"},
	{
		of: []string{"engine/js/…", "engine/bundle/…", "engine/egress/…", "engine/webapi/…"}, to: []string{"engine/…", "queries", "db/…"},
		but: []string{"engine/fault", "engine/id", "engine/call", "engine/body", "engine/js/…", "engine/egress", "engine/sdk/missing", "engine/sdk/env"}, why: "the virtual machine knows nothing of the product",
	},
	{of: []string{"engine/fault", "engine/body", "engine/call", "engine/id", "engine/account"}, to: []string{"engine/…", "queries", "db/…"}, but: []string{"engine/id", "engine/body"}, why: "words shared by all stand below all"},
}

func TestWhoMayImportWhom(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		for _, rule := range forbidden {
			if !within(name, rule.of...) {
				continue
			}
			for _, imported := range own(p.Imports) {
				if within(imported, rule.to...) && !within(imported, rule.but...) && imported != name {
					t.Errorf("%s imports %s: %s", name, imported, rule.why)
				}
			}
		}
	}
}

// What only tests are made of is imported by nothing that is shipped.
var onlyForTests = []string{"db/dbtest/…", "engine/execution/executiontest"}

func TestNothingShippedImportsWhatIsForTests(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		for _, imported := range own(p.Imports) {
			if within(imported, onlyForTests...) && !within(name, onlyForTests...) {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}

// A library that is hidden in one room is imported nowhere else.
var rooms = map[string][]string{
	"github.com/dop251/goja":         {"engine/js/…", "engine/webapi/…", "engine/sdk/…"},
	"github.com/evanw/esbuild":       {"engine/bundle/…", "static/build"},
	"github.com/riverqueue/river":    {"engine/jobs/…"},
	"github.com/alexedwards/scs":     {"engine/access", "handlers"},
	"github.com/pressly/goose":       {"db"},
	"github.com/a-h/templ":           {"views/…", "handlers/…"},
	"github.com/yuin/goldmark":       {"docs"},
	"github.com/jackc/pgx/v5/stdlib": {"db"},
	"code.dny.dev/ssrf":              {"engine/egress"},
	"github.com/andybalholm/brotli":  {"engine/egress"},
	"github.com/klauspost/compress":  {"engine/egress"},
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		for library, folders := range rooms {
			for _, imported := range p.Imports {
				if (imported == library || strings.HasPrefix(imported, library+"/")) && !within(name, folders...) {
					t.Errorf("%s imports %s, which belongs to %v", name, imported, folders)
				}
			}
		}
	}
}

// A public function cannot reach a session: its door knows none, and no page, not even
// through a third package.
func TestIngressReachesNoSessions(t *testing.T) {
	t.Parallel()
	ingress := packages(t)["handlers/ingress"]
	for _, reached := range ingress.Deps {
		if strings.HasPrefix(reached, "github.com/alexedwards/scs") {
			t.Errorf("handlers/ingress reaches %s", reached)
		}
	}
	for _, reached := range own(ingress.Deps) {
		if within(reached, "engine/access", "views/…", "handlers/dashboard/…", "static/…") {
			t.Errorf("handlers/ingress reaches %s", reached)
		}
	}
}

// Who asks is found out in one room, and what they may do is decided at one door: an
// actor or a grant made elsewhere would be a check that somebody forgot.
func TestActorsAndGrantsAreMadeInOnePlace(t *testing.T) {
	t.Parallel()
	places := map[string][]string{
		"actor.Allow": {"handlers/access.go"},
		"actor.Actor": {"engine/access"},
	}
	for name, p := range packages(t) {
		if within(name, onlyForTests...) {
			continue
		}
		for _, file := range p.GoFiles {
			for _, made := range makings(t, filepath.Join(p.Dir, file)) {
				if !slices.Contains(places[made], name) && !slices.Contains(places[made], name+"/"+file) {
					t.Errorf("%s/%s makes %s", name, file, made)
				}
			}
		}
	}
}

// makings are the names of package actor that a file calls, or makes values of.
func makings(t *testing.T, file string) (made []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	of := func(expression ast.Expr) {
		selector, ok := expression.(*ast.SelectorExpr)
		if !ok {
			return
		}
		if from, ok := selector.X.(*ast.Ident); ok && (from.Name == "actor" || from.Name == "access") && from.Obj == nil &&
			(selector.Sel.Name == "Allow" || selector.Sel.Name == "Actor") {
			made = append(made, "actor."+selector.Sel.Name)
		}
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.CallExpr:
			of(n.Fun)
		case *ast.CompositeLit:
			of(n.Type)
		}
		return true
	})
	return made
}

func TestSDKsDoNotImportEachOther(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		// handler is the convention of what a function looks like; it binds the others together.
		if !within(name, "engine/sdk/…") || name == "engine/sdk/handler" {
			continue
		}
		room := strings.Split(strings.TrimPrefix(name, "engine/sdk/"), "/")[0]
		for _, imported := range own(p.Imports) {
			if within(imported, "engine/sdk/…") && !within(imported, "engine/sdk/"+room+"/…") {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}

func TestPackageNamesSaySomething(t *testing.T) {
	t.Parallel()
	for name := range packages(t) {
		for _, empty := range []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc", "shared", "base"} {
			if path.Base(name) == empty {
				t.Errorf("the name %s says nothing", name)
			}
		}
	}
}

func TestNoInit(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		for _, file := range p.GoFiles {
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, declaration := range parsed.Decls {
				if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
					t.Errorf("%s/%s has an init function: nothing happens by importing", name, file)
				}
			}
		}
	}
}

var mentioned = regexp.MustCompile(`\b(?:cmd|docs|handlers|views|static|engine|queries|db|tools)(?:/[a-z0-9_.-]+)*`)

// ARCHITECTURE.md names every package by its path, and no folder that is not there.
func TestArchitectureIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, name := range mentioned.FindAllString(string(text), -1) {
		named[strings.TrimRight(name, ".")] = true
	}
	for name := range packages(t) {
		if name != "" && !named[name] {
			t.Errorf("ARCHITECTURE.md does not name %s", name)
		}
	}
	for name := range named {
		if _, err := os.Stat(name); err != nil && strings.Contains(name, "/") {
			t.Errorf("ARCHITECTURE.md names %s, which is not there", name)
		}
	}
}

// Packages come from wherever the machine's own settings say.
func TestNoRegistryIsNamed(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error(`package-lock.json has "resolved" addresses; make it anew with the settings of .npmrc`)
	}
	for _, file := range []string{"go.mod", "tools/go.mod"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^\s*replace\b`).Match(text) {
			t.Errorf("%s replaces a module", file)
		}
	}
}

// A file that has grown too long is two.
func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	const most = 500
	generated := regexp.MustCompile(`_templ\.go$|\.sql\.go$|^queries/(models|db)\.go$|/testdata/`)
	for _, folder := range []string{"cmd", "db", "engine", "handlers", "queries", "static/build", "static/src", "tools", "views"} {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || generated.MatchString(name) ||
				!slices.Contains([]string{".go", ".templ", ".sql", ".js", ".css", ".ts"}, filepath.Ext(name)) {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if lines := strings.Count(string(text), "\n"); lines > most {
				t.Errorf("%s has %d lines, more than %d", name, lines, most)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
