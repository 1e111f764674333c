package log

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"picloud/engine/call"
)

// The depth to which %o looks, and how many rows and columns a table has.
const (
	fullDepth  = 4
	maxRows    = 100
	maxColumns = 20
	maxCell    = 60
)

// format is the Console standard's Formatter (section 2.2): specifiers in a first string,
// then everything else separated by spaces. It ends soon after the text is too long for a
// line, of which the log then says that it was cut.
func (c *console) format(args []goja.Value) string {
	var out strings.Builder
	rest := args
	if pattern, ok := args[0].(goja.String); ok && len(args) > 1 {
		rest = c.specifiers(&out, c.s.Inspect(pattern), args[1:])
	} else {
		out.WriteString(c.s.Inspect(args[0]))
		rest = args[1:]
	}
	for _, value := range rest {
		if c.full(&out) {
			break
		}
		out.WriteByte(' ')
		out.WriteString(c.s.Inspect(value))
	}
	return out.String()
}

// full tells that a line takes no more.
func (c *console) full(out *strings.Builder) bool { return out.Len() > c.s.Limits().LineBytes }

func (c *console) specifiers(out *strings.Builder, pattern string, args []goja.Value) (rest []goja.Value) {
	for pattern != "" && !c.full(out) {
		before, after, found := strings.Cut(pattern, "%")
		out.WriteString(before)
		if !found {
			break
		}
		if after == "" {
			out.WriteByte('%')
			break
		}
		pattern = after[1:]
		switch verb := after[0]; {
		case verb == '%':
			out.WriteByte('%')
		case len(args) == 0 || !strings.ContainsRune("sdifoOc", rune(verb)):
			out.WriteByte('%')
			pattern = after
		default:
			out.WriteString(c.specifier(verb, args[0]))
			args = args[1:]
		}
	}
	return args
}

func (c *console) specifier(verb byte, value goja.Value) string {
	switch verb {
	case 'c':
		return ""
	case 's':
		return c.s.InspectTo(value, 0)
	case 'd', 'i', 'f':
		return c.number(verb, value)
	case 'o':
		return c.s.InspectTo(value, fullDepth)
	}
	return c.s.Inspect(value)
}

// number is parseInt or parseFloat of a primitive; anything else is NaN.
func (c *console) number(verb byte, value goja.Value) string {
	switch value.(type) {
	case *goja.Object, *goja.Symbol:
		return "NaN"
	}
	f := value.ToFloat()
	if math.IsNaN(f) {
		return "NaN"
	}
	if verb != 'f' {
		f = math.Trunc(f)
	}
	return c.s.VM().ToValue(f).String()
}

// table shows rows of objects or lists as columns; anything else as log does.
func (c *console) table(args []goja.Value) {
	if len(args) == 0 || c.s.LogFull() {
		return
	}
	rows, ok := args[0].(*goja.Object)
	if !ok {
		c.logger(call.Info)(args[:1])
		return
	}
	t := &table{}
	for i, key := range c.keys(rows) {
		if i == maxRows {
			break
		}
		c.row(t, short(key), c.property(rows, key))
	}
	if len(t.cells) == 0 {
		c.logger(call.Info)(args[:1])
		return
	}
	c.print(call.Info, t.String(), nil)
}

func (c *console) keys(object *goja.Object) (keys []string) {
	c.s.VM().Try(func() { keys = object.Keys() })
	return keys
}

func (c *console) property(object *goja.Object, key string) (value goja.Value) {
	c.s.VM().Try(func() { value = object.Get(key) })
	return value
}

func (c *console) row(t *table, index string, value goja.Value) {
	cells := map[string]string{"(index)": index}
	if object, ok := value.(*goja.Object); ok {
		for _, key := range c.keys(object) {
			if name := short(key); t.column(name) {
				cells[name] = c.cell(c.property(object, key))
			}
		}
	} else if t.column("Values") {
		cells["Values"] = c.cell(value)
	}
	t.cells = append(t.cells, cells)
}

func (c *console) cell(value goja.Value) string {
	return short(c.s.InspectTo(value, 0))
}

// short is a text in one line, no wider than a cell.
func short(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), utf8.UTFMax*maxCell+1)], "")
	text = strings.ReplaceAll(text, "\n", " ")
	if utf8.RuneCountInString(text) > maxCell {
		text = string([]rune(text)[:maxCell-1]) + "…"
	}
	return text
}

// table is a grid with named columns.
type table struct {
	columns []string
	cells   []map[string]string
}

// column adds a column if it is new and there is room.
func (t *table) column(name string) bool {
	if slices.Contains(t.columns, name) {
		return true
	}
	if len(t.columns) == maxColumns {
		return false
	}
	t.columns = append(t.columns, name)
	return true
}

func (t *table) String() string {
	columns := append([]string{"(index)"}, t.columns...)
	widths := make([]int, len(columns))
	for i, name := range columns {
		widths[i] = utf8.RuneCountInString(name)
		for _, cells := range t.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[name]))
		}
	}
	var out strings.Builder
	line := func(cell func(string) string) {
		for i, name := range columns {
			if i > 0 {
				out.WriteString(" │ ")
			}
			text := cell(name)
			out.WriteString(text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)))
		}
	}
	line(func(name string) string { return name })
	out.WriteByte('\n')
	for i, width := range widths {
		if i > 0 {
			out.WriteString("─┼─")
		}
		out.WriteString(strings.Repeat("─", width))
	}
	for _, cells := range t.cells {
		out.WriteByte('\n')
		line(func(name string) string { return cells[name] })
	}
	return out.String()
}
