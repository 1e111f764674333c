package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"picloud/engine/fault"
	"picloud/handlers/api/v1"
	"picloud/handlers/web"
	"picloud/views"
	"picloud/views/paths"
)

// statusGone is what the log shows for a caller who went away; nobody gets it.
const statusGone = 499

func status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Denied:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.NotAllowed:
		return http.StatusMethodNotAllowed
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Late:
		return http.StatusRequestTimeout
	}
	return http.StatusInternalServerError
}

// fail is the one door through which errors leave: as a problem for programs, a
// fragment for htmx, a page for people. The request's log line has the error itself;
// what was not made for people is answered with a fixed text and the request's id.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	state := web.Of(r)
	state.Err = errors.Join(state.Err, err)
	a, ok := w.(*answer)
	if ok && a.status != 0 {
		return // half of an answer is out; the connection ends short
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		if ok {
			a.status = statusGone
		}
		return
	}
	f := s.meaning(err)
	code := status(f.Kind)
	if f.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.Wait.Seconds()))))
	}
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case isAPI(r.URL.Path) || !web.ByHTMX(r) && !web.WantsHTML(r):
		if code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		s.problem(w, r, code, f)
	case web.ByHTMX(r):
		w.Header().Set("HX-Reswap", "none")
		s.html(w, r, code, views.ErrorToast(s.errorProps(r, code, f)))
	default:
		s.html(w, r, code, views.Error(s.frame(r, code), s.errorProps(r, code, f)))
	}
}

// meaning finds the fault; errors that the database or the clock cause anywhere below get
// theirs here.
func (s *server) meaning(err error) *fault.Fault {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Of(errTooLarge(tooLarge.Limit))
	}
	switch {
	case s.deps.IsAway(err):
		return fault.New(fault.Unavailable, "The database cannot be reached at the moment. Try again shortly.").After(2 * time.Second).Because(err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "This took too long. Try again shortly.").After(5 * time.Second).Because(err)
	}
	return fault.Of(err)
}

func (s *server) problem(w http.ResponseWriter, r *http.Request, code int, f *fault.Fault) {
	p := v1.Problem{Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: f.Public, RequestID: web.Of(r).RequestID}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, v1.FieldFault{Field: field.Name, Message: field.Message, Line: field.Line, Column: field.Column, Current: field.Current})
	}
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title, code)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}

func (s *server) html(w http.ResponseWriter, r *http.Request, code int, page templ.Component) {
	var body strings.Builder
	if err := page.Render(r.Context(), &body); err != nil {
		web.Of(r).Err = errors.Join(web.Of(r).Err, err)
		http.Error(w, http.StatusText(code), code)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(body.String()))
}

func (s *server) errorProps(r *http.Request, code int, f *fault.Fault) views.ErrorProps {
	p := views.ErrorProps{Status: code, Message: f.Public}
	if code >= 500 {
		p.RequestID = web.Of(r).RequestID
	}
	return p
}

// frame is what the page of an error has around it. Who is signed in keeps the navigation, but
// where the fault is ours: it may be in what the navigation would be read from.
func (s *server) frame(r *http.Request, code int) views.Frame {
	plain := views.Frame{Assets: s.deps.Assets, Nonce: web.Of(r).Nonce, Now: s.deps.Now()}
	if !web.Of(r).SignedIn || code >= 500 || strings.HasPrefix(r.URL.Path, paths.Preview("")) {
		return plain
	}
	f, err := s.dashboard.Frame(r)
	if err != nil {
		web.Of(r).Err = errors.Join(web.Of(r).Err, err)
		return plain
	}
	return f
}
