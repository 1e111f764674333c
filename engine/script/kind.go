package script

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

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

// changeKind makes a module of an endpoint, or the other way round. Nothing is live afterwards, so
// a script that is live is asked about (a Conflict at field "unpublish") unless unpublish is set. A
// module that others use stays one.
func (s *Service) changeKind(ctx context.Context, tx pgx.Tx, by author, old queries.Script, kind Kind, unpublish bool) error {
	if err := s.unused(ctx, tx, old, "kind", "cannot become an endpoint"); err != nil {
		return err
	}
	if old.LiveVersion != nil {
		if !unpublish {
			return askToUnpublish(old)
		}
		if err := s.deploy(ctx, tx, by, old, 0, "It becomes "+article(kind)+"."); err != nil {
			return err
		}
	}
	if err := s.q.ReviseModules(ctx, tx, old.AppID); err != nil {
		return err
	}
	return s.q.SetScriptKind(ctx, tx, queries.SetScriptKindParams{AppID: old.AppID, ID: old.ID, Kind: string(kind)})
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

// takeName takes a name away from a script that had it before. One by which others import a module
// is not to be had: they would get something else. A new name of a module is told to those who plan.
func (s *Service) takeName(ctx context.Context, tx pgx.Tx, appID id.App, name string, kind Kind) error {
	reused, err := s.q.ReuseScriptName(ctx, tx, queries.ReuseScriptNameParams{AppID: appID, Name: name})
	if err != nil || reused == 0 && kind != Module {
		return err
	}
	if reused > 0 {
		importers, err := s.q.ListImportersByName(ctx, tx, queries.ListImportersByNameParams{AppID: appID, Name: name})
		if err != nil {
			return err
		}
		if len(importers) > 0 {
			conflict := fault.New(fault.Conflict, "%s still imports %s by the name %s. Let it import %[2]s by its own name first.", importers[0].Name, importers[0].Module, name)
			conflict.Fields = []fault.Field{{Name: "name", Message: conflict.Public}}
			return conflict
		}
	}
	return s.q.ReviseModules(ctx, tx, appID)
}
