package api

import (
	"net/http"

	"picloud/engine/outbound"
	v1 "picloud/handlers/api/v1"
	"picloud/handlers/web"
)

// OutboundBody is the limit in bytes of a request with a policy: all entries at their longest take
// three quarters of it where few characters are escaped.
const OutboundBody = 100 << 10

// ReadOutbound answers GET …/outbound.
func (a *API) ReadOutbound(w http.ResponseWriter, r *http.Request) error {
	if _, err := query(r); err != nil {
		return err
	}
	now, err := a.Outbound.Read(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	return a.writeOutbound(w, r, now)
}

// PutOutbound answers PUT …/outbound.
func (a *API) PutOutbound(w http.ResponseWriter, r *http.Request) error {
	var body v1.PutOutbound
	if err := read(r, &body); err != nil {
		return err
	}
	now, err := a.Outbound.Set(r.Context(), web.Of(r).Grant, outbound.Policy{Mode: outbound.Mode(body.Mode), Hosts: body.Hosts, Networks: body.Networks})
	if err != nil {
		return err
	}
	return a.writeOutbound(w, r, now)
}

func (a *API) writeOutbound(w http.ResponseWriter, r *http.Request, now outbound.Setting) error {
	answer := v1.Outbound{Mode: string(now.Mode), Hosts: namesOf(now.Hosts), Networks: namesOf(now.Networks), SetBy: now.SetBy}
	if !now.SetAt.IsZero() {
		at := now.SetAt.UTC()
		answer.SetAt = &at
	}
	if now.Mode == outbound.Learn {
		seen, err := a.Outbound.Seen(r.Context(), web.Of(r).Grant)
		if err != nil {
			return err
		}
		answer.Seen = make([]v1.SeenHost, len(seen))
		for i, one := range seen {
			answer.Seen[i] = v1.SeenHost{Script: one.ScriptName, Host: one.Host, FirstAt: one.FirstAt.UTC(), LastAt: one.LastAt.UTC()}
		}
	}
	return write(w, http.StatusOK, answer)
}
