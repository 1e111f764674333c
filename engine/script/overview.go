package script

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"picloud/engine/actor"
	"picloud/engine/id"
	"picloud/queries"
)

// Changes compares live version and draft of several scripts; those whose draft is what
// is live, or of which nothing is live, are not in it.
func (s *Service) Changes(ctx context.Context, grant actor.Grant, scripts []id.Script) (map[id.Script]Difference, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		return nil, nil
	}
	ids := make([]pgtype.UUID, len(scripts))
	for i, script := range scripts {
		ids[i] = pgtype.UUID{Bytes: script, Valid: true}
	}
	rows, err := s.q.ListChangedSources(ctx, s.pool, queries.ListChangedSourcesParams{AppID: app, ScriptIds: ids})
	if err != nil {
		return nil, fmt.Errorf("list changes of %s: %w", app, err)
	}
	changes := make(map[id.Script]Difference, len(rows))
	for _, row := range rows {
		changes[row.ScriptID] = Compare(row.Live, row.Draft)
	}
	return changes, nil
}

// Found is a script that a search hit.
type Found struct {
	AppSlug, AppName  string
	Name, Description string
	Kind              Kind
}

// Search gives the scripts whose name or description contains a text, in the apps that
// the actor may see; names that begin with it come first.
func (s *Service) Search(ctx context.Context, grant actor.Grant, text string, limit int) ([]Found, error) {
	if err := grant.Need(actor.ListApps); err != nil {
		return nil, err
	}
	apps, err := s.q.ListAppIDs(ctx, s.pool)
	if err != nil {
		return nil, fmt.Errorf("search scripts: %w", err)
	}
	var seen []pgtype.UUID
	for _, app := range apps {
		if grant.Sees(app) {
			seen = append(seen, pgtype.UUID{Bytes: app, Valid: true})
		}
	}
	rows, err := s.q.SearchScriptsAcrossApps(ctx, s.pool, queries.SearchScriptsAcrossAppsParams{
		Seen: seen, Text: strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), ""), Most: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("search scripts: %w", err)
	}
	found := make([]Found, 0, len(rows))
	for _, row := range rows {
		found = append(found, Found{AppSlug: row.Slug, AppName: row.AppName, Name: row.Name, Kind: Kind(row.Kind), Description: row.Description})
	}
	return found, nil
}
