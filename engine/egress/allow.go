package egress

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"picloud/engine/fault"
)

// maxEntries is how long a list may be; a longer one names networks better.
const maxEntries = 1000

// Allow is a list of places, each a host or a network, with a port or without:
//
//	192.168.1.20   nas.local   *.example.com   192.168.1.0/24   [fd00::]/8
//	192.168.1.20:8123   localhost:3000   192.168.1.0/24:8123   [fd00::1]:8123
//
// What is public needs no entry but where an app may reach only what is listed. What an entry
// opens beyond, each the smallest that does:
//
//	private space                             any entry
//	loopback, this server's own addresses,
//	  the database's host                     one address or name, with a port
//	services that tell secrets of a cloud
//	  machine (169.254.169.254 and its like)  one address with a port, in the operator's list
//	PiCloud's own ports, the database's port,
//	  ports that browsers refuse, all else    none
//
// The zero value is the empty list.
type Allow struct {
	entries []entry
	text    string
}

// entry is one place. Either name or network is set.
type entry struct {
	text    string
	name    string // of a host, lower case; with a dot in front it is what the host ends in
	network netip.Prefix
	port    uint16 // 0: all
}

// ParseAllow reads a list whose entries are separated by commas, spaces or line breaks. Its
// error is a fault.Invalid that names every wrong entry.
func ParseAllow(text string) (Allow, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	if len(words) > maxEntries {
		return Allow{}, fault.New(fault.Invalid, "The list has %d entries, more than %d.", len(words), maxEntries)
	}
	var list Allow
	var wrong []string
	for _, word := range words {
		parsed, err := parseEntry(word)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%.100q %s.", word, err))
			continue
		}
		list.entries = append(list.entries, parsed)
	}
	if wrong != nil {
		return Allow{}, fault.New(fault.Invalid, "%s", strings.Join(wrong, " "))
	}
	list.text = strings.Join(words, " ")
	return list, nil
}

// String is the list as ParseAllow reads it.
func (a Allow) String() string { return a.text }

// parseEntry reads one entry; its error goes on from the entry: `"a/b" has …`.
func parseEntry(word string) (entry, error) {
	if strings.Contains(word, "://") || strings.ContainsAny(word, "@?#\\") {
		return entry{}, fmt.Errorf("has more than a host, a network and a port")
	}
	host, bits, port, err := divide(word)
	if err != nil {
		return entry{}, err
	}
	e := entry{text: word, port: port}
	if port != 0 && isBadPort(port) {
		return entry{}, fmt.Errorf("names port %d, which functions never reach", port)
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		e.network, err = network(addr, bits)
	case bits != "":
		err = fmt.Errorf("is not a network such as 192.168.1.0/24, nor a host")
	default:
		e.name, err = pattern(host)
	}
	if err == nil {
		err = e.mayStand()
	}
	return e, err
}

// divide takes an entry apart. An IPv6 address may be without brackets where no port follows.
func divide(word string) (host, bits string, port uint16, err error) {
	rest := ""
	switch {
	case strings.HasPrefix(word, "["):
		inside, after, closed := strings.Cut(word[1:], "]")
		if !closed {
			return "", "", 0, fmt.Errorf("has a bracket that is not closed")
		}
		host, rest = inside, after
	case strings.Count(word, ":") > 1:
		host, bits, _ = strings.Cut(word, "/")
		return host, bits, 0, nil
	default:
		host = word
		if i := strings.IndexAny(word, "/:"); i >= 0 {
			host, rest = word[:i], word[i:]
		}
	}
	if after, ok := strings.CutPrefix(rest, "/"); ok {
		bits, rest = after, ""
		if i := strings.IndexByte(after, ':'); i >= 0 {
			bits, rest = after[:i], after[i:]
		}
		if bits == "" {
			return "", "", 0, fmt.Errorf("has nothing after the /")
		}
	}
	if rest == "" {
		return host, bits, 0, nil
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(rest, ":"), 10, 16)
	if err != nil || number == 0 || rest[0] != ':' {
		return "", "", 0, fmt.Errorf("has %.20q where a port between 1 and 65535 belongs", strings.TrimPrefix(rest, ":"))
	}
	return host, bits, uint16(number), nil
}

// network is that of an address and the number of its bits; none: the address alone.
func network(addr netip.Addr, bits string) (netip.Prefix, error) {
	if addr.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("has a zone, which functions never reach")
	}
	if addr.Is4In6() {
		return netip.Prefix{}, fmt.Errorf("is an IPv4 address in IPv6 form; write %s", addr.Unmap())
	}
	if bits == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	length, err := strconv.Atoi(bits)
	if err != nil || length < 0 || length > addr.BitLen() {
		return netip.Prefix{}, fmt.Errorf("has %.20q where the number of bits of a network belongs (0 to %d)", bits, addr.BitLen())
	}
	prefix := netip.PrefixFrom(addr, length)
	if prefix.Masked() != prefix {
		return netip.Prefix{}, fmt.Errorf("is not where a network of this size begins; write %s", prefix.Masked())
	}
	return prefix, nil
}

// pattern is the name of a host, or what it ends in after "*.".
func pattern(host string) (string, error) {
	name, wild := strings.CutPrefix(host, "*.")
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", fmt.Errorf("is not a host's name")
		}
		name = ascii
	}
	name, err := hostName(name)
	if err != nil {
		return "", fmt.Errorf("is not a host such as nas.local or *.example.com, nor a network such as 192.168.1.0/24")
	}
	if wild {
		return "." + name, nil
	}
	return name, nil
}

// mayStand refuses entries that would open nothing, so that nobody waits for what they do.
func (e entry) mayStand() error {
	if e.name != "" {
		if local := strings.TrimPrefix(e.name, "."); (local == "localhost" || strings.HasSuffix(local, ".localhost")) && !e.isExact() {
			return fmt.Errorf("needs one name and a port, such as localhost:3000")
		}
		return nil
	}
	switch spaceOf(e.network.Addr()) {
	case loopback, metadata:
		if e.network.Bits() > 0 && !e.isExact() {
			return fmt.Errorf("needs one address and a port, such as 127.0.0.1:3000")
		}
	case nowhere:
		if e.network.Bits() >= 8 {
			return fmt.Errorf("is no place that can be reached")
		}
	}
	return nil
}

// isExact tells whether it is one host on one port.
func (e entry) isExact() bool {
	return e.port != 0 && (e.isAddress() || e.name != "" && e.name[0] != '.')
}

// isAddress tells whether it is a single address.
func (e entry) isAddress() bool { return e.network.IsValid() && e.network.IsSingleIP() }

// names tells whether it means this host, which is a name or the text of an address.
func (e entry) names(host string, port uint16) bool {
	if e.port != 0 && e.port != port {
		return false
	}
	if e.name != "" {
		return e.name == host || e.name[0] == '.' && strings.HasSuffix(host, e.name)
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && e.network.Contains(addr.Unmap())
}

// covers tells whether it means this address, or the host that it was looked up for.
func (e entry) covers(host string, addr netip.Addr, port uint16) bool {
	if e.name != "" {
		return e.names(host, port)
	}
	return (e.port == 0 || e.port == port) && e.network.Contains(addr)
}

// lists tells whether a host may be asked for where only what is listed may.
func (a Allow) lists(host string, port uint16) bool {
	for _, e := range a.entries {
		if e.names(host, port) {
			return true
		}
	}
	return false
}

// opens is the text of the first entry that covers an address and is good enough for it.
func (a Allow) opens(host string, address netip.AddrPort, goodEnough func(entry) bool) (string, bool) {
	for _, e := range a.entries {
		if goodEnough(e) && e.covers(host, address.Addr(), address.Port()) {
			return e.text, true
		}
	}
	return "", false
}
