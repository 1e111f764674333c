package dashboard_test

import (
	"net/http"
	"strings"
	"testing"
)

// Who looks for help finds the documentation, at the page that help was; the browser keeps the place.
func TestHelpHasMoved(t *testing.T) {
	t.Parallel()
	s := open(t)
	for path, to := range map[string]string{"/help": "/docs/functions", "/help/network": "/docs/network", "/help/attacks": "/docs/attacks"} {
		page := s.get(path)
		if page.status != http.StatusMovedPermanently || page.header.Get("Location") != to {
			t.Errorf("%s: %d to %s", path, page.status, page.header.Get("Location"))
		}
		s.sees(s.get(to), 200, "<h1 id=")
	}
}

// A page of the documentation has a title, a way to the others and to its own places, and is kept
// by nobody: around it stands who is signed in.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := open(t)
	page := s.get("/docs/fetch")
	for _, part := range []string{
		"<title>Fetch · Documentation · PiCloud</title>", `<a href="/docs/fetch" aria-current="page">Fetch</a>`, `<a href="#how-it-fails">How it fails</a>`,
		`<a href="/docs/globals#request-and-response">`, `<span class="k">await</span>`, `<h2 id="redirects">`, `rel="prev"`, `rel="next"`,
	} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if strings.Contains(page.body, "<!-- ") || strings.Contains(page.body, ".md") {
		t.Error("the page shows what is for who runs its examples, or names files")
	}
	if kept := page.header.Get("Cache-Control"); kept != s.get("/apps").header.Get("Cache-Control") {
		t.Errorf("Cache-Control %q", kept)
	}
	lost := s.get("/docs/nothing")
	if lost.status != http.StatusNotFound || !strings.Contains(lost.body, "There is no such page of the documentation.") || !strings.Contains(lost.body, "</nav>") {
		t.Errorf("%d %s", lost.status, short(lost.body))
	}
	outside := *s
	outside.cookie = ""
	if away := outside.get("/docs/fetch"); away.status != http.StatusSeeOther || away.header.Get("Location") != "/login?next=%2Fdocs%2Ffetch" {
		t.Errorf("without a session: %d to %s", away.status, away.header.Get("Location"))
	}
}

// The search finds pages, their places and what stands there, and the reference comes alone to the editor.
func TestDocsAreFound(t *testing.T) {
	t.Parallel()
	s := open(t)
	htmx := http.Header{"Hx-Request": {"true"}}
	for words, href := range map[string]string{
		"documentation": "/docs", "limits": "/docs/limits", "how it fails": "/docs/fetch#how-it-fails", "waituntil sent at once": "/docs/functions#after-the-answer",
		"reference": "/docs/reference", "rotate-key": "/docs/variables#the-key-that-seals-them",
	} {
		page := s.ask("GET", "/search?q="+strings.ReplaceAll(words, " ", "+"), nil, htmx)
		if page.status != 200 || !strings.Contains(page.body, `data-href="`+href+`"`) {
			t.Errorf("%q does not find %s: %d %s", words, href, page.status, page.body)
		}
	}
	panel := s.ask("GET", "/docs/reference", nil, htmx)
	if panel.status != 200 || !strings.HasPrefix(panel.body, `<section id="reference"`) || strings.Contains(panel.body, "<html") || !strings.Contains(panel.body, "log.info(message, fields?)") {
		t.Errorf("%d %s", panel.status, short(panel.body))
	}
}
