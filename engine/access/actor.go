package access

import (
	"picloud/engine/fault"
	"picloud/engine/id"
)

// Actor is who asks: a person in a session, or a program with a person's key.
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

// String names the actor for the audit table: "user:…" or "key:…".
func (a Actor) String() string {
	if a.Key != nil {
		return "key:" + a.Key.String()
	}
	return userObject(a.User)
}

// Sees tells whether the actor may know of the app at all.
func (a Actor) Sees(app id.App) bool { return a.App == nil || *a.App == app }

// Capability is one thing that may be allowed.
type Capability uint8

// The capabilities.
const (
	ReadApp       Capability = iota // scripts, versions, runs and logs of an app
	WriteScript                     // make, save, publish, make live, delete scripts of an app
	ManageApp                       // rename an app
	ListApps                        // the apps one may see
	CreateApp                       // a new app
	ManageAccount                   // own password, sessions and keys
)

// rule says what a capability asks for beyond being the owner, who may do all.
type rule struct {
	write    bool // a read key may not
	instance bool // a key bound to one app may not
	person   bool // no key may
}

// rules is THE table of capabilities.
func rules() [6]rule {
	return [...]rule{
		ReadApp:       {},
		WriteScript:   {write: true},
		ManageApp:     {write: true},
		ListApps:      {},
		CreateApp:     {write: true, instance: true},
		ManageAccount: {write: true, instance: true, person: true},
	}
}

// Check allows or refuses. For a capability inside an app, app is that app; for the
// others it is zero. An app that the actor may not know of is NotFound, as if it were
// not there; everything else that is refused is Denied.
func Check(actor Actor, capability Capability, app id.App) error {
	r := rules()[capability]
	switch {
	case actor.User.IsZero():
		return fault.New(fault.Unauthenticated, "Sign in first.")
	case !app.IsZero() && !actor.Sees(app):
		return fault.New(fault.NotFound, "There is no such app.")
	case r.person && actor.Key != nil:
		return fault.New(fault.Denied, "A key may not do this; sign in on the dashboard.")
	case r.instance && actor.App != nil:
		return fault.New(fault.Denied, "This key is bound to one app and may do nothing outside it.")
	case r.write && !actor.CanWrite:
		return fault.New(fault.Denied, "This key may only read.")
	}
	return nil
}
