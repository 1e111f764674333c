// Package actor is the word for who asks: a person in a session, or a program with a
// person's key. What an actor may do is decided in package access.
package actor

import "picloud/engine/id"

// Actor is who asks. The zero value is nobody.
type Actor struct {
	User     id.User
	Name     string
	Email    string
	Session  id.Session // zero for a key
	Key      *id.Key    // nil for a session
	CanWrite bool
	App      *id.App // the one app a key is bound to; nil: every app
	Client   Client
}

// Client is the other end of a request.
type Client struct {
	Address string // IP address without port
	Agent   string // User-Agent
}

// String names the actor for the audit table: "user:…" or "key:…".
func (a Actor) String() string {
	if a.Key != nil {
		return "key:" + a.Key.String()
	}
	return "user:" + a.User.String()
}

// Sees tells whether the actor may know of the app at all.
func (a Actor) Sees(app id.App) bool { return a.App == nil || *a.App == app }
