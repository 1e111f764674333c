package views_test

import (
	"strings"
	"testing"

	"picloud/views/sample"
)

// TestRunningRun: the page of a run that goes on says nothing that its end would make wrong.
func TestRunningRun(t *testing.T) {
	t.Parallel()
	for _, p := range sample.Pages(built(t)) {
		if p.Name != "run-running" {
			continue
		}
		var text strings.Builder
		if err := p.Body.Render(t.Context(), &text); err != nil {
			t.Fatal(err)
		}
		for part, wanted := range map[string]bool{"What it logs from now on appears here": true, "It logged nothing": false, "Shown when the run has ended": true, "Not kept": false} {
			if strings.Contains(text.String(), part) != wanted {
				t.Errorf("the page says %q: %t", part, !wanted)
			}
		}
	}
	d := &desk{}
	ctx := d.visit(t, "/sample/run-running")
	until(ctx, t, `document.querySelectorAll("#lines li").length === 2 && document.getElementById("line-count").textContent === "2"`)
	until(ctx, t, `document.querySelector("main").innerText.includes("what it logged before when it has ended")`)
}
