// Package types holds the TypeScript declarations of what a function sees: the globals, the
// module "picloud" and the shape of a handler. A test keeps them equal to what there is.
package types

import _ "embed"

// Declarations is the text of picloud.d.ts.
//
//go:embed picloud.d.ts
var Declarations string
