package egress

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// Nothing but the public internet is reached, in whatever spelling.
func TestAddressesThatAreNotTheInternet(t *testing.T) {
	t.Parallel()
	g := guard{nat64: true}
	around := &surroundings{server: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("93.184.216.1"), netip.MustParseAddr("2606:4700::1")}}
	for _, text := range strings.Fields(`
		0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.254 127.0.0.1 127.1.2.3 127.255.255.255
		168.63.129.16 169.254.0.1 169.254.169.254 169.254.169.253 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1
		192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
		224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 93.184.216.1
		:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
		64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::168.63.129.16 64:ff9b::93.184.216.1 64:ff9b:1::1 64:ff9b:1::7f00:1
		100::1 2001::1 2001:0:7f00:1:: 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2620:4f:8000::1 3fff::1 4000::1 5f00::1
		fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fd00:42::42 fe80::1 fe80::1%lo fe80::1%eth0 2606:4700::2%eth0 fec0::1 ff02::1 2606:4700::1`) {
		if entry, failed := g.judge(target{host: "x.test", port: 80, policy: &Policy{}}, netip.AddrPortFrom(netip.MustParseAddr(text), 80), around); failed == nil {
			t.Errorf("%s may be reached (%q)", text, entry)
		}
	}
	for _, text := range strings.Fields(`1.1.1.1 93.184.216.34 100.63.255.255 100.128.0.1 169.253.1.1 172.32.0.1 198.20.0.1 168.63.129.17 2606:4700::1111 2a00::1 64:ff9b::1.1.1.1`) {
		if entry, failed := g.judge(target{host: "x.test", port: 8443, policy: &Policy{}}, netip.AddrPortFrom(netip.MustParseAddr(text), 8443), around); failed != nil || entry != "" {
			t.Errorf("%s may not be reached: %v", text, failed)
		}
	}
	g.nat64 = false
	if _, failed := g.judge(target{policy: &Policy{}}, netip.MustParseAddrPort("[64:ff9b::1.1.1.1]:80"), around); failed == nil {
		t.Error("NAT64 is reached without the option")
	}
}

// What each kind of entry opens, and what none does.
func TestWhatAnEntryOpens(t *testing.T) {
	t.Parallel()
	around := &surroundings{
		server:   []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("93.184.216.1")},
		database: []netip.AddrPort{netip.MustParseAddrPort("192.168.1.3:6543"), netip.MustParseAddrPort("93.184.216.2:6543")},
	}
	for _, c := range []struct {
		entry, host, address string
		operators, apps      bool // does it open in that list?
	}{
		{"192.168.1.0/24", "192.168.1.20", "192.168.1.20:8123", true, true},
		{"192.168.1.0/24", "nas.local", "192.168.1.20:8123", true, true},
		{"192.168.1.0/24:8123", "nas.local", "192.168.1.20:8123", true, true},
		{"192.168.1.0/24:8123", "nas.local", "192.168.1.20:8124", false, false},
		{"192.168.1.0/24", "nas.local", "192.168.2.20:8123", false, false},
		{"nas.local", "nas.local", "192.168.1.20:8123", true, true},
		{"*.local", "nas.local", "10.0.0.1:80", true, true},
		{"*.local", "local", "10.0.0.1:80", false, false},
		{"nas.local", "other.local", "10.0.0.1:80", false, false},
		{"nas.local", "evil-nas.local", "10.0.0.1:80", false, false},
		{"*.local", "evillocal", "10.0.0.1:80", false, false},
		{"[fd00::]/8", "nas.local", "[fd12::1]:80", true, true},
		{"0.0.0.0/0", "nas.local", "192.168.1.20:80", true, true},
		{"192.168.1.20", "192.168.1.20", "[::ffff:192.168.1.20]:80", true, true},
		// This machine needs an exact entry.
		{"0.0.0.0/0", "localhost", "127.0.0.1:3000", false, false},
		{"nas.local", "nas.local", "127.0.0.1:3000", false, false},
		{"*.local:3000", "nas.local", "127.0.0.1:3000", false, false},
		{"localhost:3000", "localhost", "127.0.0.1:3000", true, true},
		{"localhost:3000", "localhost", "[::1]:3000", true, true},
		{"localhost:3000", "localhost", "127.0.0.1:3001", false, false},
		{"127.0.0.1:3000", "localhost", "127.0.0.1:3000", true, true},
		{"127.0.0.1:3000", "localhost", "127.0.0.2:3000", false, false},
		{"192.168.1.0/24", "192.168.1.2", "192.168.1.2:3000", false, false},
		{"192.168.1.2", "192.168.1.2", "192.168.1.2:3000", false, false},
		{"192.168.1.2:3000", "192.168.1.2", "192.168.1.2:3000", true, true},
		{"93.184.216.1:3000", "93.184.216.1", "93.184.216.1:3000", true, true},
		{"93.184.216.0/24", "93.184.216.1", "93.184.216.1:3000", false, false},
		// PiCloud's own ports by none.
		{"127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", false, false},
		{"localhost:8080", "localhost", "[::1]:8080", false, false},
		{"192.168.1.2:8080", "192.168.1.2", "192.168.1.2:8080", false, false},
		{"93.184.216.1:8080", "93.184.216.1", "93.184.216.1:8080", false, false},
		{"127.0.0.9:8080", "127.0.0.9", "127.0.0.9:8080", false, false},
		// The database's host needs an exact entry, its port none has.
		{"192.168.1.0/24", "192.168.1.3", "192.168.1.3:80", false, false},
		{"192.168.1.3:80", "192.168.1.3", "192.168.1.3:80", true, true},
		{"192.168.1.3:6543", "192.168.1.3", "192.168.1.3:6543", false, false},
		{"93.184.216.2:6543", "93.184.216.2", "93.184.216.2:6543", false, false},
		{"db.test:443", "db.test", "93.184.216.2:443", true, true},
		{"*.test", "db.test", "93.184.216.2:443", false, false},
		// A cloud's services need an address and the operator.
		{"0.0.0.0/0", "x.test", "169.254.169.254:80", false, false},
		{"x.test:80", "x.test", "169.254.169.254:80", false, false},
		{"169.254.169.254:80", "x.test", "169.254.169.254:80", true, false},
		{"168.63.129.16:80", "x.test", "168.63.129.16:80", true, false},
		{"100.64.0.0/10", "x.test", "100.100.100.200:80", false, false},
		{"100.64.0.0/10", "x.test", "100.100.100.201:80", true, true},
		{"[fd00::]/8", "x.test", "[fd00:ec2::254]:80", false, false},
		{"[fd00:ec2::254]:80", "x.test", "[fd00:ec2::254]:80", true, false},
		// What is nowhere stays there.
		{"0.0.0.0/0", "x.test", "0.0.0.0:80", false, false},
		{"x.test:80", "x.test", "0.0.0.0:80", false, false},
		{"x.test:80", "x.test", "224.0.0.1:80", false, false},
		{"[::]/0", "x.test", "[64:ff9b::10.0.0.1]:80", false, false},
		{"[::]/0", "x.test", "[2002:7f00:1::]:80", false, false},
		{"0.0.0.0/0", "x.test", "192.168.1.20:5432", false, false},
	} {
		list, err := ParseAllow(c.entry)
		if err != nil {
			t.Errorf("%s: %v", c.entry, err)
			continue
		}
		address := netip.MustParseAddrPort(c.address)
		for _, one := range []struct {
			of    string
			guard guard
			apps  Allow
			opens bool
		}{
			{"the operator's", guard{allow: list, ports: []uint16{8080}, nat64: true}, Allow{}, c.operators},
			{"the app's", guard{ports: []uint16{8080}, nat64: true}, list, c.apps},
		} {
			entry, failed := one.guard.judge(target{host: c.host, port: address.Port(), policy: &Policy{Allow: one.apps}}, address, around)
			if opens := failed == nil && entry == c.entry; opens != one.opens {
				t.Errorf("%s list: %s for %s at %s: %q, %v", one.of, c.entry, c.host, c.address, entry, failed)
			}
		}
	}
}

// Ports of other protocols are closed to everybody, everywhere.
func TestBadPorts(t *testing.T) {
	t.Parallel()
	c := client(t, Config{Allow: allow(t, "192.168.1.0/24 nas.test")})
	for _, port := range []int{0, 22, 25, 110, 143, 445, 465, 587, 2375, 3306, 5432, 6000, 6379, 6666, 10080, 11211, 27017} {
		for _, host := range []string{"93.184.216.34", "192.168.1.20", "nas.test", "example.com"} {
			if err := refused(t, c, Request{URL: "http://" + host + ":" + strconv.Itoa(port) + "/"}); err.Category != Forbidden || !strings.Contains(err.Error(), "port") {
				t.Errorf("%s:%d: %v", host, port, err)
			}
		}
	}
}
