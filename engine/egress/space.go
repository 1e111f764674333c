package egress

import (
	"net/netip"

	"code.dny.dev/ssrf"
)

// space is what sort of place an address is.
type space int

const (
	nowhere  space = iota // never dialled: unspecified, broadcast, multicast, reserved, documentation, transition to IPv4
	public                // the internet
	private               // somebody's own network
	loopback              // this machine
	metadata              // services of a cloud for the machine, which give out its secrets
)

// spaceOf tells what sort of place an address is. It is of no IPv4 in IPv6 form.
func spaceOf(addr netip.Addr) space {
	switch {
	case addr.Zone() != "" || !addr.IsValid():
		return nowhere
	case addr.IsLoopback():
		return loopback
	case isMetadata(addr):
		return metadata
	case isPrivate(addr):
		return private
	case ssrf.New(ssrf.WithAnyPort()).SafeAddr(addr) == nil:
		return public
	}
	return nowhere
}

// isMetadata knows the clouds' services. Link-local IPv4 is theirs altogether.
func isMetadata(addr netip.Addr) bool {
	if addr.Is4() {
		return addr.IsLinkLocalUnicast() || // Amazon, Google, Azure, Oracle, DigitalOcean, Hetzner, OpenStack …
			addr == netip.AddrFrom4([4]byte{168, 63, 129, 16}) || // Azure; public by every registry
			addr == netip.AddrFrom4([4]byte{100, 100, 100, 200}) || // Alibaba
			addr == netip.AddrFrom4([4]byte{192, 0, 0, 192}) // Oracle
	}
	high := addr.As16()
	switch [4]byte(high[:4]) {
	case [4]byte{0xfd, 0x00, 0x0e, 0xc2}, // Amazon, fd00:ec2::254
		[4]byte{0xfd, 0x20, 0x00, 0xce}, // Google, fd20:ce::254
		[4]byte{0xfd, 0x00, 0x00, 0x42}: // Scaleway, fd00:42::42
		return true
	}
	return false
}

// isPrivate knows what people number their own networks with: RFC 1918, RFC 4193, the shared
// space of RFC 6598 (which overlay networks use) and that of RFC 2544 (which local proxies do).
func isPrivate(addr netip.Addr) bool {
	if addr.IsPrivate() {
		return true
	}
	if !addr.Is4() {
		return false
	}
	b := addr.As4()
	return b[0] == 100 && b[1]&0xc0 == 64 || b[0] == 198 && b[1]&0xfe == 18
}

// embedded is the IPv4 address behind one of NAT64 (RFC 6052, section 2.1).
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !ssrf.IPv6NAT64Prefix.Contains(addr) {
		return netip.Addr{}, false
	}
	b := addr.As16()
	return netip.AddrFrom4([4]byte(b[12:])), true
}

// isBadPort knows the ports on which another protocol could take an HTTP request for one of
// its own: those that browsers block (https://fetch.spec.whatwg.org/#bad-port), and those of
// databases, containers and remote desktops.
func isBadPort(port uint16) bool {
	switch port {
	case 0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
		101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
		389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587,
		601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
		6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080:
		return true
	case 445, 873, 1433, 1521, 2375, 2376, 2379, 2380, 2525, 3306, 3389, 5432, 5433, 5672, 5900,
		6379, 6380, 6432, 9042, 11211, 27017:
		return true
	}
	return false
}
