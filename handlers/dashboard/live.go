package dashboard

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/call"
	"picloud/engine/execution/live"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// How long a stream lives, how often it looks at what nobody told, how often it shows that
// it lives, and how long it waits for a worker that is being replaced.
const (
	liveTime  = 30 * time.Minute
	liveLook  = 2 * time.Second
	liveBeat  = 15 * time.Second
	liveAgain = time.Second
)

// AppRunsLive streams the runs of an app; with ?run= those lines and that end only.
func (d *Dashboard) AppRunsLive(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("run") {
		return d.runLive(w, r)
	}
	return d.runsLive(w, r)
}

// ScriptRunsLive streams the runs of a script.
func (d *Dashboard) ScriptRunsLive(w http.ResponseWriter, r *http.Request) error {
	return d.runsLive(w, r)
}

func (d *Dashboard) runsLive(w http.ResponseWriter, r *http.Request) error {
	asked, err := d.readFilter(r)
	if err != nil {
		return err
	}
	if len(asked.Faults) > 0 {
		return fault.New(fault.Invalid, "This filter cannot be followed.")
	}
	list := &liveList{
		dashboard: d, asked: asked, app: web.Of(r).App, grant: web.Of(r).Grant,
		first: map[id.Execution]firstLine{}, open: map[id.Execution]bool{},
	}
	if text := r.URL.Query().Get("from"); text != "" {
		if list.from, err = id.Parse[id.Execution](text); err != nil {
			return fault.New(fault.Invalid, "This address names no run to begin from.").Because(err)
		}
	}
	for text := range strings.FieldsFuncSeq(r.URL.Query().Get("open"), func(r rune) bool { return r == ',' }) {
		run, err := id.Parse[id.Execution](text)
		if err != nil {
			return fault.New(fault.Invalid, "This address names no run that was under way.").Because(err)
		}
		list.owe(run)
	}
	return d.follow(w, r, live.Filter{Script: asked.query.Script}, list)
}

// runLive streams the lines of one run, and then its row.
func (d *Dashboard) runLive(w http.ResponseWriter, r *http.Request) error {
	run, err := id.Parse[id.Execution](r.URL.Query().Get("run"))
	if err != nil {
		return noRun(err)
	}
	one := &liveRun{dashboard: d, app: web.Of(r).App, grant: web.Of(r).Grant, run: run}
	return d.follow(w, r, live.Filter{Execution: run}, one)
}

// liveRun turns events into the lines of one run, and its row when it has ended.
type liveRun struct {
	dashboard *Dashboard
	app       app.App
	grant     actor.Grant
	run       id.Execution
}

func (l *liveRun) tell(s *stream, e live.Event) error {
	switch e.Kind {
	case live.RunLine:
		return s.draw("line", views.LogLine(lineProps(call.Line{At: e.Line.At, Level: e.Line.Level, Message: e.Line.Message, Fields: e.Line.Fields})))
	case live.RunEnded:
		return s.draw("row", views.RunRow(time.Now(), eventRow(l.app.Slug, e)))
	}
	return nil
}

// look finds out that the run has ended where nobody was left to tell.
func (l *liveRun) look(ctx context.Context, s *stream) error {
	found, err := l.dashboard.Executions.Get(ctx, l.grant, l.run)
	if err != nil || found.Outcome == call.Running {
		return nil // it is looked for again
	}
	return s.draw("row", views.RunRow(time.Now(), rowProps(l.app.Slug, found.Row)))
}

func noRun(cause error) error {
	return fault.New(fault.NotFound, "There is no such run; runs are removed after a while.").Because(cause)
}

// teller writes a stream: what happens, and what nobody told when it looks every few seconds.
type teller interface {
	tell(s *stream, e live.Event) error
	look(ctx context.Context, s *stream) error
}

// follow streams what happens until the reader leaves, the session ends, or half an
// hour is over. The worker's side is watched only meanwhile.
func (d *Dashboard) follow(w http.ResponseWriter, r *http.Request, what live.Filter, to teller) error {
	signedIn, release := d.Access.WhileSignedIn(r.Context(), web.Of(r).Actor.Session)
	defer release()
	ctx, cancel := context.WithTimeout(signedIn, liveTime)
	events := make(chan live.Event)
	var feed sync.WaitGroup
	defer feed.Wait()
	defer cancel()
	feed.Go(func() { d.feed(ctx, web.Of(r).Grant, what, events) })
	s, err := begin(w, r)
	if err != nil {
		return nil // nobody is there
	}
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	look := time.NewTicker(liveLook)
	defer look.Stop()
	for err == nil {
		select {
		case e := <-events:
			err = to.tell(s, e)
		case <-look.C:
			err = to.look(ctx, s)
		case <-beat.C:
			err = s.beat()
		case <-ctx.Done():
			if r.Context().Err() == nil {
				_ = s.send("bye", "") // the last word; who left already does not need it
			}
			return nil
		}
	}
	return nil // the reader went away
}

// feed hands on what the worker tells, from whichever worker there is.
func (d *Dashboard) feed(ctx context.Context, grant actor.Grant, what live.Filter, events chan<- live.Event) {
	for ctx.Err() == nil {
		err := d.Worker.Live(ctx, grant, what, func(e live.Event) error {
			select {
			case events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err == nil {
			continue
		}
		again := time.NewTimer(liveAgain)
		select {
		case <-again.C:
		case <-ctx.Done():
		}
		again.Stop()
	}
}

// liveList turns events into the rows of one list.
type liveList struct {
	dashboard *Dashboard
	asked     filter
	app       app.App
	grant     actor.Grant
	from      id.Execution               // on from here the page may lack runs; zero once they were told
	first     map[id.Execution]firstLine // of runs under way
	open      map[id.Execution]bool      // runs whose end is owed; true: not found at the last look
	said      time.Time                  // when the reader was told that runs are not shown; zero: not
	chart     liveChart
}

// firstLine is what a run logged first, how many lines there are, and whether one of them
// has the text that is asked for.
type firstLine struct {
	text  string
	lines int
	found bool
}

// liveLines bounds how many runs under way are remembered.
const liveLines = 1000

// noteTime is how long a word about hidden runs stays.
const noteTime = 3 * time.Second

func (l *liveList) tell(s *stream, e live.Event) error {
	switch e.Kind {
	case live.RunLine:
		l.note(e)
	case live.RunStarted:
		if l.fits(e) && l.begun() && l.asked.query.MatchesText(e.About()) {
			l.owe(e.Execution)
			return s.draw("row", views.RunRow(time.Now(), eventRow(l.app.Slug, e)))
		}
	case live.RunEnded:
		first := l.first[e.Execution]
		delete(l.first, e.Execution)
		owed := l.settle(e.Execution)
		if !l.fits(e) || !owed && !(l.ended(e) && l.says(e, first)) {
			return nil
		}
		row := eventRow(l.app.Slug, e)
		if row.Summary == "" {
			row.Summary, row.Lines = first.text, e.LineCount
		}
		return l.drawEnd(s, row, l.ended(e))
	case live.Sampled:
		l.said = time.Now()
		return s.send("note", ui.Count(e.Hidden)+" more runs in this second; the first "+ui.Count(e.Shown)+" are shown.")
	case live.Dropped:
		l.said = time.Now()
		return s.send("note", "Too much at once: some is not shown here. Load the page again to see all.")
	}
	return nil
}

// drawEnd sends the row of a run that has ended; counts tells whether it is in the list.
func (l *liveList) drawEnd(s *stream, row views.RunRowProps, counts bool) error {
	if counts {
		l.chart.add(row)
	}
	return s.draw("row", views.RunRow(time.Now(), row))
}

// look takes back a word that is no longer true, tells of ends that the events lack, of runs
// that ended before the stream was open or with their worker, and draws the chart anew.
func (l *liveList) look(ctx context.Context, s *stream) error {
	if err := l.lookForEnds(ctx, s); err != nil {
		return err
	}
	return l.drawChart(ctx, s)
}

func (l *liveList) lookForEnds(ctx context.Context, s *stream) error {
	if !l.said.IsZero() && time.Since(l.said) > noteTime {
		l.said = time.Time{}
		if err := s.send("note", ""); err != nil {
			return err
		}
	}
	if l.from.IsZero() && len(l.open) == 0 {
		return nil
	}
	asked := l.asked.query
	if l.from.IsZero() {
		asked.Outcomes = []call.Outcome{call.Running}
	} else {
		asked.Since = l.from.Time()
	}
	page, err := l.dashboard.Executions.List(ctx, l.grant, asked)
	if err != nil {
		return nil // the database is away: at the next look
	}
	rows, err := l.dashboard.runRows(ctx, l.grant, l.app.Slug, page.Rows)
	if err != nil {
		return nil
	}
	l.from = id.Execution{}
	running := map[id.Execution]bool{}
	for i, row := range slices.Backward(page.Rows) {
		if row.Outcome == call.Running {
			running[row.Execution] = true
			l.owe(row.Execution)
		} else if err := l.drawEnd(s, rows[i], true); err != nil {
			return err
		}
	}
	return l.lookAtOpen(ctx, s, running)
}

// lookAtOpen tells the ends of runs that are owed and run no longer.
func (l *liveList) lookAtOpen(ctx context.Context, s *stream, running map[id.Execution]bool) error {
	for run, missed := range l.open {
		switch {
		case running[run]:
			l.open[run] = false
		case !missed:
			l.open[run] = true // its end may be under way
		default:
			found, err := l.dashboard.Executions.Get(ctx, l.grant, run)
			if err == nil && found.Outcome == call.Running {
				continue
			}
			delete(l.open, run)
			if err != nil {
				continue
			}
			if err := l.drawEnd(s, rowProps(l.app.Slug, found.Row), l.asked.query.MatchesEnd(found.Outcome, found.Status)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *liveList) owe(run id.Execution) {
	if _, known := l.open[run]; !known && len(l.open) < liveLines {
		l.open[run] = false
	}
}

func (l *liveList) settle(run id.Execution) (owed bool) {
	_, owed = l.open[run]
	delete(l.open, run)
	return owed
}

// begun tells whether runs under way are in the list.
func (l *liveList) begun() bool {
	return l.asked.Outcome+l.asked.Status == "" || l.asked.Outcome == string(call.Running)
}

func (l *liveList) note(e live.Event) {
	first, known := l.first[e.Execution]
	if !known && len(l.first) >= liveLines {
		return
	}
	first.found = first.found || l.asked.query.MatchesText(e.Line.Message, e.Line.Fields)
	if first.lines++; first.lines == 1 {
		first.text = clip(e.Line.Message, 200)
	}
	l.first[e.Execution] = first
}

// fits tells whether a run is in the list, as far as that is known when it begins.
func (l *liveList) fits(e live.Event) bool {
	q := l.asked.query
	return (q.Version == nil || *q.Version == e.Version) && q.MatchesPath(&e.Identity)
}

// says tells whether a run that is over has the text that is asked for. Where its lines were
// not all seen, the next look tells.
func (l *liveList) says(e live.Event, first firstLine) bool {
	failure := ""
	if e.Failure != nil {
		failure = e.Failure.Name + ": " + e.Failure.Message
	}
	if first.found || l.asked.query.MatchesText(e.About(), failure) {
		return true
	}
	if first.lines < e.LineCount && (l.from.IsZero() || bytes.Compare(e.Execution[:], l.from[:]) < 0) {
		l.from = e.Execution
	}
	return false
}

// ended tells whether a run that is over is in the list.
func (l *liveList) ended(e live.Event) bool {
	return l.asked.query.MatchesEnd(e.Outcome, e.Status)
}

// eventRow is a run that begins or has ended as a row of a table.
func eventRow(app string, e live.Event) views.RunRowProps {
	method, _ := e.HTTP()
	row := views.RunRowProps{
		ID: e.Execution.String(), Href: paths.Run(app, e.Execution.String()), At: e.At, Outcome: "running",
		Method: method, Subject: clip(e.About(), 200), Script: e.ScriptName, Version: e.Version,
	}
	if e.Kind == live.RunEnded {
		row.Outcome, row.Status, row.Failed, row.Wall = string(e.Outcome), e.Status, e.Outcome.Failed(e.Status), time.Duration(e.WallUS)*time.Microsecond
		row.Others = int(e.Others)
		if e.Failure != nil {
			row.Summary = failureLine(e.Failure.Name, e.Failure.Message)
		}
	}
	return row
}
