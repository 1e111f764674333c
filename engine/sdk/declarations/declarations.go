// Package declarations holds the TypeScript declarations of what a function sees: the shape of a
// handler with the module "picloud", and the globals. A test keeps them equal to what there is.
package declarations

import _ "embed"

//go:embed function.d.ts
var function string

//go:embed web.d.ts
var web string

// Text is all of it.
func Text() string { return function + "\n" + web }
