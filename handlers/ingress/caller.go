package ingress

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// caller is who sent a request, and how they wrote its address, as far as it can be
// believed.
type caller struct {
	address netip.Addr
	proto   string // "http" or "https"
	host    string // of the Host header, in lower case (URL, section 3.5)
	behind  bool   // a trusted proxy, which speaks for it and not for itself
}

// callerOf believes X-Forwarded-… only of trusted proxies.
func callerOf(r *http.Request, trusted []netip.Prefix) caller {
	c := caller{address: peer(r), proto: "http", host: strings.ToLower(r.Host)}
	if r.TLS != nil {
		c.proto = "https"
	}
	if !believed(c.address, trusted) {
		return c
	}
	c.address = clientBehind(c.address, r.Header.Values("X-Forwarded-For"), trusted)
	c.behind = !believed(c.address, trusted)
	if said := r.Header.Get("X-Forwarded-Proto"); said == "https" || said == "http" {
		c.proto = said
	}
	if host := r.Header.Get("X-Forwarded-Host"); host != "" {
		c.host = strings.ToLower(host)
	}
	return c
}

// tell replaces what a request for the dashboard says of its caller by what is known.
func (c caller) tell(r *http.Request) {
	for _, name := range []string{"Forwarded", "X-Forwarded-Host", "X-Real-Ip", "X-Forwarded-Port"} {
		delete(r.Header, name)
	}
	r.Host = c.host
	r.Header["X-Forwarded-For"] = []string{c.address.String()}
	r.Header["X-Forwarded-Proto"] = []string{c.proto}
}

func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return at.Addr().Unmap()
}

// clientBehind walks the list from the right and stops at the first address that is not
// a trusted proxy's.
func clientBehind(client netip.Addr, lists []string, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(lists, ","), ",")
	for i := len(hops) - 1; i >= 0 && believed(client, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop.Unmap()
	}
	return client
}

func believed(address netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}
