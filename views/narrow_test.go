package views_test

import "testing"

// TestWholeAddress: a phone shows an address to its end, where addresses differ.
func TestWholeAddress(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).visit(t, "/sample/script-start")
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, `innerWidth === 360 && [...document.querySelectorAll(".pill .url")].every((url) => url.scrollWidth <= url.clientWidth)`)
}
