package ingress

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Places bounds the connections that are open at a time. When they run short, those on which
// no request is under way are closed: the idlest of the addresses that have the most. An
// address may have half of the places; a trusted proxy, which speaks for many, all of them.
type Places struct {
	most    int
	trusted []netip.Prefix

	mu        sync.Mutex
	open      map[*place]bool
	addresses map[netip.Addr]int
	looked    time.Time // for idle connections, before all places were taken
}

const (
	placesShort  = 8                      // one part in so many is left: idle connections are closed
	placesIdle   = time.Second            // that long idle, while there are any places left
	placesServed = 16                     // times as long may be idle who has asked for something before
	placesLook   = 100 * time.Millisecond // between two looks for them
)

// NewPlaces makes one for so many connections.
func NewPlaces(most int, trusted []netip.Prefix) *Places {
	return &Places{most: most, trusted: trusted, open: make(map[*place]bool), addresses: make(map[netip.Addr]int)}
}

// Forwarded is the share of an address that proxies speak for: of requests under way, since
// connections say nothing about it.
func (p *Places) Forwarded() *Budget {
	return &Budget{Limit: int64(p.most), App: int64(p.most), Address: int64(p.most / 2)}
}

// place is one connection.
type place struct {
	net.Conn
	places  *Places
	address netip.Addr   // zero: a trusted proxy's
	idle    atomic.Int64 // since when no request is under way, Unix nanoseconds; 0: one is
	served  atomic.Bool  // a request
}

// underWay is the key by which a request's context knows its connection.
type underWay struct{}

// Attend has the server tell which of its connections are idle. A connection is so until the
// head of its first request has come, however slowly.
func (p *Places) Attend(server *http.Server) {
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, ok := r.Context().Value(underWay{}).(*place); ok {
			at.idle.Store(0)
		}
		handler.ServeHTTP(w, r)
	})
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, underWay{}, conn)
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if at, ok := conn.(*place); ok && state == http.StateIdle {
			at.served.Store(true)
			at.idle.Store(time.Now().UnixNano())
		}
	}
}

// Listen gives the listener's connections places. Who gets none is hung up on.
func (p *Places) Listen(listener net.Listener) net.Listener { return &placing{listener, p} }

type placing struct {
	net.Listener
	places *Places
}

func (l *placing) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if at := l.places.take(conn, time.Now()); at != nil {
			return at, nil
		}
		hangUp(conn)
	}
}

// Close gives the place back.
func (at *place) Close() error {
	at.places.mu.Lock()
	at.places.leave(at)
	at.places.mu.Unlock()
	return at.Conn.Close()
}

// take finds a place for a connection, or nil.
func (p *Places) take(conn net.Conn, now time.Time) *place {
	at := &place{Conn: conn, places: p}
	if peer, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil && !believed(peer.Addr().Unmap(), p.trusted) {
		at.address = addressOf(peer.Addr().Unmap())
	}
	at.idle.Store(now.UnixNano())
	p.mu.Lock()
	shed := p.makeRoom(at.address, now)
	full := len(p.open) >= p.most || at.address.IsValid() && p.addresses[at.address] >= p.most/2
	if !full {
		p.open[at] = true
		p.addresses[at.address]++
	}
	p.mu.Unlock()
	for _, idle := range shed {
		hangUp(idle.Conn)
	}
	if full {
		return nil
	}
	return at
}

// makeRoom takes the places of connections that are to be closed, if there is need.
func (p *Places) makeRoom(address netip.Addr, now time.Time) []*place {
	batch := max(p.most/placesShort, 1)
	switch left := p.most - len(p.open); {
	case left <= 0:
		return p.shed(batch, now, 0, func(*place) bool { return true })
	case address.IsValid() && p.addresses[address] >= p.most/2:
		return p.shed(batch/2, now, 0, func(at *place) bool { return at.address == address })
	case left <= batch && now.Sub(p.looked) >= placesLook:
		p.looked = now
		return p.shed(batch, now, placesIdle, func(*place) bool { return true })
	}
	return nil
}

// shed takes up to so many places of connections that have been idle for that long.
func (p *Places) shed(most int, now time.Time, idle time.Duration, among func(*place) bool) (shed []*place) {
	type candidate struct {
		at     *place
		since  int64
		weight float64 // idle time times connections of the address, less if it was of use
	}
	var candidates []candidate
	for at := range p.open {
		since := at.idle.Load()
		if took := now.UnixNano() - since; since != 0 && took >= int64(idle) && among(at) {
			weight := float64(took)
			if at.address.IsValid() {
				weight *= float64(p.addresses[at.address])
			}
			if at.served.Load() {
				weight /= placesServed
			}
			candidates = append(candidates, candidate{at, since, weight})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.weight, a.weight) })
	for _, c := range candidates[:min(max(most, 1), len(candidates))] {
		if c.at.idle.CompareAndSwap(c.since, 0) { // no request came meanwhile
			p.leave(c.at)
			shed = append(shed, c.at)
		}
	}
	return shed
}

func (p *Places) leave(at *place) {
	if !p.open[at] {
		return
	}
	delete(p.open, at)
	if p.addresses[at.address]--; p.addresses[at.address] == 0 {
		delete(p.addresses, at.address)
	}
}

// hangUp closes a connection and leaves nothing of it in the system.
func hangUp(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}
