package ingress

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"picloud/engine/body"
	"picloud/engine/call"
	"picloud/engine/invoke"
	"picloud/engine/script"
)

// Functions answers the calls of functions.
type Functions struct {
	Table   *script.Table
	Invoker *invoke.Invoker
	Limits  call.Limits
	MaxBody int64   // bytes of one request body
	Bodies  *Budget // of what has come of them: what is only announced takes nothing from others
	Answers *Answers
}

var errBudget = errors.New("over the budget of all bodies")

// counted takes what it reads from a budget.
type counted struct {
	io.Reader
	budget *Budget
	of     holder
	taken  int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if got, _ := c.budget.take(c.of, int64(n)); !got {
		return 0, errBudget
	}
	c.taken += int64(n)
	return n, err
}

func (f *Functions) serve(w http.ResponseWriter, r *http.Request, at address) {
	name, rest := cutSegment(at.rest)
	if at.root() {
		name = script.Index
	}
	live, found := f.Table.Lookup(at.app, name)
	if !found {
		f.moved(w, r, at, name, rest)
		return
	}
	if at.root() && !strings.HasPrefix(at.rest, "/") { // relative links are to lead below the app
		redirect(w, "/fn/"+at.app+"/"+rest)
		return
	}
	of := holder{app: live.App, address: at.by.Address(addressOf(at.from.address))}
	content, give, why := f.body(w, r, of)
	if why.status != 0 {
		refuse(w, r, why)
		return
	}
	job := invoke.Published(live)
	job.Cause, job.Limits, job.Done = call.Cause{Kind: call.HTTP}, f.Limits, give
	if said := r.Header[depthField]; said != nil && at.by == nil {
		job.Cause.Depth, _ = strconv.Atoi(said[0])
	}
	job.By(at.by, live.App)
	job.Event.Request = &call.Request{
		Method: r.Method,
		URL:    at.from.proto + "://" + at.from.host + withoutKeys(at.target),
		Path:   withoutKeys(pathOf(rest)),
		Header: inbound(r, at.from),
		Body:   content,
	}
	result := f.Invoker.Run(r.Context(), job)
	if result.Outcome == call.OK {
		f.answer(w, r, result, of, at.own)
		return
	}
	refuse(w, r, explain(result))
}

// moved sends callers of a renamed app or script to where it is now; the target is not
// remembered by caches, since the old name may be used again.
func (f *Functions) moved(w http.ResponseWriter, r *http.Request, at address, name, rest string) {
	app, now, found := f.Table.Moved(at.app, name)
	if !found && f.Table.Recheck(r.Context()) {
		f.serve(w, r, at)
		return
	}
	if !found {
		refuse(w, r, refusal{status: http.StatusNotFound, title: "No such function", detail: "Nothing is published at " + printable(pathOf(at.target)) + "."})
		return
	}
	if at.root() && now == script.Index {
		now = ""
	}
	target := "/" + now + rest
	if !at.own {
		target = "/fn/" + app + target
	} else if app != at.app {
		target = at.from.proto + "://" + app + at.from.host[len(at.app):] + target
	}
	redirect(w, target)
}

func redirect(w http.ResponseWriter, target string) {
	h := w.Header()
	h["Location"] = []string{target}
	h["Cache-Control"] = []string{"no-store"}
	w.WriteHeader(http.StatusPermanentRedirect)
}

// body reads the request's body within its limit and the budget of all bodies; give, which
// may be nil, gives back what a body took.
func (f *Functions) body(w http.ResponseWriter, r *http.Request, of holder) (content *body.Body, give func(), why refusal) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil, nil, refusal{}
	}
	tooLarge := refusal{
		status: http.StatusRequestEntityTooLarge, title: "Body too large",
		detail: "The request body is over the limit of " + strconv.FormatInt(f.MaxBody, 10) + " bytes.",
	}
	if r.ContentLength > f.MaxBody {
		return nil, nil, tooLarge
	}
	reader := &counted{Reader: http.MaxBytesReader(w, r.Body, f.MaxBody), budget: f.Bodies, of: of}
	data, err := io.ReadAll(reader)
	if err == nil {
		return body.Bytes(data), func() { f.Bodies.give(of, reader.taken) }, refusal{}
	}
	f.Bodies.give(of, reader.taken)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, nil, tooLarge
	}
	switch {
	case errors.Is(err, errBudget):
		why = refusal{
			status: http.StatusServiceUnavailable, title: "Busy", retry: "1",
			detail: "Too many request bodies are under way. Try again in a second.",
		}
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		why = refusal{status: http.StatusRequestTimeout, title: "Body too slow", detail: "The request body did not arrive in time."}
	default:
		why = refusal{status: http.StatusBadRequest, title: "Broken body", detail: "The request body could not be read to its end."}
	}
	return nil, nil, why
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// pathOf is the raw path without the query, as runs show it.
func pathOf(rest string) string {
	path, _, _ := strings.Cut(rest, "?")
	return cmp.Or(path, "/")
}

// answer writes a function's own response, a large one when there is room for it.
func (f *Functions) answer(w http.ResponseWriter, r *http.Request, result call.Result, of holder, own bool) {
	response := result.Response
	empty := response.Status == http.StatusNoContent || response.Status == http.StatusNotModified
	sent := response.Body != nil && !empty && r.Method != http.MethodHead
	large := sent && response.Body.Size() > largeAnswer
	if large {
		give, got := f.Answers.room(r.Context(), of, response.Body.Size())
		if !got {
			refuse(w, r, noRoom(result))
			return
		}
		defer give()
	}
	h := w.Header()
	outbound(h, response.Header, own)
	values := []string{result.Execution.String(), ""}
	h["X-Execution-Id"] = values[:1:1]
	if empty {
		delete(h, "Content-Type")
		w.WriteHeader(response.Status)
		return
	}
	if size := response.Body.Size(); size >= 0 {
		values[1] = strconv.FormatInt(size, 10)
		h["Content-Length"] = values[1:]
	}
	w.WriteHeader(response.Status)
	switch {
	case large:
		send(w, response.Body)
	case sent:
		_, _ = io.Copy(w, response.Body)
	}
}

func noRoom(result call.Result) refusal {
	return refusal{
		status: http.StatusServiceUnavailable, title: "Busy", retry: "1", execution: result.Execution.String(),
		detail: "Too many large answers are on their way. Try again in a second.",
	}
}

// explain is what a caller may know of a run that did not end well: the sort of failure
// and the id by which the script's owner finds the rest.
func explain(result call.Result) refusal {
	why := refusal{status: result.Outcome.Status()}
	if !result.Execution.IsZero() {
		why.execution = result.Execution.String()
	}
	switch result.Outcome {
	case call.Busy:
		why.title, why.retry, why.detail = "Busy", "1", "Too many calls are under way. Try again in a second."
	case call.Unavailable:
		why.title, why.retry, why.detail = "Unavailable", "1", "The function could not be loaded. Try again in a second."
	case call.Paused:
		why.title, why.detail = "Paused", "The function is set aside: it has ended its process again and again. Its owner can release it."
	case call.Timeout, call.Killed:
		why.title, why.detail = "Timed out", "The function did not answer in time."
	case call.CPU, call.Memory:
		why.title, why.detail = "Limit reached", "The function used more than it is allowed to."
	case call.Invalid:
		why.title, why.detail = "Bad answer", "The function gave an answer that cannot be sent."
	case call.Cancelled:
		why.title, why.detail = "Cancelled", "The call was given up."
	default:
		why.title, why.detail = "Function failed", "The function ended with an error."
	}
	return why
}
