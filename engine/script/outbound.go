package script

import (
	"context"
	"iter"
	"log/slog"

	"picloud/engine/egress"
	"picloud/engine/id"
	"picloud/engine/outbound"
	"picloud/queries"
)

// outboundPolicy is where the functions of an app may send requests: as it is kept, and as it is
// used. All scripts of the app share one.
type outboundPolicy struct {
	kept   outbound.Policy
	parsed egress.Policy
}

func (p *outboundPolicy) egress() egress.Policy {
	if p == nil {
		return egress.Policy{}
	}
	return p.parsed
}

// Outbound is where the script may send requests of its own.
func (l *Live) Outbound() egress.Policy { return l.outbound.egress() }

// Outbound is where the scripts of an app may send requests, those without a live version too.
func (t *Table) Outbound(app id.App) egress.Policy {
	if tenant := t.state.Load().apps[app]; tenant != nil {
		return tenant.outbound.egress()
	}
	return egress.Policy{}
}

func parsedPolicy(app id.App, kept outbound.Policy) *outboundPolicy {
	parsed, err := kept.Egress()
	if err != nil {
		slog.Error("functions of an app reach no host, since what they may reach is not understood", "app", app, "error", err)
	}
	return &outboundPolicy{kept: kept, parsed: parsed}
}

// addPolicies comes before add. What may not be read could close an app: all are closed then.
func (t *Table) addPolicies(ctx context.Context, source queries.DBTX, s *state, apps iter.Seq[id.App]) error {
	rows, err := t.q.ListOutboundOfApps(ctx, source, idsOf(apps))
	if err != nil && !t.mayNotKnow(err) {
		return err
	}
	if err != nil {
		closed := &outboundPolicy{kept: outbound.Policy{Mode: outbound.Listed}, parsed: outbound.Closed()}
		for app := range apps {
			if owner := s.apps[app]; owner != nil {
				owner.outbound = closed
			}
		}
	}
	for _, row := range rows {
		if owner := s.apps[row.AppID]; owner != nil {
			owner.outbound = parsedPolicy(row.AppID, outbound.Policy{Mode: outbound.Mode(row.Mode), Hosts: row.Hosts, Networks: row.Networks})
		}
	}
	return nil
}
