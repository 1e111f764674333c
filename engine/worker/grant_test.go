package worker

import (
	"testing"

	"picloud/engine/actor"
	"picloud/engine/execution/live"
	"picloud/engine/fault"
	"picloud/engine/id"
)

func TestAGrantThatIsTooSmallIsRefused(t *testing.T) {
	t.Parallel()
	s, who := New(Settings{}), actor.Actor{User: id.New[id.User](), CanWrite: true}
	reads, err := actor.Allow(who, actor.ReadApp, id.New[id.App]())
	if err != nil {
		t.Fatal(err)
	}
	lists, err := actor.Allow(who, actor.ListApps, id.App{})
	if err != nil {
		t.Fatal(err)
	}
	run := func(grant actor.Grant) error {
		_, err := s.RunDraft(t.Context(), grant, Draft{}, func(DraftEvent) {})
		return err
	}
	live := func(grant actor.Grant) error {
		return s.Live(t.Context(), grant, live.Filter{App: id.New[id.App]()}, func(live.Event) error { return nil })
	}
	for name, c := range map[string]struct {
		got  error
		want fault.Kind
	}{
		"a draft with no grant":                 {run(actor.Grant{}), fault.Unauthenticated},
		"a draft with a grant to read":          {run(reads), fault.Denied},
		"the live feed with no grant":           {live(actor.Grant{}), fault.Unauthenticated},
		"the live feed with a grant to list":    {live(lists), fault.Denied},
		"a draft with a grant to list the apps": {run(lists), fault.Denied},
	} {
		if !fault.Is(c.got, c.want) {
			t.Errorf("%s: %v", name, c.got)
		}
	}
}
