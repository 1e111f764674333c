package sample

import (
	"time"

	"picloud/views"
	"picloud/views/paths"
)

func outboundPages(at views.Frame) []Page {
	path := paths.Outbound(app)
	rows := []views.LearntRow{
		{Script: "checkout", Host: "api.payments.example", FirstAt: ago(49 * time.Hour), LastAt: ago(4 * time.Minute)},
		{Script: "checkout", Host: "hooks.a-rather-long-name-of-a-service.some-region.cloud-of-somebody.example:8443", FirstAt: ago(26 * time.Hour), LastAt: ago(2 * time.Hour)},
		{Script: "import", Host: "192.168.1.20:8123", FirstAt: ago(3 * time.Hour), LastAt: ago(time.Minute)},
		{Script: "prices", Host: "api.payments.example", FirstAt: ago(20 * time.Minute), LastAt: ago(20 * time.Minute)},
	}
	instance := []string{"nas.local", "192.168.1.0/24:9100"}
	fresh := views.OutboundProps{Form: views.OutboundForm{Mode: "open"}}
	learning := views.OutboundProps{
		Form:  views.OutboundForm{Mode: "learn", Hosts: "*.example.org", Networks: "192.168.1.20:8123"},
		SetAt: ago(50 * time.Hour), SetBy: "<script>alert(1)</script>", Instance: instance,
		Learnt: &views.LearntProps{Rows: rows, Until: "2026-01-01T00:00:00Z", Fresh: 3, Listed: 1},
	}
	none, full := learning, learning
	none.Learnt = &views.LearntProps{}
	full.Learnt = &views.LearntProps{Rows: rows, Until: "2026-01-01T00:00:00Z", Fresh: 3, Full: true}
	full.Faults = views.Faults{"hosts": "The list has 214 entries; the limit is 200. One such as *.example.com stands for many."}
	listed := views.OutboundProps{
		Form:  views.OutboundForm{Mode: "listed", Hosts: "api.payments.example\n*.example.org\nhooks.example:8443", Networks: "10.0.0.0/8"},
		SetAt: ago(2 * time.Minute), SetBy: "ben", Instance: instance,
	}
	saved := at
	saved.Flash = "Saved."
	faulty := listed
	faulty.Form = views.OutboundForm{Mode: "listed", Hosts: "https://api.payments.example/v1\n</textarea><script>alert(1)</script>", Networks: "192.168.1.20/24\nnas.local"}
	faulty.Faults = views.Faults{
		"hosts":    "\"https://api.payments.example/v1\" has more than a host, a network and a port.\n\"</textarea><script>alert(1)</script>\" is not a network such as 192.168.1.0/24, nor a host.",
		"networks": "\"192.168.1.20/24\" is not where a network of this size begins; write 192.168.1.0/24.",
	}
	return []Page{
		{"outbound", path, 200, views.Outbound(at, fresh)},
		{"outbound-learn", path, 200, views.Outbound(at, learning)},
		{"outbound-learn-none", path, 200, views.Outbound(at, none)},
		{"outbound-learn-full", path, 422, views.Outbound(at, full)},
		{"outbound-listed", path, 200, views.Outbound(saved, listed)},
		{"outbound-faults", path, 422, views.Outbound(at, faulty)},
	}
}
