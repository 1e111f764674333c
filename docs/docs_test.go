package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"picloud/docs"
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
		if page.Title == "" || !strings.Contains(page.HTML, "<h1 id=") {
			t.Errorf("%s has no title", page.Name)
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
		places[paths.Help(page.Name)] = true
		for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page.HTML, -1) {
			places[paths.Help(page.Name)+"#"+id[1]] = true
		}
	}
	for _, page := range pages(t) {
		for _, found := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(page.HTML, -1) {
			to := found[1]
			if strings.HasPrefix(to, "#") {
				to = paths.Help(page.Name) + to
			}
			if !places[to] && !strings.HasPrefix(to, "https://") {
				t.Errorf("%s leads to %s, where nothing is", page.Name, to)
			}
		}
	}
	if !places[paths.NotYet()] {
		t.Errorf("nothing is at %s, to which errors point", paths.NotYet())
	}
}
