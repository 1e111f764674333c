// Package actor is the words for who asks and what they were let do: a person in a
// session, or a program with a person's key; the capabilities, and the Grant of one. It
// hides the rules of who may do what in one table, and guarantees that a Grant stands
// for a check that was made: there is no other way to one than Allow.
//
// Package access finds out who asks. The words stand here, below all that takes a Grant,
// so that what runs functions reaches no session.
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
	Device  string // the mark that an earlier sign-in left in the browser, or ""
}

// String names the actor for the audit table: "user:…" or "key:…".
func (a Actor) String() string {
	if a.Key != nil {
		return "key:" + a.Key.String()
	}
	return "user:" + a.User.String()
}

// sees tells whether the actor may know of the app at all.
func (a Actor) sees(app id.App) bool { return a.App == nil || *a.App == app }
