package dashboard

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// How long a stream lives, how often it shows that it does, and how long it waits for a
// worker that is being replaced.
const (
	liveTime  = 30 * time.Minute
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
	list := &liveList{asked: asked, app: web.Of(r).App.Slug, first: map[id.Execution]firstLine{}}
	return d.follow(w, r, execution.Filter{App: asked.query.App, Script: asked.query.Script}, list.tell)
}

// runLive streams the lines of one run, and then its row.
func (d *Dashboard) runLive(w http.ResponseWriter, r *http.Request) error {
	run, err := id.Parse[id.Execution](r.URL.Query().Get("run"))
	if err != nil {
		return noRun(err)
	}
	slug := web.Of(r).App.Slug
	return d.follow(w, r, execution.Filter{App: web.Of(r).App.ID, Execution: run}, func(s *stream, e execution.Event) error {
		switch e.Kind {
		case execution.RunLine:
			return s.draw("line", views.LogLine(lineProps(call.Line{At: e.Line.At, Level: e.Line.Level, Message: e.Line.Message, Fields: e.Line.Fields})))
		case execution.RunEnded:
			return s.draw("row", views.RunRow(eventRow(slug, e)))
		}
		return nil
	})
}

func noRun(cause error) error {
	return fault.New(fault.NotFound, "There is no such run; runs are removed after a while.").Because(cause)
}

// follow streams what happens until the reader leaves, the session ends, or half an
// hour is over. The worker's side is watched only meanwhile.
func (d *Dashboard) follow(w http.ResponseWriter, r *http.Request, what execution.Filter, tell func(*stream, execution.Event) error) error {
	signedIn, release := d.Access.WhileSignedIn(r.Context(), web.Of(r).Actor)
	defer release()
	ctx, cancel := context.WithTimeout(signedIn, liveTime)
	events := make(chan execution.Event)
	var feed sync.WaitGroup
	defer feed.Wait()
	defer cancel()
	feed.Go(func() { d.feed(ctx, what, events) })
	s, err := begin(w, r)
	if err != nil {
		return nil // nobody is there
	}
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	for err == nil {
		select {
		case e := <-events:
			err = tell(s, e)
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
func (d *Dashboard) feed(ctx context.Context, what execution.Filter, events chan<- execution.Event) {
	for ctx.Err() == nil {
		err := d.Worker.Live(ctx, what, func(e execution.Event) error {
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
	asked filter
	app   string
	first map[id.Execution]firstLine // of runs under way
	said  time.Time                  // when the reader was told that runs are not shown; zero: not
}

// firstLine is what a run logged first, and how many lines there are.
type firstLine struct {
	text  string
	lines int
}

// liveLines bounds how many runs under way have their first line remembered.
const liveLines = 1000

// noteTime is how long a word about hidden runs stays.
const noteTime = 3 * time.Second

func (l *liveList) tell(s *stream, e execution.Event) error {
	if !l.said.IsZero() && time.Since(l.said) > noteTime {
		l.said = time.Time{}
		if err := s.send("note", ""); err != nil {
			return err
		}
	}
	switch e.Kind {
	case execution.RunLine:
		l.note(e)
	case execution.RunStarted:
		if l.fits(e) && l.asked.Outcome+l.asked.Status == "" {
			return s.draw("row", views.RunRow(eventRow(l.app, e)))
		}
	case execution.RunEnded:
		first := l.first[e.Execution]
		delete(l.first, e.Execution)
		if !l.fits(e) || !l.ended(e) {
			return nil
		}
		row := eventRow(l.app, e)
		if row.Summary == "" {
			row.Summary, row.Lines = first.text, e.LineCount
		}
		return s.draw("row", views.RunRow(row))
	case execution.Sampled:
		l.said = time.Now()
		return s.send("note", ui.Count(e.Hidden)+" more runs in this second; the first "+ui.Count(e.Shown)+" are shown.")
	case execution.Dropped:
		l.said = time.Now()
		return s.send("note", "Too much at once: some is not shown here. Load the page again to see all.")
	}
	return nil
}

func (l *liveList) note(e execution.Event) {
	first, known := l.first[e.Execution]
	if !known && len(l.first) >= liveLines {
		return
	}
	if first.lines++; first.lines == 1 {
		first.text = clip(e.Line.Message, 200)
	}
	l.first[e.Execution] = first
}

// fits tells whether a run is in the list, as far as that is known when it begins.
func (l *liveList) fits(e execution.Event) bool {
	q := l.asked.query
	return (q.Version == nil || *q.Version == e.Version) &&
		(q.Path == "" || strings.HasPrefix(e.Path, q.Path) || !strings.HasPrefix(q.Path, "/") && strings.Contains(e.Path, q.Path))
}

// ended tells whether a run that is over is in the list.
func (l *liveList) ended(e execution.Event) bool {
	q := l.asked.query
	fits := len(q.Outcomes) == 0
	for _, outcome := range q.Outcomes {
		fits = fits || outcome == e.Outcome
	}
	return fits && (q.StatusClass == 0 || e.Status/100 == q.StatusClass)
}

// eventRow is a run that begins or has ended as a row of a table.
func eventRow(app string, e execution.Event) views.RunRowProps {
	row := views.RunRowProps{
		ID: e.Execution.String(), Href: paths.Run(app, e.Execution.String()), At: e.At, Outcome: "running",
		Method: e.Method, Path: clip(e.Path, 200), Script: e.ScriptName, Version: e.Version, Trigger: string(e.Trigger),
	}
	if e.Kind == execution.RunEnded {
		row.Outcome, row.Status, row.Wall = string(e.Outcome), e.Status, time.Duration(e.WallUS)*time.Microsecond
		if e.Failure != nil {
			row.Summary = failureLine(e.Failure.Name, e.Failure.Message)
		}
	}
	return row
}
