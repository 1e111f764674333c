package access

import "picloud/engine/actor"

// Actor is who asks, and Client where from.
type (
	Actor  = actor.Actor
	Client = actor.Client
)
