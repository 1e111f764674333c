package script

import (
	_ "embed"

	"picloud/engine/bundle"
)

var (
	//go:embed starter/starter.ts
	starterTypeScript string
	//go:embed starter/starter.js
	starterJavaScript string
	//go:embed starter/hello.ts
	helloTypeScript string
)

// Starter is a small function that works, for a new script.
func Starter(language bundle.Language) string {
	if language == bundle.JavaScript {
		return starterJavaScript
	}
	return starterTypeScript
}
