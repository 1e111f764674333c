// Package graph draws who imports whom: boxes in columns, importers to the left of what they
// import, with an arrow for each import, and the same in words. It hides how the boxes are put in
// their places; it knows names and addresses, and nothing of scripts.
package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Props are what is drawn. Arrows name nodes that are there.
type Props struct {
	Label  string // what the picture shows
	Nodes  []Node
	Arrows []Arrow
}

// Node is one box.
type Node struct {
	Name    string // no two have the same
	Href    string
	Note    string // a few words behind the name, or empty
	Module  bool   // others import it
	Current bool   // the page is about it
}

// Arrow is an import.
type Arrow struct {
	From, To string // names of nodes
	Version  int    // of what is imported
	Pinned   bool   // the import names the version
}

// MaxNodes is how many boxes a picture has: those nearest to the current one. The words have all.
const MaxNodes = 40

// MaxLines is how many lines the words have.
const MaxLines = 200

// importer is a line of the words: what one node imports.
type importer struct {
	Node
	arrows []Arrow
}

// importers are the nodes that import something, by name.
func (p Props) importers() []importer {
	lines := map[string]*importer{}
	for _, arrow := range p.Arrows {
		if lines[arrow.From] == nil {
			lines[arrow.From] = &importer{Node: p.node(arrow.From)}
		}
		lines[arrow.From].arrows = append(lines[arrow.From].arrows, arrow)
	}
	all := make([]importer, 0, len(lines))
	for _, line := range lines {
		all = append(all, *line)
	}
	slices.SortFunc(all, func(a, b importer) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (p Props) node(name string) Node {
	for _, node := range p.Nodes {
		if node.Name == name {
			return node
		}
	}
	return Node{Name: name}
}

// more tells what the picture leaves out.
func (p Props) more() string {
	if left := len(p.Nodes) - MaxNodes; left > 0 {
		return fmt.Sprintf("The picture has the %d that are nearest; %d more are left out.", MaxNodes, left)
	}
	return ""
}

// sentence is what the picture shows, in one line.
func (p Props) sentence() string {
	var texts []string
	for _, line := range p.importers()[:min(len(p.importers()), MaxNodes)] {
		var modules []string
		for _, arrow := range line.arrows {
			modules = append(modules, arrow.To+" "+arrow.words())
		}
		texts = append(texts, line.Name+" imports "+strings.Join(modules, ", "))
	}
	return strings.Join(texts, "; ") + "."
}

// words are "v4", or "v3, pinned".
func (a Arrow) words() string {
	if a.Pinned {
		return "v" + strconv.Itoa(a.Version) + ", pinned"
	}
	return "v" + strconv.Itoa(a.Version)
}

// nearest keeps what is at most so many steps from the current node that MaxNodes are left.
func (p Props) nearest() Props {
	if len(p.Nodes) <= MaxNodes {
		return p
	}
	steps := map[string]int{}
	var queue []string
	for _, node := range p.Nodes {
		if node.Current {
			queue = append(queue, node.Name)
			steps[node.Name] = 0
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, arrow := range p.Arrows {
			for _, way := range [][2]string{{arrow.From, arrow.To}, {arrow.To, arrow.From}} {
				if _, seen := steps[way[1]]; way[0] == at && !seen {
					steps[way[1]] = steps[at] + 1
					queue = append(queue, way[1])
				}
			}
		}
	}
	far := func(node Node) int {
		if n, reached := steps[node.Name]; reached {
			return n
		}
		return len(p.Nodes)
	}
	kept := slices.Clone(p.Nodes)
	slices.SortStableFunc(kept, func(a, b Node) int { return far(a) - far(b) })
	p.Nodes = kept[:MaxNodes]
	there := func(name string) bool {
		return slices.ContainsFunc(p.Nodes, func(n Node) bool { return n.Name == name })
	}
	p.Arrows = slices.DeleteFunc(slices.Clone(p.Arrows), func(a Arrow) bool { return !there(a.From) || !there(a.To) })
	return p
}

func version(number int) string { return strconv.Itoa(number) }

// round is the radius of a box's corners: a module has those of a sheet.
func (b box) round() string {
	if b.Module {
		return "3"
	}
	return "17"
}

func current(is bool) templ.Attributes {
	if is {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}
