package dashboard

import (
	"net/http"
	"strings"
	"time"

	"picloud/engine/fault"
	"picloud/engine/outbound"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
	"picloud/views/ui"
)

// OutboundBody is the limit in bytes of a form with a policy, where each character may be escaped.
const OutboundBody = 3 * (outbound.MaxHosts + outbound.MaxNetworks) * (outbound.MaxEntry + 2)

// Outbound is where the functions of an app may send requests.
func (d *Dashboard) Outbound(w http.ResponseWriter, r *http.Request) error {
	return d.outbound(w, r, http.StatusOK, nil, nil)
}

// outbound draws the page; typed is what was not saved.
func (d *Dashboard) outbound(w http.ResponseWriter, r *http.Request, status int, typed *views.OutboundForm, faults views.Faults) error {
	f, err := d.appFrame(r)
	if err != nil {
		return err
	}
	now, err := d.Egress.Read(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	props := views.OutboundProps{
		Form:  views.OutboundForm{Mode: string(now.Mode), Hosts: strings.Join(now.Hosts, "\n"), Networks: strings.Join(now.Networks, "\n")},
		SetAt: now.SetAt, SetBy: now.SetBy, Instance: d.FetchAllow, Faults: faults,
	}
	if typed != nil {
		props.Form = *typed
	}
	if now.Mode == outbound.Learn {
		if props.Learnt, err = d.learnt(r, now.Hosts); err != nil {
			return err
		}
	}
	return d.page(w, r, status, views.Outbound(f, props))
}

// learnt are the hosts that scripts called, beside those that are listed.
func (d *Dashboard) learnt(r *http.Request, listed []string) (*views.LearntProps, error) {
	seen, err := d.Egress.Seen(r.Context(), web.Of(r).Grant)
	if err != nil {
		return nil, err
	}
	props := &views.LearntProps{Listed: len(listed), Full: len(seen) >= outbound.MaxSeen}
	known, byScript := map[string]bool{}, map[string]int{}
	for _, entry := range listed {
		known[strings.ToLower(entry)] = true
	}
	until := time.Time{}
	for _, one := range seen {
		props.Rows = append(props.Rows, views.LearntRow{Script: one.ScriptName, Host: one.Host, FirstAt: one.FirstAt, LastAt: one.LastAt})
		if !known[one.Host] {
			known[one.Host] = true
			props.Fresh++
		}
		if byScript[one.ScriptName]++; byScript[one.ScriptName] >= outbound.MaxHosts {
			props.Full = true
		}
		if one.FirstAt.After(until) {
			until = one.FirstAt
		}
	}
	props.Until = until.UTC().Format(time.RFC3339Nano)
	return props, nil
}

// SetOutbound saves what functions may reach.
func (d *Dashboard) SetOutbound(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	typed := views.OutboundForm{Mode: values.Get("mode"), Hosts: values.Get("hosts"), Networks: values.Get("networks")}
	_, err = d.Egress.Set(r.Context(), web.Of(r).Grant, outbound.Policy{
		Mode: outbound.Mode(typed.Mode), Hosts: outbound.Entries(typed.Hosts), Networks: outbound.Entries(typed.Networks),
	})
	if err == nil {
		return d.done(w, r, "Saved.", paths.Outbound(web.Of(r).App.Slug))
	}
	return d.outboundRefused(w, r, &typed, err)
}

// outboundRefused draws the page with all that is wrong with each list.
func (d *Dashboard) outboundRefused(w http.ResponseWriter, r *http.Request, typed *views.OutboundForm, err error) error {
	status, faults, ok := refusal(w, r, err)
	if !ok {
		return err
	}
	lines := map[string][]string{}
	for _, field := range fault.Of(err).Fields {
		lines[field.Name] = append(lines[field.Name], field.Message)
	}
	for name := range lines {
		faults[name] = strings.Join(lines[name], "\n")
	}
	return d.outbound(w, r, status, typed, faults)
}

// ListHosts makes a list of the hosts that the person has seen on the page.
func (d *Dashboard) ListHosts(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	until, err := time.Parse(time.RFC3339Nano, values.Get("until"))
	if err != nil {
		return fault.New(fault.Malformed, "The form does not say which hosts were seen.").Because(err)
	}
	now, err := d.Egress.List(r.Context(), web.Of(r).Grant, until)
	if err != nil {
		return d.outboundRefused(w, r, nil, err)
	}
	return d.done(w, r, "Listed only: the list has "+ui.Plural(len(now.Hosts), "host")+".", paths.Outbound(web.Of(r).App.Slug))
}

// ForgetHosts drops the hosts that were learnt.
func (d *Dashboard) ForgetHosts(w http.ResponseWriter, r *http.Request) error {
	if err := d.Egress.Forget(r.Context(), web.Of(r).Grant); err != nil {
		return err
	}
	return d.done(w, r, "Forgotten.", paths.Outbound(web.Of(r).App.Slug))
}
