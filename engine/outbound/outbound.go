// Package outbound is where the functions of an app may send requests of their own: what its
// owner allows, kept and changed, and the hosts that its scripts called while that was being
// learnt. It hides how a policy and what was learnt are kept. It guarantees that a policy which
// cannot be understood lets functions reach nothing, and that what is learnt stays within bounds
// whatever functions call.
//
// Service is what people do with it; Policy.Egress and Learnt are for the worker. What an entry
// means and what it opens is with egress.Allow.
package outbound

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"picloud/engine/egress"
	"picloud/engine/fault"
	"picloud/engine/id"
)

// Limits.
const (
	MaxHosts    = 200  // entries of a list of hosts, and hosts that are learnt of one script
	MaxNetworks = 50   // entries of what is opened beyond the public internet
	MaxEntry    = 300  // bytes
	MaxSeen     = 1000 // hosts that are learnt of an app
	maxFaults   = 20   // told at once, of each field
)

// separators stand between the entries of a text.
const separators = ", \t\r\n"

// Mode says which hosts the functions of an app may reach.
type Mode string

// The modes.
const (
	Open   Mode = "open"   // the public internet
	Learn  Mode = "learn"  // the same, and the hosts that scripts call are collected
	Listed Mode = "listed" // only those that are listed
)

// Policy is what an app's owner allows. The zero value is that of an app that nobody has set one for.
type Policy struct {
	Mode     Mode     // "": Open
	Hosts    []string // where the mode is Listed; kept in the other modes too
	Networks []string // opened beyond the public internet, whatever the mode
}

// Setting is the policy of an app, and who set it.
type Setting struct {
	Policy
	SetAt time.Time // zero: nobody has
	SetBy string    // the name as it was
}

// Seen is a host that a script called while the mode was Learn.
type Seen struct {
	Script     id.Script
	ScriptName string
	Host       string    // with a port where that does not go without saying
	FirstAt    time.Time // when it was written down, up to a minute after the call
	LastAt     time.Time
}

// Entries are those of a text, which are separated by line breaks, blanks or commas.
func Entries(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) })
}

// Closed is the policy of an app about which nothing is known: nothing is reached but what the
// instance opens for all.
func Closed() egress.Policy { return egress.Policy{Mode: egress.Listed} }

// Egress is the policy as the door to the network takes it. With an error it is Closed.
func (p Policy) Egress() (egress.Policy, error) {
	hosts, wrongHosts := egress.ParseAllow(strings.Join(p.Hosts, " "))
	networks, wrongNetworks := egress.ParseAllow(strings.Join(p.Networks, " "))
	modes := map[Mode]egress.Mode{"": egress.Open, Open: egress.Open, Learn: egress.Learn, Listed: egress.Listed}
	mode, known := modes[p.Mode]
	err := errors.Join(wrongHosts, wrongNetworks)
	if !known {
		err = errors.Join(err, fmt.Errorf("there is no mode %.20q", p.Mode))
	}
	if err != nil {
		return Closed(), fmt.Errorf("outbound policy: %w", err)
	}
	return egress.Policy{Mode: mode, Hosts: hosts, Allow: networks}, nil
}

// checked is the policy without what is in a list twice. Its error is an Invalid fault at the
// fields "mode", "hosts" and "networks", each with the entry and the rule that it breaks.
func (p Policy) checked() (Policy, error) {
	var faults []fault.Field
	if !slices.Contains([]Mode{Open, Learn, Listed}, p.Mode) {
		faults = append(faults, fault.Field{Name: "mode", Message: fmt.Sprintf("%.20q is no mode; use %q, %q or %q.", p.Mode, Open, Learn, Listed)})
	}
	hosts, wrongHosts := checkEntries("hosts", p.Hosts, MaxHosts)
	networks, wrongNetworks := checkEntries("networks", p.Networks, MaxNetworks)
	return Policy{Mode: p.Mode, Hosts: hosts, Networks: networks}, fault.AtFields(slices.Concat(faults, wrongHosts, wrongNetworks))
}

// checkEntries gives the entries of a list, each once, and what is wrong with them.
func checkEntries(field string, entries []string, most int) (kept []string, faults []fault.Field) {
	kept = make([]string, 0, min(len(entries), most))
	seen := map[string]bool{}
	for _, entry := range entries {
		switch why := checkEntry(entry); {
		case why != "" && len(faults) < maxFaults:
			faults = append(faults, fault.Field{Name: field, Message: why})
		case why == "" && !seen[strings.ToLower(entry)]:
			seen[strings.ToLower(entry)] = true
			kept = append(kept, entry)
		}
	}
	if len(kept) > most {
		faults = append(faults, fault.Field{Name: field, Message: fmt.Sprintf("The list has %d entries; the limit is %d. One such as *.example.com stands for many.", len(kept), most)})
	}
	return kept, faults
}

// checkEntry says what is wrong with an entry, in a sentence; "" is nothing.
func checkEntry(entry string) string {
	switch {
	case entry == "":
		return "An entry is empty."
	case len(entry) > MaxEntry:
		return fmt.Sprintf("%.40q… has %d bytes; the limit is %d.", entry, len(entry), MaxEntry)
	case strings.ContainsAny(entry, separators):
		return fmt.Sprintf("%.100q is more than one entry.", entry)
	}
	if _, err := egress.ParseAllow(entry); err != nil {
		return fault.Of(err).Public
	}
	return ""
}
