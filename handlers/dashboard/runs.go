package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/execution"
	"picloud/engine/execution/history"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// Bounds of a filter's texts, in characters.
const (
	maxFilterPath = 1000
	maxFilterText = 200
)

// filter is what the address of a list asks for: as typed, and as the engine takes it.
type filter struct {
	views.RunFilter
	query history.Query
	span  time.Duration // how far back the range goes; 0: as far as there are runs
}

// readFilter reads the filter of the address. What cannot be is a fault at its input.
func (d *Dashboard) readFilter(r *http.Request) (filter, error) {
	values, state := r.URL.Query(), web.Of(r)
	f := filter{
		RunFilter: views.RunFilter{
			Script: values.Get("script"), Outcome: values.Get("outcome"), Status: values.Get("status"), Version: values.Get("version"),
			Path: values.Get("path"), Text: values.Get("q"), Since: values.Get("since"), Until: values.Get("until"), Faults: views.Faults{},
		},
		query: history.Query{Script: state.Script.ID, Path: values.Get("path"), Text: strings.TrimSpace(values.Get("q"))},
	}
	f.readOutcome()
	f.readVersion()
	f.readRange(d.Now())
	for name, limit := range map[string]int{"path": maxFilterPath, "q": maxFilterText} {
		if text := values.Get(name); !utf8.ValidString(text) || strings.ContainsRune(text, 0) || utf8.RuneCountInString(text) > limit {
			f.Faults[name] = "This is a text of at most " + strconv.Itoa(limit) + " characters."
		}
	}
	if before := values.Get("before"); before != "" {
		cursor, err := id.Parse[id.Execution](before)
		if err != nil {
			f.Faults["before"] = "This address names no run to go on from."
		}
		f.query.Before = cursor
	}
	return f, d.readScript(r, &f)
}

func (f *filter) readOutcome() {
	switch {
	case f.Outcome == "":
	case f.Outcome == "failed":
		f.query.Failed = true
	case slices.Contains(call.Outcomes(), call.Outcome(f.Outcome)):
		f.query.Outcomes = []call.Outcome{call.Outcome(f.Outcome)}
	default:
		f.Faults["outcome"] = "There is no outcome \"" + clip(f.Outcome, 40) + "\"."
	}
	switch f.Status {
	case "":
	case "2xx", "3xx", "4xx", "5xx":
		f.query.StatusClass = int(f.Status[0] - '0')
	default:
		f.Faults["status"] = "A status is 2xx, 3xx, 4xx or 5xx, not \"" + clip(f.Status, 40) + "\"."
	}
}

func (f *filter) readVersion() {
	if f.Version == "" {
		return
	}
	number := 0
	if f.Version != paths.Draft {
		var err error
		if number, err = strconv.Atoi(f.Version); err != nil || number < 1 || number > 1<<31-1 {
			f.Faults["version"] = "A version is a number, or \"draft\", not \"" + clip(f.Version, 40) + "\"."
			return
		}
	}
	f.query.Version = &number
}

// readRange reads until when, in UTC where no zone is given, and how long before that.
func (f *filter) readRange(now time.Time) {
	if f.Until != "" {
		until, ok := readMoment(f.Until)
		if !ok {
			f.Faults["until"] = "A time is like 2026-11-25T14:00, in UTC, not \"" + clip(f.Until, 40) + "\"."
			return
		}
		now, f.query.Until = until, until
		f.Until = until.UTC().Format("2006-01-02T15:04")
	}
	spans := map[string]time.Duration{"15m": 15 * time.Minute, "1h": time.Hour, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour}
	if f.Since == "" {
		return
	}
	span, ok := spans[f.Since]
	if !ok {
		f.Faults["since"] = "A time is 15m, 1h, 24h or 7d, not \"" + clip(f.Since, 40) + "\"."
		return
	}
	f.query.Since, f.span = now.Add(-span), span
}

// readMoment reads a time of this century as HTML's datetime-local or RFC 3339 writes it.
func readMoment(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 2000 && t.Year() < 2100 {
			return t, true
		}
	}
	return time.Time{}, false
}

// readScript narrows the runs of an app to one of its scripts.
func (d *Dashboard) readScript(r *http.Request, f *filter) error {
	state := web.Of(r)
	if f.Script == "" || !state.Script.ID.IsZero() {
		f.Script = ""
		return nil
	}
	found, err := d.Scripts.Find(r.Context(), state.Grant, f.Script)
	if fault.Is(err, fault.NotFound) {
		f.Faults["script"] = "The app has no script \"" + clip(f.Script, 80) + "\"."
		return nil
	}
	f.query.Script = found.ID
	return err
}

// plain tells whether nothing but script and time is asked for: what a chart of the
// whole range shows.
func (f *filter) plain() bool { return f.Outcome+f.Status+f.Version+f.Path+f.Text == "" }

// AppRuns are the runs of all scripts of an app.
func (d *Dashboard) AppRuns(w http.ResponseWriter, r *http.Request) error {
	f, err := d.appFrame(r)
	if err != nil {
		return err
	}
	slug := web.Of(r).App.Slug
	props := views.RunsProps{LiveURL: paths.AppRunsLive(slug)}
	for _, s := range f.App.Scripts {
		props.Scripts = append(props.Scripts, s.Name)
	}
	return d.runs(w, r, f, props, paths.AppRuns(slug))
}

// ScriptRuns are the runs of one script.
func (d *Dashboard) ScriptRuns(w http.ResponseWriter, r *http.Request) error {
	f, head, err := d.scriptFrame(r, nil)
	if err != nil {
		return err
	}
	state := web.Of(r)
	versions, _, err := d.Scripts.Versions(r.Context(), state.Grant, state.Script.ID, 0, 0)
	if err != nil {
		return err
	}
	props := views.RunsProps{Script: &head, LiveURL: paths.ScriptRunsLive(state.App.Slug, state.Script.Name)}
	for _, v := range versions {
		props.Versions = append(props.Versions, v.Number)
	}
	return d.runs(w, r, f, props, paths.ScriptRuns(state.App.Slug, state.Script.Name))
}

// runs fills the list that the address asks for.
func (d *Dashboard) runs(w http.ResponseWriter, r *http.Request, f views.Frame, props views.RunsProps, address string) error {
	asked, err := d.readFilter(r)
	if err != nil {
		return err
	}
	props.Filter = asked.RunFilter
	if asked.Script != "" && !slices.Contains(props.Scripts, asked.Script) {
		props.Scripts = append(props.Scripts, asked.Script)
	}
	if len(asked.Faults) > 0 {
		props.LiveURL = ""
		return d.page(w, r, http.StatusUnprocessableEntity, views.Runs(f, props))
	}
	page, err := d.Executions.List(r.Context(), web.Of(r).Grant, asked.query)
	if err != nil {
		return err
	}
	if props.Rows, err = d.runRows(r.Context(), web.Of(r).Grant, web.Of(r).App.Slug, page.Rows); err != nil {
		return err
	}
	if props.Chart, err = d.chart(r.Context(), web.Of(r).Grant, web.Of(r).App.Slug, asked, page); err != nil {
		return err
	}
	if props.OverShare, err = d.overShare(r); err != nil {
		return err
	}
	props.SearchedTo, f.Warnings = page.SearchedTo, d.Warnings(r.Context())
	turn(&props, r.URL.Query(), address, page.Next)
	if props.LiveURL != "" {
		props.LiveURL = paths.With(props.LiveURL, d.since(page.Rows)...)
	}
	return d.page(w, r, http.StatusOK, views.Runs(f, props))
}

// turn sets the addresses of the other pages and of the stream, all with the filter.
func turn(props *views.RunsProps, asked url.Values, address string, next id.Execution) {
	var pairs []string
	for _, name := range []string{"script", "outcome", "status", "version", "path", "q", "since", "until"} {
		pairs = append(pairs, name, asked.Get(name))
	}
	here := paths.With(address, pairs...)
	if !next.IsZero() {
		props.Older = paths.With(here, "before", next.String())
	}
	props.LiveURL = paths.With(props.LiveURL, pairs...)
	if asked.Get("before") != "" {
		props.Newest, props.LiveURL = here, ""
	}
	if props.Filter.Until != "" {
		props.LiveURL = ""
	}
}

// since is what the stream has to make up for when it opens: runs after the newest of the
// page, and the ends of those that are under way on it.
func (d *Dashboard) since(rows []history.Row) []string {
	from := id.Earliest[id.Execution](d.Now())
	if len(rows) > 0 {
		from = rows[0].Execution
	}
	var open []string
	for _, row := range rows {
		if row.Outcome == call.Running {
			open = append(open, row.Execution.String())
		}
	}
	return []string{"from", from.String(), "open", strings.Join(open, ",")}
}

// runRows are runs as a table shows them.
func (d *Dashboard) runRows(ctx context.Context, grant actor.Grant, app string, rows []history.Row) ([]views.RunRowProps, error) {
	first, err := d.Executions.FirstLines(ctx, grant, rows)
	if err != nil {
		return nil, err
	}
	list := make([]views.RunRowProps, len(rows))
	for i, row := range rows {
		list[i] = rowProps(app, row)
		if row.Failure == nil {
			list[i].Summary, list[i].Lines = clip(first[row.Execution], 200), row.LineCount
			if row.LineCount > 0 && row.LeftOut >= execution.LogLeftOut {
				list[i].Summary, list[i].Lines = ui.Plural(row.LineCount, "line")+", not kept", 0
			}
		}
	}
	return list, nil
}

// rowProps is a run as a table shows it, without its log.
func rowProps(app string, row history.Row) views.RunRowProps {
	props := views.RunRowProps{
		ID: row.Execution.String(), Href: paths.Run(app, row.Execution.String()), At: row.Started,
		Outcome: string(row.Outcome), Status: row.Status, Failed: row.Outcome.Failed(row.Status), Method: row.Method, Subject: clip(row.About(), 200),
		Script: row.ScriptName, Version: row.Version, Wall: row.Wall, Others: int(row.Others),
	}
	if row.Failure != nil {
		props.Summary = failureLine(row.Failure.Name, row.Failure.Message)
	}
	return props
}

// failureLine is a failure in one line of a table.
func failureLine(name, message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if name != "" {
		message = name + ": " + message
	}
	return clip(message, 200)
}
