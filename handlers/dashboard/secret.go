package dashboard

import (
	"sync"
	"time"

	"picloud/engine/id"
	"picloud/views"
)

// Bounds of the new keys that wait for the page that shows them. Over them the oldest goes.
const (
	secretTime  = time.Minute
	secretCount = 64
)

// secrets keeps a new key from the form to the page it leads to, for one session and one look.
// It is in memory only: keys are stored nowhere in full.
type secrets struct {
	now func() time.Time

	mu      sync.Mutex
	waiting []secret // the oldest first
}

type secret struct {
	session id.Session
	key     views.NewKey
	until   time.Time
}

func (s *secrets) keep(session id.Session, key views.NewKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, secret{session: session, key: key, until: s.now().Add(secretTime)})
	s.forget()
}

// take gives the session's oldest new key, once, or nil.
func (s *secrets) take(session id.Session) *views.NewKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	for i, kept := range s.waiting {
		if kept.session == session {
			s.waiting = append(s.waiting[:i:i], s.waiting[i+1:]...)
			return &kept.key
		}
	}
	return nil
}

func (s *secrets) forget() {
	for len(s.waiting) > 0 && (len(s.waiting) > secretCount || s.waiting[0].until.Before(s.now())) {
		s.waiting = s.waiting[1:]
	}
}
