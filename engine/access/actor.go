package access

import (
	"picloud/engine/actor"
	"picloud/engine/fault"
	"picloud/engine/id"
)

// Actor is who asks, and Client where from.
type (
	Actor  = actor.Actor
	Client = actor.Client
)

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
func Check(who Actor, capability Capability, app id.App) error {
	r := rules()[capability]
	switch {
	case who.User.IsZero():
		return fault.New(fault.Unauthenticated, "Sign in first.")
	case !app.IsZero() && !who.Sees(app):
		return fault.New(fault.NotFound, "There is no such app.")
	case r.person && who.Key != nil:
		return fault.New(fault.Denied, "A key may not do this; sign in on the dashboard.")
	case r.instance && who.App != nil:
		return fault.New(fault.Denied, "This key is bound to one app and may do nothing outside it.")
	case r.write && !who.CanWrite:
		return fault.New(fault.Denied, "This key may only read.")
	}
	return nil
}
