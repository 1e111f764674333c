package egress

import (
	"net/netip"
	"slices"
)

// Mode says which hosts an app may reach beyond those that an allow list opens.
type Mode int

// The modes.
const (
	Open   Mode = iota // what is public, on every port but those that browsers block
	Listed             // only what the app's own list, or an allow list, names; our own functions too
	Learn              // as Open; who makes the policy wants to know the hosts, which Response.Hops has
)

// Policy is where one app may go. It is compared as a value: when it has changed, no
// connection that was made under the former is used again.
type Policy struct {
	Mode Mode
	// Hosts is the app's list where Mode is Listed. It opens nothing that is not public. Names
	// have to be listed as names: a network means hosts that are written as addresses, so that
	// no name is looked up that is not listed.
	Hosts Allow
	// Allow opens places to this app, as Config.Allow does to all. It is for those to fill in
	// who answer for the network that PiCloud is in.
	Allow Allow
}

func (p Policy) equal(other Policy) bool {
	return p.Mode == other.Mode && p.Hosts.text == other.Hosts.text && p.Allow.text == other.Allow.text
}

// Ours says what a URL is to PiCloud itself.
type Ours int

// What a URL can be.
const (
	Foreign     Ours = iota // somebody else's
	OurFunction             // a function's public URL: it can be reached wherever its host is
	OurDoor                 // anything else on our hosts, such as the dashboard: never reached
)

// ownFunction stands in a Hop for the entry of a list: the URL was one of our own functions.
const ownFunction = "own function"

// guard decides what may be dialled.
type guard struct {
	allow Allow
	nat64 bool
	ports []uint16 // on which PiCloud listens
}

// target is what a connection is wanted to, and for whom.
type target struct {
	host   string // as in the URL, lower case, without brackets
	port   uint16
	ours   bool // the URL is one of our own functions
	policy *Policy
}

// The sentences of what is refused. Whether what belongs to PiCloud is its server or its
// database is nobody's business.
const (
	sayPort     = "functions may not reach the port of %s"
	sayUnlisted = "%s is not among the hosts that this app may reach"
	sayNowhere  = "%s has no address on the internet"
	sayPrivate  = "%s is in a private network, and no allow list opens it"
	sayMachine  = "%s is on this server, and no allow list opens exactly this host and port"
	sayOwn      = "%s belongs to PiCloud itself"
	sayMetadata = "%s is a service that keeps secrets of a cloud's machine"
)

func refuse(sentence string) *failure { return fail(Forbidden, sentence, nil) }

// admit decides about the host as it is written, before anything is looked up.
func (g *guard) admit(t target) *failure {
	if isBadPort(t.port) {
		return refuse(sayPort)
	}
	if t.policy.Mode == Listed && !t.policy.Hosts.lists(t.host, t.port) && !t.policy.Allow.lists(t.host, t.port) && !g.allow.lists(t.host, t.port) {
		return refuse(sayUnlisted)
	}
	return nil
}

// judge decides about an address that the target's host has. It gives the entry that opens
// it, or "" of what is public.
func (g *guard) judge(t target, address netip.AddrPort, around *surroundings) (string, *failure) {
	if isBadPort(address.Port()) {
		return "", refuse(sayPort)
	}
	if address.Addr().Zone() != "" {
		return "", refuse(sayNowhere)
	}
	address = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	if inside, ok := embedded(address.Addr()); ok {
		if !g.nat64 || spaceOf(inside) != public || around.isServer(inside) || around.isDatabase(inside) {
			return "", refuse(sayNowhere)
		}
		return "", nil
	}
	addr := address.Addr()
	where := spaceOf(addr)
	server := where == loopback || around.isServer(addr)
	database := around.isDatabase(addr)
	switch {
	case where == nowhere:
		return "", refuse(sayNowhere)
	case slices.Contains(around.database, address):
		return "", refuse(sayOwn)
	case where == metadata:
		return open(t, address, sayMetadata, g.allow, Allow{}, entry.isAddressWithPort)
	case t.ours:
		return ownFunction, nil
	case server && slices.Contains(g.ports, address.Port()):
		return "", refuse(sayOwn)
	case server:
		return open(t, address, sayMachine, g.allow, t.policy.Allow, entry.isExact)
	case database:
		return open(t, address, sayOwn, g.allow, t.policy.Allow, entry.isExact)
	case where == private:
		return open(t, address, sayPrivate, g.allow, t.policy.Allow, func(entry) bool { return true })
	}
	return "", nil
}

// open looks for an entry that is good enough.
func open(t target, address netip.AddrPort, sentence string, operators, apps Allow, goodEnough func(entry) bool) (string, *failure) {
	for _, list := range []Allow{operators, apps} {
		if text, ok := list.opens(t.host, address, goodEnough); ok {
			return text, nil
		}
	}
	return "", refuse(sentence)
}

func (e entry) isAddressWithPort() bool { return e.port != 0 && e.isAddress() }
