package script

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// deploy makes a version live, or nothing when to is 0, and writes it into the deployment
// history.
func (s *Service) deploy(ctx context.Context, tx pgx.Tx, by author, script queries.Script, to int32, note string) error {
	live, action := &to, audit.VersionMadeLive
	if to == 0 {
		live, action = nil, audit.Unpublished
	}
	if err := s.q.SetLiveVersion(ctx, tx, queries.SetLiveVersionParams{AppID: script.AppID, ID: script.ID, LiveVersion: live}); err != nil {
		return err
	}
	err := s.q.AddDeployment(ctx, tx, queries.AddDeploymentParams{
		ID: id.New[id.Deployment](), AppID: script.AppID, ScriptID: script.ID, FromVersion: script.LiveVersion, ToVersion: to,
		AuthorID: by.user, Author: by.name, Note: strings.TrimSpace(note),
	})
	if err != nil {
		return err
	}
	return app.Record(ctx, tx, script.AppID, by.did(action, script.ID, map[string]any{
		"name": script.Name, "from": number(script.LiveVersion), "to": to,
	}))
}

// MakeLive makes a stored version live at once. With one of a module, what follows it is built
// anew as when it is published; if the modules that it imports are others now, another build of it
// goes live.
func (s *Service) MakeLive(ctx context.Context, grant actor.Grant, script id.Script, to int, note string, follow Follow) (Published, error) {
	if to < 1 {
		return Published{}, noVersion(to)
	}
	current, err := s.Get(ctx, grant, script)
	if err != nil {
		return Published{}, err
	}
	if current.Kind == Module && current.LiveVersion != to {
		return s.goBack(ctx, grant, current, to, note, follow)
	}
	current, err = s.switchTo(ctx, grant, script, to, note)
	return Published{Script: current, Version: to}, err
}

// goBack makes a version of a module live.
func (s *Service) goBack(ctx context.Context, grant actor.Grant, current Script, to int, note string, follow Follow) (Published, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Published{}, err
	}
	w, err := s.wishBack(ctx, grant, current, to)
	if err != nil {
		return Published{}, err
	}
	w.note = strings.TrimSpace(note)
	return s.publish(ctx, grant, appID, w, follow, Publishing{Note: note}.check())
}

// wishBack is a version that is to be live again.
func (s *Service) wishBack(ctx context.Context, grant actor.Grant, current Script, to int) (wish, error) {
	stored, err := s.Version(ctx, grant, current.ID, to)
	if err != nil {
		return wish{}, err
	}
	if stored.Kind != current.Kind {
		return wish{}, otherKind(current.Name, to, current.Kind)
	}
	return wish{script: current.ID, name: current.Name, kind: current.Kind, source: stored.Source, stored: &stored}, nil
}

func otherKind(named string, version int, kind Kind) error {
	was := Endpoint
	if kind == Endpoint {
		was = Module
	}
	return fault.New(fault.Invalid, "Version %d of %s was %s, and it is %s now. Take its text into the draft and publish that.", version, named, article(was), article(kind))
}

// Unpublish makes nothing live: the script's URL is as that of a script that never was
// published, until a version is live again. Versions, draft and runs stay. A module that others
// use stays live.
func (s *Service) Unpublish(ctx context.Context, grant actor.Grant, script id.Script, note string) (Script, error) {
	return s.switchTo(ctx, grant, script, 0, note)
}

// switchTo makes a stored version live, or nothing when to is 0. What is so already is
// not noted again.
func (s *Service) switchTo(ctx context.Context, grant actor.Grant, script id.Script, to int, note string) (Script, error) {
	appID, err := grant.App(actor.WriteScript)
	if err != nil {
		return Script{}, err
	}
	if why := checkText("The note", note, MaxNote); why != "" {
		return Script{}, fault.AtField("note", "%s", why)
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := s.holdModules(ctx, tx, appID); err != nil {
			return err
		}
		locked, err := s.lock(ctx, tx, appID, script)
		if err != nil || number(locked.LiveVersion) == to {
			return err
		}
		if Kind(locked.Kind) == Module {
			if err := s.q.ReviseModules(ctx, tx, appID); err != nil {
				return err
			}
		}
		if to == 0 {
			err = s.unused(ctx, tx, locked, "version", "cannot be unpublished")
		} else {
			err = s.hasVersion(ctx, tx, locked, to)
		}
		if err != nil {
			return err
		}
		return s.deploy(ctx, tx, authorOf(grant), locked, int32(to), note)
	})
	if err != nil {
		return Script{}, fmt.Errorf("make %s of %s live: %w", describe(to), script, err)
	}
	s.Announce(ctx)
	return s.Get(ctx, grant, script)
}

// hasVersion tells whether a version is there that may be live.
func (s *Service) hasVersion(ctx context.Context, tx pgx.Tx, script queries.Script, number int) error {
	if number > maxNumber {
		return noVersion(number)
	}
	row, err := s.q.ReadVersionHash(ctx, tx, queries.ReadVersionHashParams{AppID: script.AppID, ScriptID: script.ID, Number: int32(number)})
	if db.IsNoRows(err) {
		return noVersion(number)
	}
	if err == nil && row.Module != (Kind(script.Kind) == Module) {
		return otherKind(script.Name, number, Kind(script.Kind))
	}
	return err
}
