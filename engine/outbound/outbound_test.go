package outbound

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"picloud/engine/egress"
	"picloud/engine/fault"
)

func TestPolicyBecomesThatOfTheDoor(t *testing.T) {
	t.Parallel()
	for kept, want := range map[Mode]egress.Mode{"": egress.Open, Open: egress.Open, Learn: egress.Learn, Listed: egress.Listed} {
		p, err := Policy{Mode: kept, Hosts: []string{"example.com", "*.example.org"}, Networks: []string{"192.168.1.20:8123", "10.0.0.0/8"}}.Egress()
		if err != nil || p.Mode != want || p.Hosts.String() != "example.com *.example.org" || p.Allow.String() != "192.168.1.20:8123 10.0.0.0/8" {
			t.Errorf("%q: %+v, %v", kept, p, err)
		}
	}
}

// What is not understood, such as a row of a later version, opens nothing.
func TestPolicyThatIsNotUnderstoodIsClosed(t *testing.T) {
	t.Parallel()
	for _, bad := range []Policy{
		{Mode: "everything", Networks: []string{"10.0.0.0/8"}},
		{Mode: Open, Networks: []string{"10.0.0.0/8", "10.0.0.1/8"}},
		{Mode: Listed, Hosts: []string{"example.com", "https://example.com/"}},
	} {
		if p, err := bad.Egress(); err == nil || p.Mode != egress.Listed || p.Hosts.String() != "" || p.Allow.String() != "" {
			t.Errorf("%+v is %+v, %v", bad, p, err)
		}
	}
}

func many(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("h%d.example.com", i))
	}
	return all
}

func TestFaultsNameTheEntryAndTheRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy Policy
		want   []string // of each fault its field, and a part of its text
	}{
		{Policy{}, []string{"mode", `"" is no mode; use "open", "learn" or "listed".`}},
		{Policy{Mode: "all"}, []string{"mode", `"all"`}},
		{
			Policy{Mode: Open, Hosts: []string{"a.example", "http://a.example/"}, Networks: []string{"192.168.1.20/24", "10.0.0.0/8"}},
			[]string{"hosts", `"http://a.example/" has more than a host`, "networks", `"192.168.1.20/24" is not where`},
		},
		{Policy{Mode: Open, Networks: []string{"127.0.0.1"}}, []string{"networks", "needs one address and a port"}},
		{Policy{Mode: Open, Networks: []string{"nas.local:22"}}, []string{"networks", "port 22"}},
		{Policy{Mode: Open, Hosts: []string{""}}, []string{"hosts", "empty"}},
		{Policy{Mode: Open, Hosts: []string{"a.example b.example"}}, []string{"hosts", "more than one"}},
		{Policy{Mode: Open, Hosts: []string{strings.Repeat("a", 301)}}, []string{"hosts", "301 bytes; the limit is 300"}},
		{Policy{Mode: Open, Hosts: many(201)}, []string{"hosts", "201 entries; the limit is 200"}},
		{Policy{Mode: Open, Networks: many(51)}, []string{"networks", "51 entries; the limit is 50"}},
	} {
		_, err := c.policy.checked()
		fields := fault.Of(err).Fields
		if !fault.Is(err, fault.Invalid) || len(fields) != len(c.want)/2 {
			t.Errorf("%.80v: %v", c.policy, err)
			continue
		}
		for i, field := range fields {
			if field.Name != c.want[2*i] || !strings.Contains(field.Message, c.want[2*i+1]) {
				t.Errorf("%.80v: %+v, want %q", c.policy, field, c.want[2*i:2*i+2])
			}
		}
	}
	if _, err := (Policy{Mode: Open, Hosts: slices.Repeat([]string{"-/-"}, 1000)}).checked(); len(fault.Of(err).Fields) != maxFaults {
		t.Errorf("%d faults are told", len(fault.Of(err).Fields))
	}
}

func TestEntriesAreThereOnce(t *testing.T) {
	t.Parallel()
	p, err := Policy{Mode: Listed, Hosts: Entries(" b.example,\r\na.example\n\nB.example\tb.example ")}.checked()
	if err != nil || !slices.Equal(p.Hosts, []string{"b.example", "a.example"}) || p.Networks == nil {
		t.Errorf("%q, %v", p, err)
	}
}
