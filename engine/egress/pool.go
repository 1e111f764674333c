package egress

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/semaphore"

	"picloud/engine/id"
)

// The bounds of connections.
const (
	maxConnections    = 2048             // of the process
	maxAppConnections = 768              // of one app, to one host or many; its requests wait for each other
	idleConnections   = 16               // of one app, kept for what comes next
	idleLimit         = 30 * time.Second // they are kept
	maxPools          = 128              // apps that keep connections; the one that asked longest ago gives its own up
	sessions          = 32               // TLS sessions of one app that can be resumed
)

// route is the way that a request goes out.
type route int

const (
	direct  route = iota // dialled here
	proxied              // handed to the operator's proxy
	inward               // to one of our own functions
)

// pool keeps the connections of one app under one policy. No other app's request uses them.
type pool struct {
	app        id.App
	policy     Policy
	open       *semaphore.Weighted
	transports [3]*http.Transport // by route, made when asked for
}

func (p *pool) closeIdle() {
	for _, transport := range p.transports {
		if transport != nil {
			transport.CloseIdleConnections()
		}
	}
}

// transport is the one for an app's request. Connections of its former policy that are idle
// are closed, and those in use are when they become idle.
// roundTripper is what takes a request along a route.
func (c *Client) roundTripper(app id.App, policy Policy, by route) http.RoundTripper {
	if by == inward && c.within != nil {
		return c.within
	}
	return c.transport(app, policy, by)
}

func (c *Client) transport(app id.App, policy Policy, by route) *http.Transport {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	element := c.pools[app]
	if element == nil {
		element = c.recent.PushFront(&pool{app: app, policy: policy, open: semaphore.NewWeighted(maxAppConnections)})
		c.pools[app] = element
		c.forget(maxPools)
	}
	c.recent.MoveToFront(element)
	p := element.Value.(*pool)
	if !p.policy.equal(policy) {
		p.closeIdle()
		p = &pool{app: app, policy: policy, open: p.open}
		element.Value = p
	}
	if p.transports[by] == nil {
		p.transports[by] = c.newTransport(p, by)
	}
	return p.transports[by]
}

// forget gives up the pools of those apps that asked longest ago, but for so many.
func (c *Client) forget(most int) {
	for c.recent.Len() > most {
		oldest := c.recent.Remove(c.recent.Back()).(*pool)
		delete(c.pools, oldest.app)
		oldest.closeIdle()
	}
}

// closeIdle closes every connection that nobody uses.
func (c *Client) closeIdle() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for element := c.recent.Front(); element != nil; element = element.Next() {
		element.Value.(*pool).closeIdle()
	}
}

// Close closes all idle connections. Those in use end with their requests' contexts.
func (c *Client) Close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.forget(0)
}

func (c *Client) newTransport(p *pool, by route) *http.Transport {
	d := &dialer{
		client: c, open: p.open,
		idle:   func() { c.closeIdleOf(p.app) },
		target: target{ours: by == inward, policy: &p.policy},
		secure: &tls.Config{
			RootCAs: c.roots, MinVersion: tls.VersionTLS12,
			NextProtos: []string{"h2", "http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(sessions),
		},
	}
	transport := &http.Transport{
		DialContext: d.dial, DialTLSContext: d.dialTLS,
		TLSClientConfig: d.secure.Clone(), TLSHandshakeTimeout: handshakeLimit,
		ForceAttemptHTTP2: true, DisableCompression: true,
		MaxIdleConns: idleConnections, MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout: idleLimit, MaxResponseHeaderBytes: maxHeader,
		HTTP2: &http.HTTP2Config{SendPingTimeout: idleLimit / 2, PingTimeout: dialLimit},
	}
	if by == proxied {
		d.proxy = hostAndPort(c.proxy)
		transport.Proxy = http.ProxyURL(c.proxy)
		transport.OnProxyConnectResponse = proxyAnswered
	}
	return transport
}

func (c *Client) closeIdleOf(app id.App) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if element := c.pools[app]; element != nil {
		element.Value.(*pool).closeIdle()
	}
}

// hostAndPort is where a URL leads, as a transport writes it.
func hostAndPort(u *url.URL) string {
	return joinHostPort(u.Hostname(), portOf(u.Scheme, u.Port()))
}
