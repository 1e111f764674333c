package docs

import (
	"strings"

	"picloud/views/paths"
)

// Group are entries of the reference that belong together.
type Group struct {
	Title   string
	Entries []Entry
}

// Entry is something that a function may use, with an example that can be put into its source.
type Entry struct {
	Signature string
	Text      string // a sentence
	Snippet   string // in JavaScript: an expression, or statements that end in ";" or "}"
	Import    string // what it needs: "log" from "picloud", or "price from app:pricing"
	Page      string // where more is said, "globals#headers"
	Check     string // in JavaScript, what holds after the snippet, whose value is "value"; for the test
}

// URL is where more is said.
func (e Entry) URL() string {
	page, place, _ := strings.Cut(e.Page, "#")
	if place == "" {
		return paths.Docs(page)
	}
	return paths.Docs(page) + "#" + place
}

// Imported are the module and the names of it that the snippet needs; "" is none.
func (e Entry) Imported() (module string, names []string) {
	if e.Import == "" {
		return "", nil
	}
	list, module, elsewhere := strings.Cut(e.Import, " from ")
	if !elsewhere {
		module = "picloud"
	}
	return module, strings.Fields(list)
}

// Reference is what a function may use, in groups. A new entry is a line here; a test runs its snippet.
func Reference() []Group {
	return []Group{
		{"Function", function},
		{"Request", request},
		{"Answer", answer},
		{"Configuration", configuration},
		{"Log", logging},
		{"Fetch", fetching},
		{"URLs", urls},
		{"Forms and files", forms},
		{"Text and bytes", bytesOf},
		{"Random values and cryptography", random},
		{"Time", times},
		{"Aborting and events", events},
		{"Modules", modules},
		{"Surroundings", surroundings},
	}
}
