package access

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"picloud/db"
	"picloud/engine/id"
	"picloud/queries"
)

// store keeps scs sessions in the sessions table. Whose session it is stands in columns,
// so that sessions can be listed and revoked; the token is stored as its SHA-256.
type store struct{ service *Service }

// FindCtx implements scs.CtxStore. It refuses sessions past their idle or absolute end
// and notes the use of the others at most once a minute.
func (st *store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	s, now := st.service, st.service.now()
	row, err := s.q.FindSession(ctx, s.pool, queries.FindSessionParams{
		TokenHash: digest(token), Now: now, IdleSince: now.Add(-IdleLifetime),
	})
	if db.IsNoRows(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	if now.Sub(row.LastSeenAt) >= touchEvery {
		if err := s.q.TouchSession(ctx, s.pool, queries.TouchSessionParams{ID: row.ID, Now: now}); err != nil {
			return nil, false, fmt.Errorf("touch session %s: %w", row.ID, err)
		}
	}
	values := map[string]any{
		valueSession: row.ID.String(), valueUser: row.UserID.String(), valueEmail: row.Email, valueName: row.Name,
		valueAddress: row.Address, valueAgent: row.Agent, valueNotice: string(row.Data),
	}
	data, err := codec{}.Encode(row.ExpiresAt, values)
	return data, err == nil, err
}

// CommitCtx implements scs.CtxStore. A session of nobody is not stored, and one that
// was revoked while its request ran does not come back.
func (st *store) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	var e struct{ Values map[string]string }
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("read session values: %w", err)
	}
	user, err := id.Parse[id.User](e.Values[valueUser])
	if err != nil {
		return nil
	}
	s, notice := st.service, []byte(e.Values[valueNotice])
	if e.Values[valueFresh] == "" {
		if err := s.q.SetSessionData(ctx, s.pool, queries.SetSessionDataParams{TokenHash: digest(token), Data: notice}); err != nil {
			return fmt.Errorf("set session data: %w", err)
		}
		return nil
	}
	session, err := id.Parse[id.Session](e.Values[valueSession])
	if err != nil {
		return err
	}
	err = s.q.AddSession(ctx, s.pool, queries.AddSessionParams{
		ID: session, TokenHash: digest(token), UserID: user, Data: notice,
		Address: e.Values[valueAddress], Agent: e.Values[valueAgent], Now: s.now(), ExpiresAt: expires,
	})
	if err != nil {
		return fmt.Errorf("add session: %w", err)
	}
	return nil
}

// DeleteCtx implements scs.CtxStore.
func (st *store) DeleteCtx(ctx context.Context, token string) error {
	if err := st.service.q.DropSessionByToken(ctx, st.service.pool, digest(token)); err != nil {
		return fmt.Errorf("drop session: %w", err)
	}
	return nil
}

// Find implements scs.Store.
func (st *store) Find(token string) ([]byte, bool, error) {
	return st.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (st *store) Commit(token string, data []byte, expires time.Time) error {
	return st.CommitCtx(context.Background(), token, data, expires)
}

// Delete implements scs.Store.
func (st *store) Delete(token string) error { return st.DeleteCtx(context.Background(), token) }

// bell tells everybody who listens that some session ended.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

func newBell() *bell { return &bell{next: make(chan struct{})} }

// heard is closed at the next ring.
func (b *bell) heard() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.next)
	b.next = make(chan struct{})
}
