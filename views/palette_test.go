package views_test

import "testing"

// TestSearchOnAPhone: where the field has no room, a button opens the palette.
func TestSearchOnAPhone(t *testing.T) {
	t.Parallel()
	d := &desk{}
	ctx := d.visit(t, "/sample/apps")
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, `document.querySelector(".find-small").getAttribute("href") === "/search"`)
	click(ctx, t, ".find-small")
	until(ctx, t, `document.querySelector("#palette[open]") && document.activeElement.id === "palette-text"`)
}
