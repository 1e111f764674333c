package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"picloud/engine/call"
	"picloud/engine/id"
)

// Request is what a function asks for.
type Request struct {
	App    id.App // whose function it is: connections are its own
	Policy Policy
	Method string // as it is sent; GET where it is empty
	URL    string // in the serialized form of the URL standard; its fragment is not sent
	// Header is sent without the fields that are the connection's business (Host,
	// Content-Length, Connection and the like). Who calls guards the names that functions may
	// not set. User-Agent and Accept-Encoding are added where they are missing.
	Header   []call.Field
	Body     []byte // nil: none. It is not changed by anybody until the answer is there
	Redirect RedirectMode
	MaxBytes int64 // of the decoded body; 0: the client's
}

// RedirectMode is https://fetch.spec.whatwg.org/#concept-request-redirect-mode.
type RedirectMode int

// The modes.
const (
	Follow RedirectMode = iota
	Fail                // a redirect is an error
	Manual              // a redirect is the answer, as servers' runtimes have it
)

// Hop is one request of those that a chain of redirects was, for a timeline.
type Hop struct {
	Method    string
	Host      string // as the URL has it, with a port where that does not go without saying
	Status    int    // 0: there was no answer
	Protocol  string // "HTTP/1.1" or "HTTP/2.0"
	Sent      int64  // bytes of the body
	Entry     string // of an allow list that opened the address; empty: it is public, or a proxy's
	Ours      bool   // one of our own functions answered
	Denied    int    // addresses of the host that were passed over because they may not be reached
	Reused    bool   // the connection was there already
	Began     time.Time
	Connect   time.Duration // of a new connection: looking up and connecting
	Handshake time.Duration // of a new connection: TLS
	Took      time.Duration // from when it began until the answer's header, or the failure
}

// exchange is a request under way.
type exchange struct {
	client  *Client
	request Request
	written string // the host as the caller wrote it
	at      address
	method  string
	header  http.Header
	body    []byte
	hops    []Hop
}

func (c *Client) begin(request Request) (*exchange, *failure) {
	at, err := parseAddress(request.URL)
	switch err {
	case nil:
	case errUser:
		return nil, fail(Invalid, "a URL must not have a user name or a password; use an Authorization header", err)
	case errScheme:
		return nil, fail(Invalid, "only http and https URLs can be fetched", err)
	default:
		return nil, fail(Invalid, "%s is not a URL that can be fetched", err)
	}
	e := &exchange{client: c, request: request, written: at.place(), at: at, method: request.Method, body: request.Body}
	if e.method == "" {
		e.method = http.MethodGet
	}
	if !httpguts.ValidHeaderFieldName(e.method) || isForbiddenMethod(e.method) {
		return nil, fail(Invalid, fmt.Sprintf("%.20q is not a method that can be sent", e.method), nil)
	}
	if e.request.MaxBytes == 0 {
		e.request.MaxBytes = c.maxResponse
	}
	var failed *failure
	e.header, failed = outgoing(request.Header)
	return e, failed
}

// isForbiddenMethod is https://fetch.spec.whatwg.org/#forbidden-method.
func isForbiddenMethod(method string) bool {
	return strings.EqualFold(method, "CONNECT") || strings.EqualFold(method, "TRACE") || strings.EqualFold(method, "TRACK")
}

// outgoing is the header that is sent.
func outgoing(fields []call.Field) (http.Header, *failure) {
	header := make(http.Header, len(fields)+2)
	for _, field := range fields {
		if !httpguts.ValidHeaderFieldName(field.Name) || !httpguts.ValidHeaderFieldValue(field.Value) {
			return nil, fail(Invalid, fmt.Sprintf("the header field %.40q cannot be sent to %%s", strings.ReplaceAll(field.Name, "%", "_")), nil)
		}
		if !isConnections(field.Name) {
			header.Add(field.Name, field.Value)
		}
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "PiCloud")
	}
	if header.Get("Accept-Encoding") == "" {
		header.Set("Accept-Encoding", "gzip, br, zstd")
		if header.Get("Range") != "" {
			header.Set("Accept-Encoding", "identity")
		}
	}
	return header, nil
}

// isConnections tells whether a field is about the connection (RFC 9110, section 7.6.1) or
// about how the message is framed, neither of which is a function's business.
func isConnections(name string) bool {
	switch name = strings.ToLower(name); name {
	case "host", "content-length", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect", "http2-settings":
		return true
	}
	return strings.HasPrefix(name, "proxy-")
}

// hop sends the request to where it leads now, and writes down what came of it.
func (e *exchange) hop(ctx context.Context) (*http.Response, *failure) {
	e.hops = append(e.hops, Hop{Method: e.method, Host: e.at.place(), Sent: int64(len(e.body)), Began: time.Now()})
	hop := &e.hops[len(e.hops)-1]
	defer func() { hop.Took = time.Since(hop.Began) }()
	if over := ended(ctx); over != nil {
		return nil, over
	}
	by, failed := e.way(ctx)
	if failed != nil {
		return nil, failed
	}
	answer, err := e.client.roundTripper(e.request.App, e.request.Policy, by).RoundTrip(e.message(ctx, by, hop))
	if err != nil {
		return nil, classify(ctx, err)
	}
	hop.Status, hop.Protocol = answer.StatusCode, answer.Proto
	if hop.Ours = by == inward; hop.Ours {
		hop.Entry = ownFunction
	}
	if answer.StatusCode < 200 {
		_ = answer.Body.Close()
		return nil, fail(Protocol, "%s wanted to change to another protocol", nil)
	}
	return answer, nil
}

// message is the request for the transport.
func (e *exchange) message(ctx context.Context, by route, hop *Hop) *http.Request {
	traced := httptrace.WithClientTrace(context.WithValue(ctx, requestKey{}, ctx), &httptrace.ClientTrace{GotConn: hop.connected})
	message := &http.Request{
		Method: e.method, URL: e.at.url(by), Host: e.at.place(), Header: e.headerFor(by),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(e.body) > 0 {
		message.ContentLength = int64(len(e.body))
		message.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(e.body)), nil }
		message.Body, _ = message.GetBody()
	} else if e.body != nil {
		message.Body = http.NoBody
	}
	return message.WithContext(traced)
}

// headerFor is the header by a route. Our own functions would believe what is said of a caller
// by who stands where a trusted proxy does.
func (e *exchange) headerFor(by route) http.Header {
	if by != inward {
		return e.header
	}
	header := e.header.Clone()
	for name := range header {
		if name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			delete(header, name)
		}
	}
	return header
}

// connected writes down the connection that the request got.
func (h *Hop) connected(info httptrace.GotConnInfo) {
	h.Reused = info.Reused
	connection := info.Conn
	for secured, ok := connection.(*tls.Conn); ok; secured, ok = connection.(*tls.Conn) {
		connection = secured.NetConn()
	}
	if c, ok := connection.(*conn); ok {
		h.Entry, h.Denied = c.entry, c.denied
		if !info.Reused {
			h.Connect, h.Handshake = c.connect, c.handshake
		}
	}
}

// way decides about the place before anything is dialled, and how the request gets there.
func (e *exchange) way(ctx context.Context) (route, *failure) {
	t := target{host: e.at.host, port: e.at.port, policy: &e.request.Policy}
	ours := e.client.isOurs(&url.URL{Scheme: e.at.scheme, Host: e.at.place(), Path: e.at.path})
	t.ours = ours == OurFunction
	if ours == OurDoor || e.client.own.isDatabase(t.host, t.port) {
		return 0, refuse(sayOwn)
	}
	if failed := e.client.guard.admit(t); failed != nil {
		return 0, failed
	}
	if t.ours {
		return inward, nil
	}
	around := e.client.own.now(ctx)
	if addr, err := netip.ParseAddr(t.host); err == nil {
		entry, failed := e.client.guard.judge(t, netip.AddrPortFrom(addr, t.port), around)
		if failed != nil || entry != "" || e.client.proxy == nil {
			return direct, failed
		}
		return proxied, nil
	}
	if e.client.proxy == nil {
		return direct, nil
	}
	return e.client.wayOf(ctx, t, around)
}

// wayOf decides about a name where there is a proxy: it gets what is public by all addresses.
func (c *Client) wayOf(ctx context.Context, t target, around *surroundings) (route, *failure) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	addresses, err := c.resolver.LookupNetIP(ctx, "ip", t.host)
	if err != nil {
		return 0, classifyDial(err)
	}
	by := proxied
	for _, addr := range addresses {
		entry, failed := c.guard.judge(t, netip.AddrPortFrom(addr, t.port), around)
		if failed != nil {
			return 0, failed
		}
		if entry != "" {
			by = direct
		}
	}
	return by, nil
}
