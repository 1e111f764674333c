package handlers

import "picloud/handlers/web"

// Routes is the list of New, for tests that ask every one of them.
func Routes(deps Deps) []web.Route { return newServer(deps).routes() }
