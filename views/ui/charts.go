package ui

import (
	"math"
	"strconv"
	"time"
)

// Bar is one step of a sparkline: how many runs went well and how many failed.
type Bar struct{ OK, Failed int }

// ScatterProps are runs by time and duration. Points outside From–To are left out.
type ScatterProps struct {
	From, To time.Time
	Points   []Point
	Sample   bool // of the runs in the range
}

// Point is one run.
type Point struct {
	At      time.Time
	Wall    time.Duration
	Outcome string // as engine/call, or "running"
	Status  int
	Href    string // the run's page
	Label   string // "GET /hello"
}

// The scatter's drawing area, in the units of its view box.
const (
	scatterLeft, scatterRight            = 0.0, 1000.0
	scatterTop, scatterBottom            = 6.0, 134.0
	sparkWidth, sparkHeight, sparkBarGap = 120.0, 24.0, 1.0
)

type gridLine struct{ Y, Label string }

type dot struct {
	X, Y, Class string
	Point       Point
}

// scale maps durations to heights by their logarithm, over whole decades from lo to hi.
type scale struct{ lo, hi float64 }

func newScale(points []Point) scale {
	s := scale{lo: 0, hi: 2} // 1 ms to 100 ms at least
	for _, p := range points {
		l := math.Log10(max(0.1, milliseconds(p.Wall)))
		s.lo, s.hi = min(s.lo, math.Floor(l)), max(s.hi, math.Ceil(l))
	}
	return s
}

func (s scale) y(d time.Duration) float64 {
	l := math.Log10(max(0.1, milliseconds(d)))
	return scatterBottom - (l-s.lo)/(s.hi-s.lo)*(scatterBottom-scatterTop)
}

func (s scale) lines() []gridLine {
	var lines []gridLine
	for l := s.lo; l <= s.hi; l++ {
		d := time.Duration(math.Pow(10, l) * float64(time.Millisecond))
		lines = append(lines, gridLine{Y: number(s.y(d)), Label: tick(d)})
	}
	return lines
}

// tick writes a power of ten of milliseconds in few letters: "0.1 ms", "10 s", "100 s".
func tick(d time.Duration) string {
	if d < time.Second {
		return Duration(d)
	}
	return trim(d.Seconds(), 0) + " s"
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (p ScatterProps) x(t time.Time) float64 {
	width := p.To.Sub(p.From)
	if width <= 0 {
		return scatterLeft
	}
	return scatterLeft + float64(t.Sub(p.From))/float64(width)*(scatterRight-scatterLeft)
}

func (p ScatterProps) dots(s scale) []dot {
	dots := make([]dot, 0, len(p.Points))
	for _, point := range p.Points {
		if point.At.Before(p.From) || point.At.After(p.To) {
			continue
		}
		dots = append(dots, dot{
			X: number(p.x(point.At)), Y: number(s.y(point.Wall)),
			Class: "p " + outcomeClass(point.Outcome, point.Status), Point: point,
		})
	}
	return dots
}

// moment is a tick of the time axis.
type moment struct {
	at         time.Time
	form, text string
}

// ticks are five moments, evenly from From to To: clock times within two days, with seconds
// within ten minutes, else dates. The first and the last tell their day when it is not today.
func (p ScatterProps) ticks(now time.Time) []moment {
	form, layout := "minute", "15:04"
	switch width := p.To.Sub(p.From); {
	case width > 48*time.Hour:
		form, layout = "day", "2 Jan"
	case width < 10*time.Minute:
		form, layout = "clock", "15:04:05"
	}
	ticks := make([]moment, 5)
	for i := range ticks {
		at := p.From.Add(p.To.Sub(p.From) * time.Duration(i) / 4)
		ticks[i] = moment{at, form, at.UTC().Format(layout)}
		if form != "day" && (i == 0 || i == 4) {
			ticks[i] = moment{at, "day-" + form, dayTime(now, at, layout)}
		}
	}
	return ticks
}

type rect struct{ X, Y, Width, Height, Class string }

func sparkRects(bars []Bar) []rect {
	top := 1
	for _, b := range bars {
		top = max(top, b.OK+b.Failed)
	}
	step := sparkWidth / float64(max(1, len(bars)))
	rects := make([]rect, 0, len(bars))
	for i, b := range bars {
		x, width := float64(i)*step, step-sparkBarGap
		if b.OK+b.Failed == 0 {
			rects = append(rects, rect{number(x), number(sparkHeight - 1), number(width), "1", "none"})
			continue
		}
		failed := height(b.Failed, top)
		ok := height(b.OK, top)
		if ok > 0 {
			rects = append(rects, rect{number(x), number(sparkHeight - failed - ok), number(width), number(ok), "ok"})
		}
		if failed > 0 {
			rects = append(rects, rect{number(x), number(sparkHeight - failed), number(width), number(failed), "fail"})
		}
	}
	return rects
}

// height gives anything that happened at least two units, so that one failure is seen.
func height(n, top int) float64 {
	if n == 0 {
		return 0
	}
	return max(2, float64(n)/float64(top)*(sparkHeight-2))
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
