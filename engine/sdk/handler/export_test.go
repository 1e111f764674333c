package handler

import "picloud/engine/js"

// Arguments is how many of its arguments the handler can see.
func (p *Program) Arguments() int { return p.arguments }

// Unwraps tells whether the call around a module is taken away.
func Unwraps(text string) (unwrapped bool, err error) {
	_, err = js.Compile(text, func(tree *js.Tree) {
		unwrap(tree)
		unwrapped = tree.Strict
	})
	return unwrapped, err
}
