package dashboard

import (
	"context"
	"slices"
	"strings"
	"time"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution/history"
	"picloud/engine/id"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// Bounds of the chart: what is drawn has to stay a small part of the page.
const (
	chartBuckets = 120
	chartPoints  = 120
)

// chart is a sample of the whole range where that is what is asked for and the page has
// only a part of it, else the rows of the page.
func (d *Dashboard) chart(ctx context.Context, grant actor.Grant, app string, asked filter, page history.Page) (ui.ScatterProps, error) {
	if !page.Next.IsZero() && asked.plain() && asked.query.Before.IsZero() {
		return d.sample(ctx, grant, app, asked, page)
	}
	props := ui.ScatterProps{}
	for _, row := range page.Rows {
		if row.Outcome != call.Running {
			props.Points = append(props.Points, point(rowProps(app, row)))
		}
	}
	if n := len(props.Points); n > 0 {
		props.From, props.To = props.Points[n-1].At.Add(-time.Second), props.Points[0].At.Add(time.Second)
	}
	return props, nil
}

// sample is the chart of runs from all of the range, and of the page's: a burst falls into
// one stretch of the sample.
func (d *Dashboard) sample(ctx context.Context, grant actor.Grant, app string, asked filter, page history.Page) (ui.ScatterProps, error) {
	cloud, err := d.Executions.Scatter(ctx, grant, asked.query, chartBuckets)
	if err != nil {
		return ui.ScatterProps{}, err
	}
	known := make(map[id.Execution]bool, len(cloud.Points))
	for _, p := range cloud.Points {
		known[p.Execution] = true
	}
	for _, row := range page.Rows {
		if row.Outcome != call.Running && !known[row.Execution] {
			cloud.Points = append(cloud.Points, history.Point{Execution: row.Execution, Started: row.Started, Wall: row.Wall, Status: row.Status, Outcome: row.Outcome})
		}
	}
	props := ui.ScatterProps{From: cloud.From, To: cloud.To, Sample: true}
	for _, p := range cloud.Points {
		props.Points = append(props.Points, ui.Point{
			At: p.Started, Wall: p.Wall, Outcome: string(p.Outcome), Status: p.Status,
			Href: paths.Run(app, p.Execution.String()), Label: p.Started.UTC().Format("15:04:05 UTC"),
		})
	}
	props.Points = thin(props.Points)
	return props, nil
}

// point is a row of the list in its chart.
func point(row views.RunRowProps) ui.Point {
	return ui.Point{
		At: row.At, Wall: row.Wall, Outcome: row.Outcome, Status: row.Status, Href: row.Href, Label: strings.TrimSpace(row.Method + " " + clip(row.Subject, 60)),
	}
}

// thin leaves as many points as a chart may have: failures above all, since they are what
// one looks for, then others evenly over time. Failures come last and are drawn over the others.
func thin(points []ui.Point) []ui.Point {
	slices.SortFunc(points, func(a, b ui.Point) int { return a.At.Compare(b.At) })
	var failed, fine []ui.Point
	for _, p := range points {
		if call.Outcome(p.Outcome).Failed(p.Status) {
			failed = append(failed, p)
		} else {
			fine = append(fine, p)
		}
	}
	failed = evenly(failed, chartPoints/2)
	return append(evenly(fine, chartPoints-len(failed)), failed...)
}

func evenly(points []ui.Point, most int) []ui.Point {
	if len(points) <= most {
		return points
	}
	kept := make([]ui.Point, most)
	for i := range kept {
		kept[i] = points[i*len(points)/most]
	}
	return kept
}

// liveChart is the chart of a list that is followed: as the page had it, and what came since.
type liveChart struct {
	props ui.ScatterProps
	drawn bool       // the page's own points are there
	fresh []ui.Point // not in props yet
}

// add takes a run that has ended.
func (c *liveChart) add(row views.RunRowProps) {
	if len(c.fresh) < liveLines {
		c.fresh = append(c.fresh, point(row))
	}
}

// grow takes in what came since, over a range that ends now and is as long as it is asked for.
func (c *liveChart) grow(now time.Time, span time.Duration) ui.ScatterProps {
	known := map[string]bool{}
	for _, p := range c.props.Points {
		known[p.Href] = true
	}
	for _, p := range c.fresh {
		if !known[p.Href] {
			known[p.Href], c.props.Points = true, append(c.props.Points, p)
		}
	}
	c.fresh = nil
	if c.props.To = now; span > 0 {
		c.props.From = now.Add(-span)
		c.props.Points = slices.DeleteFunc(c.props.Points, func(p ui.Point) bool { return p.At.Before(c.props.From) })
	}
	for _, p := range c.props.Points {
		if span == 0 && (c.props.From.IsZero() || p.At.Before(c.props.From)) {
			c.props.From = p.At.Add(-time.Second)
		}
	}
	if len(c.props.Points) > chartPoints {
		c.props.Points, c.props.Sample = thin(c.props.Points), true
	}
	return c.props
}

// drawChart sends the chart with the runs that ended since it was sent last.
func (l *liveList) drawChart(ctx context.Context, s *stream) error {
	if len(l.chart.fresh) == 0 {
		return nil
	}
	if !l.chart.drawn {
		page, err := l.dashboard.Executions.List(ctx, l.grant, l.asked.query)
		if err != nil {
			return nil // the database is away: at the next look
		}
		if l.chart.props, err = l.dashboard.chart(ctx, l.grant, l.app.Slug, l.asked, page); err != nil {
			return nil
		}
		l.chart.drawn = true
	}
	now := time.Now()
	return s.draw("chart", ui.Scatter(now, l.chart.grow(now, l.asked.span)))
}
