// Package dashboard answers the pages that people use: it reads a request, asks the engine
// once, and draws. Every page works as plain links and forms; htmx and scripts only ask
// for parts of the same pages. Who may use what stands in the list of routes.
package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"picloud/engine/access"
	"picloud/engine/app"
	"picloud/engine/call"
	"picloud/engine/execution/history"
	"picloud/engine/fault"
	"picloud/engine/outbound"
	"picloud/engine/pause"
	"picloud/engine/script"
	"picloud/engine/variable"
	"picloud/engine/worker"
	"picloud/handlers/web"
	"picloud/static"
	"picloud/views"
	"picloud/views/paths"
)

// Deps are what the pages ask.
type Deps struct {
	Access     *access.Service
	Apps       *app.Service
	Scripts    *script.Service
	Pauses     *pause.Service
	Values     *variable.Service
	Egress     *outbound.Service
	Executions *history.Store
	Worker     *worker.Supervisor
	Assets     *static.Assets

	BaseURL       string                         // of functions' URLs, without a slash at its end; "": what the caller used
	FunctionsHost string                         // apps answer at <slug>.<FunctionsHost> too; "": they do not
	Limits        call.Limits                    // of a run
	FetchAllow    []string                       // what functions of all apps may reach beyond the public internet
	Warnings      func(context.Context) []string // as GET /readyz has them
	Now           func() time.Time
}

// Dashboard has one method per route.
type Dashboard struct {
	Deps
	previews *previews
	secrets  *secrets
}

// New makes the handlers.
func New(deps Deps) *Dashboard {
	return &Dashboard{Deps: deps, previews: newPreviews(deps.Now), secrets: &secrets{now: deps.Now}}
}

// page answers with a whole page.
func (d *Dashboard) page(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var body bytes.Buffer
	if err := page.Render(r.Context(), &body); err != nil {
		return fmt.Errorf("draw %s: %w", r.URL.Path, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader went away: nobody to tell
	return nil
}

// text is a part of a page as one line of a stream.
func text(r *http.Request, part templ.Component) (string, error) {
	var body strings.Builder
	if err := part.Render(r.Context(), &body); err != nil {
		return "", fmt.Errorf("draw a part of %s: %w", r.URL.Path, err)
	}
	return body.String(), nil
}

// frame is what a page outside of any app has around it.
func (d *Dashboard) frame(r *http.Request) (views.Frame, error) {
	state := web.Of(r)
	f := views.Frame{Assets: d.Assets, Nonce: state.Nonce, Now: d.Now()}
	if !state.SignedIn {
		return f, nil
	}
	f.Viewer = &views.Viewer{Name: state.Actor.Name, Email: state.Actor.Email}
	if r.Method != http.MethodGet || web.ByHTMX(r) {
		return f, nil
	}
	notice, err := d.Access.TakeNotice(r.Context())
	f.Flash = notice
	return f, err
}

// done tells the person what was done on the page they go on to.
func (d *Dashboard) done(w http.ResponseWriter, r *http.Request, notice, path string) error {
	if err := d.Access.SetNotice(r.Context(), notice); err != nil {
		return err
	}
	return web.Redirect(w, r, path)
}

// refusal is a fault that a form shows: the status of the answer and the messages by
// input. ok is false for everything that is not about what somebody typed.
func refusal(w http.ResponseWriter, r *http.Request, err error) (status int, faults views.Faults, ok bool) {
	f, found := errors.AsType[*fault.Fault](err)
	if !found {
		return 0, nil, false
	}
	switch f.Kind {
	case fault.Invalid, fault.Unauthenticated:
		status = http.StatusUnprocessableEntity
	case fault.Conflict:
		status = http.StatusConflict
	case fault.TooLarge:
		status = http.StatusRequestEntityTooLarge
	case fault.TooMany:
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.Wait.Seconds()))))
	default:
		return 0, nil, false
	}
	web.Of(r).Err = err
	faults = views.Faults{}
	for _, field := range f.Fields {
		if faults[field.Name] == "" {
			faults[field.Name] = field.Message
		}
	}
	if len(faults) == 0 {
		faults[""] = f.Public
	}
	return status, faults, true
}

// form reads the values of a form. What a browser sends as line ends are those of the
// text that was typed.
func form(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, tooLarge
		}
		if f, ok := errors.AsType[*fault.Fault](err); ok {
			return nil, f
		}
		return nil, fault.New(fault.Malformed, "The form cannot be read.").Because(err)
	}
	for _, values := range r.PostForm {
		for i, value := range values {
			values[i] = strings.ReplaceAll(value, "\r\n", "\n")
		}
	}
	return r.PostForm, nil
}

// base is where functions are reached on the shared host, without a slash at its end.
func (d *Dashboard) base(r *http.Request) string {
	if d.BaseURL != "" {
		return d.BaseURL
	}
	return web.Of(r).Origin
}

// urls are the public addresses of an app, on the shared host and on its own; the
// second is "" where apps have none.
func (d *Dashboard) urls(r *http.Request, slug string) (shared, own string) {
	base := d.base(r)
	shared = base + "/fn/" + slug
	u, err := url.Parse(base)
	if d.FunctionsHost == "" || err != nil {
		return shared, ""
	}
	own = u.Scheme + "://" + slug + "." + d.FunctionsHost
	if port := u.Port(); port != "" {
		own += ":" + port
	}
	return shared, own
}

// scriptURLs are the public addresses of a script; that of the index is its app's own.
func (d *Dashboard) scriptURLs(r *http.Request, slug, name string) (shared, own string) {
	if name == script.Index {
		name = ""
	}
	shared, own = d.urls(r, slug)
	if own != "" {
		own += "/" + name
	}
	return shared + "/" + name, own
}

// Home leads to the apps, or to the only one there is.
func (d *Dashboard) Home(w http.ResponseWriter, r *http.Request) error {
	apps, err := d.Apps.List(r.Context(), web.Of(r).Grant)
	if err != nil {
		return err
	}
	if len(apps) == 1 {
		return web.Redirect(w, r, paths.App(apps[0].Slug))
	}
	return web.Redirect(w, r, paths.Apps())
}
