// Package egress is the one door through which functions reach the network: an HTTP client
// that cannot be turned against the network that PiCloud is in. It hides how connections are
// made and kept, how redirects are followed and how bodies are decoded.
//
// It guarantees:
//
//   - Where a function may go is decided about the address that is dialled, right before it is,
//     for each try and each redirect; what a name meant a moment ago counts for nothing. Only
//     the public internet is open, over http and https, on every port but those that browsers
//     block: webhooks and model servers on 8443 are common, and a port says nothing of whose
//     network it is in. What an allow list opens beyond is with Allow.
//   - No proxy is used but the one that the operator names. It gets only what is public by our
//     own look-up; what an allow list opens is dialled here. The proxy looks the name up again,
//     so that it has to refuse private networks by itself: a name that changes its answers is
//     caught here only where we dial.
//   - Connections are kept for one app under one policy, never for another.
//   - Every buffer has a bound: the header of an answer, a body as it arrives and as it is
//     decoded, the windows of decoders, connections of an app, a host and the process.
//   - A request and all that works for it ends with its context. Only a tunnel that is being
//     made through a proxy may take a minute more.
//   - What a function is told names the host that it wrote, no address and no library's text.
package egress

import (
	"container/list"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"

	"golang.org/x/sync/semaphore"

	"picloud/engine/id"
)

// The bounds of one request.
const (
	maxRedirects       = 10       // 20 in the standard; each is checked anew, and ten are enough for everybody
	maxHeader          = 64 << 10 // bytes of an answer's header, interim answers with it
	maxURL             = 64 << 10 // bytes
	maxLocation        = 16 << 10 // bytes: the parser takes time by the square in some
	defaultMaxResponse = 32 << 20
)

// Config is what a client is made of. The zero value reaches the public internet.
type Config struct {
	Allow     Allow        // what every app may reach beyond it
	Proxy     *url.URL     // http or https; nil: none, whatever the environment says
	NAT64     bool         // 64:ff9b::/96 leads to the IPv4 internet (RFC 6052): the address inside is judged
	Ports     []uint16     // on which PiCloud listens on this server
	Database  []string     // host:port of each that the database is reached at over TCP
	Addresses []netip.Addr // of this server beyond those of its interfaces, such as a router's that leads here

	// Inward answers the requests for our own functions, which are not dialled then. It gets each
	// as the network would, with the context of Do; what it refuses is a Refusal. nil: they are dialled.
	Inward http.RoundTripper

	// IsOurs tells what a URL is to PiCloud. It has no user, query or fragment, and its Path is as
	// it is sent, with its escapes: what it says has to be what our listener does with that path.
	// nil: all are foreign.
	IsOurs func(*url.URL) Ours

	MaxResponse int64                        // bytes of a decoded body where the request has no limit; 0: 32 MiB
	Resolver    *net.Resolver                // nil: Go's own, which reads Files
	RootCAs     *x509.CertPool               // nil: the system's, read once by New
	Interfaces  func() ([]netip.Addr, error) // addresses of this server; nil: of its network interfaces
}

// Client reaches the network for functions. It is safe for use by many at a time.
type Client struct {
	guard       guard
	own         *own
	proxy       *url.URL
	isOurs      func(*url.URL) Ours
	within      http.RoundTripper
	maxResponse int64
	resolver    *net.Resolver
	roots       *x509.CertPool
	open        *semaphore.Weighted

	mutex  sync.Mutex
	pools  map[id.App]*list.Element // of *pool
	recent *list.List               // the one used last in front
}

// New makes a client. The system's certificates are read now, so that a process can give up
// the files afterwards; what is needed later is in Files.
func New(config Config) (*Client, error) {
	if config.Resolver == nil {
		config.Resolver = &net.Resolver{PreferGo: true}
	}
	if config.RootCAs == nil {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("certificates for outgoing requests: %w", err)
		}
		config.RootCAs = roots
	}
	if config.Proxy != nil && (config.Proxy.Scheme != "http" && config.Proxy.Scheme != "https" || config.Proxy.Hostname() == "") {
		return nil, fmt.Errorf("the proxy %q is not of the form http://host:port", config.Proxy.Redacted())
	}
	if config.MaxResponse == 0 {
		config.MaxResponse = defaultMaxResponse
	}
	if config.IsOurs == nil {
		config.IsOurs = func(*url.URL) Ours { return Foreign }
	}
	known, err := newOwn(config)
	if err != nil {
		return nil, fmt.Errorf("outgoing requests: %w", err)
	}
	return &Client{
		guard: guard{allow: config.Allow, nat64: config.NAT64, ports: config.Ports}, own: known,
		proxy: config.Proxy, isOurs: config.IsOurs, within: config.Inward, maxResponse: config.MaxResponse,
		resolver: config.Resolver, roots: config.RootCAs, open: semaphore.NewWeighted(maxConnections),
		pools: map[id.App]*list.Element{}, recent: list.New(),
	}, nil
}

// Do sends a request and follows its redirects until there is an answer's header. Its errors
// are *Error. The answer's body is read within ctx, and has to be read to its end or closed.
func (c *Client) Do(ctx context.Context, request Request) (*Response, error) {
	e, failed := c.begin(request)
	if failed != nil {
		return nil, failed.about(hostOf(request.URL), nil)
	}
	for {
		answer, failed := e.hop(ctx)
		if failed != nil {
			return nil, failed.about(e.written, e.hops)
		}
		next, failed := e.redirected(answer)
		if failed != nil {
			_ = answer.Body.Close()
			return nil, failed.about(e.written, e.hops)
		}
		if next == nil {
			return e.respond(ctx, answer)
		}
		discard(answer)
		e.follow(*next, answer.StatusCode)
	}
}
