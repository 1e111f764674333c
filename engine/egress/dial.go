package egress

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"
)

// How long a connection may take to come about.
const (
	dialLimit      = 10 * time.Second // with looking the host up, over all its addresses
	handshakeLimit = 10 * time.Second
	placePatience  = 100 * time.Millisecond // before idle connections are looked for again
)

// requestKey is where a dial finds the context of the request that it is for. The transport
// gives it one that goes on when the request has ended.
type requestKey struct{}

// conn is a connection with what the timeline says of it.
type conn struct {
	net.Conn
	entry     string
	denied    int
	connect   time.Duration
	handshake time.Duration
	release   func()
}

// Close gives the connection's place back too.
func (c *conn) Close() error {
	c.release()
	return c.Conn.Close()
}

// dialer makes the connections of one pool.
type dialer struct {
	client *Client
	target target              // without host and port
	proxy  string              // host:port of the operator's proxy, where this pool's connections go through it
	open   *semaphore.Weighted // of the app
	idle   func()              // closes the app's idle connections
	secure *tls.Config
}

// dial connects to host:port, each address judged right before it is connected to.
func (d *dialer) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := untilRequestEnds(ctx)
	defer cancel()
	c, err := d.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// dialTLS is dial with a handshake, so that that ends with the request too.
func (d *dialer) dialTLS(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := untilRequestEnds(ctx)
	defer cancel()
	c, err := d.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	config := d.secure.Clone()
	config.ServerName, _, _ = net.SplitHostPort(address)
	if d.proxy != "" {
		config.NextProtos = nil
	}
	limited, stop := context.WithTimeout(ctx, handshakeLimit)
	defer stop()
	began := time.Now()
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(limited); err != nil {
		_ = c.Close()
		return nil, d.handshakeFailure(limited, err)
	}
	c.handshake = time.Since(began)
	return secured, nil
}

func (d *dialer) handshakeFailure(limited context.Context, err error) error {
	if d.proxy != "" {
		return fail(Proxy, "the proxy on the way to %s does not answer", err)
	}
	if limited.Err() != nil {
		return fail(Timeout, "the TLS handshake with %s took too long", err)
	}
	if known := classifyTLS(err); known != nil {
		return known
	}
	return fail(TLS, "%s broke the TLS handshake off", err)
}

// connect makes the connection once there is a place for it.
func (d *dialer) connect(ctx context.Context, address string) (*conn, error) {
	release, err := d.place(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{release: release}
	began := time.Now()
	c.Conn, err = d.reach(ctx, address, c)
	if err != nil {
		release()
		return nil, err
	}
	c.connect = time.Since(began)
	return c, nil
}

// reach dials and writes down what opened the address.
func (d *dialer) reach(ctx context.Context, address string, c *conn) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialLimit, Resolver: d.client.resolver}
	if address == d.proxy {
		connection, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, fail(Proxy, "the proxy on the way to %s does not answer", err)
		}
		return connection, nil
	}
	verdicts, err := d.verdicts(ctx, address)
	if err != nil {
		return nil, err
	}
	dialer.ControlContext = func(_ context.Context, network, address string, _ syscall.RawConn) error {
		return verdicts.judge(network, address)
	}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, verdicts.failure(err)
	}
	c.entry, c.denied = verdicts.of(connection.RemoteAddr())
	return connection, nil
}

// place waits for one of the connections that the app and the process may have.
func (d *dialer) place(ctx context.Context) (release func(), err error) {
	if err := take(ctx, d.open, d.idle); err != nil {
		return nil, err
	}
	if err := take(ctx, d.client.open, d.client.closeIdle); err != nil {
		d.open.Release(1)
		return nil, err
	}
	return sync.OnceFunc(func() {
		d.client.open.Release(1)
		d.open.Release(1)
	}), nil
}

// take waits for a place. Connections that are idle, or become so meanwhile, give theirs up.
func take(ctx context.Context, places *semaphore.Weighted, closeIdle func()) error {
	if places.TryAcquire(1) {
		return nil
	}
	for ctx.Err() == nil {
		closeIdle()
		soon, cancel := context.WithTimeout(ctx, placePatience)
		err := places.Acquire(soon, 1)
		cancel()
		if err == nil {
			return nil
		}
	}
	return fail(Timeout, "no connection to %s came free in time", ctx.Err())
}

// untilRequestEnds is a context that ends with the request that wants the connection: nobody
// waits for it any more.
func untilRequestEnds(ctx context.Context) (context.Context, context.CancelFunc) {
	request, ok := ctx.Value(requestKey{}).(context.Context)
	ctx, cancel := context.WithCancel(ctx)
	if !ok {
		return ctx, cancel
	}
	stop := context.AfterFunc(request, cancel)
	return ctx, func() { stop(); cancel() }
}

// verdicts are what was decided about the addresses of one host. Two may be tried at a time.
type verdicts struct {
	guard  *guard
	target target
	around *surroundings

	mutex   sync.Mutex
	entries map[string]string // by address and port
	denied  int
	refusal *failure // the first
}

func (d *dialer) verdicts(ctx context.Context, address string) (*verdicts, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, err
	}
	t := d.target
	t.host, t.port = host, uint16(port)
	return &verdicts{guard: &d.client.guard, target: t, around: d.client.own.now(ctx), entries: map[string]string{}}, nil
}

// judge is asked right before an address is connected to.
func (v *verdicts) judge(network, text string) error {
	address, err := netip.ParseAddrPort(text)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return refuse(sayNowhere)
	}
	entry, refusal := v.guard.judge(v.target, address, v.around)
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if refusal != nil {
		v.denied++
		if v.refusal == nil {
			v.refusal = refusal
		}
		return refusal
	}
	v.entries[netip.AddrPortFrom(address.Addr().Unmap(), address.Port()).String()] = entry
	return nil
}

// of gives the entry that opened the address that was connected to, and how many others were
// not allowed.
func (v *verdicts) of(address net.Addr) (entry string, denied int) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return v.entries[address.String()], v.denied
}

// failure says why no address was connected to. A refusal counts only when there was nothing
// else to try.
func (v *verdicts) failure(err error) *failure {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.refusal != nil && len(v.entries) == 0 {
		return v.refusal
	}
	if v.refusal != nil {
		return fail(Refused, "%s cannot be reached at those of its addresses that functions may reach", err)
	}
	return classifyDial(err)
}
