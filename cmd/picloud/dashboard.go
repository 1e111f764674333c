package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"picloud/engine/worker"
	"picloud/handlers/ingress"
)

// maxVisitors is how many connections the dashboard's own listener has open at a time.
const maxVisitors = 1024

// listenAlone opens the dashboard's own listener; it is nil where none is wanted.
func (c *config) listenAlone(ctx context.Context) (net.Listener, error) {
	if c.dashboardAddr == "" {
		return nil, nil //nolint:nilnil // both is true
	}
	listener, err := (&net.ListenConfig{Control: setPeers}).Listen(ctx, "tcp", c.dashboardAddr)
	if err != nil {
		return nil, fmt.Errorf("--dashboard-addr %s: the address cannot be listened on: %w", c.dashboardAddr, errors.Unwrap(err))
	}
	return listener, nil
}

// aloneHosts says which names the dashboard has on its own listener: also the address of the
// machine that it is reached at, whatever the base URL. Any other name may be somebody's who
// has it point here, to have a browser take our pages for theirs.
func (c *config) aloneHosts() worker.Hosts {
	hosts := c.hosts()
	hosts.AnyIP = true
	hosts.Dashboard = append(hosts.Dashboard, machineNames()...)
	return hosts
}

// aloneServer serves the dashboard, and it alone, in the manager: what happens to workers
// is nothing to it.
func (c *config) aloneServer(closing context.Context, dashboard http.Handler) (*http.Server, *ingress.Places) {
	places := ingress.NewPlaces(maxVisitors, c.trustedProxies)
	edge := &ingress.Edge{Hosts: c.aloneHosts(), Trusted: c.trustedProxies, Dashboard: dashboard, Alone: true, Closing: closing, Forwarded: places.Forwarded()}
	server := publicServer(edge, places)
	server.WriteTimeout = time.Minute
	return server, places
}
