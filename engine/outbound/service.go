package outbound

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// Service reads and changes where the functions of an app may send requests.
type Service struct {
	app.Herald

	pool *pgxpool.Pool
	q    *queries.Queries
}

// NewService makes it over a pool in the manager's role.
func NewService(pool *pgxpool.Pool) *Service {
	return &Service{Herald: app.NewHerald(pool), pool: pool, q: queries.New()}
}

// Read gives the policy that is in effect: that of the mode Open where nobody has set one.
func (s *Service) Read(ctx context.Context, grant actor.Grant) (Setting, error) {
	appID, err := grant.App(actor.ReadApp)
	if err != nil {
		return Setting{}, err
	}
	row, err := s.q.ReadOutbound(ctx, s.pool, appID)
	if db.IsNoRows(err) {
		return Setting{Policy: Policy{Mode: Open}}, nil
	}
	if err != nil {
		return Setting{}, fmt.Errorf("read the outbound policy of %s: %w", appID, err)
	}
	return settingOf(row), nil
}

func settingOf(row queries.OutboundPolicy) Setting {
	return Setting{Policy: Policy{Mode: Mode(row.Mode), Hosts: row.Hosts, Networks: row.Networks}, SetAt: row.SetAt, SetBy: row.Author}
}

// Set puts a policy in the place of the one that is in effect. Invalid faults are at the fields
// "mode", "hosts" and "networks", one for each entry that is wrong.
func (s *Service) Set(ctx context.Context, grant actor.Grant, policy Policy) (Setting, error) {
	appID, err := grant.App(actor.ManageOutbound)
	if err != nil {
		return Setting{}, err
	}
	return s.change(ctx, appID, func(tx pgx.Tx) (Setting, error) { return s.set(ctx, tx, grant, appID, policy) })
}

// change makes a change in a transaction and makes it known.
func (s *Service) change(ctx context.Context, appID id.App, with func(pgx.Tx) (Setting, error)) (now Setting, err error) {
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		now, err = with(tx)
		return err
	})
	if err != nil {
		return Setting{}, fmt.Errorf("set the outbound policy of %s: %w", appID, err)
	}
	s.Announce(ctx)
	return now, nil
}

func (s *Service) set(ctx context.Context, tx pgx.Tx, grant actor.Grant, appID id.App, policy Policy) (Setting, error) {
	policy, err := policy.checked()
	if err != nil {
		return Setting{}, err
	}
	who := grant.Who()
	row, err := s.q.SetOutbound(ctx, tx, queries.SetOutboundParams{
		AppID: appID, Mode: string(policy.Mode), Hosts: policy.Hosts, Networks: policy.Networks, AuthorID: &who.User, Author: who.Name,
	})
	if err != nil {
		return Setting{}, err
	}
	detail := map[string]any{"mode": policy.Mode, "hosts": policy.Hosts, "networks": policy.Networks}
	return settingOf(row), app.Record(ctx, tx, appID, audit.By(who, audit.OutboundSet, audit.App(appID), detail))
}

// Seen lists the hosts that scripts called while the mode was Learn, by script and host. Of a
// script there are at most MaxHosts, of the app MaxSeen: later ones are not kept.
func (s *Service) Seen(ctx context.Context, grant actor.Grant) ([]Seen, error) {
	appID, err := grant.App(actor.ReadApp)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.ListSeenHosts(ctx, s.pool, appID)
	if err != nil {
		return nil, fmt.Errorf("list hosts that %s has called: %w", appID, err)
	}
	seen := make([]Seen, len(rows))
	for i, row := range rows {
		seen[i] = Seen{Script: row.ScriptID, ScriptName: row.ScriptName, Host: row.Host, FirstAt: row.FirstAt, LastAt: row.LastAt}
	}
	return seen, nil
}

// List ends learning: it adds the hosts that were first seen until then to the list of hosts and
// makes the mode Listed. So nothing gets onto the list that whoever asks for it has not been
// shown. It is a Conflict where the mode is not Learn, and Invalid at field "hosts" where the list
// would be too long.
func (s *Service) List(ctx context.Context, grant actor.Grant, until time.Time) (Setting, error) {
	appID, err := grant.App(actor.ManageOutbound)
	if err != nil {
		return Setting{}, err
	}
	return s.change(ctx, appID, func(tx pgx.Tx) (Setting, error) {
		row, err := s.q.LockOutbound(ctx, tx, appID)
		if db.IsNoRows(err) || err == nil && Mode(row.Mode) != Learn {
			return Setting{}, fault.New(fault.Conflict, "The app does not learn hosts any more.")
		}
		if err != nil {
			return Setting{}, err
		}
		seen, err := s.q.ListSeenHosts(ctx, tx, appID)
		if err != nil {
			return Setting{}, err
		}
		policy := settingOf(row).Policy
		policy.Mode = Listed
		var learnt []string
		for _, one := range seen {
			if !one.FirstAt.After(until) {
				learnt = append(learnt, one.Host)
			}
		}
		slices.Sort(learnt)
		policy.Hosts = append(policy.Hosts, learnt...)
		return s.set(ctx, tx, grant, appID, policy)
	})
}

// Forget drops the hosts that were seen. Those that are called again come back where the mode is
// Learn.
func (s *Service) Forget(ctx context.Context, grant actor.Grant) error {
	appID, err := grant.App(actor.ManageOutbound)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.q.ForgetSeenHosts(ctx, tx, appID); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.By(grant.Who(), audit.HostsForgotten, audit.App(appID), nil))
	})
	if err != nil {
		return fmt.Errorf("forget hosts that %s has called: %w", appID, err)
	}
	return nil
}
