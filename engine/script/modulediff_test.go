package script_test

import (
	"fmt"
	"strings"
	"testing"

	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/script"
)

// told writes changes in a line each.
func told(changes []script.ModuleChange) string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s %s %d>%d +%d -%d same=%t follows=%t gone=%t", c.Name, c.File, c.From, c.To, c.Text.Added, c.Text.Removed, c.Same(), c.Follows, c.Gone))
	}
	return strings.Join(lines, "\n")
}

func TestADifferenceOfVersionsTellsTheirModules(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	w.put(t, "tax", script.Module, "export const rate = 1\n")
	w.put(t, "pricing", script.Module, "import { rate } from \"app:tax\"\nexport const price = rate\n")
	w.put(t, "old", script.Module, "export const o = 1\n")
	shop := w.put(t, "shop", script.Endpoint, "import { price } from \"app:pricing\"; import { o } from \"app:old\"; export default () => price + o").Script
	w.put(t, "tax", "", "export const rate = 2\n// more\n")
	if w.find(t, "shop").LiveVersion != 2 {
		t.Fatal("shop did not follow")
	}
	diff := func(from, to int) string {
		t.Helper()
		changes, err := w.scripts.DiffModules(ctx, w.write, shop.ID, from, to)
		if err != nil {
			t.Fatal(err)
		}
		return told(changes)
	}
	want := "old old.ts 1>1 +0 -0 same=true follows=true gone=false\n" +
		"pricing pricing.ts 1>2 +0 -0 same=true follows=true gone=false\n" +
		"tax tax.ts 1>2 +2 -1 same=false follows=true gone=false"
	if got := diff(1, 2); got != want {
		t.Errorf("%s\n\nwant\n%s", got, want)
	}
	if got := diff(1, 0); got != want {
		t.Errorf("the draft has other modules than what is live:\n%s", got)
	}
	if got := diff(2, 1); !strings.Contains(got, "tax tax.ts 2>1 +1 -2") {
		t.Error(got)
	}

	// An import of another module, one that is pinned, a module that is renamed, and one that is deleted.
	w.put(t, "fresh", script.Module, "export const f = 1\n")
	w.put(t, "shop", "", "import { rate } from \"app:tax@1\"; import { f } from \"app:fresh\"; export default () => rate + f")
	if err := w.scripts.Delete(ctx, w.write, w.find(t, "old").ID, "old"); err != nil {
		t.Fatal(err)
	}
	want = "fresh fresh.ts 0>1 +1 -0 same=false follows=true gone=false\n" +
		"old old.ts 1>0 +0 -1 same=false follows=true gone=true\n" +
		"pricing pricing.ts 2>0 +0 -2 same=false follows=true gone=false\n" +
		"tax tax@1.ts 2>1 +1 -2 same=false follows=false gone=false"
	if got := diff(2, 3); got != want {
		t.Errorf("%s\n\nwant\n%s", got, want)
	}
	if _, err := w.scripts.Rename(ctx, w.write, w.find(t, "fresh").ID, "newer"); err != nil {
		t.Fatal(err)
	}
	w.put(t, "newer", "", "export const f = 2\n")
	if got := diff(3, 4); !strings.Contains(got, "newer newer.ts 1>2 +1 -1") || strings.Contains(got, "0>") {
		t.Error(got)
	}

	if _, err := w.scripts.Unpublish(ctx, w.write, shop.ID, ""); err != nil {
		t.Fatal(err)
	}
	if got := diff(0, 0); got != "" {
		t.Errorf("a draft of what is not live has modules:\n%s", got)
	}
	if got := diff(1, 99); strings.Count(got, ">0") != 3 {
		t.Error(got)
	}
}

func TestVersionsThatPersonsPublishedAreListedApart(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	w.put(t, "pricing", script.Module, `export const price = 0`)
	w.put(t, "shop", script.Endpoint, usesPrice)
	for n := range 5 {
		w.put(t, "pricing", "", fmt.Sprintf(`export const price = %d`, n+1))
		if n == 2 {
			w.put(t, "shop", "", usesPrice+" // mine")
		}
	}
	list := func(before, limit int) (string, bool) {
		t.Helper()
		versions, more, err := w.scripts.OwnVersions(ctx, w.write, w.find(t, "shop").ID, before, limit)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, v := range versions {
			all = append(all, fmt.Sprintf("%d of %d, %d builds to %d, live=%t, %s", v.Number, v.Origin, v.Builds, v.LastBuild, v.Live, v.Kind))
		}
		return strings.Join(all, "\n"), more
	}
	want := "7 of 5, 0 builds to 0, live=true, endpoint\n5 of 5, 2 builds to 7, live=false, endpoint\n1 of 1, 3 builds to 4, live=false, endpoint"
	if got, more := list(0, 0); got != want || more {
		t.Errorf("%s\n%t, want\n%s", got, more, want)
	}
	if got, more := list(7, 1); !strings.HasPrefix(got, "5 of 5") || strings.Contains(got, "\n") || !more {
		t.Error(got, more)
	}
	if got, more := list(1, 0); got != "" || more {
		t.Error(got, more)
	}
	versions, _, err := w.scripts.Versions(ctx, w.write, w.find(t, "pricing").ID, 0, 0)
	if err != nil || len(versions) != 6 || versions[0].Kind != script.Module {
		t.Errorf("%+v, %v", versions, err)
	}
}

// An older version is tried in its own language, and only as what the script is now.
func TestAnOlderVersionIsTriedAsItWas(t *testing.T) {
	t.Parallel()
	w := begin(t)
	ctx := t.Context()
	pricing := w.put(t, "pricing", script.Module, "export const price: number = 1").Script
	w.put(t, "shop", script.Endpoint, usesPrice)
	if _, err := w.scripts.Describe(ctx, w.write, pricing.ID, script.Settings{Capture: pricing.Capture, Language: bundle.JavaScript}); err != nil {
		t.Fatal(err)
	}
	w.put(t, "pricing", "", "export const price = 2")
	outlook, err := w.scripts.Preview(ctx, w.write, pricing.ID, nil, 1)
	if err != nil || len(outlook) != 1 || len(outlook[0].Problems) > 0 {
		t.Errorf("%+v, %v", outlook, err)
	}
	if _, err := w.scripts.Preview(ctx, w.write, pricing.ID, nil, 9); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	shop := w.find(t, "shop")
	if _, err := w.scripts.Describe(ctx, w.write, shop.ID, script.Settings{Capture: shop.Capture, Kind: script.Module, Unpublish: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.scripts.Preview(ctx, w.write, shop.ID, nil, 1); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "was an endpoint, and it is a module now") {
		t.Error(err)
	}
}
