package script

import (
	"context"
	"fmt"
	"sync"

	"picloud/engine/id"
)

// turns lets those who publish in an app do so one after the other, on this node: the app's plans do
// not overtake each other, and it has but one build in the line of all apps.
type turns struct {
	lock sync.Mutex
	apps map[id.App]*turn
}

type turn struct {
	taken chan struct{}
	users int
}

// enter waits for the turn of the caller, who must leave.
func (t *turns) enter(ctx context.Context, app id.App) (leave func(), err error) {
	t.lock.Lock()
	own := t.apps[app]
	if own == nil {
		if t.apps == nil {
			t.apps = map[id.App]*turn{}
		}
		own = &turn{taken: make(chan struct{}, 1)}
		t.apps[app] = own
	}
	own.users++
	t.lock.Unlock()
	gone := func() {
		t.lock.Lock()
		defer t.lock.Unlock()
		if own.users--; own.users == 0 {
			delete(t.apps, app)
		}
	}
	select {
	case own.taken <- struct{}{}:
		return func() { <-own.taken; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, fmt.Errorf("wait to publish: %w", context.Cause(ctx))
	}
}
