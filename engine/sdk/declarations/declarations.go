// Package declarations holds the TypeScript declarations of what a function sees: the globals, the
// module "picloud" and the shape of a handler. A test keeps them equal to what there is.
package declarations

import _ "embed"

// Text is that of picloud.d.ts.
//
//go:embed picloud.d.ts
var Text string
