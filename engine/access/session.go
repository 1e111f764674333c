package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5"

	"picloud/db"
	"picloud/engine/actor"
	"picloud/engine/audit"
	"picloud/engine/fault"
	"picloud/engine/id"
	"picloud/queries"
)

// What a session's values hold; all but the notice are columns of the sessions table.
const (
	valueSession = "session"
	valueUser    = "user"
	valueEmail   = "email"
	valueName    = "name"
	valueAddress = "address"
	valueAgent   = "agent"
	valueNotice  = "notice"
	valueFresh   = "fresh" // set while the row is not there yet
)

func newSessionManager(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Codec = store, codec{}
	m.Lifetime = AbsoluteLifetime // idle time is the store's, which writes it at most once a minute
	return m
}

// Load puts the session with that token, or an empty one, into the context.
func (s *Service) Load(ctx context.Context, token string) (context.Context, error) {
	loaded, err := s.sessions.Load(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("load the session: %w", err)
	}
	return loaded, nil
}

// Actor is the person whose session Load found, if it found one.
func (s *Service) Actor(ctx context.Context) (Actor, bool) {
	user, err := id.Parse[id.User](s.sessions.GetString(ctx, valueUser))
	if err != nil {
		return Actor{}, false
	}
	session, err := id.Parse[id.Session](s.sessions.GetString(ctx, valueSession))
	if err != nil {
		return Actor{}, false
	}
	return Actor{
		User: user, Session: session, CanWrite: true,
		Name: s.sessions.GetString(ctx, valueName), Email: s.sessions.GetString(ctx, valueEmail),
	}, true
}

// begin gives the context's session, or a new one, to the user under a new token.
func (s *Service) begin(ctx context.Context, user queries.User, client Client) (Issued, error) {
	ctx, err := s.sessions.Load(ctx, "") // keeps what the request loaded
	if err != nil {
		return Issued{}, fmt.Errorf("begin a session: %w", err)
	}
	device, err := s.markDevice(ctx, user.ID, client)
	if err != nil {
		return Issued{}, err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return Issued{}, fmt.Errorf("renew the session token: %w", err)
	}
	for key, value := range map[string]string{
		valueSession: id.New[id.Session]().String(), valueUser: user.ID.String(), valueEmail: user.Email,
		valueName: user.Name, valueAddress: client.Address, valueAgent: client.Agent, valueNotice: "",
		valueFresh: "yes",
	} {
		s.sessions.Put(ctx, key, value)
	}
	token, expires, err := s.sessions.Commit(ctx)
	if err != nil {
		return Issued{}, fmt.Errorf("store the session: %w", err)
	}
	s.sessions.Remove(ctx, valueFresh)
	return Issued{Token: token, Expires: expires, Device: device}, nil
}

// SignOut ends the context's session.
func (s *Service) SignOut(ctx context.Context, client Client) error {
	who, ok := s.Actor(ctx)
	if !ok {
		return nil
	}
	who.Client = client
	if err := s.audit(ctx, s.pool, audit.By(who, audit.SignedOut, audit.Session(who.Session), nil)); err != nil {
		return err
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	s.endings.ring()
	return nil
}

// SetNotice keeps a line of text for the person's next page.
func (s *Service) SetNotice(ctx context.Context, text string) error {
	s.sessions.Put(ctx, valueNotice, text)
	if _, _, err := s.sessions.Commit(ctx); err != nil {
		return fmt.Errorf("keep the notice: %w", err)
	}
	return nil
}

// TakeNotice gives the kept line once, or "".
func (s *Service) TakeNotice(ctx context.Context) (string, error) {
	text := s.sessions.GetString(ctx, valueNotice)
	if text == "" {
		return "", nil
	}
	return text, s.SetNotice(ctx, "")
}

// Session is one place where a person is signed in.
type Session struct {
	ID        id.Session
	Current   bool // the one that asks
	Address   string
	Agent     string
	CreatedAt time.Time
	LastSeen  time.Time // to the minute
	ExpiresAt time.Time
}

// ListSessions gives the person's sessions that would be let in now, last used first.
func (s *Service) ListSessions(ctx context.Context, grant actor.Grant) ([]Session, error) {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return nil, err
	}
	who := grant.Who()
	now := s.now()
	rows, err := s.q.ListSessions(ctx, s.pool, queries.ListSessionsParams{UserID: who.User, Now: now, IdleSince: now.Add(-IdleLifetime)})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list := make([]Session, len(rows))
	for i, r := range rows {
		list[i] = Session{
			ID: r.ID, Current: r.ID == who.Session, Address: r.Address, Agent: r.Agent,
			CreatedAt: r.CreatedAt, LastSeen: r.LastSeenAt, ExpiresAt: r.ExpiresAt,
		}
	}
	return list, nil
}

// RevokeSession ends one of the person's sessions at once.
func (s *Service) RevokeSession(ctx context.Context, grant actor.Grant, session id.Session) error {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return err
	}
	who := grant.Who()
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		ended, err := s.q.DropSession(ctx, tx, queries.DropSessionParams{ID: session, UserID: who.User})
		if err != nil {
			return err
		}
		if ended == 0 {
			return fault.New(fault.NotFound, "There is no such session.")
		}
		return s.audit(ctx, tx, audit.By(who, audit.SessionRevoked, audit.Session(session), nil))
	})
	if err != nil {
		return fmt.Errorf("revoke session %s: %w", session, err)
	}
	s.endings.ring()
	return nil
}

// RevokeOtherSessions ends all of the person's sessions but the one that asks, and says how many.
func (s *Service) RevokeOtherSessions(ctx context.Context, grant actor.Grant) (int, error) {
	if err := grant.Need(actor.ManageAccount); err != nil {
		return 0, err
	}
	who := grant.Who()
	var ended int64
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		ended, err = s.q.DropOtherSessions(ctx, tx, queries.DropOtherSessionsParams{UserID: who.User, Kept: who.Session})
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, audit.By(who, audit.OthersRevoked, audit.User(who.User), map[string]any{"sessions_ended": ended}))
	})
	if err != nil {
		return 0, fmt.Errorf("revoke other sessions: %w", err)
	}
	s.endings.ring()
	return int(ended), nil
}

// WhileSignedIn gives a context that ends when the session does: at once when it
// was ended on this node, within ten seconds otherwise. stop must be called; it waits
// for the watch to be over.
func (s *Service) WhileSignedIn(ctx context.Context, session id.Session) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			rung := s.endings.heard()
			now := s.now()
			alive, err := s.q.IsSessionAlive(watched, s.pool, queries.IsSessionAliveParams{
				ID: session, Now: now, IdleSince: now.Add(-IdleLifetime),
			})
			if err == nil && !alive { // with the database away nobody is thrown out
				cancel()
			}
			select {
			case <-watched.Done():
				return
			case <-rung:
			case <-tick.C:
			}
		}
	}()
	return watched, func() { cancel(); <-done }
}

// codec writes a session as JSON: values are strings only.
type codec struct{}

type envelope struct {
	Deadline time.Time      `json:"deadline"`
	Values   map[string]any `json:"values"`
}

func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	return json.Marshal(envelope{Deadline: deadline, Values: values})
}

func (codec) Decode(data []byte) (time.Time, map[string]any, error) {
	e := envelope{Values: map[string]any{}}
	err := json.Unmarshal(data, &e)
	return e.Deadline, e.Values, err
}
