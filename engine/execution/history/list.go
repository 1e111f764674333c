package history

import (
	"context"
	"fmt"
	"strings"
	"time"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/call"
	"picloud/engine/id"
	"picloud/queries"
)

// Query says which runs to list.
type Query struct {
	app         id.App       // the grant's
	Script      id.Script    // zero: all of the app
	Before      id.Execution // the page's cursor; zero: from the newest
	Limit       int          // 50 when it is 0, at most 200
	Outcomes    []call.Outcome
	Failed      bool   // only those that count as a failure, see [call.Outcome.Failed]
	StatusClass int    // 2 to 5; 0: any
	Version     *int   // 0 in it: the draft
	Path        string // beginning with "/": how the path begins, else a part of it
	Since       time.Time
	Until       time.Time
	Text        string // a part of what it is about, of an HTTP request path or query, the error or a log line, in any case
}

// Page is a page of a list, newest first.
type Page struct {
	Rows []Row // on the first page up to 50 that are under way before the others
	// Next is the cursor of the next page; zero: there is none.
	Next id.Execution
	// SearchedTo tells, when it is set, that only runs from then on were looked at, and
	// Rows are those among them that match; Next goes on from there.
	SearchedTo time.Time
}

// How many rows of a range one page looks at, so that it takes tens of milliseconds at
// most: an app's rows lie side by side, those of a script and failures far apart.
const (
	scanRows    = 10_000
	scanScript  = 5_000
	scanNotable = 3_000
	textRows    = 10_000
	pageRows    = 50
	pageLimit   = 200
)

var lastID = id.Execution{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// List gives a page of runs.
func (s *Store) List(ctx context.Context, grant actor.Grant, q Query) (Page, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Page{}, err
	}
	q.app = app
	running := s.underWay(&q)
	if len(q.Outcomes) == 1 && q.Outcomes[0] == call.Running {
		return Page{Rows: running}, nil
	}
	page, err := s.listEnded(ctx, q)
	if err != nil {
		return Page{}, fmt.Errorf("list runs of app %s: %w", q.app, err)
	}
	page.Rows = withRunning(running, page.Rows)
	return page, nil
}

func (s *Store) listEnded(ctx context.Context, q Query) (Page, error) {
	look := lookOf(&q)
	found, err := s.look(ctx, &q, look)
	if err != nil {
		return Page{}, err
	}
	var page Page
	for i := range found[:min(len(found), look.page)] {
		page.Rows = append(page.Rows, rowOf(&found[i]))
	}
	if len(found) > look.page {
		page.Next = page.Rows[look.page-1].Execution
		return page, nil
	}
	end, err := s.scanEnd(ctx, &q, look)
	if db.IsNoRows(err) {
		return page, nil
	}
	if err != nil {
		return Page{}, err
	}
	page.Next, page.SearchedTo = end, end.Time()
	return page, nil
}

// look is a query made ready for SQL.
type look struct {
	before, since id.Execution
	page, scan    int
	outcomes      []string
	prefix, part  string
	text          string
	version       *int32
	notable       bool // only runs that the indexes of failures have can match
}

func lookOf(q *Query) look {
	l := look{before: lastID, page: pageRows, scan: scanRows}
	if q.Limit > 0 {
		l.page = min(q.Limit, pageLimit)
	}
	if !q.Until.IsZero() {
		l.before = id.Earliest[id.Execution](q.Until)
	}
	if !q.Before.IsZero() && string(q.Before[:]) < string(l.before[:]) {
		l.before = q.Before
	}
	if !q.Since.IsZero() {
		l.since = id.Earliest[id.Execution](q.Since)
	}
	l.notable = q.StatusClass >= 4 || len(q.Outcomes) > 0 || q.Failed
	for _, outcome := range q.Outcomes {
		l.outcomes = append(l.outcomes, string(outcome))
		if outcome == call.OK && q.StatusClass < 4 && !q.Failed {
			l.notable = false
		}
	}
	switch {
	case q.Text != "":
		l.scan = textRows
	case l.notable:
		l.scan = scanNotable
	case !q.Script.IsZero():
		l.scan = scanScript
	}
	if path := searchable(q.Path); strings.HasPrefix(path, "/") {
		l.prefix = path
	} else {
		l.part = path
	}
	l.text = searchable(q.Text)
	if q.Version != nil {
		version := int32(*q.Version)
		l.version = &version
	}
	return l
}

// searchable is a text as the rows have it: without what PostgreSQL does not take.
func searchable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}

func (s *Store) look(ctx context.Context, q *Query, l look) ([]queries.Execution, error) {
	class, scan, page := int32(q.StatusClass), int32(l.scan), int32(l.page+1)
	switch {
	case q.Text != "" && q.Script.IsZero():
		return queries.New().SearchExecutionsOfApp(ctx, s.pool, queries.SearchExecutionsOfAppParams{
			AppID: q.app, Before: l.before, Since: l.since, Scan: scan,
			Outcomes: l.outcomes, Failed: q.Failed, StatusClass: class, Version: l.version, PathPrefix: l.prefix, PathPart: l.part, Text: l.text, Page: page,
		})
	case q.Text != "":
		return queries.New().SearchExecutionsOfScript(ctx, s.pool, queries.SearchExecutionsOfScriptParams{
			AppID: q.app, ScriptID: q.Script, Before: l.before, Since: l.since, Scan: scan,
			Outcomes: l.outcomes, Failed: q.Failed, StatusClass: class, Version: l.version, PathPrefix: l.prefix, PathPart: l.part, Text: l.text, Page: page,
		})
	case q.Script.IsZero() && l.notable:
		return queries.New().ListNotableExecutionsOfApp(ctx, s.pool, queries.ListNotableExecutionsOfAppParams{
			AppID: q.app, Before: l.before, Since: l.since, Scan: scan,
			Outcomes: l.outcomes, Failed: q.Failed, StatusClass: class, Version: l.version, PathPrefix: l.prefix, PathPart: l.part, Page: page,
		})
	case q.Script.IsZero():
		return queries.New().ListExecutionsOfApp(ctx, s.pool, queries.ListExecutionsOfAppParams{
			AppID: q.app, Before: l.before, Since: l.since, Scan: scan,
			Outcomes: l.outcomes, Failed: q.Failed, StatusClass: class, Version: l.version, PathPrefix: l.prefix, PathPart: l.part, Page: page,
		})
	case l.notable:
		return queries.New().ListNotableExecutionsOfScript(ctx, s.pool, queries.ListNotableExecutionsOfScriptParams{
			AppID: q.app, ScriptID: q.Script, Before: l.before, Since: l.since, Scan: scan,
			Outcomes: l.outcomes, Failed: q.Failed, StatusClass: class, Version: l.version, PathPrefix: l.prefix, PathPart: l.part, Page: page,
		})
	}
	return queries.New().ListExecutionsOfScript(ctx, s.pool, queries.ListExecutionsOfScriptParams{
		AppID: q.app, ScriptID: q.Script, Before: l.before, Since: l.since, Scan: scan,
		Outcomes: l.outcomes, Failed: q.Failed, StatusClass: class, Version: l.version, PathPrefix: l.prefix, PathPart: l.part, Page: page,
	})
}

// scanEnd is the last row that was looked at; no row when the range has no more.
func (s *Store) scanEnd(ctx context.Context, q *Query, l look) (id.Execution, error) {
	skip := int32(l.scan - 1)
	switch {
	case q.Script.IsZero() && l.notable && q.Text == "":
		return queries.New().FindNotableScanEndOfApp(ctx, s.pool, queries.FindNotableScanEndOfAppParams{AppID: q.app, Before: l.before, Since: l.since, Skip: skip})
	case q.Script.IsZero():
		return queries.New().FindScanEndOfApp(ctx, s.pool, queries.FindScanEndOfAppParams{AppID: q.app, Before: l.before, Since: l.since, Skip: skip})
	case l.notable && q.Text == "":
		return queries.New().FindNotableScanEndOfScript(ctx, s.pool, queries.FindNotableScanEndOfScriptParams{
			AppID: q.app, ScriptID: q.Script, Before: l.before, Since: l.since, Skip: skip,
		})
	}
	return queries.New().FindScanEndOfScript(ctx, s.pool, queries.FindScanEndOfScriptParams{
		AppID: q.app, ScriptID: q.Script, Before: l.before, Since: l.since, Skip: skip,
	})
}
