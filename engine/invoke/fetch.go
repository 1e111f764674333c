package invoke

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/egress"
	"picloud/engine/execution"
	"picloud/engine/execution/redact"
	"picloud/engine/id"
	"picloud/engine/webapi"
)

const (
	maxFetched  = 10 << 20 // bytes of one answer, decoded
	maxFamily   = 200      // runs that one has caused, those included that these have caused
	maxDescribe = 2 << 10
)

// Describe is the method and address of a request, its secrets redacted.
func (g *given) Describe(method, url string) string {
	return method + " " + string(redact.AppendURL(nil, g.Job.Env.Secrets().CleanCut(execution.Cut(url, maxDescribe))))
}

// Fetch sends a request of the function's own, within what its app may reach. A function of this
// instance that it reaches is run as a child of this run.
func (g *given) Fetch(ctx context.Context, request egress.Request, span *call.Span) (*webapi.Fetched, error) {
	r := (*run)(g)
	if r.invoker.network == nil {
		return nil, &egress.Error{Category: egress.Forbidden, Sentence: "there is no network here"}
	}
	request.App, request.Policy, request.MaxBytes = r.Script.App, r.Outbound, maxFetched
	request.Header = marked(request.Header, r.Cause.Depth+1)
	sent := int64(len(request.Body))
	r.holding().take(sent)
	defer r.holding().take(-sent)
	span.Sent = sent
	parent := r.parent()
	response, err := r.invoker.network.Do(context.WithValue(ctx, parentKey{}, parent), request)
	span.Child = parent.ran
	if err != nil {
		return nil, r.failed(span, err)
	}
	r.tell(span, response.Hops)
	span.Status = response.Status
	fetched := &webapi.Fetched{
		Status: response.Status, StatusText: response.StatusText, Header: response.Header, URL: response.URL, Redirected: response.Redirected,
	}
	if response.Body == nil {
		return fetched, nil
	}
	coming := &fetching{Response: response, run: r, span: span}
	if response.Decoded { // as it is now, it is not encoded
		fetched.Header = slices.DeleteFunc(fetched.Header, func(f call.Field) bool { return f.Name == "content-encoding" || f.Name == "content-length" })
		coming.take(decoderSize)
	}
	fetched.Body, fetched.Release = body.Stream(coming, -1, 0), coming.release
	return fetched, nil
}

// decoderSize is what a decoder may hold, in bytes.
const decoderSize = 16 << 20

// Depth is the header field by which runs of functions that call one another over the network, by
// an address that is not known to be ours, are told apart from calls from outside.
const Depth = "picloud-depth"

// marked is a header that says how deep the run is that sends it. A function does not say so itself.
func marked(header []call.Field, depth int) []call.Field {
	kept := make([]call.Field, 0, len(header)+1)
	for _, field := range header {
		if field.Name != Depth {
			kept = append(kept, field)
		}
	}
	return append(kept, call.Field{Name: Depth, Value: strconv.Itoa(depth)})
}

// fetching is the body of an answer on its way to the function. What has come is charged to the run
// until the function's own buffer is.
type fetching struct {
	*egress.Response
	run  *run
	span *call.Span
	held int64
}

func (f *fetching) take(bytes int64) {
	f.held += bytes
	f.run.holding().take(bytes)
}

func (f *fetching) Read(p []byte) (int, error) {
	n, err := f.Body.Read(p)
	f.take(int64(n))
	if err != nil && err != io.EOF {
		_ = f.run.failed(f.span, err)
		f.release()
	}
	return n, err
}

func (f *fetching) Close() error {
	_, f.span.Received = f.Received()
	if f.Decoded && f.held >= decoderSize {
		f.take(-decoderSize)
	}
	return f.Body.Close()
}

func (f *fetching) release() { f.take(-f.held) }

// failed tells in the span why there is no answer.
func (r *run) failed(span *call.Span, err error) error {
	why, ok := errors.AsType[*egress.Error](err)
	if !ok {
		span.Failure = "Something went wrong on this server."
		return err
	}
	span.Failure = string(why.Category) + ": " + why.Sentence
	r.tell(span, why.Hops)
	return err
}

// tell tells in the span which way the request went.
func (r *run) tell(span *call.Span, hops []egress.Hop) {
	var notes []string
	switch redirects := len(hops) - 1; {
	case redirects == 1:
		notes = append(notes, "redirected to "+hops[1].Host)
	case redirects > 1:
		notes = append(notes, fmt.Sprintf("%d redirects, the last to %s", redirects, hops[redirects].Host))
	}
	for _, hop := range hops {
		if hop.Entry != "" && !hop.Ours {
			notes = append(notes, "allowed by "+hop.Entry)
		}
		if !hop.Ours && hop.Status != 0 && r.Env.Secrets().Clean(hop.Host) == hop.Host {
			r.invoker.reached(r, hop.Host)
		}
	}
	span.Note = strings.Join(notes, "; ")
}

// family are the runs that one has caused.
type family struct{ runs atomic.Int32 }

// Parent is a run that asks for another one, once.
type Parent struct {
	cause  call.Cause
	app    id.App
	family *family
	ran    id.Execution // of the same app; zero: none yet, or another app's
}

type parentKey struct{}

func (r *run) parent() *Parent {
	root := r.Cause.Root
	if root.IsZero() {
		root = r.Execution
	}
	r.mu.Lock()
	if r.kin == nil {
		r.kin = &family{}
	}
	kin := r.kin
	r.mu.Unlock()
	return &Parent{
		cause: call.Cause{Kind: call.Function, Root: root, Parent: r.Execution, Depth: r.Cause.Depth + 1}, app: r.Script.App, family: kin,
	}
}

// ParentOf is the run in whose context something is asked for; nil: none.
func ParentOf(ctx context.Context) *Parent {
	parent, _ := ctx.Value(parentKey{}).(*Parent)
	return parent
}

// MaxDepth is how deep runs of functions may be nested.
const MaxDepth = 8

// Admits refuses, with an [egress.Refusal], a run that would be nested too deeply, or one too many.
func (p *Parent) Admits() error {
	switch {
	case p == nil:
		return nil
	case p.cause.Depth > MaxDepth:
		return egress.Refusal(fmt.Sprintf("functions may call one another %d deep, and this would be one more", MaxDepth))
	case p.family.runs.Add(1) > maxFamily:
		return egress.Refusal(fmt.Sprintf("a call may lead to %d runs of functions, and this would be one more", maxFamily))
	}
	return nil
}

// By makes the job, of an app, one that the run has asked for. nil changes nothing.
func (j *Job) By(parent *Parent, app id.App) {
	if parent == nil {
		return
	}
	j.Execution, j.Cause, j.kin = id.New[id.Execution](), parent.cause, parent.family
	if app == parent.app {
		parent.ran = j.Execution
	}
}

// Address stands for the app that asks where addresses have shares; nil gives the one given.
func (p *Parent) Address(outside netip.Addr) netip.Addr {
	if p == nil {
		return outside
	}
	bytes := [16]byte{0: 0xfd} // RFC 4193
	copy(bytes[1:], p.app[9:]) // its random part, the /64 of which is told apart
	return netip.AddrFrom16(bytes)
}
