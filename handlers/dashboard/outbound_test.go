package dashboard_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const network = "/apps/shop/outbound"

// saw has scripts of the app "shop" call hosts, as a worker would write it down; "hello a.example".
func (s *site) saw(visits ...string) {
	s.t.Helper()
	for _, visit := range visits {
		script, host, _ := strings.Cut(visit, " ")
		_, err := s.pool.Exec(s.t.Context(), "INSERT INTO outbound_seen (app_id, script_id, host) SELECT app_id, id, $2 FROM scripts WHERE name = $1", script, host)
		s.must(err)
	}
}

func TestOutboundPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	page := s.get(network)
	s.sees(page, 200, `value="open" checked`, "Opened for all apps", "<code>192.168.1.0/24:9100</code>", `href="`+network+`" aria-current="page"`, "Devices at home or at work often ask for no password")
	if strings.Contains(page.body, "Hosts that scripts have called") || strings.Contains(page.body, "by owner") {
		t.Error("nobody has set anything, and something is there")
	}
	s.goes(s.post(network, form("mode", "listed", "hosts", "api.example.com\r\n*.example.org, api.example.com\r\n", "networks", "192.168.1.20:8123")), network)
	s.sees(s.get(network), 200, "Saved.", `value="listed" checked`, "\napi.example.com\n*.example.org</textarea>", "\n192.168.1.20:8123</textarea>", "by owner")
	s.sees(s.get("/search?q=outgoing"), 200, "Network of Shop")
}

func TestOutboundThatIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sees(s.post(network, form("mode", "listed", "hosts", "https://a.example/\r\nb.example\r\nc.example:0", "networks", "192.168.1.20/24")), 422,
		`value="listed" checked`, "\nhttps://a.example/\nb.example\nc.example:0</textarea>", "\n192.168.1.20/24</textarea>", `id="e-hosts"`, `aria-describedby="e-networks h-networks"`,
		"<li>&#34;https://a.example/&#34; has more than a host", "<li>&#34;c.example:0&#34; has", "write 192.168.1.0/24")
	s.sees(s.post(network, form("mode", "all")), 422, `id="e-mode"`, "&#34;all&#34; is no mode")
	s.sees(s.post(network, form("mode", "open", "networks", "127.0.0.1")), 422, "needs one address and a port")
	s.sees(s.post(network, form("mode", "open", "hosts", strings.Repeat("a", 400_000))), 413)
	long := ""
	for i := range 200 {
		long += fmt.Sprintf("%s%d.example:65535\r\n", strings.Repeat(strings.Repeat("a", 60)+".", 3), i)
	}
	s.goes(s.post(network, form("mode", "open", "hosts", long)), network)
	s.sees(s.post(network, form("mode", "open", "hosts", long+"one.more.example")), 422, "201 entries; the limit is 200")
	s.sees(s.get(network+"/list"), 405)
}

func TestOutboundIsLearnt(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.goes(s.post(network, form("mode", "learn", "hosts", "first.example", "networks", "nas.local")), network)
	s.sees(s.get(network), 200, "None yet", `value="learn" checked`)
	s.saw("hello b.example", "hello a.example:8443")
	page := s.get(network)
	s.sees(page, 200, "a.example:8443", "b.example", `<a href="/apps/shop/scripts/hello">hello</a>`, "These 2 hosts become the list, with the 1 that it has", "Forget them")
	until := regexp.MustCompile(`name="until" value="([^"]+)"`).FindStringSubmatch(page.body)
	if until == nil {
		t.Fatal("the page does not say what it shows")
	}
	s.saw("hello unseen.example")
	s.sees(s.post(network+"/list", form("until", "now")), 400)
	s.goes(s.post(network+"/list", form("until", until[1])), network)
	page = s.get(network)
	s.sees(page, 200, "Listed only: the list has 3 hosts.", `value="listed" checked`, "\nfirst.example\na.example:8443\nb.example</textarea>", "\nnas.local</textarea>")
	if strings.Contains(page.body, "unseen.example") {
		t.Error("a host is on the list that nobody was shown")
	}
	s.sees(s.post(network+"/list", form("until", until[1])), 409, "does not learn hosts any more", `value="listed" checked`)
	s.goes(s.post(network, form("mode", "learn", "hosts", "a.example:8443\nb.example\nunseen.example")), network)
	s.sees(s.get(network), 200, "All of them are on the list already")
	s.goes(s.post(network+"/forget", form()), network)
	s.sees(s.get(network), 200, "Forgotten.", "None yet")
}

// More hosts than a list holds are told, and nothing changes.
func TestOutboundLearntTooMuch(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.goes(s.post(network, form("mode", "learn", "hosts", "first.example")), network)
	_, err := s.pool.Exec(t.Context(), "INSERT INTO outbound_seen (app_id, script_id, host) SELECT app_id, id, 'h' || n || '.example' FROM scripts, generate_series(1, 200) n WHERE name = 'hello'")
	s.must(err)
	s.sees(s.get(network), 200, "These 200 hosts become the list", "There is no room for more")
	s.sees(s.post(network+"/list", form("until", "2100-01-01T00:00:00Z")), 422, "201 entries; the limit is 200", `id="e-hosts"`, `value="learn" checked`, "\nfirst.example</textarea>")
}
