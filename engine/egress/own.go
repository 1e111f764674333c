package egress

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long what is known of this server's addresses holds, and how long is waited for the
// database's.
const (
	ownFresh    = 15 * time.Second
	lookUpLimit = 2 * time.Second
)

// surroundings are the addresses that belong to PiCloud.
type surroundings struct {
	server   []netip.Addr     // of this server, loopback too
	database []netip.AddrPort // of the database
}

func (s *surroundings) isServer(addr netip.Addr) bool { return slices.Contains(s.server, addr) }

func (s *surroundings) isDatabase(addr netip.Addr) bool {
	return slices.ContainsFunc(s.database, func(one netip.AddrPort) bool { return one.Addr() == addr })
}

// own keeps the surroundings known. What cannot be found out anew stays as it was.
type own struct {
	interfaces func() ([]netip.Addr, error)
	further    []netip.Addr
	database   []hostPort
	resolver   *net.Resolver

	refreshing sync.Mutex
	mutex      sync.Mutex
	known      *surroundings
	learnt     time.Time
}

// hostPort is a name or an address, and a port.
type hostPort struct {
	host string
	port uint16
}

func newOwn(config Config) (*own, error) {
	o := &own{interfaces: config.Interfaces, further: config.Addresses, resolver: config.Resolver}
	if o.interfaces == nil {
		o.interfaces = interfaceAddresses
	}
	for _, place := range config.Database {
		host, text, err := net.SplitHostPort(place)
		if err != nil {
			return nil, fmt.Errorf("the database's host: %w", err)
		}
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("the database's port: %w", err)
		}
		o.database = append(o.database, hostPort{host: host, port: uint16(port)})
	}
	addresses, err := o.interfaces()
	if err != nil {
		return nil, fmt.Errorf("this server's addresses: %w", err)
	}
	o.known = &surroundings{server: append(addresses, o.further...)}
	return o, nil
}

// now is what is known, looked up anew where it has got old. While somebody does that, the
// others take what is known, but for the first time.
func (o *own) now(ctx context.Context) *surroundings {
	known, fresh, first := o.look()
	if fresh {
		return known
	}
	if first {
		o.refreshing.Lock()
	} else if !o.refreshing.TryLock() {
		return known
	}
	defer o.refreshing.Unlock()
	if known, fresh, _ = o.look(); fresh {
		return known
	}
	next := o.learn(ctx, known)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.known, o.learnt = next, time.Now()
	return next
}

func (o *own) look() (known *surroundings, fresh, first bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.known, time.Since(o.learnt) < ownFresh, o.learnt.IsZero()
}

// isDatabase tells whether a host is the database's by its name, which is known also while it
// cannot be looked up.
func (o *own) isDatabase(host string, port uint16) bool {
	host = strings.TrimSuffix(host, ".")
	return slices.ContainsFunc(o.database, func(one hostPort) bool { return one.port == port && strings.EqualFold(one.host, host) })
}

// learn finds out the surroundings. It goes on when the request that wanted them has ended,
// since others wait for them too.
func (o *own) learn(ctx context.Context, known *surroundings) *surroundings {
	next := &surroundings{server: known.server}
	if addresses, err := o.interfaces(); err == nil {
		next.server = append(addresses, o.further...)
	} else {
		slog.Warn("this server's addresses could not be read; those known before are kept from functions", "error", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookUpLimit)
	defer cancel()
	for _, place := range o.database {
		addresses, err := o.resolver.LookupNetIP(ctx, "ip", place.host)
		if err != nil {
			slog.Warn("the database's host could not be looked up; its addresses known before are kept from functions", "error", err)
			return &surroundings{server: next.server, database: known.database}
		}
		for _, addr := range addresses {
			next.database = append(next.database, netip.AddrPortFrom(addr.Unmap().WithZone(""), place.port))
		}
	}
	return next
}

// interfaceAddresses are those of this machine's network interfaces.
func interfaceAddresses() ([]netip.Addr, error) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, one := range found {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil {
			addresses = append(addresses, prefix.Addr().Unmap().WithZone(""))
		}
	}
	return addresses, nil
}
