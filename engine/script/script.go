// Package script is about functions as their authors see them: a script has one draft,
// which is saved as one types, and immutable versions, of which one may be live. It hides
// how versions are built and stored, and guarantees that nothing is published that does
// not compile, that of two who publish over the same version one is told, and that every
// switch of the live version is in the deployment history.
//
// Service is the manager's side; Table is the worker's, which knows only what is live.
package script

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/bundle"
	"picloud/engine/execution"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/engine/name"
	"picloud/queries"
)

// Limits of what people write, in characters.
const (
	MaxDescription = 500
	MaxNote        = 500
)

// PageSize is how many rows a list gives when it is not told, and at most.
const (
	PageSize    = 50
	MaxPageSize = 1000
)

// Script is one function of an app.
type Script struct {
	ID           id.Script
	App          id.App
	Name         string
	Kind         Kind
	Description  string
	Language     bundle.Language
	Capture      execution.Policy
	LiveVersion  int // 0: nothing is live
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Revision     int64 // of the draft
	DraftAt      time.Time
	DraftChanged bool            // the draft differs from what is live
	LiveLanguage bundle.Language // what is live was built from; "" where nothing is
	PublishedAt  time.Time       // the last switch of the live version; zero: never
	PublishedBy  string
}

// File is the name of the script's source as people see it.
func (s Script) File() string { return s.Name + s.Language.Extension() }

// Builder turns sources into programs, see bundle.Children.BuildAll.
type Builder func(context.Context, []bundle.Input) ([]bundle.Built, error)

// Service is what the manager does with scripts.
type Service struct {
	app.Herald

	// ModuleDepth is how many modules may import each other in a row; 0 is bundle.DefaultDepth.
	ModuleDepth int

	pool  *pgxpool.Pool
	q     *queries.Queries
	build Builder
	turns turns
}

// NewService makes the service over a pool in the manager's role.
func NewService(pool *pgxpool.Pool, build Builder) *Service {
	return &Service{Herald: app.NewHerald(pool), pool: pool, q: queries.New(), build: build}
}

// New is a script to be made. Without a Source the draft is the template's.
type New struct {
	Name        string
	Kind        Kind // "" is Endpoint
	Description string
	Language    bundle.Language // "" is TypeScript
	Template    Template        // "" is Plain
	Source      string
}

// Create makes a script with a draft and no version.
func (s *Service) Create(ctx context.Context, grant actor.Grant, wanted New) (Script, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Script{}, err
	}
	wanted.complete()
	if err := wanted.check(); err != nil {
		return Script{}, err
	}
	if wanted.Source == "" && wanted.Kind == Module {
		wanted.Source = starter(moduleStarter, wanted.Language)
	}
	if wanted.Source == "" {
		wanted.Source = Starter(wanted.Template, wanted.Language)
	}
	var made id.Script
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if _, err := s.holdModules(ctx, tx, appID); err != nil {
			return err
		}
		made, err = s.add(ctx, tx, authorOf(grant), appID, wanted)
		return err
	})
	if err != nil {
		return Script{}, fmt.Errorf("create script %s: %w", wanted.Name, err)
	}
	s.Announce(ctx)
	return s.Get(ctx, grant, made)
}

// complete puts what is meant in the place of what was not said.
func (w *New) complete() {
	w.Language = cmp.Or(w.Language, bundle.TypeScript)
	w.Template = cmp.Or(w.Template, Plain)
	w.Kind = cmp.Or(w.Kind, Endpoint)
}

func (w New) check() error { return invalid(w.faults()) }

func (w New) faults() []fault.Field {
	var fields []fault.Field
	if why := name.Check(w.Name); why != "" {
		fields = append(fields, fault.Field{Name: "name", Message: why})
	}
	if why := checkText("The description", w.Description, MaxDescription); why != "" {
		fields = append(fields, fault.Field{Name: "description", Message: why})
	}
	if why := bundle.CheckLanguage(w.Language); why != "" {
		fields = append(fields, fault.Field{Name: "language", Message: why})
	}
	if why := CheckKind(w.Kind); why != "" {
		fields = append(fields, fault.Field{Name: "kind", Message: why})
	}
	if why := checkTemplate(w.Template); why != "" {
		fields = append(fields, fault.Field{Name: "template", Message: why})
	}
	if why := checkSource(w.Source); why != "" {
		fields = append(fields, fault.Field{Name: "source", Message: why})
	}
	return fields
}

// CheckName refuses a name as Create would.
func (s *Service) CheckName(ctx context.Context, grant actor.Grant, named string) error {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return err
	}
	if why := name.Check(named); why != "" {
		return fault.AtField("name", "%s", why)
	}
	_, err = s.q.FindScriptID(ctx, s.pool, queries.FindScriptIDParams{AppID: app, Name: named})
	if db.IsNoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check the name %s: %w", named, err)
	}
	return nameTaken(named)
}

// add writes the rows of a new script.
func (s *Service) add(ctx context.Context, tx pgx.Tx, by author, appID id.App, wanted New) (id.Script, error) {
	made := id.New[id.Script]()
	err := s.q.AddScript(ctx, tx, queries.AddScriptParams{
		ID: made, AppID: appID, Name: wanted.Name, Description: wanted.Description, Language: string(wanted.Language), Kind: string(wanted.Kind),
	})
	if db.IsForeignKey(err, "") {
		return made, fault.New(fault.NotFound, "There is no such app.")
	}
	if err != nil {
		return made, taken(err, wanted.Name)
	}
	if err := s.takeName(ctx, tx, appID, wanted.Name, wanted.Kind); err != nil {
		return made, err
	}
	err = s.q.AddDraft(ctx, tx, queries.AddDraftParams{
		ScriptID: made, AppID: appID, Source: wanted.Source, SourceHash: hashOf(wanted.Source), UpdatedBy: by.user,
	})
	if err != nil {
		return made, err
	}
	return made, app.Record(ctx, tx, appID, by.did(audit.ScriptCreated, made, map[string]any{"name": wanted.Name}))
}

// Get gives a script by its id.
func (s *Service) Get(ctx context.Context, grant actor.Grant, script id.Script) (Script, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Script{}, err
	}
	return s.read(ctx, app, script)
}

func (s *Service) read(ctx context.Context, app id.App, script id.Script) (Script, error) {
	rows, err := s.q.ListScripts(ctx, s.pool, queries.ListScriptsParams{
		AppID: app, ID: pgtype.UUID{Bytes: script, Valid: true}, Most: 1,
	})
	if err != nil {
		return Script{}, fmt.Errorf("read script %s: %w", script, err)
	}
	if len(rows) == 0 {
		return Script{}, noScript()
	}
	return fromRow(rows[0]), nil
}

// Find gives the script of an app that a name leads to. When it is an old name the
// script's own differs from it and the caller is to be redirected.
func (s *Service) Find(ctx context.Context, grant actor.Grant, named string) (Script, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Script{}, err
	}
	found, err := s.q.FindScriptID(ctx, s.pool, queries.FindScriptIDParams{AppID: app, Name: named})
	if db.IsNoRows(err) {
		found, err = s.q.FindScriptIDByOldName(ctx, s.pool, queries.FindScriptIDByOldNameParams{AppID: app, Name: named})
	}
	if db.IsNoRows(err) {
		return Script{}, noScript()
	}
	if err != nil {
		return Script{}, fmt.Errorf("find script %.80q: %w", named, err)
	}
	return s.Get(ctx, grant, found)
}

// List gives the scripts of an app by name, those after the name given. limit 0 is
// PageSize; more tells that there are others.
func (s *Service) List(ctx context.Context, grant actor.Grant, after string, limit int) (scripts []Script, more bool, err error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, false, err
	}
	limit = pageSize(limit)
	rows, err := s.q.ListScripts(ctx, s.pool, queries.ListScriptsParams{AppID: app, After: after, Most: int32(limit + 1)})
	if err != nil {
		return nil, false, fmt.Errorf("list scripts of %s: %w", app, err)
	}
	more = len(rows) > limit
	scripts = make([]Script, min(len(rows), limit))
	for i := range scripts {
		scripts[i] = fromRow(rows[i])
	}
	return scripts, more, nil
}

func pageSize(limit int) int {
	if limit <= 0 {
		return PageSize
	}
	return min(limit, MaxPageSize)
}

func fromRow(row queries.ListScriptsRow) Script {
	s := Script{
		ID: row.ID, App: row.AppID, Name: row.Name, Kind: Kind(row.Kind), Description: row.Description, Language: bundle.Language(row.Language),
		Capture: execution.Policy(row.Capture), LiveVersion: number(row.LiveVersion), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		Revision: row.DraftRevision, DraftAt: row.DraftAt, DraftChanged: !bytes.Equal(row.DraftHash, row.LiveHash),
	}
	if row.LiveLanguage != nil {
		s.LiveLanguage = bundle.Language(*row.LiveLanguage)
		s.DraftChanged = s.DraftChanged || s.LiveLanguage != s.Language
	}
	if s.LiveVersion > 0 {
		s.PublishedAt, s.PublishedBy = row.PublishedAt, row.PublishedBy
	}
	return s
}

// number is a version number, 0 for none.
func number(n *int32) int {
	if n == nil {
		return 0
	}
	return int(*n)
}

func hashOf(source string) []byte {
	sum := sha256.Sum256([]byte(source))
	return sum[:]
}

func noScript() error { return fault.New(fault.NotFound, "There is no such script.") }

func taken(err error, named string) error {
	if !db.IsUnique(err, "scripts_app_id_name_key") {
		return err
	}
	return nameTaken(named)
}

func nameTaken(named string) error {
	conflict := fault.New(fault.Conflict, "The app has a script %q already.", named)
	conflict.Fields = []fault.Field{{Name: "name", Message: conflict.Public}}
	return conflict
}

func invalid(fields []fault.Field) error {
	if len(fields) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, "%s", fields[0].Message)
	f.Fields = fields
	return f
}

// checkText says what is wrong with a text of a few lines; "" is nothing.
func checkText(what, text string, limit int) string {
	unprintable := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return what + " has characters that cannot be shown."
	}
	if length := utf8.RuneCountInString(text); length > limit {
		return fmt.Sprintf("%s has %d characters; the limit is %d.", what, length, limit)
	}
	return ""
}

// checkSource says why a source cannot be stored; "" is nothing.
func checkSource(source string) string {
	switch {
	case len(source) > bundle.MaxSource:
		return fmt.Sprintf("The source is %d bytes; the limit is %d (1 MiB).", len(source), bundle.MaxSource)
	case !utf8.ValidString(source):
		return "The source is not valid UTF-8."
	case strings.ContainsRune(source, 0):
		return "The source has a NUL character."
	}
	return ""
}

// author is who is named in versions, deployments and the audit table.
type author struct {
	user    *id.User // nil: the platform itself
	name    string
	actor   string
	address string
}

func authorOf(grant actor.Grant) author {
	who := grant.Who()
	return author{user: &who.User, name: who.Name, actor: who.String(), address: who.Client.Address}
}

func (a author) did(action audit.Action, script id.Script, detail map[string]any) audit.Entry {
	return audit.Entry{Actor: a.actor, Address: a.address, Action: action, Object: audit.Script(script), Detail: detail}
}
