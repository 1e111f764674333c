package views_test

import "testing"

// TestWholeAddress: a phone shows an address to its end, where addresses differ.
func TestWholeAddress(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).visit(t, "/sample/script-start")
	do(ctx, t, dressed("light", 360, 740))
	until(ctx, t, `innerWidth === 360 && [...document.querySelectorAll(".pill .url")].every((url) => url.scrollWidth <= url.clientWidth)`)
}

// TestHistoryOnAPhone: without the table's head each choice says which one it is, and all stand in two columns.
func TestHistoryOnAPhone(t *testing.T) {
	t.Parallel()
	ctx := (&desk{}).visit(t, "/sample/history")
	do(ctx, t, dressed("light", 360, 740))
	for _, name := range []string{"from", "to"} {
		until(ctx, t, `(() => {
			const choices = [...document.querySelectorAll(".history input[name=`+name+`]")];
			const told = choices.every((c) => getComputedStyle(c.parentElement, "::before").content.startsWith('"`+name+`"'));
			return innerWidth === 360 && told && new Set(choices.map((c) => c.getBoundingClientRect().x)).size === 1;
		})()`)
	}
}
