package egress

import (
	"fmt"
	"io"
	"net/http"
)

// maxDiscard is how much of a redirect's body is read so that its connection can be used again.
const maxDiscard = 2 << 10

// redirected is where an answer redirects to, nil where it is the answer
// (https://fetch.spec.whatwg.org/#concept-http-redirect-fetch).
func (e *exchange) redirected(answer *http.Response) (*address, *failure) {
	if !isRedirect(answer.StatusCode) || e.request.Redirect == Manual {
		return nil, nil
	}
	if e.request.Redirect == Fail {
		return nil, fail(Redirect, "%s answered with a redirect, which this request does not follow", nil)
	}
	location := answer.Header["Location"]
	if len(location) == 0 {
		return nil, nil
	}
	if len(location) > 1 {
		return nil, fail(Redirect, "%s redirects to more than one place", nil)
	}
	next, err := e.at.resolve(location[0])
	switch {
	case err == errUser:
		return nil, fail(Redirect, "%s redirects to a URL with a user's name", err)
	case err != nil:
		return nil, fail(Redirect, "%s redirects to what is not an http or https URL", err)
	case e.at.scheme == "https" && next.scheme == "http":
		return nil, fail(Redirect, "%s redirects from https to http", nil)
	case len(e.hops) > maxRedirects:
		return nil, fail(Redirect, fmt.Sprintf("%s redirected more than %d times", "%s", maxRedirects), nil)
	}
	return &next, nil
}

// isRedirect is https://fetch.spec.whatwg.org/#redirect-status.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow makes the request the one for the next place. What a header field was dropped for
// does not come back, also where a later redirect leads home.
func (e *exchange) follow(next address, status int) {
	post := e.method == http.MethodPost && (status == http.StatusMovedPermanently || status == http.StatusFound)
	other := status == http.StatusSeeOther && e.method != http.MethodGet && e.method != http.MethodHead
	e.header = e.header.Clone()
	if post || other {
		e.method, e.body = http.MethodGet, nil
		for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"} {
			e.header.Del(name)
		}
	}
	if !e.at.sameOrigin(next) {
		e.header.Del("Authorization")
		e.header.Del("Cookie")
	}
	e.at = next
}

// discard ends an answer that nobody reads.
func discard(answer *http.Response) {
	if answer.ContentLength >= 0 && answer.ContentLength <= maxDiscard {
		_, _ = io.CopyN(io.Discard, answer.Body, maxDiscard)
	}
	_ = answer.Body.Close()
}
