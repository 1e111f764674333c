// Package ingress is what the outside world meets first: it tells the dashboard's
// requests from those for functions, and serves the latter. No session is reachable
// from here; cookies and keys of PiCloud never reach a function.
package ingress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"picloud/engine/call"
	"picloud/engine/id"
	"picloud/engine/invoke"
	"picloud/engine/worker"
)

// Edge is the handler of the public listener, and of the dashboard's own.
type Edge struct {
	Hosts     worker.Hosts
	Trusted   []netip.Prefix // proxies whose X-Forwarded-… is believed
	Functions *Functions     // nil while no worker is ready
	Unserved  Unserved       // is told of calls that come meanwhile; may be nil
	Dashboard http.Handler   // everything that is not a function's
	Forwarded *Budget        // requests under way from behind trusted proxies; nil: any number
	Alone     bool           // no function is served

	// Closing ends the dashboard's streams when it ends, which would otherwise hold up the
	// end of this process; browsers open them again. May be nil.
	Closing context.Context
}

// ServeHTTP decides by host and raw path; no ServeMux has touched either.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from := callerOf(r, e.Trusted)
	target := rawTarget(r)
	app, kind := match(e.Hosts, from.host)
	timeBody(w, r)
	probe := kind != appHost && isProbe(target)
	if from.behind && !probe && e.Forwarded != nil {
		of := holder{address: addressOf(from.address)}
		if got, _ := e.Forwarded.take(of, 1); !got {
			refuse(w, r, refusal{
				status: http.StatusServiceUnavailable, title: "Busy", retry: "1",
				detail: "Too many requests from this address are under way. Try again in a second.",
			})
			return
		}
		defer e.Forwarded.give(of, 1)
	}
	switch {
	case r.Method == http.MethodConnect || r.Method == http.MethodTrace:
		refuse(w, r, refusal{
			status: http.StatusNotImplemented, title: "No such method",
			detail: "This server is no proxy and echoes no requests; " + r.Method + " is not supported.",
		})
	case kind == unknownHost && !probe:
		refuse(w, r, e.unknown(from))
	case r.Header[depthField] != nil && tooDeep(r.Header[depthField]):
		refuse(w, r, refusal{
			status: http.StatusLoopDetected, title: "Too deep",
			detail: "Functions have called one another " + strconv.Itoa(invoke.MaxDepth) + " deep; this would be one more.",
		})
	case r.Header[depthField] != nil && kind != appHost && !isFunction(target):
		refuse(w, r, refusal{status: http.StatusForbidden, title: "Not for functions", detail: "Functions cannot ask for what is not a function's."})
	case e.Alone && (kind == appHost || isFunction(target)):
		refuse(w, r, refusal{
			status: http.StatusNotFound, title: "No functions here",
			detail: "This address is the dashboard's own. Functions answer below " + e.Hosts.Base + "/fn/.",
		})
	case kind == appHost:
		e.function(w, r, address{app: app, rest: target, own: true, from: from, target: target})
	case isFunction(target):
		app, rest := cutSegment(strings.TrimPrefix(target, "/fn"))
		e.function(w, r, address{app: app, rest: rest, from: from, target: target})
	default:
		from.tell(r)
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			e.stream(w, r)
			return
		}
		e.Dashboard.ServeHTTP(w, r)
	}
}

var depthField = http.CanonicalHeaderKey(invoke.Depth)

// tooDeep tells of a request of a function that came over the network.
func tooDeep(said []string) bool {
	depth, err := strconv.Atoi(said[0])
	return err != nil || len(said) > 1 || depth < 0 || depth > invoke.MaxDepth
}

// isProbe tells what a load balancer asks, which knows an address but no name.
func isProbe(target string) bool { return target == "/healthz" || target == "/readyz" }

func isFunction(target string) bool {
	return target == "/fn" || strings.HasPrefix(target, "/fn/") || strings.HasPrefix(target, "/fn?")
}

// stream hands on a request whose answer may go on for long.
func (e *Edge) stream(w http.ResponseWriter, r *http.Request) {
	if e.Closing != nil {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(e.Closing, cancel)()
		r = r.WithContext(ctx)
	}
	e.Dashboard.ServeHTTP(w, r)
}

const startingPause = 25 * time.Millisecond

func (e *Edge) function(w http.ResponseWriter, r *http.Request, at address) {
	if !at.own {
		sandbox(w.Header())
	}
	if e.Functions == nil {
		e.starting(w, r, at)
		return
	}
	e.Functions.serve(w, r, at)
}

// Unserved writes down that a function was called which nobody can run yet, and gives the id
// of the call's row, if it has one of its own.
type Unserved func(app, name string, request *call.Request) id.Execution

// starting answers while no worker is ready.
func (e *Edge) starting(w http.ResponseWriter, r *http.Request, at address) {
	select { // who asks again and again leaves the processor to the worker that starts
	case <-time.After(startingPause):
	case <-r.Context().Done():
	}
	why := refusal{
		status: http.StatusServiceUnavailable, title: "Starting", retry: "1",
		detail: "Functions are not ready yet. Try again in a second.",
	}
	if name, rest := cutSegment(at.rest); e.Unserved != nil {
		if run := e.Unserved(at.app, name, &call.Request{Method: r.Method, Path: withoutKeys(pathOf(rest))}); !run.IsZero() {
			why.execution = run.String()
		}
	}
	refuse(w, r, why)
}

// address is where a request for a function points to.
type address struct {
	app    string // slug
	rest   string // raw path and query from the script's segment on
	own    bool   // the app has a host, and so an origin, of its own
	from   caller
	target string         // the whole raw path and query
	by     *invoke.Parent // the run that asks; nil: somebody outside
}

// root tells that it is the app itself that is asked for, by "/fn/app", "/fn/app/" or its host.
func (a address) root() bool {
	path, _, _ := strings.Cut(a.rest, "?")
	return path == "" || path == "/"
}

// rawTarget is the path and query as the caller wrote them (RFC 9112, section 3.2); only
// bytes that no URL can hold are escaped.
func rawTarget(r *http.Request) string {
	target := r.RequestURI
	for i := range len(target) {
		if target[i] > '~' {
			target = escape(target)
			break
		}
	}
	if strings.HasPrefix(target, "/") {
		return target
	}
	if _, rest, absolute := strings.Cut(target, "://"); absolute {
		if at := strings.IndexAny(rest, "/?"); at >= 0 {
			if rest[at] == '?' {
				return "/" + rest[at:]
			}
			return rest[at:]
		}
		return "/"
	}
	return "*"
}

func escape(target string) string {
	var escaped strings.Builder
	for i := range len(target) {
		if target[i] > '~' {
			fmt.Fprintf(&escaped, "%%%02X", target[i])
			continue
		}
		escaped.WriteByte(target[i])
	}
	return escaped.String()
}

// cutSegment takes the first segment off a raw path: "/a/b?c" gives "a" and "/b?c".
func cutSegment(path string) (segment, rest string) {
	path = strings.TrimPrefix(path, "/")
	end := strings.IndexAny(path, "/?")
	if end < 0 {
		return path, ""
	}
	return path[:end], path[end:]
}

type hostKind uint8

const (
	unknownHost hostKind = iota
	dashboardHost
	appHost
)

// match compares without the port: a proxy or a port forwarding may have changed it.
func match(h worker.Hosts, host string) (app string, kind hostKind) {
	name := host
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		if name = host[:at]; strings.Trim(host[at+1:], "0123456789") != "" {
			return "", unknownHost
		}
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	for _, own := range h.Dashboard {
		if name == own {
			return "", dashboardHost
		}
	}
	if h.Functions != "" {
		if slug, found := strings.CutSuffix(name, "."+h.Functions); found && slug != "" && !strings.Contains(slug, ".") {
			return slug, appHost
		}
	}
	if h.AnyIP && net.ParseIP(strings.Trim(name, "[]")) != nil {
		return "", dashboardHost
	}
	return "", unknownHost
}
