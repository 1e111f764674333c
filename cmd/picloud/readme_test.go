package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
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
	p.holdsHelp()
	for _, call := range calls {
		path, shown := call[1], call[2]
		if got := p.get(path).body; at.ReplaceAllString(got, "") != at.ReplaceAllString(shown, "") {
			t.Errorf("%s answers %s, not %s", path, got, shown)
		}
	}
}

// holdsHelp: what the page on globals says is there is there, and what is not yet is not.
func (p *product) holdsHelp() {
	p.t.Helper()
	text, err := os.ReadFile("../../docs/globals.md")
	if err != nil {
		p.t.Fatal(err)
	}
	p.publish("main", "look", `export default async (request: Request) => {
		const names: string[] = await request.json();
		return names.filter((name) => name.split(".").reduce((in_: any, key) => in_?.[key], globalThis) !== undefined);
	}`)
	named := regexp.MustCompile("`([A-Za-z]+(?:\\.[A-Za-z]+)*)`")
	for heading, is := range map[string]bool{"## What there is\n": true, "## Not yet\n": false} {
		_, part, _ := strings.Cut(string(text), heading)
		part, _, _ = strings.Cut(part, "\n## ")
		var names []string
		for line := range strings.Lines(part) {
			if !is { // what to use instead is in the second column
				line, _, _ = strings.Cut(strings.TrimPrefix(line, "|"), "|")
			}
			for _, name := range named.FindAllStringSubmatch(line, -1) {
				if !slices.Contains([]string{"log", "env", "secrets"}, name[1]) { // are imported
					names = append(names, name[1])
				}
			}
		}
		asked, err := json.Marshal(names)
		if err != nil {
			p.t.Fatal(err)
		}
		var there []string
		if got := p.call("POST", "/fn/main/look", strings.NewReader(string(asked))); json.Unmarshal([]byte(got.body), &there) != nil {
			p.t.Fatalf("%d %s", got.status, got.body)
		}
		if len(names) < 15 || is && len(there) != len(names) || !is && len(there) > 0 {
			p.t.Errorf("%q names %v; of these are there %v", strings.TrimSpace(heading), names, there)
		}
	}
}
