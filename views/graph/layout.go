package graph

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels.
const (
	boxHeight, rowGap     = 34.0, 12.0
	columnGap             = 72.0
	bendHeight            = 10.0 // of a row that only an arrow goes through
	letter, padding       = 7.6, 14.0
	margin, headLength    = 4.0, 7.0
	maxName               = 26 // letters of a name
	sweeps                = 6
	firstColumn, noColumn = 0, -1
)

// picture is a drawing: all that is in it has its place.
type picture struct {
	Width, Height string
	Boxes         []box
	Lines         []line
}

type box struct {
	Node
	X, Y, Width, Height, TextX, TextY string
	Text                              string // the name, perhaps cut
}

type line struct {
	Arrow
	Path, Head     string
	LabelX, LabelY string
}

// spot is a node, or a bend of a long arrow, in its column.
type spot struct {
	node   int // of Props.Nodes; -1: a bend
	column int
	weight float64 // where it would like to be among its column
	before []*spot // in the column to the left
	after  []*spot
	x, y   float64 // of the middle of its left side
}

// layout puts nodes in columns, so that imports lead to the right, and orders each column so that
// few arrows cross.
func layout(p Props) picture {
	p = p.nearest()
	g := newGrid(p)
	g.choose()
	g.bend()
	g.order()
	return g.draw()
}

// grid is a drawing in the making.
type grid struct {
	Props
	at      map[string]int
	edges   []*edge
	spots   []*spot // of the nodes, in their order
	columns [][]*spot
}

// edge is all that one node imports of another.
type edge struct {
	from, to int
	arrows   []Arrow
	back     bool // it leads to the left, for otherwise there would be a circle
	way      []*spot
}

func newGrid(p Props) *grid {
	g := &grid{Props: p, at: map[string]int{}}
	for i, node := range p.Nodes {
		g.at[node.Name] = i
		g.spots = append(g.spots, &spot{node: i})
	}
	known := map[[2]int]*edge{}
	for _, arrow := range p.Arrows {
		from, isNode := g.at[arrow.From]
		to, isNodeToo := g.at[arrow.To]
		if !isNode || !isNodeToo || from == to {
			continue
		}
		if known[[2]int{from, to}] == nil {
			known[[2]int{from, to}] = &edge{from: from, to: to}
			g.edges = append(g.edges, known[[2]int{from, to}])
		}
		known[[2]int{from, to}].arrows = append(known[[2]int{from, to}].arrows, arrow)
	}
	return g
}

// ends are where an edge begins and where it leads, to the right.
func (e *edge) ends() (left, right int) {
	if e.back {
		return e.to, e.from
	}
	return e.from, e.to
}

// choose gives each node its column: right of all that import it, and as near to what it imports as
// that allows. Versions that are pinned can import each other in a circle; there an arrow is turned.
func (g *grid) choose() {
	state := make([]int, len(g.spots)) // 1: being looked at, 2: done
	var visit func(node int)
	visit = func(node int) {
		state[node] = 1
		for _, e := range g.edges {
			if e.from != node {
				continue
			}
			if state[e.to] == 1 {
				e.back = true
			} else if state[e.to] == 0 {
				visit(e.to)
			}
		}
		state[node] = 2
	}
	for node := range g.spots {
		if state[node] == 0 {
			visit(node)
		}
	}
	for moved := true; moved; {
		moved = false
		for _, e := range g.edges {
			left, right := e.ends()
			if least := g.spots[left].column + 1; g.spots[right].column < least {
				g.spots[right].column, moved = least, true
			}
		}
	}
	for node, s := range g.spots {
		nearest, imported := noColumn, false
		for _, e := range g.edges {
			left, right := e.ends()
			imported = imported || right == node
			if left == node && (nearest == noColumn || g.spots[right].column-1 < nearest) {
				nearest = g.spots[right].column - 1
			}
		}
		if !imported && nearest > firstColumn {
			s.column = nearest
		}
	}
}

// bend leads long arrows through all columns between their ends.
func (g *grid) bend() {
	for _, s := range g.spots {
		g.put(s)
	}
	for _, e := range g.edges {
		left, right := e.ends()
		e.way = []*spot{g.spots[left]}
		for column := g.spots[left].column + 1; column < g.spots[right].column; column++ {
			s := &spot{node: noColumn, column: column}
			g.put(s)
			e.way = append(e.way, s)
		}
		e.way = append(e.way, g.spots[right])
		for i := range e.way[1:] {
			e.way[i].after = append(e.way[i].after, e.way[i+1])
			e.way[i+1].before = append(e.way[i+1].before, e.way[i])
		}
	}
}

func (g *grid) put(s *spot) {
	for len(g.columns) <= s.column {
		g.columns = append(g.columns, nil)
	}
	g.columns[s.column] = append(g.columns[s.column], s)
}

// order sorts each column by where its neighbours are, there and back a few times.
func (g *grid) order() {
	for n := range sweeps {
		for i := range g.columns {
			column, beside := g.columns[i], func(s *spot) []*spot { return s.before }
			if n%2 == 1 {
				column, beside = g.columns[len(g.columns)-1-i], func(s *spot) []*spot { return s.after }
			}
			for place, s := range column {
				s.weight = float64(place)
				if neighbours := beside(s); len(neighbours) > 0 {
					s.weight = 0
					for _, other := range neighbours {
						s.weight += float64(slices.Index(g.columns[other.column], other)) + .5
					}
					s.weight *= float64(len(column)) / float64(len(neighbours)*len(g.columns[neighbours[0].column]))
				}
			}
			slices.SortStableFunc(column, func(a, b *spot) int {
				switch {
				case a.weight < b.weight:
					return -1
				case a.weight > b.weight:
					return 1
				}
				return 0
			})
		}
	}
}

func (s *spot) height() float64 {
	if s.node < 0 {
		return bendHeight
	}
	return boxHeight
}

// shown is a name as far as a box has room for it.
func shown(name string) string {
	if utf8.RuneCountInString(name) > maxName {
		return string([]rune(name)[:maxName-1]) + "…"
	}
	return name
}

func (n Node) width() float64 {
	letters := utf8.RuneCountInString(shown(n.Name))
	if n.Note != "" {
		letters += 1 + utf8.RuneCountInString(n.Note)
	}
	return float64(letters)*letter + 2*padding
}

// draw measures the columns and writes down what is where.
func (g *grid) draw() picture {
	tall, heights, widths := 0.0, make([]float64, len(g.columns)), make([]float64, len(g.columns))
	for i, column := range g.columns {
		heights[i] = -rowGap
		for _, s := range column {
			heights[i] += s.height() + rowGap
			if s.node >= 0 {
				widths[i] = max(widths[i], g.Nodes[s.node].width())
			}
		}
		tall = max(tall, heights[i])
	}
	x := margin
	for i, column := range g.columns {
		y := margin + (tall-heights[i])/2
		for _, s := range column {
			s.x, s.y = x, y+s.height()/2
			y += s.height() + rowGap
		}
		x += widths[i] + columnGap
	}
	drawn := picture{Width: pixels(max(0, x-columnGap) + margin), Height: pixels(tall + 2*margin)}
	for _, s := range g.spots {
		node, width := g.Nodes[s.node], widths[s.column]
		drawn.Boxes = append(drawn.Boxes, box{
			Node: node, Text: shown(node.Name), X: pixels(s.x), Y: pixels(s.y - boxHeight/2), Width: pixels(width), Height: pixels(boxHeight),
			TextX: pixels(s.x + padding), TextY: pixels(s.y + 4),
		})
	}
	for _, e := range g.edges {
		drawn.Lines = append(drawn.Lines, e.line(widths))
	}
	return drawn
}

// line is the path of an edge, with a head where it leads.
func (e *edge) line(widths []float64) line {
	var path strings.Builder
	last := len(e.way) - 1
	for i, s := range e.way[:last] {
		next := e.way[i+1]
		x1, x2 := s.x+widths[s.column], next.x
		if i == 0 && e.back {
			x1 += headLength
		}
		if i == last-1 && !e.back {
			x2 -= headLength
		}
		if i == 0 {
			fmt.Fprintf(&path, "M%s %s", pixels(x1), pixels(s.y))
		} else {
			fmt.Fprintf(&path, "H%s", pixels(x1))
		}
		middle := pixels((x1 + x2) / 2)
		fmt.Fprintf(&path, "C%s %s %s %s %s %s", middle, pixels(s.y), middle, pixels(next.y), pixels(x2), pixels(next.y))
	}
	first, end := e.way[0], e.way[last]
	drawn := line{Arrow: e.arrows[0], Path: path.String(), LabelX: pixels(first.x + widths[first.column] + 5), LabelY: pixels(first.y - 5)}
	drawn.Pinned = !slices.ContainsFunc(e.arrows, func(a Arrow) bool { return !a.Pinned })
	if e.back {
		drawn.Head, drawn.LabelX = head(first.x+widths[first.column], first.y, headLength), pixels(end.x-28)
		drawn.LabelY = pixels(end.y - 5)
		return drawn
	}
	drawn.Head = head(end.x, end.y, -headLength)
	return drawn
}

// head is a triangle whose point is at a place and whose base is so far from it.
func head(x, y, base float64) string {
	return fmt.Sprintf("M%s %sL%s %sL%s %sZ", pixels(x), pixels(y), pixels(x+base), pixels(y-4), pixels(x+base), pixels(y+4))
}

func pixels(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }
