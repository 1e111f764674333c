package script

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

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

// Rename gives a script another name. Its old name leads to it until it is used again.
func (s *Service) Rename(ctx context.Context, grant actor.Grant, script id.Script, to string) (Script, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Script{}, err
	}
	if why := name.Check(to); why != "" {
		return Script{}, fault.AtField("name", "%s", why)
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.holdModules(ctx, tx, appID); err != nil {
			return err
		}
		old, err := s.lock(ctx, tx, appID, script)
		if err != nil || old.Name == to {
			return err
		}
		if err := s.q.RenameScript(ctx, tx, queries.RenameScriptParams{AppID: appID, ID: script, Name: to}); err != nil {
			return taken(err, to)
		}
		if err := s.takeName(ctx, tx, appID, to, Kind(old.Kind)); err != nil {
			return err
		}
		if err := s.q.KeepScriptName(ctx, tx, queries.KeepScriptNameParams{AppID: appID, Name: old.Name, ScriptID: script}); err != nil {
			return err
		}
		return app.Record(ctx, tx, appID, authorOf(grant).did(audit.ScriptRenamed, script, map[string]any{"from": old.Name, "to": to}))
	})
	if err != nil {
		return Script{}, fmt.Errorf("rename script %s: %w", script, err)
	}
	s.Announce(ctx)
	return s.Get(ctx, grant, script)
}

// Settings of a script that need no new version.
type Settings struct {
	Description string
	Capture     execution.Policy
	Language    bundle.Language // of what is built from now on; "" leaves it
	Kind        Kind            // "" leaves it; see changeKind
	Unpublish   bool            // what is live goes off when the kind changes
}

// Describe changes the settings of a script. Another language changes neither the draft
// nor any version: it is what the next build takes the source for.
func (s *Service) Describe(ctx context.Context, grant actor.Grant, script id.Script, settings Settings) (Script, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Script{}, err
	}
	var fields []fault.Field
	if why := checkText("The description", settings.Description, MaxDescription); why != "" {
		fields = append(fields, fault.Field{Name: "description", Message: why})
	}
	switch settings.Capture {
	case execution.CaptureOff, execution.CaptureHeads, execution.CaptureAll:
	default:
		fields = append(fields, fault.Field{Name: "capture", Message: fmt.Sprintf("%.40q is none of off, heads and all.", settings.Capture)})
	}
	if settings.Language != "" {
		if why := bundle.CheckLanguage(settings.Language); why != "" {
			fields = append(fields, fault.Field{Name: "language", Message: why})
		}
	}
	if settings.Kind != "" {
		if why := CheckKind(settings.Kind); why != "" {
			fields = append(fields, fault.Field{Name: "kind", Message: why})
		}
	} else if settings.Unpublish {
		fields = append(fields, fault.Field{Name: "unpublish", Message: "Unpublish goes with another kind."})
	}
	if err := invalid(fields); err != nil {
		return Script{}, err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.holdModules(ctx, tx, appID); err != nil {
			return err
		}
		old, err := s.lock(ctx, tx, appID, script)
		if err != nil {
			return err
		}
		kind := cmp.Or(settings.Kind, Kind(old.Kind))
		if kind != Kind(old.Kind) {
			if err := s.changeKind(ctx, tx, authorOf(grant), old, kind, settings.Unpublish); err != nil {
				return err
			}
		}
		language := cmp.Or(string(settings.Language), old.Language)
		_, err = s.q.DescribeScript(ctx, tx, queries.DescribeScriptParams{
			AppID: appID, ID: script, Description: settings.Description, Capture: string(settings.Capture), Language: language,
		})
		if err != nil {
			return err
		}
		return app.Record(ctx, tx, appID, authorOf(grant).did(audit.ScriptDescribed, script, map[string]any{"capture": settings.Capture, "language": language, "kind": kind}))
	})
	if err != nil {
		return Script{}, fmt.Errorf("describe script %s: %w", script, err)
	}
	s.Announce(ctx)
	return s.Get(ctx, grant, script)
}

// Delete removes a script with its draft, versions and history. Its name must be
// repeated. A module that others use stays. What its runs left stays until it is old.
func (s *Service) Delete(ctx context.Context, grant actor.Grant, script id.Script, repeated string) error {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.holdModules(ctx, tx, appID); err != nil {
			return err
		}
		old, err := s.lock(ctx, tx, appID, script)
		if err != nil {
			return err
		}
		if repeated != old.Name {
			return fault.AtField("name", "%.80q is not the script's name. Repeat %q to delete it.", repeated, old.Name)
		}
		if err := s.unused(ctx, tx, old, "name", "cannot be deleted"); err != nil {
			return err
		}
		if Kind(old.Kind) == Module {
			if err := s.q.ReviseModules(ctx, tx, appID); err != nil {
				return err
			}
		}
		if err := s.drop(ctx, tx, appID, script); err != nil {
			return err
		}
		return app.Record(ctx, tx, appID, authorOf(grant).did(audit.ScriptDeleted, script, map[string]any{"name": old.Name}))
	})
	if err != nil {
		return fmt.Errorf("delete script %s: %w", script, err)
	}
	s.Announce(ctx)
	return nil
}

// drop deletes a script, with the texts and programs that no other has.
func (s *Service) drop(ctx context.Context, tx pgx.Tx, appID id.App, script id.Script) error {
	if err := s.q.DropScript(ctx, tx, queries.DropScriptParams{AppID: appID, ID: script}); err != nil {
		return err
	}
	if err := s.q.DropUnusedPrograms(ctx, tx, appID); err != nil {
		return err
	}
	return s.q.DropUnusedSources(ctx, tx, appID)
}

// lock holds a script's row to the end of the transaction: one change at a time.
func (s *Service) lock(ctx context.Context, tx pgx.Tx, appID id.App, script id.Script) (queries.Script, error) {
	row, err := s.q.LockScript(ctx, tx, queries.LockScriptParams{AppID: appID, ID: script})
	if db.IsNoRows(err) {
		return row, noScript()
	}
	return row, err
}
