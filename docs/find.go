package docs

import (
	"strings"

	"picloud/views/paths"
)

// Section is a heading of a page with what stands below it.
type Section struct {
	Page  string // its name
	Place string // the id of the heading; "": the page itself
	Of    string // the title of the page
	Title string // of the heading

	text string
}

// URL is its address in the dashboard.
func (s Section) URL() string {
	if s.Place == "" {
		return paths.Docs(s.Page)
	}
	return paths.Docs(s.Page) + "#" + s.Place
}

// Find gives the sections that have every one of the words, those in whose title they are first;
// without words the pages.
func Find(words string, most int) ([]Section, error) {
	pages, err := Pages()
	if err != nil {
		return nil, err
	}
	wanted := strings.Fields(strings.ToLower(words))
	var titled, others []Section
	for _, page := range pages {
		for _, section := range page.sections {
			switch {
			case has(section.Title, wanted) && (section.Place == "" || len(wanted) > 0):
				titled = append(titled, section)
			case len(wanted) > 0 && has(section.Of+" "+section.Title+" "+section.text, wanted):
				others = append(others, section)
			}
		}
	}
	found := append(titled, others...)
	return found[:min(len(found), most)], nil
}

func has(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
