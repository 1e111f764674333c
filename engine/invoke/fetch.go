package invoke

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	maxDepth    = 8        // of runs that others have caused
	maxFamily   = 200      // runs that one has caused, those included that these have caused
	maxDescribe = 2 << 10
)

// Describe is the method and address of a request, its secrets redacted.
func (g *given) Describe(method, url string) string {
	return method + " " + string(redact.AppendURL(nil, execution.Cut(url, maxDescribe)))
}

// Fetch sends a request of the function's own, within what its app may reach. A function of this
// instance that it reaches is run as a child of this run.
func (g *given) Fetch(ctx context.Context, request egress.Request, span *call.Span) (*webapi.Fetched, error) {
	r := (*run)(g)
	request.App, request.Policy, request.MaxBytes = r.Script.App, r.Outbound, maxFetched
	span.Sent = int64(len(request.Body))
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
	if response.Body != nil {
		fetched.Body = body.Stream(&fetching{Response: response, run: r, span: span}, -1, 0)
	}
	return fetched, nil
}

// fetching is the body of an answer on its way to the function. What has come is charged to the run
// until all of it has, when the function's own buffer is.
type fetching struct {
	*egress.Response
	run  *run
	span *call.Span
	held int64
}

func (f *fetching) Read(p []byte) (int, error) {
	n, err := f.Body.Read(p)
	f.held += int64(n)
	f.run.holding().take(int64(n))
	if err != nil && err != io.EOF {
		_ = f.run.failed(f.span, err)
	}
	return n, err
}

func (f *fetching) Close() error {
	_, f.span.Received = f.Received()
	f.run.holding().take(-f.held)
	f.held = 0
	return f.Body.Close()
}

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
	if len(hops) > 1 {
		notes = append(notes, fmt.Sprintf("%d redirects, the last to %s", len(hops)-1, hops[len(hops)-1].Host))
	}
	for _, hop := range hops {
		if hop.Entry != "" && !hop.Ours {
			notes = append(notes, "allowed by "+hop.Entry)
		}
		if !hop.Ours && hop.Status != 0 {
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

// Admits refuses, with an [egress.Refusal], a run that would be nested too deeply, or one too many.
func (p *Parent) Admits() error {
	switch {
	case p == nil:
		return nil
	case p.cause.Depth > maxDepth:
		return egress.Refusal(fmt.Sprintf("functions may call one another %d deep, and this would be one more", maxDepth))
	case p.family.runs.Add(1) > maxFamily:
		return egress.Refusal(fmt.Sprintf("a call may lead to %d runs of functions, and this would be one more", maxFamily))
	}
	return nil
}

// Ran tells which run it was, where both are of the same app. nil takes it too.
func (p *Parent) Ran(app id.App, execution id.Execution) {
	if p != nil && p.app == app {
		p.ran = execution
	}
}

// By makes the job one that the run has asked for. nil changes nothing.
func (j *Job) By(parent *Parent) {
	if parent != nil {
		j.Cause, j.kin = parent.cause, parent.family
	}
}
