package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeShowsWhatIsAnswered: its first functions answer as it says, but for the time.
func TestReadmeShowsWhatIsAnswered(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```ts\n")
	source, _, found := strings.Cut(rest, "```")
	calls := regexp.MustCompile(`(?m)^\$ curl 'http://127\.0\.0\.1:8080(.+)'\n(.+)$`).FindAllStringSubmatch(string(text), -1)
	if !found || len(calls) != 2 {
		t.Fatalf("%d calls and a function: %v", len(calls), found)
	}
	at := regexp.MustCompile(`"at":"[^"]+"`)
	p := serveProduct(t)
	p.publish("main", "greet", source)
	for _, call := range calls {
		path, shown := call[1], call[2]
		if got := p.get(path).body; at.ReplaceAllString(got, "") != at.ReplaceAllString(shown, "") {
			t.Errorf("%s answers %s, not %s", path, got, shown)
		}
	}
}
