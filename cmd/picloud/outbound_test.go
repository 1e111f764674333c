package main

import (
	"strings"
	"testing"
)

// TestOutboundWithoutJavaScript plays the story of an app that is to reach few hosts: a mistake, what
// was learnt, and the list that is made of it.
func TestOutboundWithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := serveProduct(t, "--fetch-allow", "nas.local, 192.168.1.0/24:9100")
	p.app("shop")
	p.publish("shop", "greet", hello)
	w := p.open(p.chromium())
	w.withoutScripts()
	w.signIn()
	w.visit("/apps/shop")
	w.press("Network")
	w.shows("h1", "Network")
	w.shows("main", "192.168.1.0/24:9100")
	w.expect("status of 422") // what is refused is refused with its status
	w.press("Learn")
	w.fill("List of hosts", "first.example\nhttps://second.example/")
	w.fill("Private hosts and networks", "192.168.1.20:8123\n10.0.0.1/8")
	w.press("Save")
	w.shows("#e-hosts li", `"https://second.example/" has more than a host`)
	w.shows("#e-networks li", "write 10.0.0.0/8")
	w.until(`document.querySelector("[name=mode][value=learn]").checked && document.activeElement.name === "hosts"`)
	w.until(`document.querySelector("[name=networks]").value === "192.168.1.20:8123\n10.0.0.1/8"`)
	w.fill("List of hosts", "first.example")
	w.fill("Private hosts and networks", "192.168.1.20:8123")
	w.press("Save")
	w.shows("main .banner", "Saved.")
	w.shows("main", "None yet")

	if _, err := p.pool.Exec(t.Context(), "INSERT INTO outbound_seen (app_id, script_id, host) SELECT app_id, id, 'api.example' FROM scripts WHERE name = 'greet'"); err != nil {
		t.Fatal(err)
	}
	w.visit("/apps/shop/outbound")
	w.shows(".hosts td", "api.example")
	w.press("Make this the list")
	w.shows("main .banner", "the list has 2 hosts")
	w.until(`document.querySelector("[name=mode][value=listed]").checked && document.querySelector("[name=hosts]").value === "first.example\napi.example"`)
	w.clean()
	status, body := p.api("GET", "/api/v1/apps/shop/outbound", nil)
	if want := `"mode":"listed","hosts":["first.example","api.example"],"networks":["192.168.1.20:8123"]`; status != 200 || !strings.Contains(string(body), want) {
		t.Errorf("%d %s, want %s", status, body, want)
	}
}
