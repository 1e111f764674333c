package script

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Kind of a script.
type Kind string

// The kinds.
const (
	Endpoint Kind = "endpoint" // has a handler and a URL
	Module   Kind = "module"   // has exports, which the scripts of its app import
)

// CheckKind says what is wrong with a kind; "" is nothing.
func CheckKind(kind Kind) string {
	if kind == Endpoint || kind == Module {
		return ""
	}
	return fmt.Sprintf("%.40q is no kind of script; use %q or %q.", kind, Endpoint, Module)
}

// SetKind makes a module of an endpoint, or the other way round. Nothing is live afterwards, so a
// script that is live is asked about (a Conflict at field "unpublish") unless unpublish is set.
// A module that others use stays one.
func (s *Service) SetKind(ctx context.Context, grant actor.Grant, script id.Script, kind Kind, unpublish bool) (Script, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Script{}, err
	}
	if why := CheckKind(kind); why != "" {
		return Script{}, fault.AtField("kind", "%s", why)
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.reviseModules(ctx, tx, appID); err != nil {
			return err
		}
		old, err := s.lock(ctx, tx, appID, script)
		if err != nil || Kind(old.Kind) == kind {
			return err
		}
		if err := s.unused(ctx, tx, old, "kind", "cannot become an endpoint"); err != nil {
			return err
		}
		if old.LiveVersion != nil {
			if !unpublish {
				return askToUnpublish(old)
			}
			if err := s.deploy(ctx, tx, authorOf(grant), old, 0, "It becomes "+article(kind)+"."); err != nil {
				return err
			}
		}
		if err := s.q.SetScriptKind(ctx, tx, queries.SetScriptKindParams{AppID: appID, ID: script, Kind: string(kind)}); err != nil {
			return err
		}
		return app.Record(ctx, tx, appID, authorOf(grant).did(audit.ScriptDescribed, script, map[string]any{"kind": kind}))
	})
	if err != nil {
		return Script{}, fmt.Errorf("change the kind of %s: %w", script, err)
	}
	s.Announce(ctx)
	return s.Get(ctx, grant, script)
}

func askToUnpublish(old queries.Script) error {
	what := "Its URL then answers no more, and its text must fit a module to be published again."
	if Kind(old.Kind) == Module {
		what = "Its text must have a handler to be published again."
	}
	conflict := fault.New(fault.Conflict, "Version %d of %s is live, and would be unpublished. %s", *old.LiveVersion, old.Name, what)
	conflict.Fields = []fault.Field{{Name: "unpublish", Message: conflict.Public}}
	return conflict
}

func article(kind Kind) string {
	if kind == Endpoint {
		return "an endpoint"
	}
	return "a module"
}

// reviseModules holds the imports of an app as they are to the end of the transaction, and tells
// those who have built with them that they changed.
func (s *Service) reviseModules(ctx context.Context, tx pgx.Tx, appID id.App) error {
	if _, err := s.q.LockModules(ctx, tx, appID); err != nil {
		if db.IsNoRows(err) {
			return fault.New(fault.NotFound, "There is no such app.")
		}
		return err
	}
	return s.q.ReviseModules(ctx, tx, appID)
}
