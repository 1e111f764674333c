package script_test

import (
	"strings"
	"testing"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/script"
)

func TestStartersCompile(t *testing.T) {
	t.Parallel()
	for _, template := range []script.Template{script.Plain, script.JSON, script.Form, script.Webhook} {
		for _, language := range []bundle.Language{bundle.TypeScript, bundle.JavaScript} {
			source := script.Starter(template, language)
			_, problems := bundle.Build(bundle.Input{Entry: bundle.File{Name: "x" + language.Extension(), Language: language, Source: source}})
			if len(problems) > 0 {
				t.Errorf("%s in %s: %v", template, language, bundle.Problems(problems))
			}
		}
	}
	if first, second := script.Starter(script.Webhook, bundle.TypeScript), script.Starter(script.Webhook, bundle.TypeScript); first == second || strings.Contains(first, "SECRET") {
		t.Error("two webhooks have one secret")
	}
}

// What is said while one types is what making the script says.
func TestNamesAreCheckedAsByCreate(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.create(t, "taken")
	for _, named := range []string{"", "Greet", "-x", "api", "a b", "xn--x", strings.Repeat("a", 64), "taken", "\x00", "é"} {
		said := w.scripts.CheckName(t.Context(), w.write, named)
		_, err := w.scripts.Create(t.Context(), w.write, script.New{Name: named})
		if said == nil || fault.Of(said).Kind != fault.Of(err).Kind || fault.Of(said).Fields[0] != fault.Of(err).Fields[0] {
			t.Errorf("%q: %v, but %v", named, said, err)
		}
	}
	if err := w.scripts.CheckName(t.Context(), w.write, "free"); err != nil {
		t.Error(err)
	}
	_, err := w.scripts.Create(t.Context(), w.write, script.New{Name: "free", Template: "../hello"})
	if f := fault.Of(err); f.Kind != fault.Invalid || f.Fields[0].Name != "template" {
		t.Errorf("%v", err)
	}
}
