package script

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/bundle"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

const maxNumber = math.MaxInt32

// Version is one immutable state of a script.
type Version struct {
	ID        id.Version
	Number    int
	Kind      Kind
	Language  bundle.Language
	Origin    int    // the version that a person published; another than Number: it was built anew for its modules
	Author    string // the name as it was
	AuthorID  *id.User
	Note      string
	CreatedAt time.Time
	Size      int // bytes of the source
	Live      bool
	Source    string // filled by Version only
	Builds    int    // how often it was built anew for its modules; filled by OwnVersions only, like LastBuild
	LastBuild int
}

func noVersion(number int) error {
	return fault.New(fault.NotFound, "The script has no version %d.", number)
}

// Versions gives the versions of a script, newest first, those below the number before;
// 0 begins at the newest. limit 0 is PageSize; more tells that there are older ones.
func (s *Service) Versions(ctx context.Context, grant actor.Grant, script id.Script, before, limit int) (versions []Version, more bool, err error) {
	return s.versions(ctx, grant, script, before, limit, false)
}

// OwnVersions gives those of the versions that a person published, and what is live, with how
// often each was built anew.
func (s *Service) OwnVersions(ctx context.Context, grant actor.Grant, script id.Script, before, limit int) (versions []Version, more bool, err error) {
	versions, more, err = s.versions(ctx, grant, script, before, limit, true)
	if err != nil {
		return nil, false, err
	}
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, false, err
	}
	params, at := queries.CountBuildsParams{AppID: app, ScriptID: script}, map[int32]int{}
	for i, v := range versions {
		at[int32(v.Number)] = i
		params.Origins = append(params.Origins, int32(v.Number))
	}
	rows, err := s.q.CountBuilds(ctx, s.pool, params)
	if err != nil {
		return nil, false, fmt.Errorf("count builds of %s: %w", script, err)
	}
	for _, row := range rows {
		v := &versions[at[row.Origin]]
		v.Builds, v.LastBuild = int(row.Builds), int(row.Last)
	}
	return versions, more, nil
}

func (s *Service) versions(ctx context.Context, grant actor.Grant, script id.Script, before, limit int, own bool) (versions []Version, more bool, err error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, false, err
	}
	if before <= 0 || before > maxNumber {
		before = maxNumber
	}
	limit = pageSize(limit)
	rows, err := s.q.ListVersions(ctx, s.pool, queries.ListVersionsParams{AppID: app, ScriptID: script, Before: int32(before), Own: own, Most: int32(limit + 1)})
	if err != nil {
		return nil, false, fmt.Errorf("list versions of %s: %w", script, err)
	}
	more = len(rows) > limit
	versions = make([]Version, min(len(rows), limit))
	for i := range versions {
		row := rows[i]
		versions[i] = Version{
			ID: row.ID, Number: int(row.Number), Kind: kindOf(row.Module), Language: bundle.Language(row.Language), Author: row.Author, AuthorID: row.AuthorID,
			Note: row.Note, CreatedAt: row.CreatedAt, Size: int(row.Size), Live: row.Live, Origin: int(row.Origin),
		}
	}
	return versions, more, nil
}

func kindOf(module bool) Kind {
	if module {
		return Module
	}
	return Endpoint
}

// Version gives one version with its source.
func (s *Service) Version(ctx context.Context, grant actor.Grant, script id.Script, number int) (Version, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Version{}, err
	}
	if number < 1 || number > maxNumber {
		return Version{}, noVersion(number)
	}
	row, err := s.q.ReadVersion(ctx, s.pool, queries.ReadVersionParams{AppID: app, ScriptID: script, Number: int32(number)})
	if db.IsNoRows(err) {
		return Version{}, noVersion(number)
	}
	if err != nil {
		return Version{}, fmt.Errorf("read version %d of %s: %w", number, script, err)
	}
	return Version{
		Kind: kindOf(row.Module), Origin: int(row.Origin),
		ID: row.ID, Number: int(row.Number), Language: bundle.Language(row.Language), Author: row.Author, AuthorID: row.AuthorID,
		Note: row.Note, CreatedAt: row.CreatedAt, Size: int(row.Size), Live: row.Live, Source: row.Source,
	}, nil
}

// Diff compares two states of a script; 0 is the draft, any other number a version.
func (s *Service) Diff(ctx context.Context, grant actor.Grant, script id.Script, from, to int) (Difference, error) {
	older, err := s.stateOf(ctx, grant, script, from)
	if err != nil {
		return Difference{}, err
	}
	newer, err := s.stateOf(ctx, grant, script, to)
	if err != nil {
		return Difference{}, err
	}
	return Compare(older, newer), nil
}

func (s *Service) stateOf(ctx context.Context, grant actor.Grant, script id.Script, number int) (string, error) {
	if number == 0 {
		draft, err := s.Draft(ctx, grant, script)
		return draft.Source, err
	}
	version, err := s.Version(ctx, grant, script, number)
	return version.Source, err
}

// Deployment is one switch of the live version.
type Deployment struct {
	ID       id.Deployment
	From     int // 0: nothing was live
	To       int // 0: nothing is live since
	Author   string
	AuthorID *id.User
	Note     string
	At       time.Time
}

// Deployments gives the deployment history of a script, newest first, those before the
// one given; the zero id begins at the newest. limit 0 is PageSize.
func (s *Service) Deployments(ctx context.Context, grant actor.Grant, script id.Script, before id.Deployment, limit int) (deployments []Deployment, more bool, err error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, false, err
	}
	limit = pageSize(limit)
	rows, err := s.q.ListDeployments(ctx, s.pool, queries.ListDeploymentsParams{
		AppID: app, ScriptID: script, Before: pgtype.UUID{Bytes: before, Valid: !before.IsZero()}, Most: int32(limit + 1),
	})
	if err != nil {
		return nil, false, fmt.Errorf("list deployments of %s: %w", script, err)
	}
	more = len(rows) > limit
	deployments = make([]Deployment, min(len(rows), limit))
	for i := range deployments {
		row := rows[i]
		deployments[i] = Deployment{
			ID: row.ID, From: number(row.FromVersion), To: int(row.ToVersion), Author: row.Author, AuthorID: row.AuthorID,
			Note: row.Note, At: row.CreatedAt,
		}
	}
	return deployments, more, nil
}
