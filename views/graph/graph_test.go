package graph

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// of makes a graph of arrows such as "shop>pricing pricing>tax@1"; the first name is the current one.
func of(text string) Props {
	p, known := Props{Label: "Who imports whom"}, map[string]bool{}
	for _, word := range strings.Fields(text) {
		from, to, _ := strings.Cut(word, ">")
		to, number, pinned := strings.Cut(to, "@")
		version, err := strconv.Atoi(number)
		if err != nil {
			version = 7
		}
		for _, name := range []string{from, to} {
			if !known[name] {
				p.Nodes = append(p.Nodes, Node{Name: name, Href: "/" + name, Current: len(known) == 0, Module: name == to})
			}
			known[name] = true
		}
		p.Arrows = append(p.Arrows, Arrow{From: from, To: to, Version: version, Pinned: pinned})
	}
	return p
}

func float(t *testing.T, text string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// columns are the names of boxes by the left side of their column, those of a column from the top.
func columns(t *testing.T, p Props) string {
	t.Helper()
	byX := map[float64][]box{}
	var all []float64
	for _, b := range layout(p).Boxes {
		x := float(t, b.X)
		if byX[x] == nil {
			all = append(all, x)
		}
		byX[x] = append(byX[x], b)
	}
	sortFloats(all)
	var texts []string
	for _, x := range all {
		boxes := byX[x]
		for i := range boxes {
			for j := range boxes[:i] {
				if float(t, boxes[i].Y) < float(t, boxes[j].Y) {
					boxes[i], boxes[j] = boxes[j], boxes[i]
				}
			}
		}
		var names []string
		for _, b := range boxes {
			names = append(names, b.Name)
		}
		texts = append(texts, strings.Join(names, " "))
	}
	return strings.Join(texts, " | ")
}

func sortFloats(all []float64) {
	for i := range all {
		for j := range all[:i] {
			if all[i] < all[j] {
				all[i], all[j] = all[j], all[i]
			}
		}
	}
}

func TestImportersAreLeftOfWhatTheyImport(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"shop>pricing pricing>tax":                       "shop | pricing | tax",
		"pricing>tax shop>pricing cart>pricing late>tax": "shop cart | pricing late | tax",
		"top>left top>right left>base right>base":        "top | left right | base",
		"a>x b>y c>x d>y":                                "a c b d | x y",
		"shop>tax shop>pricing pricing>rates rates>tax":  "shop | pricing | rates | tax",
		"a>b@1 b>a":             "a | b",
		"self>self@1 shop>self": "shop | self",
		"shop>pricing shop>pricing@1 pricing>tax": "shop | pricing | tax",
		strings.Repeat("n", 63) + ">m":            strings.Repeat("n", 63) + " | m",
	} {
		if got := columns(t, of(text)); got != want {
			t.Errorf("%s is drawn as %s, not %s", text, got, want)
		}
	}
}

func TestAnArrowIsDashedWhenAllOfItIsPinned(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a>b": "b false", "a>b@3": "b true", "a>b@3 a>b": "b false"} {
		lines := layout(of(text)).Lines
		if len(lines) != 1 || fmt.Sprint(lines[0].To, " ", lines[0].Pinned) != want {
			t.Errorf("%s: %+v", text, lines)
		}
	}
	back := layout(of("a>b b>a@1"))
	if line := back.Lines[1]; line.From != "b" || !line.Pinned || !strings.HasPrefix(line.Head, "M"+pixels(float(t, back.Boxes[0].X)+float(t, back.Boxes[0].Width))+" ") {
		t.Errorf("what closes a circle does not point to the right side of the box: %+v", line)
	}
}

var numbers = regexp.MustCompile(`-?\d+(?:\.\d+)?`)

// Whatever imports whatever, boxes do not lie over each other, nothing is outside of the picture, and no line
// goes through a box.
func TestNothingLiesOverAnother(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var words []string
		size := 2 + random.IntN(20)
		for range 1 + random.IntN(3*size) {
			words = append(words, fmt.Sprintf("n%d>n%d", random.IntN(size), random.IntN(size)))
		}
		text := strings.Join(words, " ")
		drawn := layout(of(text))
		width, height := float(t, drawn.Width), float(t, drawn.Height)
		for i, a := range drawn.Boxes {
			x, y, w, h := float(t, a.X), float(t, a.Y), float(t, a.Width), float(t, a.Height)
			if x < 0 || y < 0 || x+w > width || y+h > height {
				t.Fatalf("%s: %s is outside", text, a.Name)
			}
			for _, b := range drawn.Boxes[:i] {
				if x < float(t, b.X)+float(t, b.Width) && float(t, b.X) < x+w && y < float(t, b.Y)+float(t, b.Height) && float(t, b.Y) < y+h {
					t.Fatalf("%s: %s lies over %s", text, a.Name, b.Name)
				}
			}
		}
		for _, l := range drawn.Lines {
			for i, text := range numbers.FindAllString(strings.ReplaceAll(l.Head, "Z", ""), -1) {
				if n := float(t, text); n < 0 || i%2 == 0 && n > width || i%2 == 1 && n > height {
					t.Fatalf("%s: the head of %s>%s is at %v", words, l.From, l.To, n)
				}
			}
			if name := crossed(t, l.Path, drawn.Boxes); name != "" {
				t.Fatalf("%s: the line %s>%s goes through %s: %s", words, l.From, l.To, name, l.Path)
			}
		}
	}
}

// crossed is a box that a path goes through: it may bend only between columns, and goes straight through them.
func crossed(t *testing.T, path string, boxes []box) string {
	t.Helper()
	var x, y float64
	for _, step := range regexp.MustCompile(`[MHC][^MHC]*`).FindAllString(path, -1) {
		var at []float64
		for _, text := range numbers.FindAllString(step, -1) {
			at = append(at, float(t, text))
		}
		to := at[0]
		if step[0] == 'C' {
			to = at[4]
		}
		for _, b := range boxes {
			left, top := float(t, b.X), float(t, b.Y)
			beside := to < left+.2 || x > left+float(t, b.Width)-.2 // written with one digit
			if step[0] == 'C' && !beside || step[0] == 'H' && !beside && y > top-1 && y < top+float(t, b.Height)+1 {
				return b.Name
			}
		}
		if x = to; step[0] != 'H' {
			y = at[len(at)-1]
		}
	}
	return ""
}

func TestAPictureIsBoundedAndItsWordsToo(t *testing.T) {
	t.Parallel()
	var words []string
	for i := range 1000 {
		words = append(words, fmt.Sprintf("user%03d>pricing", i))
	}
	p := of("pricing>tax " + strings.Join(words, " "))
	drawn := layout(p)
	if len(drawn.Boxes) != MaxNodes || !strings.Contains(p.more(), "962 more") {
		t.Errorf("%d boxes, %s", len(drawn.Boxes), p.more())
	}
	for _, near := range []string{"pricing", "tax"} {
		if !strings.Contains(fmt.Sprint(drawn.Boxes), "/"+near+" ") {
			t.Errorf("%s is not there", near)
		}
	}
	var html strings.Builder
	if err := Picture(p).Render(t.Context(), &html); err != nil {
		t.Fatal(err)
	}
	if err := Words(p).Render(t.Context(), &html); err != nil {
		t.Fatal(err)
	}
	if strings.Count(html.String(), "<li>") != MaxLines || !strings.Contains(html.String(), "and 801 more") || html.Len() > 64<<10 {
		t.Errorf("%d lines, %d bytes", strings.Count(html.String(), "<li>"), html.Len())
	}
}

func TestTheSameInWords(t *testing.T) {
	t.Parallel()
	p := of("pricing>tax shop>pricing old>pricing@3 shop>tax")
	if got, want := p.sentence(), "old imports pricing v3, pinned; pricing imports tax v7; shop imports pricing v7, tax v7."; got != want {
		t.Errorf("%s", got)
	}
	var html strings.Builder
	if err := Words(p).Render(t.Context(), &html); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html.String(), "")), " ")
	if !strings.HasPrefix(text, "old imports pricing v3, pinned") || strings.Count(html.String(), `<b class="mono">pricing</b>`) != 3 {
		t.Errorf("%s", html.String())
	}
}
