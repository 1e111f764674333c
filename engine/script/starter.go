package script

import (
	"crypto/rand"
	"embed"
	"fmt"
	"slices"
	"strings"

	"picloud/engine/bundle"
)

// Template is what a new script begins as.
type Template string

// The templates. A new script is Plain unless told otherwise.
const (
	Plain   Template = "plain"
	JSON    Template = "json"    // an API
	Form    Template = "form"    // a page that takes what people fill in
	Webhook Template = "webhook" // takes calls of other services that know its secret
)

var (
	//go:embed starter
	starters embed.FS
	//go:embed starter/hello.ts
	helloTypeScript string
)

// Starter is a small function that works, for a new script. Each one from Webhook has a
// secret of its own.
func Starter(template Template, language bundle.Language) string {
	return strings.Replace(starter(string(template), language), `"SECRET"`, `"`+rand.Text()+`"`, 1)
}

// moduleStarter is what a new module begins as.
const moduleStarter = "module"

// starterOf is what a script began as, unless a template was chosen.
func starterOf(s Script) string {
	if s.Kind == Module {
		return starter(moduleStarter, s.Language)
	}
	return Starter(Plain, s.Language)
}

func starter(name string, language bundle.Language) string {
	extension := bundle.TypeScript.Extension()
	if language == bundle.JavaScript {
		extension = bundle.JavaScript.Extension()
	}
	source, err := starters.ReadFile("starter/" + name + extension)
	if err != nil {
		panic(err) // all of them are embedded
	}
	return string(source)
}

// checkTemplate says what is wrong with a template; "" is nothing.
func checkTemplate(template Template) string {
	if slices.Contains([]Template{Plain, JSON, Form, Webhook}, template) {
		return ""
	}
	return fmt.Sprintf("%.40q is no template; use %q, %q, %q or %q.", template, Plain, JSON, Form, Webhook)
}
