package dashboard

import (
	"strings"
	"testing"

	"picloud/engine/bundle"
)

func TestImportLine(t *testing.T) {
	t.Parallel()
	for exports, want := range map[string]string{
		"":                      `import "app:price-list"`,
		"total":                 `import { total } from "app:price-list"`,
		"a b c d e f":           `import { a, b, c, d, e } from "app:price-list"`,
		"default":               `import priceList from "app:price-list"`,
		"default total type:It": `import priceList, { total } from "app:price-list"`,
		"type:Item type:Row":    `import type { Item, Row } from "app:price-list"`,
		"a-b":                   `import "app:price-list"`, // export { x as "a-b" }
	} {
		var list []bundle.Export
		for _, name := range strings.Fields(exports) {
			name, isType := strings.CutPrefix(name, "type:")
			list = append(list, bundle.Export{Name: name, Type: isType})
		}
		if got := importLine("price-list", list); got != want {
			t.Errorf("%q: %s", exports, got)
		}
	}
	for name, want := range map[string]string{"a": "a", "2-ways": "_2Ways", "a--b-": "aB"} {
		if got := localName(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
