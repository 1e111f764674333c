package webapi

import (
	"context"
	"errors"
	"math"

	"github.com/dop251/goja"

	content "picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/egress"
	"picloud/engine/js"
)

// fetch of the Fetch standard, section 5.6, as servers' runtimes have it: there is no origin, so
// nothing is same-origin and no CORS, cookies are not kept, and Cookie, Origin and Referer may be
// set. What is about the connection (Host, Content-Length, hop-by-hop fields) is the client's. The
// body of an answer is there as a whole when the promise is fulfilled.

// Fetcher is how a run reaches the network; [js.Sandbox.Given] has it.
type Fetcher interface {
	// Fetch sends a request and gives the answer, whose body is still to be read, within the context.
	// It is called outside the loop. Its errors, and those of the body, are *egress.Error. In the span
	// it tells what is to be known beside the times, until the body is closed.
	Fetch(ctx context.Context, request egress.Request, span *call.Span) (*Fetched, error)
	// Describe is what a timeline says of a request.
	Describe(method, url string) string
}

// Fetched is an answer.
type Fetched struct {
	Status     int
	StatusText string
	Header     []call.Field
	URL        string
	Redirected bool
	Body       *content.Body // nil: none
	Release    func()        // the script has the body, or never will; may be nil
}

// fetchesAtOnce is how many requests of a run are under way at a time.
const fetchesAtOnce = 6

type laneKey struct{}

func fetch(c invocation) goja.Value {
	return c.promise(func() goja.Value {
		c.need(1, "fetch")
		fetcher, ok := c.sandbox.Given().(Fetcher)
		if !ok {
			panic(c.vm.NewTypeError("fetch failed: there is no network here"))
		}
		q := newRequest(c).(*request)
		signal, _ := as[*abortSignal](c.realm, orNull(q.signalIfAny(c.realm)))
		if signal != nil && signal.aborted() {
			panic(signal.reason)
		}
		lane := c.sandbox.Local(laneKey{}, func() any {
			return &js.Lane{Kind: call.Fetching, Most: c.sandbox.Limits().Fetches, AtOnce: fetchesAtOnce}
		}).(*js.Lane)
		promise, giveUp, more := c.sandbox.Async(lane, fetcher.Describe(q.method, q.url()), c.work(fetcher, q.outgoing(), q.body))
		if !more {
			panic(c.fetchError("limit", "a run may fetch "+c.vm.ToValue(lane.Most).String()+" times"))
		}
		if signal != nil {
			signal.onAbort(func() { giveUp(signal.reason) })
			signal.heard()
		}
		return c.vm.ToValue(promise)
	})
}

// signalIfAny is the signal of the request, if it can abort.
func (q *request) signalIfAny(r *realm) goja.Value {
	if q.signal == nil && q.makeSignal == nil {
		return nil
	}
	return q.abortSignal(r)
}

// outgoing is the request for the client, but for its body.
func (q *request) outgoing() egress.Request {
	out := egress.Request{Method: q.method, URL: q.url(), Header: q.list().list}
	if q.modes != nil {
		switch q.modes.redirect {
		case "error":
			out.Redirect = egress.Fail
		case "manual":
			out.Redirect = egress.Manual
		}
	}
	return out
}

// work is what is done outside the loop.
func (r *realm) work(fetcher Fetcher, out egress.Request, sent body) js.Work {
	return func(ctx context.Context, span *call.Span) func() (goja.Value, error) {
		if sent.present { // a text becomes bytes when it is its turn, not before
			if out.Body = sent.bytes(); out.Body == nil {
				out.Body = []byte{}
			}
		}
		fetched, err := fetcher.Fetch(ctx, out, span)
		var data []byte
		if err == nil {
			data, err = fetched.Body.All(math.MaxInt64) // the client has its bounds
		}
		return func() (goja.Value, error) {
			if err == nil && fetched.Release != nil {
				defer fetched.Release()
			}
			if err != nil {
				return nil, js.Thrown{Value: r.explained(err)}
			}
			r.sandbox.Hold(data)
			return r.instance(classResponse, &response{
				kind: "basic", status: fetched.Status, statusText: fetched.StatusText, url: fetched.URL, redirected: fetched.Redirected,
				head: headers{list: fetched.Header, immutable: true, version: 1},
				body: body{present: fetched.Body != nil, data: data},
			}), nil
		}
	}
}

// explained is the error of a request that came to nothing.
func (r *realm) explained(err error) goja.Value {
	if why, ok := errors.AsType[*egress.Error](err); ok {
		return r.fetchError(string(why.Category), why.Sentence)
	}
	return r.fetchError("internal", "something went wrong on this server")
}

// fetchError is a TypeError whose cause says what happened: an error with a code.
func (r *realm) fetchError(code, sentence string) *goja.Object {
	thrown := r.vm.NewTypeError("fetch failed: %s", sentence)
	cause := r.vm.NewTypeError(sentence) // a script may have replaced Error
	must(cause.DefineDataProperty("code", r.vm.ToValue(code), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	must(thrown.DefineDataProperty("cause", cause, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return thrown
}
