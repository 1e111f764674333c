package ingress

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"picloud/engine/egress"
	"picloud/engine/invoke"
)

// Inward answers what functions ask of functions of the same instance, without the network: each is
// a run that the one that asks has caused.
type Inward struct {
	Edge  *Edge
	Ports []string // at which the outside reaches Edge
}

// IsOurs tells what a URL is: one of a function, another one of ours, or somebody else's. A name of
// ours with another port is somebody else's: another server on this machine.
func (i *Inward) IsOurs(u *url.URL) egress.Ours {
	if !i.reaches(u) {
		return egress.Foreign
	}
	_, kind := match(i.Edge.Hosts, u.Host)
	switch {
	case kind == unknownHost:
		return egress.Foreign
	case kind == appHost || isFunction(u.Path):
		return egress.OurFunction
	}
	return egress.OurDoor
}

// reaches tells whether the host and port of a URL are where we listen, or a proxy of ours does. Of
// addresses only those of this machine itself are surely ours; others are for the guard to refuse.
func (i *Inward) reaches(u *url.URL) bool {
	if address := net.ParseIP(u.Hostname()); address != nil && !address.IsLoopback() && !strings.EqualFold(u.Hostname(), hostOf(i.Edge.Hosts.Base)) {
		return false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	for _, own := range i.Ports {
		if port == own {
			return true
		}
	}
	return false
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// RoundTrip implements http.RoundTripper.
func (i *Inward) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := invoke.ParentOf(r.Context())
	if err := parent.Admits(); err != nil {
		return nil, err
	}
	inside := r.Clone(r.Context())
	inside.RequestURI, inside.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:0"
	if inside.Body == nil {
		inside.Body = http.NoBody
	}
	at := address{from: caller{proto: r.URL.Scheme, host: r.Host}, target: rawTarget(inside), by: parent}
	if app, kind := match(i.Edge.Hosts, r.Host); kind == appHost {
		at.app, at.rest, at.own = app, at.target, true
	} else {
		at.app, at.rest = cutSegment(strings.TrimPrefix(at.target, "/fn"))
	}
	answer := &kept{header: http.Header{}}
	i.Edge.function(answer, inside, at)
	return answer.response(r), nil
}

// kept is an http.ResponseWriter that keeps what is written.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(p)
}

func (k *kept) response(to *http.Request) *http.Response {
	k.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: strconv.Itoa(k.status) + " " + http.StatusText(k.status), StatusCode: k.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: k.header, Body: io.NopCloser(&k.body), ContentLength: int64(k.body.Len()), Request: to,
	}
}
