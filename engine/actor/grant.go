package actor

import (
	"slices"

	"picloud/engine/fault"
	"picloud/engine/id"
)

// Capability is one thing that may be allowed.
type Capability uint8

// The capabilities.
const (
	ReadApp        Capability = iota // scripts, versions, runs and logs of an app
	WriteScript                      // make, save, publish, make live, delete scripts of an app
	ManageApp                        // rename an app
	DeleteApp                        // an app with all that is in it
	ManageOutbound                   // where the functions of an app may send requests, the network of PiCloud with it
	ListApps                         // the apps one may see
	CreateApp                        // a new app
	ManageAccount                    // own password, sessions and keys
)

// rule says what a capability is about, what comes with it, and what it asks for beyond
// being the owner, who may do all.
type rule struct {
	inApp    bool         // it is about one app, the others about the instance or the actor
	with     []Capability // granted together with it
	write    bool         // a read key may not
	instance bool         // a key bound to one app may not, not even in it
	person   bool         // no key may
}

// rules is THE table of capabilities.
func rules() [8]rule {
	return [...]rule{
		ReadApp:        {inApp: true, with: []Capability{ListApps}},
		WriteScript:    {inApp: true, with: []Capability{ReadApp}, write: true},
		ManageApp:      {inApp: true, with: []Capability{ReadApp}, write: true},
		DeleteApp:      {inApp: true, with: []Capability{ManageApp}, write: true, instance: true},
		ManageOutbound: {inApp: true, with: []Capability{ReadApp}, write: true, instance: true},
		ListApps:       {},
		CreateApp:      {with: []Capability{ListApps}, write: true, instance: true},
		ManageAccount:  {with: []Capability{ListApps}, write: true, instance: true, person: true},
	}
}

// brings tells whether a grant of the capability is one of the other, too.
func (c Capability) brings(other Capability) bool {
	return c == other || slices.ContainsFunc(rules()[c].with, func(with Capability) bool { return with.brings(other) })
}

// Grant is the proof that an actor was let do something, inside one app or, for what is
// about no app, at all. Methods of the engine that act for somebody take one and ask it
// for the capability they need. The zero Grant grants nothing.
type Grant struct {
	who        Actor
	capability Capability
	app        id.App
}

// Allow grants or refuses. For a capability inside an app, app is that app; for the
// others it is zero. An app that the actor may not know of is NotFound, as if it were
// not there; everything else that is refused is Denied.
func Allow(who Actor, capability Capability, app id.App) (Grant, error) {
	r := rules()[capability]
	switch {
	case who.User.IsZero():
		return Grant{}, errNobody()
	case r.inApp == app.IsZero(), r.inApp && !who.sees(app):
		return Grant{}, errNoApp()
	case r.person && who.Key != nil:
		return Grant{}, fault.New(fault.Denied, "A key may not do this; sign in on the dashboard.")
	case r.instance && who.App != nil:
		return Grant{}, fault.New(fault.Denied, "A key that is bound to one app may not do this.")
	case r.write && !who.CanWrite:
		return Grant{}, fault.New(fault.Denied, "This key may only read.")
	}
	return Grant{who: who, capability: capability, app: app}, nil
}

func errNobody() error { return fault.New(fault.Unauthenticated, "Sign in first.") }

func errNoApp() error { return fault.New(fault.NotFound, "There is no such app.") }

// Need refuses when another capability was granted: Denied, or Unauthenticated for the
// zero Grant.
func (g Grant) Need(capability Capability) error {
	switch {
	case g.who.User.IsZero():
		return errNobody()
	case !g.capability.brings(capability):
		return fault.New(fault.Denied, "This may not be done here.")
	}
	return nil
}

// App is the app that the capability was granted in; it refuses as Need does.
func (g Grant) App(capability Capability) (id.App, error) {
	if err := g.Need(capability); err != nil {
		return id.App{}, err
	}
	if g.app.IsZero() {
		return id.App{}, errNoApp()
	}
	return g.app, nil
}

// Sees tells whether the actor may know of an app at all.
func (g Grant) Sees(app id.App) bool { return !g.who.User.IsZero() && g.who.sees(app) }

// Who is the actor, for rows that name them. It is the zero Actor for the zero Grant.
func (g Grant) Who() Actor { return g.who }
