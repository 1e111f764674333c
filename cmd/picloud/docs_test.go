package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"picloud/docs"
)

// The examples of docs/*.md are run against the real binary, page by page in their order. What a
// block is says the word behind its fence:
//
//   - ts, tsx, js with "export default": a function. It is published in the app main under the name
//     that the console block behind it calls.
//   - ts without: lines of one. They are put into a function (request, env, ctx) and hold where a
//     line ends in "// → value" or "// throws Name". The request is a POST of {"name":"Ada"} to
//     /orders/7?name=Ada of the function.
//   - console: commands behind "$ ", each with what it prints.
//   - sh: commands of one shell for the whole page, where $KEY is an API key; each has to succeed.
//     What the last one prints is compared with the json block behind it.
//   - json: an answer. "…" as a key or as the last entry of a list stands for more.
//   - none: what cannot be run here, such as the settings of other programs; of picloud serve the flags are read.
//
// A comment <!-- variable NAME=value --> or <!-- secret NAME=value --> sets that in the app main, and
// <!-- module NAME --> makes a module of it of the block behind. The
// address 127.0.0.1:8080 becomes that of the binary, data its data folder, and https://api.example.com
// a server of the test. What differs from run to run (ids, times) is compared by its form alone.
func TestDocs(t *testing.T) {
	t.Parallel()
	outside := httptest.NewServer(http.HandlerFunc(answerOutside))
	t.Cleanup(outside.Close)
	p := serveProduct(t, "--functions-host", "localhost", "--fetch-allow", strings.TrimPrefix(outside.URL, "http://"))
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d pages: %v", len(files), err)
	}
	tools := p.docsTools()
	p.set("main", "secrets", "API_TOKEN", "s3cret-and-long-enough") // of a comment, too, which comes later
	p.set("main", "variables", "GREETING", "Hello")
	p.putModule("pricing", "export const total = (items: any[]) => items.reduce((sum, item) => sum + item.price * item.count, 0);")
	p.holdsReference(outside.URL)
	t.Run("pages", func(t *testing.T) {
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".md")
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				own := *p
				own.t = t
				page := &docsPage{t: t, p: &own, name: name, outside: outside.URL, tools: tools}
				page.run(blocksOf(string(text)))
			})
		}
	})
}

// putModule publishes a module of the app main.
func (p *product) putModule(name, source string) {
	p.t.Helper()
	if status, body := p.api("PUT", "/api/v1/apps/main/scripts/"+name, map[string]string{"kind": "module", "source": source}); status >= 300 {
		p.t.Errorf("publish the module %s: %d %s", name, status, body)
	}
}

// holdsReference: the snippet of each entry of the reference builds and does what it says. They are
// functions of one file a group, each for itself.
func (p *product) holdsReference(outside string) {
	p.t.Helper()
	for number, group := range docs.Reference() {
		imports, tests := map[string][]string{}, ""
		for _, entry := range group.Entries {
			if entry.Check == "" {
				p.t.Errorf("%s: nothing says whether its snippet works", entry.Signature)
				continue
			}
			module, names := entry.Imported()
			imports[module] = append(imports[module], names...)
			tests += "[" + quoted(entry.Signature) + ", " + snippetTest(entry) + "],\n"
		}
		source := ""
		for module, names := range imports {
			if slices.Sort(names); len(names) > 0 {
				source += "import { " + strings.Join(slices.Compact(names), ", ") + " } from " + quoted(module) + ";\n"
			}
		}
		source += `const ask = (request, form) => new Request("http://127.0.0.1/orders/7?name=Ada", form
	? { method: "POST", body: new URLSearchParams({ name: "Ada" }), signal: request.signal }
	: { method: "POST", body: '{"name":"Ada"}', headers: { "content-type": "application/json" }, signal: request.signal });
const tests = [
` + tests + `];
export default async function (request, env, ctx) {
	const wrong = [];
	for (const [name, test, form] of tests) {
		try { if (await test(ask(request, !!form), env, ctx) !== true) wrong.push(name); } catch (error) { wrong.push(name + ": " + error); }
	}
	return wrong;
}`
		name := fmt.Sprintf("reference-%d", number)
		status, body := p.api("PUT", "/api/v1/apps/main/scripts/"+name, map[string]string{
			"source": strings.ReplaceAll(source, "https://api.example.com", outside), "language": "javascript",
		})
		if status >= 300 || strings.Contains(string(body), `"warnings"`) {
			p.t.Errorf("%s of the reference: %d %s\n%s", group.Title, status, body, source)
			continue
		}
		p.answers("/fn/main/"+name, "[]")
	}
}

// snippetTest is a function that tells whether an entry's check holds after its snippet, and whether
// it is asked with a form.
func snippetTest(entry docs.Entry) string {
	form := ""
	if strings.Contains(entry.Snippet, "formData()") {
		form = ", true"
	}
	head, tail := "async (request, env, ctx) => {\n", "\n}"+form
	handler, isHandler := strings.CutPrefix(entry.Snippet, "export default ")
	switch {
	case isHandler:
		return head + "const made = " + handler + ";\nconst value = await (made.fetch ?? made)(request, env, ctx);\nreturn " + entry.Check + ";" + tail
	case strings.Contains(entry.Snippet, "return ") || strings.HasPrefix(entry.Snippet, "throw "):
		return head + "const value = await (async () => {\n" + entry.Snippet + "\n})().catch((error) => error);\nreturn " + entry.Check + ";" + tail
	case strings.HasSuffix(entry.Snippet, ";") || strings.HasSuffix(entry.Snippet, "}"):
		return head + entry.Snippet + "\nreturn " + entry.Check + ";" + tail
	}
	return head + "const value = " + entry.Snippet + ";\nreturn " + entry.Check + ";" + tail
}

// answerOutside is the service that the examples ask.
func answerOutside(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/rates":
		fmt.Fprint(w, `{"base":"EUR","rates":{"USD":1.08,"CHF":0.95}}`)
	case "/orders":
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":7,"method":%q,"type":%q}`, r.Method, r.Header.Get("Content-Type"))
	case "/old":
		http.Redirect(w, r, "/rates", http.StatusMovedPermanently)
	case "/slow":
		<-r.Context().Done()
	case "/headers":
		fmt.Fprintf(w, `{"agent":%q,"encoding":%q,"depth":%q}`, r.UserAgent(), r.Header.Get("Accept-Encoding"), r.Header.Get("Picloud-Depth"))
	default:
		http.NotFound(w, r)
	}
}

// docsTools makes a folder with what commands in the documentation are called by: picloud, and a
// curl that tells the status after the answer.
func (p *product) docsTools() string {
	p.t.Helper()
	folder := p.t.TempDir()
	curl := "#!/bin/sh\nPATH=${PATH#*:} exec curl -sS -w '\n@@%{http_code}\n' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(folder, "curl"), []byte(curl), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(folder, "picloud")); err != nil {
		p.t.Fatal(err)
	}
	return folder
}
