package history

import (
	"testing"

	"picloud/db/dbtest"
	"picloud/engine/actor"
	"picloud/engine/execution/executiontest"
	"picloud/engine/fault"
	"picloud/engine/id"
)

func TestAGrantThatIsTooSmallIsRefused(t *testing.T) {
	t.Parallel()
	s, ctx := NewStore(newDatabase(t)), t.Context()
	lists, err := actor.Allow(actor.Actor{User: id.New[id.User](), CanWrite: true}, actor.ListApps, id.App{})
	if err != nil {
		t.Fatal(err)
	}
	run, script := id.New[id.Execution](), id.New[id.Script]()
	for name, c := range map[string]struct {
		need actor.Capability
		try  func(actor.Grant) error
	}{
		"get":            {actor.ReadApp, func(g actor.Grant) error { _, err := s.Get(ctx, g, run); return err }},
		"lines":          {actor.ReadApp, func(g actor.Grant) error { _, err := s.Lines(ctx, g, run, 0, 1); return err }},
		"list":           {actor.ReadApp, func(g actor.Grant) error { _, err := s.List(ctx, g, Query{}); return err }},
		"scatter":        {actor.ReadApp, func(g actor.Grant) error { _, err := s.Scatter(ctx, g, Query{}, 1); return err }},
		"recent":         {actor.ReadApp, func(g actor.Grant) error { _, err := s.Recent(ctx, g); return err }},
		"last runs":      {actor.ReadApp, func(g actor.Grant) error { _, err := s.LastRuns(ctx, g, []id.Script{script}); return err }},
		"first lines":    {actor.ReadApp, func(g actor.Grant) error { _, err := s.FirstLines(ctx, g, []Row{{LineCount: 1}}); return err }},
		"app of":         {actor.ListApps, func(g actor.Grant) error { _, err := s.AppOf(ctx, g, run); return err }},
		"recent of apps": {actor.ListApps, func(g actor.Grant) error { _, err := s.RecentOfApps(ctx, g, nil); return err }},
		"share":          {actor.ReadApp, func(g actor.Grant) error { _, err := s.Share(ctx, g); return err }},
	} {
		if err := c.try(actor.Grant{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s with no grant: %v", name, err)
		}
		if err := c.try(lists); fault.Is(err, fault.Denied) != (c.need == actor.ReadApp) {
			t.Errorf("%s with a grant to list apps: %v", name, err)
		}
	}
}

// A grant for one app reads nothing of another: a run there is as absent as one that never was.
func TestAGrantReadsItsOwnAppOnly(t *testing.T) {
	t.Parallel()
	pool, ctx := newDatabase(t), t.Context()
	own, foreign := id.New[id.App](), id.New[id.App]()
	for app, slug := range map[id.App]string{own: "own", foreign: "foreign"} {
		if _, err := pool.Exec(ctx, "INSERT INTO apps (id, slug, name) VALUES ($1, $2, $2)", app, slug); err != nil {
			t.Fatal(err)
		}
	}
	record := executiontest.Record(executiontest.Identity())
	record.App = foreign
	write(t, dbtest.WorkerPool(t, pool), record)
	s, grant, never := NewStore(pool), executiontest.Reading(t, own), id.New[id.Execution]()
	_, got := s.Get(ctx, grant, record.Execution)
	_, missing := s.Get(ctx, grant, never)
	if !fault.Is(got, fault.NotFound) || fault.Of(got).Public != fault.Of(missing).Public {
		t.Errorf("%v for another app's run, %v for none", got, missing)
	}
	if page, err := s.List(ctx, grant, Query{}); err != nil || len(page.Rows) != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err := s.List(ctx, executiontest.Reading(t, foreign), Query{}); err != nil || len(page.Rows) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if cloud, err := s.Scatter(ctx, grant, Query{}, 10); err != nil || len(cloud.Points) != 0 {
		t.Errorf("%+v, %v", cloud, err)
	}
	if lines, err := s.Lines(ctx, grant, record.Execution, 0, 10); err != nil || len(lines) != 0 {
		t.Errorf("%+v, %v", lines, err)
	}
	bound, err := actor.Allow(actor.Actor{User: id.New[id.User](), App: &own}, actor.ListApps, id.App{})
	if err != nil {
		t.Fatal(err)
	}
	_, got = s.AppOf(ctx, bound, record.Execution)
	_, missing = s.AppOf(ctx, bound, never)
	if !fault.Is(got, fault.NotFound) || fault.Of(got).Public != fault.Of(missing).Public {
		t.Errorf("%v for another app's run, %v for none", got, missing)
	}
	if recent, err := s.RecentOfApps(ctx, bound, []id.App{own, foreign}); err != nil || len(recent) != 1 || recent[own] == nil {
		t.Errorf("%+v, %v", recent, err)
	}
}
