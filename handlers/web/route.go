// Package web is what all handlers share: the shape of a route, who may use it, and what
// is known of a request by the time its handler runs. It decides nothing.
package web

import (
	"net/http"

	"picloud/engine/actor"
)

// Handler answers a request or returns why it cannot; the one error door of package
// handlers makes the answer from that.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one line of the list of everything that is served.
type Route struct {
	Method  string // GET also serves HEAD
	Pattern string // as http.ServeMux has it, without the method
	Access  Access
	Handler Handler
	Body    int64 // bytes of a request body; 0: DefaultBody
	Stream  bool  // answers for as long as somebody listens: no time limit
}

// DefaultBody is the limit of a request body in bytes, where a route has none of its own.
const DefaultBody = 64 << 10

// Kind is how a caller shows who they are.
type Kind uint8

// The kinds.
const (
	Open    Kind = iota // not at all
	Session             // by the cookie of a session
	Key                 // by an API key
)

// Place is what of the path is looked up before the handler runs. What is not there, or
// is not the caller's to know of, is 404.
type Place uint8

// The places.
const (
	Anywhere Place = iota
	InApp          // {app} is a slug
	InScript       // and {script} the name of one of its scripts
	AtRun          // {execution} is a run; its app counts
)

// Access is who may use a route.
type Access struct {
	Kind       Kind
	Capability actor.Capability
	Place      Place
}

// Anyone may use the route; a session is loaded all the same.
func Anyone() Access { return Access{Kind: Open} }

// SignedIn people may use the route.
func SignedIn(capability actor.Capability) Access {
	return Access{Kind: Session, Capability: capability}
}

// App is for people who have the capability in {app}.
func App(capability actor.Capability) Access {
	return Access{Kind: Session, Capability: capability, Place: InApp}
}

// Script is for people who have the capability in {app}, at its {script}.
func Script(capability actor.Capability) Access {
	return Access{Kind: Session, Capability: capability, Place: InScript}
}

// Run is for people who have the capability in the app of the run {execution}.
func Run(capability actor.Capability) Access {
	return Access{Kind: Session, Capability: capability, Place: AtRun}
}

// ByKey is the same access for programs with an API key. No cookie counts there.
func (a Access) ByKey() Access {
	a.Kind = Key
	return a
}
