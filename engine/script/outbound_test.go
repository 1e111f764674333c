package script_test

import (
	"testing"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/app"
	"picloud/engine/egress"
	"picloud/engine/id"
	"picloud/engine/outbound"
	"picloud/engine/script"
	"picloud/engine/seal"
)

func says(t *testing.T, what string, got egress.Policy, mode egress.Mode, hosts, networks string) {
	t.Helper()
	if got.Mode != mode || got.Hosts.String() != hosts || got.Allow.String() != networks {
		t.Errorf("%s: mode %d, hosts %q, networks %q", what, got.Mode, got.Hosts, got.Allow)
	}
}

// Where a function may go is known at the next call, after a start without the database too.
func TestTableKnowsTheOutboundPolicies(t *testing.T) {
	t.Parallel()
	w := begin(t)
	other, err := w.apps.Create(t.Context(), w.may(t, actor.CreateApp, id.App{}), app.Naming{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	w.publish(t, w.create(t, "first"), "export default () => 1")
	routes := table(t, w)
	live, _ := routes.Lookup("shop", "first")
	says(t, "nobody has set one", live.Outbound(), egress.Open, "", "")
	set := func(policy outbound.Policy) {
		t.Helper()
		if _, err := outbound.NewService(w.pool).Set(t.Context(), w.may(t, actor.ManageOutbound, w.app.ID), policy); err != nil {
			t.Fatal(err)
		}
		refresh(t, routes)
		live, _ = routes.Lookup("shop", "first")
	}
	set(outbound.Policy{Mode: outbound.Learn})
	says(t, "set", live.Outbound(), egress.Learn, "", "")
	set(outbound.Policy{Mode: outbound.Listed, Hosts: []string{"example.com"}, Networks: []string{"10.0.0.0/8"}})
	says(t, "changed", live.Outbound(), egress.Listed, "example.com", "10.0.0.0/8")
	says(t, "of the app", routes.Outbound(w.app.ID), egress.Listed, "example.com", "10.0.0.0/8")
	says(t, "of another", routes.Outbound(other.ID), egress.Open, "", "")
	says(t, "all read anew", table(t, w).Outbound(w.app.ID), egress.Listed, "example.com", "10.0.0.0/8")

	folder, err := script.StartIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keepUntil(t, folder, routes, w)
	restored := script.NewTable(gone(t, w), &seal.Ring{}, nil)
	if err := restored.Restore(folder); err != nil {
		t.Fatal(err)
	}
	live, _ = restored.Lookup("shop", "first")
	says(t, "restored", live.Outbound(), egress.Listed, "example.com", "10.0.0.0/8")
	says(t, "restored, of the app", restored.Outbound(w.app.ID), egress.Listed, "example.com", "10.0.0.0/8")
	says(t, "restored, of another", restored.Outbound(other.ID), egress.Open, "", "")
}

// What cannot be understood, and what the worker's role may not read, closes.
func TestUnknownOutboundPoliciesAreClosed(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.publish(t, w.create(t, "first"), "export default () => 1")
	if _, err := w.pool.Exec(t.Context(), "INSERT INTO outbound_policies (app_id, mode, hosts, networks, author) VALUES ($1, 'open', '{}', '{10.0.0.1/8}', '')", w.app.ID); err != nil {
		t.Fatal(err)
	}
	says(t, "not understood", table(t, w).Outbound(w.app.ID), egress.Listed, "", "")
	if _, err := w.pool.Exec(t.Context(), "DELETE FROM outbound_policies"); err != nil {
		t.Fatal(err)
	}
	pool := dbtest.WorkerPool(t, w.pool)
	var role string
	if err := pool.QueryRow(t.Context(), "SELECT current_user::text").Scan(&role); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pool.Exec(t.Context(), "REVOKE ALL ON outbound_policies FROM "+role); err != nil {
		t.Fatal(err)
	}
	routes := script.NewTable(pool, &seal.Ring{}, nil)
	refresh(t, routes)
	live, found := routes.Lookup("shop", "first")
	if !found {
		t.Error("nothing is live without the right to read policies")
	}
	says(t, "not readable", live.Outbound(), egress.Listed, "", "")
	w.publish(t, w.create(t, "second"), "export default () => 1")
	refresh(t, routes)
	live, _ = routes.Lookup("shop", "second")
	says(t, "not readable, one app alone", live.Outbound(), egress.Listed, "", "")
}
