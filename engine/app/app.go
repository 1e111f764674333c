// Package app is about tenants: what an app is called and where its functions are
// reached. It guarantees that a slug belongs to one app at a time and that the old slug
// of a renamed app leads to it until another app takes it.
package app

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/name"
	"picloud/queries"
)

// MaxName is the longest name of an app, in characters.
const MaxName = 80

// App is one tenant.
type App struct {
	ID          id.App
	Slug        string // its part of every address
	Name        string
	CreatedAt   time.Time
	Scripts     int  // filled by List only
	LiveScripts int  // of them published; filled by List only
	Paused      bool // see engine/pause; filled by List only
}

// Service makes, renames, finds and deletes apps.
type Service struct {
	Herald

	pool *pgxpool.Pool
	q    *queries.Queries
}

// New makes the service over a pool in the manager's role.
func New(pool *pgxpool.Pool) *Service {
	return &Service{Herald: NewHerald(pool), pool: pool, q: queries.New()}
}

// Naming is what an app is to be called. An empty Slug is derived from Name by Create
// and left as it is by Rename.
type Naming struct {
	Name string
	Slug string
}

// Create makes an app. A taken slug is a Conflict at field "slug".
func (s *Service) Create(ctx context.Context, grant actor.Grant, naming Naming) (App, error) {
	if err := grant.Need(actor.CreateApp); err != nil {
		return App{}, err
	}
	naming.Name = strings.TrimSpace(naming.Name)
	if naming.Slug == "" {
		naming.Slug = name.Derive(naming.Name)
	}
	if err := check(naming); err != nil {
		return App{}, err
	}
	made := App{ID: id.New[id.App](), Slug: naming.Slug, Name: naming.Name, CreatedAt: time.Now()}
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.q.AddApp(ctx, tx, queries.AddAppParams{ID: made.ID, Slug: made.Slug, Name: made.Name}); err != nil {
			return taken(err, made.Slug)
		}
		if err := s.q.ReuseAppSlug(ctx, tx, made.Slug); err != nil {
			return err
		}
		detail := map[string]any{"slug": made.Slug, "name": made.Name}
		return Record(ctx, tx, made.ID, audit.By(grant.Who(), audit.AppCreated, audit.App(made.ID), detail))
	})
	if err != nil {
		return App{}, fmt.Errorf("create app %s: %w", naming.Slug, err)
	}
	s.Announce(ctx)
	return made, nil
}

// Rename gives an app another name, slug or both. The old slug leads to the app until
// it is used again.
func (s *Service) Rename(ctx context.Context, grant actor.Grant, naming Naming) (App, error) {
	app, err := grant.App(actor.ManageApp)
	if err != nil {
		return App{}, err
	}
	naming.Name = strings.TrimSpace(naming.Name)
	var renamed App
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		old, err := s.q.LockApp(ctx, tx, app)
		if err != nil {
			return absent(err)
		}
		if naming.Slug == "" {
			naming.Slug = old.Slug
		}
		renamed = App{ID: old.ID, Slug: naming.Slug, Name: naming.Name, CreatedAt: old.CreatedAt}
		if old.Slug == naming.Slug && old.Name == naming.Name {
			return nil
		}
		if err := check(naming); err != nil {
			return err
		}
		if err := s.q.RenameApp(ctx, tx, queries.RenameAppParams{ID: app, Name: naming.Name, Slug: naming.Slug}); err != nil {
			return taken(err, naming.Slug)
		}
		if old.Slug != naming.Slug {
			if err := s.moveSlug(ctx, tx, app, old.Slug, naming.Slug); err != nil {
				return err
			}
		}
		detail := map[string]any{"from": old.Slug, "to": naming.Slug, "from_name": old.Name, "to_name": naming.Name}
		return Record(ctx, tx, app, audit.By(grant.Who(), audit.AppRenamed, audit.App(app), detail))
	})
	if err != nil {
		return App{}, fmt.Errorf("rename app %s: %w", app, err)
	}
	s.Announce(ctx)
	return renamed, nil
}

// Contents is what goes with an app when it is deleted.
type Contents struct {
	Scripts int
	Keys    int // API keys that are bound to it
}

// Contents counts what goes with the app.
func (s *Service) Contents(ctx context.Context, grant actor.Grant) (Contents, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Contents{}, err
	}
	scripts, err := s.q.CountScripts(ctx, s.pool, app)
	if err != nil {
		return Contents{}, fmt.Errorf("count the scripts of %s: %w", app, err)
	}
	keys, err := s.q.CountKeysOfApp(ctx, s.pool, &app)
	if err != nil {
		return Contents{}, fmt.Errorf("count the keys of %s: %w", app, err)
	}
	return Contents{Scripts: int(scripts), Keys: int(keys)}, nil
}

// Delete removes an app with all that is in it; its slug must be repeated. What its runs
// left is out of reach at once, and stays until it is old.
func (s *Service) Delete(ctx context.Context, grant actor.Grant, repeated string) error {
	app, err := grant.App(actor.DeleteApp)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		old, err := s.q.LockApp(ctx, tx, app)
		if err != nil {
			return absent(err)
		}
		if repeated != old.Slug {
			return fault.AtField("slug", "%.80q is not the app's address. Repeat %q to delete it.", repeated, old.Slug)
		}
		if err := s.q.DropApp(ctx, tx, app); err != nil {
			return err
		}
		detail := map[string]any{"slug": old.Slug, "name": old.Name}
		return Record(ctx, tx, app, audit.By(grant.Who(), audit.AppDeleted, audit.App(app), detail))
	})
	if err != nil {
		return fmt.Errorf("delete app %s: %w", app, err)
	}
	s.Announce(ctx)
	return nil
}

func (s *Service) moveSlug(ctx context.Context, tx pgx.Tx, app id.App, from, to string) error {
	if err := s.q.ReuseAppSlug(ctx, tx, to); err != nil {
		return err
	}
	return s.q.KeepAppSlug(ctx, tx, queries.KeepAppSlugParams{Slug: from, AppID: app})
}

// List gives the apps that the actor may see, by name.
func (s *Service) List(ctx context.Context, grant actor.Grant) ([]App, error) {
	if err := grant.Need(actor.ListApps); err != nil {
		return nil, err
	}
	rows, err := s.q.ListApps(ctx, s.pool)
	if err != nil {
		return nil, fmt.Errorf("list apps: %w", err)
	}
	apps := make([]App, 0, len(rows))
	for _, row := range rows {
		if grant.Sees(row.ID) {
			apps = append(apps, App{ID: row.ID, Slug: row.Slug, Name: row.Name, CreatedAt: row.CreatedAt, Scripts: int(row.Scripts), LiveScripts: int(row.LiveScripts), Paused: row.Paused})
		}
	}
	return apps, nil
}

// Get gives the app that the grant is in.
func (s *Service) Get(ctx context.Context, grant actor.Grant) (App, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return App{}, err
	}
	row, err := s.q.ReadApp(ctx, s.pool, app)
	if err != nil {
		return App{}, fmt.Errorf("read app %s: %w", app, absent(err))
	}
	return fromRow(row), nil
}

// Find gives the app that a slug leads to. When it is an old slug the app's own differs
// from it and the caller is to be redirected. An app that the actor may not know of is
// as absent as one that is not there.
func (s *Service) Find(ctx context.Context, grant actor.Grant, slug string) (App, error) {
	if err := grant.Need(actor.ListApps); err != nil {
		return App{}, err
	}
	row, err := s.q.ReadAppBySlug(ctx, s.pool, slug)
	if db.IsNoRows(err) {
		row, err = s.q.ReadAppByOldSlug(ctx, s.pool, slug)
	}
	if err != nil {
		return App{}, fmt.Errorf("find app %.80q: %w", slug, absent(err))
	}
	if !grant.Sees(row.ID) {
		return App{}, errNoApp()
	}
	return fromRow(row), nil
}

func fromRow(row queries.App) App {
	return App{ID: row.ID, Slug: row.Slug, Name: row.Name, CreatedAt: row.CreatedAt}
}

func errNoApp() error { return fault.New(fault.NotFound, "There is no such app.") }

func absent(err error) error {
	if db.IsNoRows(err) {
		return errNoApp()
	}
	return err
}

func taken(err error, slug string) error {
	if !db.IsUnique(err, "apps_slug_key") {
		return err
	}
	conflict := fault.New(fault.Conflict, "The address %q belongs to another app.", slug)
	conflict.Fields = []fault.Field{{Name: "slug", Message: conflict.Public}}
	return conflict
}

// check tells all faults of a naming at once.
func check(naming Naming) error {
	var fields []fault.Field
	if why := checkName(naming.Name); why != "" {
		fields = append(fields, fault.Field{Name: "name", Message: why})
	}
	if why := name.Check(naming.Slug); why != "" {
		if naming.Slug == "" {
			why = "No address can be made of this name. Give one: 1 to 63 of a-z, 0-9 and \"-\"."
		}
		fields = append(fields, fault.Field{Name: "slug", Message: why})
	}
	if len(fields) == 0 {
		return nil
	}
	if naming.Name == "" {
		fields = fields[:1] // an address is only missing because the name is
	}
	invalid := fault.New(fault.Invalid, "%s", fields[0].Message)
	invalid.Fields = fields
	return invalid
}

func checkName(name string) string {
	if name == "" {
		return "A name is needed."
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "The name has characters that cannot be shown."
	}
	if length := utf8.RuneCountInString(name); length > MaxName {
		return fmt.Sprintf("The name has %d characters; the limit is %d.", length, MaxName)
	}
	return ""
}
