package egress

import (
	"strings"
	"testing"

	"picloud/engine/fault"
)

func TestAllowLists(t *testing.T) {
	t.Parallel()
	text := "192.168.1.20, nas.local\n*.example.com\t192.168.1.0/24 192.168.1.0/24:8123 [fd00::]/8 fd00::/8 [fd00::]/8:80 [fd00::1]:8123 fd00::1 localhost:3000 127.0.0.1:8123 [::1]:3000 api.example.com:8443 0.0.0.0/0 ::/0 169.254.169.254:80 1.1.1.1 my_host NAS.Local bücher.example"
	list, err := ParseAllow(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.entries) != 21 {
		t.Errorf("%d entries", len(list.entries))
	}
	if again, err := ParseAllow(list.String()); err != nil || again.String() != list.String() || len(again.entries) != len(list.entries) {
		t.Errorf("%q, %v", again, err)
	}
	if last := list.entries[20]; last.name != "xn--bcher-kva.example" {
		t.Errorf("%+v", last)
	}
	if empty, err := ParseAllow(" ,\n"); err != nil || empty.String() != "" || len(empty.entries) != 0 {
		t.Errorf("%v", err)
	}
}

func TestAllowEntriesThatAreNone(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"https://nas.local":     "more than",
		"nas.local/path":        "not a network",
		"user@nas.local":        "more than",
		"nas.local:":            "where a port",
		"nas.local:0":           "where a port",
		"nas.local:65536":       "where a port",
		"nas.local:http":        "where a port",
		"nas.local:-1":          "where a port",
		"nas.local:25":          "port 25",
		"192.168.1.5/24":        "write 192.168.1.0/24",
		"192.168.1.0/33":        "number of bits",
		"192.168.1.0/":          "nothing after",
		"192.168.1.0/24/8":      "number of bits",
		"fd00::1/8":             "write fd00::/8",
		"[fd00::1":              "not closed",
		"[fd00::1]8123":         "where a port",
		"[fe80::1%eth0]":        "zone",
		"::ffff:10.0.0.1":       "write 10.0.0.1",
		"127.1":                 "not a host",
		"0x7f000001:80":         "not a host",
		"*":                     "not a host",
		"*.":                    "not a host",
		"a.*.com":               "not a host",
		"*nas.local":            "not a host",
		"localhost":             "needs one name and a port",
		"*.localhost:80":        "needs one name and a port",
		"127.0.0.1":             "needs one address and a port",
		"127.0.0.0/8:80":        "needs one address and a port",
		"::1":                   "needs one address and a port",
		"169.254.169.254":       "needs one address and a port",
		"169.254.0.0/16:80":     "needs one address and a port",
		"0.0.0.0:80":            "no place",
		"224.0.0.1":             "no place",
		"2002::/16":             "no place",
		"64:ff9b::/96":          "no place",
		strings.Repeat("a", 64): "not a host",
	} {
		_, err := ParseAllow("good.example " + text)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "good.example ") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ParseAllow(strings.Repeat("a.test ", maxEntries+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

// What is read is read the same again, and opens no more than its kind may.
func FuzzParseAllow(f *testing.F) {
	for _, text := range []string{"192.168.1.0/24:8123 [fd00::]/8", "localhost:3000", "*.example.com", "127.1", "[::1]:80", "bücher.example:8080"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseAllow(text)
		if err != nil {
			return
		}
		again, err := ParseAllow(list.String())
		if err != nil || len(again.entries) != len(list.entries) {
			t.Fatalf("%q is %q, which is %v", text, list, err)
		}
		for i, e := range list.entries {
			if (e.name == "") == (!e.network.IsValid()) || again.entries[i] != e {
				t.Fatalf("%q: %+v, %+v", text, e, again.entries[i])
			}
		}
	})
}
