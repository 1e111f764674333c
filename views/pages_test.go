package views_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"picloud/static"
	"picloud/views/sample"
)

// element is one start tag of a drawn page.
type element struct {
	name       string
	attributes map[string]string
	inLabel    bool
}

// TestPagesAreSound draws every page and reads its HTML: tags are balanced, ids are unique,
// what refers to an id finds it, inputs have a label, and nothing is there that the
// Content-Security-Policy forbids or that an attacker wrote.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	assets, err := static.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range sample.Pages(assets) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			var text strings.Builder
			if err := p.Body.Render(context.Background(), &text); err != nil {
				t.Fatal(err)
			}
			for _, raw := range []string{"<script>alert", "<img src=x", "<em>says", "<b>1</b>", "@ui.", "%!"} {
				if strings.Contains(text.String(), raw) {
					t.Errorf("the page holds %q", raw)
				}
			}
			if n := text.Len(); n > 100<<10 {
				t.Errorf("the page has %d bytes; 102400 are the most", n)
			}
			elements := scan(t, text.String())
			checkAttributes(t, elements)
			checkReferences(t, elements)
			checkFocus(t, elements)
			checkNavigation(t, elements)
		})
	}
}

func checkAttributes(t *testing.T, elements []element) {
	for _, e := range elements {
		for name, value := range e.attributes {
			if name == "style" || strings.HasPrefix(name, "on") || strings.HasPrefix(name, "hx-on") {
				t.Errorf("<%s> has the attribute %s", e.name, name)
			}
			if (name == "href" || name == "action" || name == "src" || name == "formaction") && !regexp.MustCompile(`^(/[^/\\]|/$|#|https?://)`).MatchString(value) {
				t.Errorf("<%s %s=%q> leads nowhere", e.name, name, value)
			}
		}
		if _, ok := e.attributes["nonce"]; e.name == "script" && !ok {
			t.Error("a script has no nonce")
		}
	}
}

func checkReferences(t *testing.T, elements []element) {
	ids, labelled := map[string]bool{}, map[string]bool{}
	for _, e := range elements {
		if id := e.attributes["id"]; id != "" {
			if ids[id] {
				t.Errorf("the id %q is there twice", id)
			}
			ids[id] = true
		}
		if e.name == "label" {
			labelled[e.attributes["for"]] = true
		}
	}
	for _, e := range elements {
		for _, name := range []string{"for", "form", "aria-describedby", "aria-labelledby", "aria-controls"} {
			for _, id := range strings.Fields(e.attributes[name]) {
				if !ids[id] {
					t.Errorf("<%s %s=%q> finds nothing", e.name, name, id)
				}
			}
		}
		if e.name != "input" && e.name != "select" && e.name != "textarea" || e.attributes["type"] == "hidden" {
			continue
		}
		if !e.inLabel && !labelled[e.attributes["id"]] && e.attributes["aria-label"]+e.attributes["aria-labelledby"] == "" {
			t.Errorf("<%s name=%q> has no label", e.name, e.attributes["name"])
		}
	}
}

// checkFocus wants a page with a refused form to open at the first field that was refused.
func checkFocus(t *testing.T, elements []element) {
	has := func(name string) int {
		return slices.IndexFunc(elements, func(e element) bool { _, ok := e.attributes[name]; return ok })
	}
	if refused := has("aria-invalid"); refused >= 0 && has("autofocus") != refused {
		t.Errorf("the page does not open at %q, which was refused", elements[refused].attributes["name"])
	}
}

// checkNavigation wants at most one current entry before the page's own part.
func checkNavigation(t *testing.T, elements []element) {
	var entries []string
	for _, e := range elements {
		if e.name == "main" {
			break
		}
		if e.name == "a" && e.attributes["aria-current"] != "" {
			entries = append(entries, e.attributes["href"])
		}
	}
	if len(entries) > 1 {
		t.Errorf("the navigation is at %v", entries)
	}
}

// scan reads the start tags of a page and fails where an end tag does not match.
func scan(t *testing.T, text string) []element {
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true, "img": true, "hr": true}
	tag := regexp.MustCompile(`(?s)<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s=<>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*(/?)>`)
	attribute := regexp.MustCompile(`(?s)([^\s=<>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?`)
	script := regexp.MustCompile(`(?s)(<script[^>]*>).*?(</script>)`)
	text = script.ReplaceAllString(text, "$1$2")
	var open []string
	var elements []element
	labels := 0
	for _, m := range tag.FindAllStringSubmatch(text, -1) {
		closing, name := m[1] == "/", strings.ToLower(m[2])
		if closing {
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
			if name == "label" {
				labels--
			}
			continue
		}
		e := element{name: name, attributes: map[string]string{}, inLabel: labels > 0}
		for _, a := range attribute.FindAllStringSubmatch(m[3], -1) {
			e.attributes[strings.ToLower(a[1])] = a[2] + a[3]
		}
		elements = append(elements, e)
		if !void[name] {
			open = append(open, name)
			if name == "label" {
				labels++
			}
		}
	}
	if len(open) > 0 {
		t.Fatalf("not closed: %v", open)
	}
	if left := tag.ReplaceAllString(text, ""); strings.Contains(strings.Replace(left, "<!doctype html>", "", 1), "<") {
		t.Errorf("a tag that cannot be read: %.80q", left[strings.LastIndex(left, "<"):])
	}
	return elements
}
