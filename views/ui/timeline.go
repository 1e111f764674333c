package ui

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TimelineProps are what a run did in its time.
type TimelineProps struct {
	Wall      time.Duration
	Executing time.Duration
	Told      bool   // Spans are all there were; else nobody knows when it waited
	Spans     []Span // in the order in which they began
	Ticks     []Tick // lines of its log, in their order
}

// Span is a wait or a request. Kind is that of engine/call: "wait", "fetch".
type Span struct {
	Kind           string
	Subject        string // of a request: "GET https://api.example.com/v1/users"
	Start, Took    time.Duration
	Status         int // of an answer; 0: there was none
	Sent, Received int64
	Failure, Note  string
	Href           string // the page of the run that it was, or empty
}

// Tick is one line of the log.
type Tick struct {
	At    time.Duration // since the run began
	Level string
}

// Request splits a request's subject: "GET", "api.example.com", "/v1/users". What is no address
// is all host.
func (s Span) Request() (method, host, path string) {
	method, address, found := strings.Cut(s.Subject, " ")
	if !found {
		return "", s.Subject, ""
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return method, address, ""
	}
	_, path, _ = strings.Cut(address, u.Host)
	return method, u.Host, strings.TrimSuffix(path, "/")
}

// class is how a request is drawn.
func (s Span) class() string {
	if s.Failure != "" {
		return "fail"
	}
	return outcomeClass("ok", s.Status)
}

// Result says in a word what came of a request: "200", "failed"; empty: nobody knows.
func (s Span) Result() string {
	switch {
	case s.Failure != "":
		return "failed"
	case s.Status == 0:
		return ""
	}
	return strconv.Itoa(s.Status)
}

// detail is what else there is to say: "/v1/users · sent 12 B · received 3 KiB".
func (s Span) detail() string {
	var parts []string
	if _, _, path := s.Request(); path != "" {
		parts = append(parts, path)
	}
	if s.Sent > 0 {
		parts = append(parts, "sent "+Bytes(s.Sent))
	}
	if s.Received > 0 {
		parts = append(parts, "received "+Bytes(s.Received))
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.Join(parts, " · ")
}

// The drawing area of a row, in the units of its view box; what is shorter than the least
// is drawn as long as that.
const (
	laneWidth, laneHeight = 1000.0, 20
	leastBar, leastGap    = 3.0, 2.0
)

// stretch is a part of the run's time.
type stretch struct{ from, to time.Duration }

func (p TimelineProps) waits() (waits []Span) {
	for _, s := range p.Spans {
		if s.Kind == "wait" {
			waits = append(waits, s)
		}
	}
	return waits
}

func (p TimelineProps) requests() (requests []Span) {
	for _, s := range p.Spans {
		if s.Kind != "wait" {
			requests = append(requests, s)
		}
	}
	return requests
}

// length is what the axis covers: the run, and what it asked for to its end.
func (p TimelineProps) length() time.Duration {
	length := max(p.Wall, time.Microsecond)
	for _, s := range p.Spans {
		length = max(length, s.Start+s.Took)
	}
	return length
}

func (p TimelineProps) x(at time.Duration) float64 {
	return laneWidth * float64(min(max(at, 0), p.length())) / float64(p.length())
}

// waiting are the stretches in which the run waited, each after the one before.
func (p TimelineProps) waiting() (waiting []stretch) {
	waits := p.waits()
	slices.SortStableFunc(waits, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	for _, s := range waits {
		if last := len(waiting) - 1; last >= 0 && s.Start <= waiting[last].to {
			waiting[last].to = max(waiting[last].to, s.Start+s.Took)
			continue
		}
		waiting = append(waiting, stretch{max(s.Start, 0), s.Start + s.Took})
	}
	return waiting
}

// executing are the stretches between the waits.
func (p TimelineProps) executing() (executing []stretch) {
	from := time.Duration(0)
	for _, s := range p.waiting() {
		if s.from > from {
			executing = append(executing, stretch{from, s.from})
		}
		from = s.to
	}
	if p.Wall > from {
		executing = append(executing, stretch{from, p.Wall})
	}
	return executing
}

func total(of []stretch) (total time.Duration) {
	for _, s := range of {
		total += s.to - s.from
	}
	return total
}

// idle is what the row of executing has too much, where that is worth a word.
func (p TimelineProps) idle() string {
	rest := total(p.executing()) - p.Executing
	if rest < max(5*time.Millisecond, p.Wall/10) {
		return ""
	}
	return Duration(rest) + " of this were turns of other runs, loading the program, or waits too short or too many to be told"
}

// waited tells the waits where there are several.
func (p TimelineProps) waited() string {
	waits := p.waits()
	if len(waits) < 2 {
		return ""
	}
	longest := time.Duration(0)
	for _, s := range waits {
		longest = max(longest, s.Took)
	}
	return fmt.Sprintf("%d times, at most %s", len(waits), Duration(longest))
}

// eachWait is the row of waits in words, for who does not see it.
func (p TimelineProps) eachWait() string {
	var words []string
	for _, s := range p.waits() {
		words = append(words, since(s.Start)+" for "+Duration(s.Took))
	}
	return strings.Join(words, ", ")
}

// bars draws stretches; those that cannot be told apart become one.
func (p TimelineProps) bars(of ...stretch) []rect {
	type bar struct{ from, to float64 }
	var bars []bar
	for _, s := range of {
		from := min(p.x(s.from), laneWidth-leastBar)
		to := max(p.x(s.to), from+leastBar)
		if last := len(bars) - 1; last >= 0 && from-bars[last].to < leastGap {
			bars[last].to = max(to, bars[last].to)
			continue
		}
		bars = append(bars, bar{from, to})
	}
	rects := make([]rect, len(bars))
	for i, b := range bars {
		rects[i] = rect{X: number(b.from), Y: "4", Width: number(b.to - b.from), Height: "12"}
	}
	return rects
}

// lines draws the ticks of a level, each place once.
func (p TimelineProps) lines(levels ...string) string {
	var d strings.Builder
	last := -leastGap
	for _, t := range p.Ticks {
		if x := p.x(t.At); slices.Contains(levels, t.Level) && x-last >= leastGap {
			d.WriteString("M" + number(x) + " 3v14")
			last = x
		}
	}
	return d.String()
}

// mark is one of the axis's.
type mark struct {
	x            float64
	Anchor, Text string
}

// X is where it stands in hundredths of the axis.
func (m mark) X() string { return number(m.x/laneWidth*100) + "%" }

// marks are up to five, at round times.
func (p TimelineProps) marks() []mark {
	step := roundStep(p.length() / 4)
	var marks []mark
	for at := time.Duration(0); at <= p.length(); at += step {
		m := mark{x: p.x(at), Anchor: "middle", Text: Duration(at)}
		switch {
		case at == 0:
			m.Anchor, m.Text = "start", "0"
		case m.x > laneWidth*.94:
			m.Anchor = "end"
		}
		marks = append(marks, m)
	}
	return marks
}

// grid draws the marks across a row.
func (p TimelineProps) grid() string {
	var d strings.Builder
	for _, m := range p.marks() {
		d.WriteString("M" + number(m.x) + " 0v" + strconv.Itoa(laneHeight))
	}
	return d.String()
}

// roundStep is the next of 1, 2 and 5 times a power of ten of microseconds; above 20 s it is
// whole minutes.
func roundStep(least time.Duration) time.Duration {
	if least > 20*time.Second {
		return (least + time.Minute - 1).Truncate(time.Minute)
	}
	for unit := time.Microsecond; ; unit *= 10 {
		for _, times := range []time.Duration{1, 2, 5} {
			if unit*times >= least {
				return unit * times
			}
		}
	}
}

// since writes a moment of the run: "+12 ms".
func since(d time.Duration) string { return "+" + Duration(d) }
