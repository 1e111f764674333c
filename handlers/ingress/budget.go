package ingress

import (
	"net/netip"
	"sync"

	"picloud/engine/id"
)

// Budget bounds the bytes that are held at a time: in all, of one app and of one address.
// It is for many goroutines at once.
type Budget struct {
	Limit   int64 // in all
	App     int64 // of one app
	Address int64 // of one address

	mu        sync.Mutex
	used      int64
	apps      map[id.App]int64
	addresses map[netip.Addr]int64
	freed     chan struct{} // closed when something was given back; nil: nobody waits for that
}

// NewBodies makes the budget of request bodies: an app may hold a quarter of it.
func NewBodies(limit, largest int64) *Budget { return shared(limit, limit/4, largest) }

// shared makes a budget of which an address may hold half of what an app may, so that none
// takes all that an app has. One thing of the largest size always fits.
func shared(limit, app, largest int64) *Budget {
	app = max(app, largest)
	return &Budget{Limit: max(limit, largest), App: app, Address: max(app/2, largest)}
}

// holder is for whom bytes are held.
type holder struct {
	app     id.App
	address netip.Addr
}

// take tells whether there was room. Where there was none, freed is closed when more has
// become free.
func (b *Budget) take(of holder, n int64) (got bool, freed <-chan struct{}) {
	if n == 0 {
		return true, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.Limit || b.apps[of.app]+n > b.App || b.addresses[of.address]+n > b.Address {
		if b.freed == nil {
			b.freed = make(chan struct{})
		}
		return false, b.freed
	}
	if b.apps == nil {
		b.apps, b.addresses = make(map[id.App]int64), make(map[netip.Addr]int64)
	}
	b.used += n
	b.apps[of.app] += n
	b.addresses[of.address] += n
	return true, nil
}

func (b *Budget) give(of holder, n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.apps[of.app] -= n; b.apps[of.app] == 0 {
		delete(b.apps, of.app)
	}
	if b.addresses[of.address] -= n; b.addresses[of.address] == 0 {
		delete(b.addresses, of.address)
	}
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// addressOf is what counts as one address: all of an IPv6 subscriber's (RFC 6177).
func addressOf(address netip.Addr) netip.Addr {
	if address.Is4() {
		return address
	}
	subscriber, err := address.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return subscriber.Addr()
}
