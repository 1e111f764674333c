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

// MakeLive makes a stored version live at once.
func (s *Service) MakeLive(ctx context.Context, grant actor.Grant, script id.Script, to int, note string) (Script, error) {
	if to < 1 {
		return Script{}, noVersion(to)
	}
	return s.switchTo(ctx, grant, script, to, note)
}

// Unpublish makes nothing live: the script's URL is as that of a script that never was
// published, until a version is live again. Versions, draft and runs stay.
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
		locked, err := s.lock(ctx, tx, appID, script)
		if err != nil || number(locked.LiveVersion) == to {
			return err
		}
		if to > 0 {
			if err := s.hasVersion(ctx, tx, appID, script, to); err != nil {
				return err
			}
		}
		return s.deploy(ctx, tx, authorOf(grant), locked, int32(to), note)
	})
	if err != nil {
		return Script{}, fmt.Errorf("make %s of %s live: %w", describe(to), script, err)
	}
	s.Announce(ctx)
	return s.Get(ctx, grant, script)
}

func (s *Service) hasVersion(ctx context.Context, tx pgx.Tx, appID id.App, script id.Script, number int) error {
	if number > maxNumber {
		return noVersion(number)
	}
	_, err := s.q.ReadVersionHash(ctx, tx, queries.ReadVersionHashParams{AppID: appID, ScriptID: script, Number: int32(number)})
	if db.IsNoRows(err) {
		return noVersion(number)
	}
	return err
}
