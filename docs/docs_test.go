package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"picloud/docs"
	"picloud/engine/sdk/declarations"
	"picloud/engine/sdk/missing"
	"picloud/views/paths"
)

func pages(t *testing.T) []docs.Page {
	t.Helper()
	all, err := docs.Pages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryPageIsThere(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, entry := range entries {
		if name, is := strings.CutSuffix(entry.Name(), ".md"); is {
			written[name] = true
		}
	}
	for _, page := range pages(t) {
		if page.Title == "" || page.Lead == "" || len(page.Headings) == 0 && page.Name != "attacks" || !strings.Contains(page.HTML, "<h1 id=") {
			t.Errorf("%s has no title, no first paragraph or no places", page.Name)
		}
		delete(written, page.Name)
	}
	if len(written) > 0 {
		t.Errorf("not shown in the dashboard: %v", written)
	}
}

// Links lead to a place that is there: from page to page, and from what a message points to.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	places := map[string]bool{}
	for _, page := range pages(t) {
		places[paths.Docs(page.Name)] = true
		for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.HTML, -1) {
			places[paths.Docs(page.Name)+"#"+id[1]] = true
		}
	}
	for _, page := range pages(t) {
		for _, found := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(page.HTML, -1) {
			to := found[1]
			if strings.HasPrefix(to, "#") {
				to = paths.Docs(page.Name) + to
			}
			if !places[to] && !strings.HasPrefix(to, "https://") {
				t.Errorf("%s leads to %s, where nothing is", page.Name, to)
			}
		}
	}
	for _, group := range docs.Reference() {
		for _, entry := range group.Entries {
			if !places[entry.URL()] {
				t.Errorf("%s leads to %s, where nothing is", entry.Signature, entry.URL())
			}
		}
	}
	for name, text := range missing.Names() {
		if _, to, points := strings.Cut(text, ": /"); points && !places["/"+strings.TrimSuffix(to, ".")] {
			t.Errorf("the error of %s points to /%s, where nothing is", name, to)
		}
	}
	// What led to a place of the former help leads to one of its pages.
	for _, place := range []string{"what-it-gets", "what-it-answers", "variables-and-secrets", "requests-of-its-own", "jsx", "what-there-is", "not-yet", "limits"} {
		if !places[paths.Docs("functions")+"#"+place] {
			t.Errorf("the page on functions has no %s any more", place)
		}
	}
}

// The reference has an entry for whatever a function finds, and names nothing twice.
func TestTheReferenceIsComplete(t *testing.T) {
	t.Parallel()
	all, seen := "", map[string]bool{}
	for _, group := range docs.Reference() {
		for _, entry := range group.Entries {
			if seen[entry.Signature] || entry.Text == "" || entry.Snippet == "" || entry.Check == "" {
				t.Errorf("%q is there twice, or lacks something", entry.Signature)
			}
			seen[entry.Signature] = true
			all += entry.Signature + "\n" + entry.Snippet + "\n"
		}
	}
	declared := regexp.MustCompile(`(?m)^(?:declare |\t)(?:function|class|const) (\w+)`).FindAllStringSubmatch(declarations.Text(), -1)
	if len(declared) < 30 {
		t.Fatalf("only %d names are declared", len(declared))
	}
	for _, name := range declared {
		of := strings.NewReplacer("Crypto", "crypto", "Performance", "performance", "Navigator", "navigator").Replace(name[1]) // of which there is one
		if !regexp.MustCompile(`\b` + of + `\b`).MatchString(all) {
			t.Errorf("the reference has no %s", name[1])
		}
	}
}
